"""Which tensors a model of an architecture has, and their shapes: exactly these, and no other."""

from __future__ import annotations

from collections.abc import Iterator

from hpro_sdk.errors import ModelLoadError
from hpro_sdk.scoring.gguf_limits import EXPORT_AGAIN, HyperParameters
from hpro_sdk.scoring.gguf_reader import GgufFile

OPTIONAL_TENSORS = frozenset({"output.weight", "rope_freqs.weight"})
"""An output head of its own, where it is not tied to the token embedding; stretched rope frequencies of Llama 3."""


def expected_tensors(shape: HyperParameters, vocabulary: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give name and shape of every tensor, optional ones included.

    Args:
        shape: Of the model.
        vocabulary: Number of tokens.

    Yields:
        The name, and the shape in ggml's order (length of a row first).
    """
    width, inner = shape.embedding_length, shape.feed_forward_length
    queries = shape.head_count * shape.key_length
    keys, values = shape.head_count_kv * shape.key_length, shape.head_count_kv * shape.value_length
    yield "token_embd.weight", (width, vocabulary)
    yield "output_norm.weight", (width,)
    yield "output.weight", (width, vocabulary)
    if shape.architecture == "llama":
        yield "rope_freqs.weight", (shape.key_length // 2,)
    for block in range(shape.block_count):
        prefix = f"blk.{block}"
        yield f"{prefix}.attn_norm.weight", (width,)
        yield f"{prefix}.attn_q.weight", (width, queries)
        yield f"{prefix}.attn_k.weight", (width, keys)
        yield f"{prefix}.attn_v.weight", (width, values)
        yield f"{prefix}.attn_output.weight", (shape.head_count * shape.value_length, width)
        if shape.architecture == "qwen2":
            yield f"{prefix}.attn_q.bias", (queries,)
            yield f"{prefix}.attn_k.bias", (keys,)
            yield f"{prefix}.attn_v.bias", (values,)
        if shape.architecture == "qwen3":
            yield f"{prefix}.attn_q_norm.weight", (shape.key_length,)
            yield f"{prefix}.attn_k_norm.weight", (shape.key_length,)
        yield f"{prefix}.ffn_norm.weight", (width,)
        yield f"{prefix}.ffn_gate.weight", (width, inner)
        yield f"{prefix}.ffn_up.weight", (width, inner)
        yield f"{prefix}.ffn_down.weight", (inner, width)


def check_tensors(origin: str, file: GgufFile, shape: HyperParameters, vocabulary: int) -> None:
    """Refuse a file whose tensors are not exactly those of its architecture.

    Args:
        origin: The file, for messages.
        file: Its header.
        shape: Its hyper-parameters.
        vocabulary: Number of tokens.

    Raises:
        ModelLoadError: A tensor is missing, too many, of another shape, or a vector that is not F32.
    """
    left = dict(file.tensors)
    for name, wanted in expected_tensors(shape, vocabulary):
        tensor = left.pop(name, None)
        if tensor is None:
            if name in OPTIONAL_TENSORS:
                continue
            raise ModelLoadError(f"{origin} has no tensor {name}.", hint=EXPORT_AGAIN)
        if tensor.shape != wanted:
            raise ModelLoadError(
                f"{origin}: the tensor {name} has the shape {list(tensor.shape)} instead of {list(wanted)}.",
                hint=EXPORT_AGAIN,
            )
        if len(wanted) == 1 and tensor.type_name != "F32":
            # ggml aborts the process when it adds or multiplies by a vector of another type.
            raise ModelLoadError(f"{origin}: the tensor {name} is {tensor.type_name}, not F32.", hint=EXPORT_AGAIN)
    if left:
        raise ModelLoadError(
            f"{origin} has the tensor {next(iter(left))}, which a {shape.architecture} model has not.",
            hint=EXPORT_AGAIN,
        )
