"""From a checkpoint folder to a GGUF file with F16 matrices: same folder, same bytes.

Nothing but the checkpoint enters the file: no time, no path. The digest is left open; see
:func:`hpro_sdk.scoring.gguf_digest.seal`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hpro_quantize.architectures import ModelConfig, read_config
from hpro_quantize.errors import ConversionError
from hpro_quantize.vocabulary import Vocabulary, read_vocabulary
from hpro_quantize.weights import RESTORE, StoredTensor, find_weights
from hpro_sdk._extras import require_extra
from hpro_sdk.errors import ConfigError
from hpro_sdk.scoring.gguf_digest import DIGEST_PLACEHOLDER
from hpro_sdk.scoring.gguf_limits import TOKENIZER_MODEL
from hpro_sdk.scoring.gguf_tensors import expected_tensors
from hpro_sdk.scoring.manifest import (
    CONVERT_TOKEN,
    DIGEST_KEY,
    FORMAT_KEY,
    FORMAT_VERSION,
    RANK_TOKEN,
    ScorerManifest,
)

if TYPE_CHECKING:
    from gguf import GGUFWriter

logger = logging.getLogger(__name__)

_FILE_TYPE_MOSTLY_F16 = 1
_QUANTIZATION_VERSION = 2
_UNUSED_TENSORS = ("lm_head.weight",)
"""A tied model may hold its head a second time."""


def convert(folder: Path, target: Path) -> ScorerManifest:
    """Write the F16 file of a checkpoint.

    Args:
        folder: With ``config.json``, ``model.safetensors`` (or several), ``tokenizer.json`` and ``hpro.json``.
        target: Written; what stands there is lost, so name a temporary file.

    Returns:
        What travels with the scorer.

    Raises:
        ConfigError: The folder does not exist, or its training has not finished.
        ConversionError: A file or tensor is missing or malformed, or the model cannot be converted.
        ModelLoadError: ``hpro.json`` is missing, malformed, or made by a newer program.
        MissingExtraError: The extra ``train`` is not installed.
        OSError: The target cannot be written.
    """
    folder = Path(folder)
    _refuse_no_checkpoint(folder)
    gguf = require_extra("train", "gguf", "Exporting a model")
    manifest = require_extra("train", "hpro_sdk.training.checkpoint", "Exporting a model").load_manifest(folder)
    if not isinstance(manifest, ScorerManifest):
        raise TypeError("load_manifest gave no manifest")
    config = read_config(folder)
    stored = _tensors_of(folder, config, find_weights(folder))
    tokens = {CONVERT_TOKEN: manifest.score_tokens.convert, RANK_TOKEN: manifest.score_tokens.rank}
    vocabulary = read_vocabulary(folder, config.vocab_size, tokens)
    writer: GGUFWriter = gguf.GGUFWriter(target, config.architecture)
    try:
        _add_model_keys(writer, config)
        _add_vocabulary(writer, vocabulary, config)
        _add_manifest(writer, manifest)
        for name, tensor in stored.items():
            dtype = np.dtype(np.float16 if len(tensor.shape) > 1 else np.float32)
            size = int(np.prod(tensor.shape)) * dtype.itemsize
            writer.add_tensor_info(name, tensor.shape, dtype, size)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for values in _values(folder, config, stored):
            writer.write_tensor_data(values)
    finally:
        writer.close()
    logger.info("Checkpoint converted", extra={"event": "checkpoint_converted", "tensors": len(stored)})
    return manifest


def _refuse_no_checkpoint(folder: Path) -> None:
    if folder.is_dir():
        return
    if folder.exists():
        raise ConfigError(f"{folder} is not a folder.", hint="Name the folder that `hpro train` wrote.")
    if folder.with_name(f"{folder.name}.partial").is_dir():
        raise ConfigError(
            f"{folder} does not exist: its training has not finished.",
            hint="Run the same `hpro train` command again to go on.",
        )
    raise ConfigError(f"{folder} does not exist.", hint="Name the folder that `hpro train` wrote.")


def _tensors_of(folder: Path, config: ModelConfig, found: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """Give the checkpoint's tensors by their GGUF names, or say which is missing or too many."""
    names = dict(config.tensor_names())
    for theirs in names.values():
        if theirs not in found:
            raise ConversionError(f"{folder} has no tensor {theirs}.", hint=RESTORE)
    extra = found.keys() - set(names.values()) - set(_UNUSED_TENSORS)
    if extra:
        raise ConversionError(
            f"{folder} has the tensor {min(extra)}, which a {config.architecture} model has not.",
            hint="Merge adapters into the model before you export it.",
        )
    for ours, wanted in expected_tensors(config.hyper_parameters(), config.vocab_size):
        shape = found[names[ours]].shape if ours in names else wanted[::-1]
        if shape != wanted[::-1]:
            raise ConversionError(
                f"{folder}: the tensor {names[ours]} has the shape {list(shape)}, by config.json it is "
                f"{list(wanted[::-1])}.",
                hint=RESTORE,
            )
    return {ours: found[theirs] for ours, theirs in names.items()}


def _values(folder: Path, config: ModelConfig, stored: Mapping[str, StoredTensor]) -> Iterator[NDArray[np.generic]]:
    """Give the tensors one after the other as they are written, matrices as float16."""
    for name, tensor in stored.items():
        values = tensor.read()
        if config.architecture == "llama" and name.endswith(("attn_q.weight", "attn_k.weight")):
            values = _interleave(values, config.heads if "attn_q" in name else config.key_value_heads)
        with np.errstate(over="ignore"):
            narrowed: NDArray[np.generic] = values.astype(np.float16) if values.ndim > 1 else values
        if not np.isfinite(narrowed).all():
            raise ConversionError(
                f"{folder}: the tensor {name} has a value that is not a finite number in float16.",
                hint="Train it again with a lower learning rate.",
            )
        yield np.ascontiguousarray(narrowed)


def _interleave(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Put each head's rows in llama.cpp's order: it rotates neighbours, Hugging Face the two halves of a head."""
    rows, columns = values.shape
    return values.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _add_model_keys(writer: GGUFWriter, config: ModelConfig) -> None:
    writer.add_file_type(_FILE_TYPE_MOSTLY_F16)
    writer.add_quantization_version(_QUANTIZATION_VERSION)
    writer.add_context_length(config.context_length)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.feed_forward_size)
    writer.add_vocab_size(config.vocab_size)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.norm_epsilon)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_base)


def _add_vocabulary(writer: GGUFWriter, vocabulary: Vocabulary, config: ModelConfig) -> None:
    writer.add_tokenizer_model(TOKENIZER_MODEL)
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(list(vocabulary.tokens))
    writer.add_token_types(list(vocabulary.types))
    writer.add_token_merges(list(vocabulary.merges))
    if config.end_token is not None and 0 <= config.end_token < config.vocab_size:
        writer.add_eos_token_id(config.end_token)
    writer.add_add_bos_token(value=False)
    writer.add_add_eos_token(value=False)


def _add_manifest(writer: GGUFWriter, manifest: ScorerManifest) -> None:
    writer.add_name(manifest.base.name)
    writer.add_license(manifest.base.licence)
    writer.add_uint32(FORMAT_KEY, FORMAT_VERSION)
    for key, text in sorted(manifest.to_metadata().items()):
        writer.add_string(key, text)
    writer.add_string(DIGEST_KEY, DIGEST_PLACEHOLDER)
