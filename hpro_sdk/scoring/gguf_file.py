"""Checks a model file before llama.cpp opens it: whole, ours, of this format, and within every range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hpro_sdk.errors import ModelLoadError
from hpro_sdk.scoring.gguf_digest import compute_digest, digest_offset, digest_with_hole, seal
from hpro_sdk.scoring.gguf_limits import EXPORT_AGAIN, KeyChecks
from hpro_sdk.scoring.gguf_reader import (
    COPY_AGAIN,
    GgufFile,
    GgufMetadata,
    GgufTensor,
    MetadataValue,
    open_gguf,
    read_gguf,
    read_metadata,
    read_tensors,
)
from hpro_sdk.scoring.gguf_tensors import check_tensors
from hpro_sdk.scoring.manifest import (
    CONVERT_TOKEN,
    DIGEST_KEY,
    FORMAT_KEY,
    FORMAT_VERSION,
    KEY_PREFIX,
    RANK_TOKEN,
    ScorerManifest,
)

__all__ = ["CheckedGguf", "GgufFile", "GgufTensor", "check_gguf", "compute_digest", "read_gguf", "seal"]

_MANIFEST_KEYS = frozenset({FORMAT_KEY, DIGEST_KEY, *(f"{KEY_PREFIX}{name}" for name in ScorerManifest.model_fields)})


@dataclass(frozen=True, slots=True)
class CheckedGguf:
    """A model file that may be given to llama.cpp.

    Attributes:
        manifest: What turns its logits into scores.
        digest: SHA-256 of the file, in hex; see :mod:`hpro_sdk.scoring.gguf_digest`.
        metadata: All keys of the file, the vocabulary included.
    """

    manifest: ScorerManifest
    digest: str
    metadata: Mapping[str, MetadataValue]


def check_gguf(path: Path) -> CheckedGguf:
    """Check a model file; the first thing that is wrong is raised.

    The order: the file itself, GGUF, ours and not newer than us, the digest over all of its bytes, the manifest,
    vocabulary and hyper-parameters, tensors.

    Args:
        path: The file.

    Raises:
        ConfigError: There is no such file, or it cannot be read.
        ModelLoadError: It is no GGUF file, not made by HPRO, made by a newer one, damaged, or a value is missing
            or out of range.
    """
    path = Path(path)
    with open_gguf(path) as source:
        metadata = read_metadata(source)
        _refuse_foreign_or_newer(path, metadata)
        digest = _checked_digest(path, metadata)
        file = read_tensors(source, metadata)
    origin = str(path)
    texts = {key: value for key, value in metadata.values.items() if key in _MANIFEST_KEYS and isinstance(value, str)}
    manifest = ScorerManifest.from_metadata(texts, origin)
    _check_model(origin, file, manifest)
    return CheckedGguf(manifest, digest, metadata.values)


def _refuse_foreign_or_newer(path: Path, metadata: GgufMetadata) -> None:
    if not any(key.startswith(KEY_PREFIX) for key in metadata.values):
        raise ModelLoadError(
            f"{path} is a GGUF file that was not made by HPRO: it has no {KEY_PREFIX}* keys.",
            hint="Train a model with `hpro train` and make its file with `hpro export`.",
        )
    version = metadata.values.get(FORMAT_KEY)
    if metadata.kinds.get(FORMAT_KEY) != "uint32" or not isinstance(version, int) or version < 1:
        raise ModelLoadError(f"{path} is damaged: its {FORMAT_KEY} is {version!r}.", hint=COPY_AGAIN)
    if version > FORMAT_VERSION:
        raise ModelLoadError(
            f"{path} was made by a newer HPRO (format {version}, this one reads {FORMAT_VERSION}).",
            hint="Upgrade: pip install --upgrade hpro-sdk",
        )


def _checked_digest(path: Path, metadata: GgufMetadata) -> str:
    digest = digest_with_hole(path, digest_offset(path, metadata))
    if digest != metadata.values[DIGEST_KEY]:
        raise ModelLoadError(f"{path} is damaged: its content does not fit its {DIGEST_KEY}.", hint=COPY_AGAIN)
    return digest


def _check_model(origin: str, file: GgufFile, manifest: ScorerManifest) -> None:
    checks = KeyChecks(origin, file.metadata)
    tokens = checks.tokens()
    shape = checks.hyper_parameters()
    checks.known_keys(shape.architecture, _MANIFEST_KEYS)
    if manifest.score_tokens.convert == manifest.score_tokens.rank:
        raise ModelLoadError(f"{origin}: {KEY_PREFIX}score_tokens names one token twice.", hint=EXPORT_AGAIN)
    checks.score_token("convert", manifest.score_tokens.convert, CONVERT_TOKEN, tokens)
    checks.score_token("rank", manifest.score_tokens.rank, RANK_TOKEN, tokens)
    if manifest.template.max_tokens > shape.context_length:
        raise ModelLoadError(
            f"{origin}: {KEY_PREFIX}template wants prompts of {manifest.template.max_tokens} tokens, the model's "
            f"context holds {shape.context_length}.",
            hint=EXPORT_AGAIN,
        )
    check_tensors(origin, file, shape, len(tokens))
