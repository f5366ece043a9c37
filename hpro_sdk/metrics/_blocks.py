"""Checked inputs of the metrics, and leads of equal value gathered into blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hpro_sdk.errors import DataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class TiedBlocks(NamedTuple):
    """Leads of equal value, highest value first; shapes ``(blocks,)``.

    Attributes:
        value: What the leads of a block share.
        size: Leads in it, each counted by its weight.
        won: Won leads in it, counted likewise.
    """

    value: FloatArray
    size: IntArray
    won: IntArray


def as_won(won: ArrayLike) -> BoolArray:
    """Give outcomes as truth values.

    Args:
        won: Truth values, or numbers that are all 0 or 1. Shape ``(n,)``.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: Another shape, or another value.
    """
    outcomes = np.asarray(won)
    if outcomes.ndim != 1:
        raise ValueError(f"won has shape {outcomes.shape}; it must have one dimension")
    if outcomes.dtype != np.bool_ and not ((outcomes == 0) | (outcomes == 1)).all():
        raise ValueError("won holds values other than 0 and 1")
    return outcomes.astype(np.bool_, copy=False)


def as_weights(weights: ArrayLike | None, n: int) -> IntArray:
    """Give how often each lead counts.

    Args:
        weights: Whole numbers ``>= 0``, shape ``(n,)``; ``None`` counts each lead once.
        n: Number of leads.

    Returns:
        Shape ``(n,)``.

    Raises:
        ValueError: Another shape, not whole numbers, or a negative one.
    """
    if weights is None:
        return np.ones(n, dtype=np.int64)
    counts = np.asarray(weights)
    if counts.shape != (n,):
        raise ValueError(f"weights has shape {counts.shape}, but there are {n} leads")
    if n and (counts.dtype.kind not in "iu" or counts.min() < 0):
        raise ValueError("weights must be whole numbers and not negative")
    return counts.astype(np.int64, copy=False)


def require_both_classes(won: int, total: int) -> None:
    """Refuse leads that cannot be ranked against each other.

    Args:
        won: Number of won leads.
        total: Number of all leads.

    Raises:
        DataError: There are no leads, or none or all of them are won.
    """
    if not total:
        raise DataError("There are no leads to evaluate.", hint="Evaluate on a file or split that holds leads.")
    if not 0 < won < total:
        state = "All" if won else "None"
        raise DataError(
            f"{state} of the {total} leads are won, so no ranking can be measured.",
            hint="Evaluate on leads of which some are won and some are not, for example over a longer time.",
            n_leads=total,
            n_positives=won,
        )


def tied_blocks(values: ArrayLike, won: ArrayLike, weights: ArrayLike | None) -> TiedBlocks:
    """Gather leads of equal value.

    Costs O(n) when the values do not rise; otherwise they are sorted first.

    Args:
        values: Rank scores or probabilities. Shape ``(n,)``, ``n >= 1``, finite.
        won: Outcomes. Shape ``(n,)``.
        weights: How often each lead counts, shape ``(n,)``; ``None``: once.

    Returns:
        The blocks. One whose leads all have weight 0 stays, with size 0.

    Raises:
        ValueError: Shapes differ, values are not finite, or ``won`` or ``weights`` are malformed.
        DataError: There are no leads.
    """
    numbers = np.asarray(values, dtype=np.float64)
    outcomes = as_won(won)
    if numbers.shape != outcomes.shape:
        raise ValueError(f"the values have shape {numbers.shape}, won has shape {outcomes.shape}")
    if not numbers.size:
        require_both_classes(0, 0)
    if not np.isfinite(numbers).all():
        raise ValueError("the values are not all finite")
    counts = as_weights(weights, numbers.size)
    if (numbers[1:] > numbers[:-1]).any():
        order = np.argsort(-numbers, kind="stable")
        numbers, outcomes, counts = numbers[order], outcomes[order], counts[order]
    counts_won = counts * outcomes
    first = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
    if first.size == numbers.size:
        return TiedBlocks(numbers, counts, counts_won)
    return TiedBlocks(numbers[first], np.add.reduceat(counts, first), np.add.reduceat(counts_won, first))
