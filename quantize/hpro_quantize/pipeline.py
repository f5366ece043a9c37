"""From a checkpoint to a model file that is known to score alike: convert, quantise, seal, check, compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpro_quantize.convert import convert
from hpro_quantize.parity import PARITY_LEADS, ParityReport, check_parity
from hpro_quantize.quantizer import QuantType, quantize
from hpro_quantize.synthetic_leads import synthetic_leads
from hpro_sdk._extras import require_extra
from hpro_sdk._files import replacing
from hpro_sdk.errors import ConfigError, DataError, ModelLoadError
from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.scoring.gguf_file import check_gguf, seal
from hpro_sdk.scoring.gguf_reader import open_gguf, read_metadata
from hpro_sdk.scoring.llama_engine import LlamaEngine
from hpro_sdk.scoring.manifest import DIGEST_KEY


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported.

    Attributes:
        model_id: What scored leads will say of the model.
        path: The file.
        quant: Its type.
        digest: SHA-256 of the file, its own characters taken as ``0``; inside the file too.
        bytes: Its size.
        parity: How far it is from the checkpoint.
    """

    model_id: str
    path: Path
    quant: QuantType
    digest: str
    bytes: int
    parity: ParityReport


def export(
    checkpoint: str | Path,
    out: str | Path,
    quant: QuantType | str = QuantType.Q8_0,
    leads: Sequence[LeadSnapshot] | None = None,
    *,
    force: bool = False,
) -> ExportReport:
    """Make one model file from a checkpoint folder.

    The file takes its place in one step, after everything has been checked: until then, and after any failure,
    what stood there is untouched, and nothing else is left. A model file of HPRO that stands there is replaced;
    anything else only with ``force``. The same checkpoint and type give the same bytes.

    Args:
        checkpoint: The folder that training wrote.
        out: The file to write, by habit ``*.gguf``.
        quant: Type of the matrices.
        leads: Compare the scores on these, at least two; default: 200 made up from the model's own template.
        force: Replace whatever file stands at ``out``.

    Returns:
        Id, digest, size, and how far the file is from the checkpoint.

    Raises:
        ConfigError: A path or the type is wrong, training has not finished, or the target is another file.
        ConversionError: The checkpoint cannot be converted.
        ModelLoadError: Its ``hpro.json`` or weights are malformed or newer than this program.
        DataError: There are fewer than two leads.
        QuantizeError: llama.cpp cannot quantise it.
        ParityError: The file would score differently from the checkpoint.
        OutputError: The disk is full.
        MissingExtraError: The extra ``train`` is not installed.
    """
    folder, target, kind = Path(checkpoint), Path(out), _quant_type(quant)
    if leads is not None and len(leads) < 2:
        raise DataError(f"{len(leads)} leads have no order to compare.", hint="Give two or more, or none at all.")
    if not force:
        _refuse_other_file(target)
    loading = require_extra("train", "hpro_sdk.training.checkpoint", "Exporting a model")
    with replacing(target) as temporary:
        _write(folder, temporary, kind)
        seal(temporary)
        checked = check_gguf(temporary)
        compared = synthetic_leads(checked.manifest, PARITY_LEADS) if leads is None else leads
        reference, exported = loading.load_checkpoint(folder).engine(), LlamaEngine.open(temporary, checked)
        parity = check_parity(reference, exported, checked.manifest, compared, kind)
        size = temporary.stat().st_size
    return ExportReport(f"hpro-{checked.digest[:16]}", target, kind, checked.digest, size, parity)


def _write(folder: Path, temporary: Path, quant: QuantType) -> None:
    if quant is QuantType.F16:
        convert(folder, temporary)
        return
    f16 = temporary.with_name(f"{temporary.name}.f16")
    try:
        convert(folder, f16)
        quantize(f16, temporary, quant)
    finally:
        f16.unlink(missing_ok=True)


def _quant_type(quant: QuantType | str) -> QuantType:
    try:
        return QuantType(quant)
    except ValueError:
        raise ConfigError(
            f"{quant!r} is not a type of model file.", hint=f"Name one of: {', '.join(QuantType)}."
        ) from None


def _refuse_other_file(target: Path) -> None:
    if not target.is_file():
        return
    try:
        with open_gguf(target) as source:
            ours = DIGEST_KEY in read_metadata(source).values
    except ModelLoadError:
        ours = False
    if not ours:
        raise ConfigError(
            f"{target} exists and is not a model file of HPRO.", hint="Name another file, or replace it with --force."
        )
