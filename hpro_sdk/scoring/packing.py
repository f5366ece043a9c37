"""Many prompts in one decode: which ones, and the arrays that llama.cpp reads."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence

import llama_cpp
import numpy as np
from numpy.typing import NDArray

TokenIds = Sequence[int]


def pack(lengths: Sequence[int], max_tokens: int, max_sequences: int) -> Iterator[range]:
    """Cut prompts, in order, into runs that fit one decode.

    Args:
        lengths: Tokens of each prompt that are to be decoded.
        max_tokens: Tokens a decode. A longer prompt is a run of its own.
        max_sequences: Prompts a decode.
    """
    start, filled = 0, 0
    for index, length in enumerate(lengths):
        if index > start and (filled + length > max_tokens or index - start >= max_sequences):
            yield range(start, index)
            start, filled = index, 0
        filled += length
    if start < len(lengths):
        yield range(start, len(lengths))


class BatchArrays:
    """The arrays behind a ``llama_batch``, filled in blocks instead of token by token.

    Args:
        max_tokens: Tokens a decode.
        max_sequences: Sequence ids used, 0 to ``max_sequences - 1``.
    """

    def __init__(self, max_tokens: int, max_sequences: int) -> None:
        self.max_tokens = max_tokens
        self._tokens = np.zeros(max_tokens, dtype=np.int32)
        self._positions = np.zeros(max_tokens, dtype=np.int32)
        self._sequence_counts = np.ones(max_tokens, dtype=np.int32)
        self._wanted = np.zeros(max_tokens, dtype=np.int8)
        # llama.cpp wants a pointer to a list of sequence ids for each token; all point into this one table.
        self._sequence_ids = np.arange(max_sequences, dtype=np.int32)
        self._sequence_pointers = np.zeros(max_tokens, dtype=np.uintp)

    def fill(self, prompts: Sequence[TokenIds], first_position: int, first_sequence: int) -> llama_cpp.llama_batch:
        """Give a batch of whole prompts, one sequence each, whose last tokens are the only outputs.

        Args:
            prompts: Token ids, at most ``max_tokens`` together.
            first_position: Position of each prompt's first token, after what it shares.
            first_sequence: Sequence id of the first prompt; the next ones count up.
        """
        lengths = np.fromiter((len(prompt) for prompt in prompts), dtype=np.int64, count=len(prompts))
        total = int(lengths.sum())
        ends = np.cumsum(lengths)
        self._tokens[:total] = np.concatenate([np.asarray(prompt, dtype=np.int32) for prompt in prompts])
        self._positions[:total] = np.arange(total) - np.repeat(ends - lengths, lengths) + first_position
        sequences = np.repeat(np.arange(len(prompts)) + first_sequence, lengths)
        self._sequence_pointers[:total] = self._sequence_ids.ctypes.data + self._sequence_ids.itemsize * sequences
        self._wanted[:total] = 0
        self._wanted[ends - 1] = 1
        return llama_cpp.llama_batch(
            n_tokens=total,
            token=_pointer(self._tokens, ctypes.c_int32),
            embd=None,
            pos=_pointer(self._positions, ctypes.c_int32),
            n_seq_id=_pointer(self._sequence_counts, ctypes.c_int32),
            seq_id=_pointer(self._sequence_pointers, ctypes.POINTER(ctypes.c_int32)),
            logits=_pointer(self._wanted, ctypes.c_int8),
        )


def _pointer(array: NDArray[np.generic], element: type) -> object:
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(element))
