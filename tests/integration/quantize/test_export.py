"""A checkpoint becomes one file that scores alike, or nothing at all."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from hpro_quantize import convert as convert_module
from hpro_quantize import parity, pipeline
from hpro_quantize.cli import export as export_command
from hpro_quantize.errors import ParityError
from hpro_quantize.pipeline import export
from hpro_quantize.quantizer import QuantType
from hpro_quantize.synthetic_leads import synthetic_leads
from hpro_sdk.cli.errors import CliState, run_guarded
from hpro_sdk.errors import ConfigError, DataError, HproError, OutputError
from hpro_sdk.scoring.gguf_file import check_gguf, read_gguf
from hpro_sdk.scoring.manifest import CONVERT_TOKEN, RANK_TOKEN, ScorerManifest
from hpro_sdk.training.checkpoint import load_checkpoint

MakeCheckpoint = Callable[..., Path]

HEADER = {
    "general.architecture": "string",
    "general.file_type": "uint32",
    "general.license": "string",
    "general.name": "string",
    "general.quantization_version": "uint32",
    "hpro.bands": "string",
    "hpro.base": "string",
    "hpro.calibration": "string",
    "hpro.digest": "string",
    "hpro.format_version": "uint32",
    "hpro.funnel": "string",
    "hpro.object_type": "string",
    "hpro.score_tokens": "string",
    "hpro.template": "string",
    "hpro.training_report_digest": "string",
    "qwen3.attention.head_count": "uint32",
    "qwen3.attention.head_count_kv": "uint32",
    "qwen3.attention.key_length": "uint32",
    "qwen3.attention.layer_norm_rms_epsilon": "float32",
    "qwen3.attention.value_length": "uint32",
    "qwen3.block_count": "uint32",
    "qwen3.context_length": "uint32",
    "qwen3.embedding_length": "uint32",
    "qwen3.feed_forward_length": "uint32",
    "qwen3.rope.dimension_count": "uint32",
    "qwen3.rope.freq_base": "float32",
    "qwen3.vocab_size": "uint32",
    "tokenizer.ggml.add_bos_token": "bool",
    "tokenizer.ggml.add_eos_token": "bool",
    "tokenizer.ggml.eos_token_id": "uint32",
    "tokenizer.ggml.merges": "array[string]",
    "tokenizer.ggml.model": "string",
    "tokenizer.ggml.pre": "string",
    "tokenizer.ggml.token_type": "array[int32]",
    "tokenizer.ggml.tokens": "array[string]",
}
"""The keys of format 1; a change here needs a new format version."""


def only_file_in(folder: Path, name: str) -> bool:
    return [path.name for path in folder.iterdir()] == [name]


@pytest.mark.parametrize("quant", ["F16", "Q8_0"])
def test_the_header_has_the_keys_of_the_format_and_no_other(checkpoint: Path, tmp_path: Path, quant: str) -> None:
    export(checkpoint, tmp_path / "m.gguf", quant)
    assert dict(sorted(read_gguf(tmp_path / "m.gguf").metadata.kinds.items())) == HEADER


@pytest.mark.usefixtures("full_parity")
@pytest.mark.parametrize("quant", list(QuantType))
def test_an_export_reports_what_it_wrote(
    checkpoint: Path, manifest: ScorerManifest, tmp_path: Path, quant: QuantType
) -> None:
    out = tmp_path / "m.gguf"
    report = export(checkpoint, out, quant)
    checked = check_gguf(out)
    assert report.digest == checked.digest
    assert report.model_id == f"hpro-{checked.digest[:16]}"
    assert report.bytes == out.stat().st_size
    assert report.parity.leads == 200
    assert checked.manifest == manifest
    assert only_file_in(tmp_path, "m.gguf")


def test_the_default_type_is_q8_0(checkpoint: Path, tmp_path: Path) -> None:
    assert export(checkpoint, tmp_path / "m.gguf").quant is QuantType.Q8_0
    types = {tensor.type_name for tensor in read_gguf(tmp_path / "m.gguf").tensors.values()}
    assert types == {"F32", "Q8_0"}


@pytest.mark.usefixtures("full_parity")
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_f16_logits_agree_for_every_architecture(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, architecture: str, tied: bool
) -> None:
    report = export(make_checkpoint(architecture, tied=tied, padding=13), tmp_path / "m.gguf", "F16")
    assert report.parity.max_logit_difference <= 2e-3
    assert report.parity.tau > 0.995
    metadata = check_gguf(tmp_path / "m.gguf").metadata
    tokens, types = metadata["tokenizer.ggml.tokens"], metadata["tokenizer.ggml.token_type"]
    assert isinstance(tokens, list)
    assert isinstance(types, list)
    assert types[-13:] == [5] * 13  # UNUSED
    assert [types[tokens.index(token)] for token in (CONVERT_TOKEN, RANK_TOKEN)] == [3, 3]  # CONTROL
    assert 4 not in types  # USER_DEFINED would be recognised in text


@pytest.mark.parametrize("quant", ["F16", "Q8_0", "Q4_K_M"])
def test_the_same_checkpoint_gives_the_same_bytes(
    checkpoint: Path, tmp_path: Path, quant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(checkpoint, tmp_path / "a.gguf", quant)
    monkeypatch.setattr("hpro_quantize.quantizer.available_threads", lambda: 2)
    (tmp_path / "elsewhere").mkdir()
    export(checkpoint, tmp_path / "elsewhere" / "b.gguf", quant)
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "elsewhere" / "b.gguf").read_bytes()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_and_sharded_weights_are_read(
    make_checkpoint: MakeCheckpoint, dtype: str, tmp_path: Path
) -> None:
    import torch

    folder = make_checkpoint()
    weights = {name: value.to(getattr(torch, dtype)) for name, value in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    parts = {"part-1.safetensors": names[::2], "part-2.safetensors": names[1::2]}
    for file, held in parts.items():
        save_file({name: weights[name].contiguous() for name in held}, folder / file, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: file for file, held in parts.items() for name in held}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert export(folder, tmp_path / "m.gguf", "F16").parity.max_logit_difference <= 2e-3


def test_leads_may_be_given(checkpoint: Path, manifest: ScorerManifest, tmp_path: Path) -> None:
    leads = synthetic_leads(manifest, 17, seed=9)
    assert export(checkpoint, tmp_path / "m.gguf", "F16", leads).parity.leads == 17
    with pytest.raises(DataError, match="1 leads have no order"):
        export(checkpoint, tmp_path / "m.gguf", "F16", leads[:1])


def test_a_fault_of_the_conversion_stops_the_export(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "m.gguf"
    export(checkpoint, out, "F16")
    before = out.read_bytes()
    right = convert_module._add_model_keys

    def wrong(writer: object, config: object) -> None:
        right(writer, dataclasses.replace(config, rope_base=9_000.0))  # type: ignore[arg-type, type-var]

    monkeypatch.setattr(convert_module, "_add_model_keys", wrong)
    with pytest.raises(ParityError) as caught:
        export(checkpoint, out, "F16")
    assert caught.value.measured > caught.value.limit == 2e-3
    assert out.read_bytes() == before
    assert only_file_in(tmp_path, "m.gguf")


def test_another_order_of_leads_stops_the_export(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "MIN_TAU", {QuantType.Q4_0: 0.9999})
    with pytest.raises(ParityError, match=r"Kendall's tau is 0\.\d{4}, 0\.9999 is asked") as caught:
        export(checkpoint, tmp_path / "m.gguf", "Q4_0")
    assert caught.value.measured < caught.value.limit
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizer_that_cuts_otherwise_stops_the_export(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_checkpoint()
    monkeypatch.setattr("hpro_quantize.vocabulary._pre_tokenizer", lambda *_args: "gpt-2")
    with pytest.raises(ParityError, match="into other tokens"):
        export(folder, tmp_path / "m.gguf", "F16")


# --- nothing half written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["convert", "quantize", "seal", "check_gguf", "check_parity"])
def test_an_interrupt_at_any_step_leaves_what_was_there(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    out = tmp_path / "m.gguf"
    export(checkpoint, out)
    before = out.read_bytes()
    right = getattr(pipeline, step)

    def interrupted(*args: object) -> None:
        right(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        export(checkpoint, out)
    assert out.read_bytes() == before
    assert only_file_in(tmp_path, "m.gguf")


FILE_TOO_LARGE = """
import resource, sys
from hpro_quantize.pipeline import export
from hpro_sdk.errors import HproError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
try:
    export(sys.argv[1], sys.argv[2], sys.argv[3])
