"""Words and pairs of words whose presence alone nearly gives the outcome away."""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpro_sdk.leaks.finding import BoolArray, IntArray, LeakFinding, Results, covers, tells
from hpro_sdk.rendering.text import clean_text

WORDS_PER_LEAD = 4096
"""Words looked at per lead, the newest first: far more than a prompt of the usual size shows."""

MOST_FINDINGS = 5
"""Patterns named per result: one leak shows in many words, and a person needs a few to find it."""

_MOST_CANDIDATES = 100
_SAME_LEADS = 0.8
_BLOCK_WORDS = 2_000_000
_BREAK = 0
_WORD = re.compile(r"\w+")


def find_word_leaks(texts: Iterable[Sequence[str]], results: Results, where: str = "") -> list[LeakFinding]:
    """Find words, and pairs of neighbouring words of one text, that nearly prove a result.

    Args:
        texts: The texts of each lead, newest first.
        results: Outcomes of the same leads.
        where: Added to the place, such as `` in field 'x'``.

    Returns:
        At most five per result; a pattern that only repeats others is left out.
    """
    totals = results.totals
    if not totals.all():
        return []
    corpus = _Corpus.read(texts)
    words = _Patterns(corpus.count_words(results.cells), np.arange(len(corpus.vocabulary), dtype=np.int64)[:, None])
    findings: list[LeakFinding] = []
    pairs = corpus.count_pairs(results.cells, words.frequent(totals))
    for won in (True, False):
        candidates = [*words.telling(totals, won=won), *pairs.telling(totals, won=won)]
        findings.extend(_choose(corpus, candidates, results, where, won=won))
    return findings


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Words, or pairs of words, and who holds them.

    Attributes:
        holders: Leads by half and outcome. Shape ``(2, 2, patterns)``.
        words: Their words by number. Shape ``(patterns, 1)`` or ``(patterns, 2)``.
    """

    holders: IntArray
    words: IntArray

    def frequent(self, totals: IntArray) -> BoolArray:
        """Which patterns cover enough of either result. Shape ``(patterns,)``."""
        either = covers(self.holders, totals, won=True).all(axis=0) | covers(self.holders, totals, won=False).all(
            axis=0
        )
        return np.asarray(either, dtype=np.bool_)

    def telling(self, totals: IntArray, *, won: bool) -> list[tuple[float, tuple[int, ...]]]:
        """Share of the result's leads covered, and words, of each pattern that nearly proves the result."""
        positions = np.flatnonzero(tells(self.holders, totals, won=won))
        covered = self.holders[:, int(won)].sum(axis=0) / totals[:, int(won)].sum()
        return [(float(covered[position]), tuple(self.words[position].tolist())) for position in positions]


