"""Cutting one text to a token budget: its beginning and its end stay, the cut is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hpro_sdk.rendering.tokenizer import Encoder

CUT_MARK = "[...]"
_CHARACTERS_PER_TOKEN = 24


class CutText(NamedTuple):
    """A text that fits its budget, as it stands in the prompt, its token ids, and whether it was cut."""

    text: str
    token_ids: Sequence[int]
    was_cut: bool


def fit_text(text: str, max_tokens: int, tokenizer: Encoder) -> CutText:
    r"""Give `` text\n`` within a budget, with the middle cut out where it is longer.

    Two thirds of what stays are the beginning. A text of tens of thousands of characters is shortened by length
    first, so that hostile input cannot make the tokenizer work for long.

    Args:
        text: One cleaned line.
        max_tokens: Budget, at least 8.
        tokenizer: Counts tokens.
    """
    kept = max_tokens * _CHARACTERS_PER_TOKEN
    if len(text) <= kept:
        segment = f" {text}\n"
        ids = tokenizer.encode(segment)
        if len(ids) <= max_tokens:
            return CutText(segment, ids, was_cut=False)
        kept = len(text) * max_tokens // len(ids)
    while True:
        head, tail = text[: kept - kept // 3].rstrip(), text[len(text) - kept // 3 :].lstrip()
        segment = f" {head} {CUT_MARK} {tail}\n" if kept else f" {CUT_MARK}\n"
        ids = tokenizer.encode(segment)
        if len(ids) <= max_tokens or not kept:
            return CutText(segment, ids, was_cut=True)
        kept = min(kept - 1, kept * max_tokens // len(ids))
