"""What rendering needs of a tokenizer, and a cache around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

CACHED_SEGMENTS = 65_536
LONGEST_CACHED_SEGMENT = 64


class Encoder(Protocol):
    """Turns text into token ids with special tokens *not* parsed: a text that spells one stays text."""

    def encode(self, text: str) -> Sequence[int]:
        """Give the token ids of a text, without beginning or end tokens."""
        ...


class Tokenizer(Encoder, Protocol):
    """A model's tokenizer: encodes, and says what a token stands for."""

    def token_text(self, token_id: int) -> str:
        """Give the vocabulary's own spelling of a token."""
        ...


class CachingEncoder:
    """Remembers the ids of short segments; labels and category values come back for every lead.

    Args:
        tokenizer: Asked for what is not remembered.
    """

    def __init__(self, tokenizer: Encoder) -> None:
        self._tokenizer = tokenizer
        self._ids: dict[str, tuple[int, ...]] = {}

    def encode(self, text: str) -> tuple[int, ...]:
        """Give the token ids of a text, without beginning or end tokens."""
        ids = self._ids.get(text)
        if ids is None:
            ids = tuple(self._tokenizer.encode(text))
            if len(text) <= LONGEST_CACHED_SEGMENT:
                if len(self._ids) >= CACHED_SEGMENTS:
                    self._ids.clear()
                self._ids[text] = ids
        return ids