except HproError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("quant", "room", "error"),
    [
        ("F16", 20_000, OutputError),  # within the header
        ("F16", 150_000, OutputError),  # within the weights
        ("Q8_0", 150_000, OutputError),
        ("F32", 0, ConfigError),
    ],
)
def test_no_room_leaves_nothing_behind(
    checkpoint: Path, tmp_path: Path, quant: str, room: int, error: type[HproError]
) -> None:
    command = [sys.executable, "-c", FILE_TOO_LARGE, str(checkpoint), str(tmp_path / "m.gguf"), quant, str(room)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(error.__name__)
    assert list(tmp_path.iterdir()) == []


QUANTISE_WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from hpro_quantize.quantizer import QuantType, quantize
from hpro_quantize.errors import QuantizeError
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
try:
    quantize(Path(sys.argv[1]), Path(sys.argv[2]), QuantType.Q8_0)
except QuantizeError as error:
    print("QuantizeError", error)
"""


def test_llama_cpp_without_room_is_an_error(exported: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", QUANTISE_WITHOUT_ROOM, str(exported), str(tmp_path / "m.gguf")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("QuantizeError llama.cpp could not write the Q8_0 file: ")
    assert "room" in done.stdout
    assert done.stderr == ""


def test_a_folder_that_is_not_there_is_for_a_person_to_change(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        export(checkpoint, tmp_path / "absent" / "m.gguf")
    with pytest.raises(ConfigError, match="is a folder"):
        export(checkpoint, tmp_path)


def test_a_model_file_is_replaced_and_another_file_only_by_force(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.gguf"
    out.write_text("my notes")
    with pytest.raises(ConfigError, match="not a model file of HPRO"):
        export(checkpoint, out)
    assert out.read_text() == "my notes"
    first = export(checkpoint, out, force=True)
    assert export(checkpoint, out).digest == first.digest


# --- the command --------------------------------------------------------------------------------------------------


def test_the_command_prints_what_it_wrote(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.gguf"
    done = CliRunner().invoke(export_command, [str(checkpoint), "--out", str(out), "--quant", "f16"])
    assert done.exit_code == 0, done.output
    digest = check_gguf(out).digest
    assert f"Wrote {out}: F16, {out.stat().st_size:,} bytes, model hpro-{digest[:16]}." in done.stdout
    assert digest in done.stdout
    assert "Kendall's tau" in done.stdout


def test_the_command_compares_on_leads_of_a_file(checkpoint: Path, manifest: ScorerManifest, tmp_path: Path) -> None:
    data = tmp_path / "leads.jsonl"
    leads = [
        {"lead_id": str(number), "fields": {"calls": number, "source": "web"}, "stage": "new"} for number in range(12)
    ]
    data.write_text("".join(json.dumps(lead) + "\n" for lead in leads))
    command = [str(checkpoint), "--out", str(tmp_path / "m.gguf"), "--quant", "F16", "--data", str(data), "--json"]
    done = CliRunner().invoke(export_command, command)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["parity"]["leads"] == 12


def test_the_command_refuses_a_mapping_without_data(checkpoint: Path, tmp_path: Path) -> None:
    command = [str(checkpoint), "--out", str(tmp_path / "m.gguf"), "--mapping", "m.toml"]
    assert run_guarded(lambda: export_command.main(command, standalone_mode=False), CliState()) == 2


def test_help_is_quick_and_names_every_type() -> None:
    code = (
        "import sys; from hpro_quantize.cli import _TYPES; "
        "print('torch' in sys.modules, 'llama_cpp' in sys.modules, _TYPES)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"False False {tuple(str(quant) for quant in QuantType)}"


def test_loading_gives_what_was_exported(checkpoint: Path, exported: Path) -> None:
    assert check_gguf(exported).manifest == load_checkpoint(checkpoint).manifest
