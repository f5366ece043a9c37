"""Numbers as words: a small language model reads "37" badly, and "37 (high)" well."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import numpy as np

QUANTILE_WORDS = (
    "lowest",
    "very low",
    "low",
    "fairly low",
    "lower middle",
    "upper middle",
    "fairly high",
    "high",
    "very high",
    "highest",
)
"""One word a decile, so that a word means the same share of leads in every field."""
_LARGEST = 1e300  # the difference of two larger numbers may be infinite, and an edge with it


def learn_edges(values: Sequence[float]) -> tuple[float, ...]:
    """Give the nine decile edges of a field; equal edges are kept, and no values give no edges."""
    if not values:
        return ()
    bounded = np.clip(np.asarray(values, dtype=np.float64), -_LARGEST, _LARGEST)
    edges = np.quantile(bounded, np.arange(1, 10) / 10)
    return tuple(float(edge) for edge in edges)


def quantile_word(value: float, edges: Sequence[float]) -> str:
    """Give the word for a value.

    A value that many leads share covers several deciles; it gets the word of their middle, so that "most are 0"
    does not read as "lowest". Never decreasing in ``value``.
    """
    middle = (bisect.bisect_left(edges, value) + bisect.bisect_right(edges, value)) // 2
    return QUANTILE_WORDS[middle]


def format_number(value: float) -> str:
    """Write a number with three significant digits, plainly where short: ``7``, ``0.5``, ``1530``, ``2e+09``."""
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    if abs(rounded) >= 1e7 or abs(rounded) < 1e-4:
        return f"{value:.3g}"
    return str(int(rounded)) if rounded.is_integer() else f"{rounded:.10f}".rstrip("0")