@dataclass(frozen=True, slots=True)
class _Corpus:
    """All texts as numbers of words, texts parted by a break.

    Attributes:
        vocabulary: Word by number; number 0 is the break.
        flat: Words of all leads, one lead after the other.
        ends: Where each lead ends in ``flat``.
    """

    vocabulary: list[str]
    flat: NDArray[np.intc]
    ends: IntArray

    @classmethod
    def read(cls, texts: Iterable[Sequence[str]]) -> _Corpus:
        numbers: defaultdict[str, int] = defaultdict()
        numbers.default_factory = numbers.__len__
        numbers[" "] = _BREAK
        flat, ends = array("i"), array("q")
        for of_lead in texts:
            limit = len(flat) + WORDS_PER_LEAD
            for text in of_lead:
                flat.extend([numbers[word] for word in _WORD.findall(clean_text(text).casefold())])
                if len(flat) >= limit:
                    del flat[limit:]
                    break
                flat.append(_BREAK)
            ends.append(len(flat))
        return cls(list(numbers), np.array(flat, dtype=np.intc), np.array(ends, dtype=np.int64))

    def blocks(self) -> Iterator[tuple[NDArray[np.intc], IntArray]]:
        """Give words and their leads, some whole leads at a time, so that memory stays small."""
        first = 0
        while first < len(self.ends):
            begin = int(self.ends[first - 1]) if first else 0
            last = max(first + 1, int(np.searchsorted(self.ends, begin + _BLOCK_WORDS, side="right")))
            lengths = np.diff(self.ends[first:last], prepend=begin)
            yield self.flat[begin : self.ends[last - 1]], np.repeat(np.arange(first, last), lengths)
            first = last

    def count_words(self, cells: IntArray) -> IntArray:
        """Count the leads with each word, by half and outcome."""
        size = len(self.vocabulary)
        counts = np.zeros(4 * size, dtype=np.int64)
        for words, leads in self.blocks():
            once = np.unique(leads * size + words)
            counts += np.bincount(cells[once // size] * size + once % size, minlength=4 * size)
        holders = counts.reshape(2, 2, size)
        holders[:, :, _BREAK] = 0
        return holders

    def count_pairs(self, cells: IntArray, frequent: BoolArray) -> _Patterns:
        """Count the leads with each pair of frequent words that stand side by side."""
        kept = np.flatnonzero(frequent)
        kept = kept[kept != _BREAK]
        size = max(1, len(kept))
        compact = np.full(len(self.vocabulary), -1, dtype=np.int64)
        compact[kept] = np.arange(len(kept))
        keys: list[IntArray] = [np.zeros(0, dtype=np.int64)]
        counts: list[IntArray] = [np.zeros(0, dtype=np.int64)]
        for words, leads in self.blocks():
            left, right = compact[words[:-1]], compact[words[1:]]
            is_pair = (left >= 0) & (right >= 0) & (leads[:-1] == leads[1:])
            once = np.unique(leads[:-1][is_pair] * size**2 + left[is_pair] * size + right[is_pair])
            key, count = np.unique((once % size**2) * 4 + cells[once // size**2], return_counts=True)
            keys.append(key)
            counts.append(count)
        all_keys, all_counts = np.concatenate(keys), np.concatenate(counts)
        pairs, positions = np.unique(all_keys // 4, return_inverse=True)
        holders = np.zeros((4, len(pairs)), dtype=np.int64)
        np.add.at(holders, (all_keys % 4, positions), all_counts)
        return _Patterns(holders.reshape(2, 2, len(pairs)), np.stack([kept[pairs // size], kept[pairs % size]], axis=1))

    def holders_of(self, words: tuple[int, ...]) -> BoolArray:
        """Tell which leads hold a word, or a pair side by side."""
        found = self.flat == words[0]
        if len(words) == 2:
            found[:-1] &= self.flat[1:] == words[1]
            found[-1:] = False
        positions = np.flatnonzero(found)
        leads = np.searchsorted(self.ends, positions, side="right")
        if len(words) == 2:
            leads = leads[positions + 1 < self.ends[leads]]  # the second word must not be the next lead's first
        held = np.zeros(len(self.ends), dtype=np.bool_)
        held[leads] = True
        return held


def _choose(
    corpus: _Corpus, candidates: list[tuple[float, tuple[int, ...]]], results: Results, where: str, *, won: bool
) -> list[LeakFinding]:
    """Name the patterns that cover most, and after each only those that add leads of their own."""
    text_of = {words: " ".join(corpus.vocabulary[word] for word in words) for _, words in candidates}
    # Of patterns that cover about the same leads, a pair says more to a person than one of its words.
    candidates.sort(key=lambda one: (-round(20 * one[0]), -len(one[1]), -one[0], text_of[one[1]]))
    right = results.won == won
    explained = np.zeros(len(right), dtype=np.bool_)
    findings: list[LeakFinding] = []
    for covered, words in candidates[:_MOST_CANDIDATES]:
        held = corpus.holders_of(words)
        if explained[held].mean() >= _SAME_LEADS:
            continue
        explained |= held
        findings.append(_finding(text_of[words], where, float(right[held].mean()), covered, won=won))
        if len(findings) == MOST_FINDINGS:
            break
    return findings


def _finding(text: str, where: str, precision: float, covered: float, *, won: bool) -> LeakFinding:
    result = "won" if won else "not won"
    place = f"the {'words' if ' ' in text else 'word'} '{text}'{where}"
    message = (
        f"T{place[1:]}: {covered:.0%} of the leads that were {result} have it, and {precision:.1%} of the leads with "
        f"it were {result}, so it was probably written after the outcome; show only texts of before the row's time."
    )
    return LeakFinding(place, "precision", precision, covered, message)
