"""What a leak is, and how strong a suspicion must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

MIN_OF_EACH_RESULT = 20
"""Won leads and others needed: with fewer, chance alone can look like a leak."""

MIN_AUC = 0.97
"""Whole models of honest sales data reach about 0.9; a single field that reaches this knows the answer."""

MIN_PRECISION = 0.97
"""A thing that tells a result is right this often. One lead is added, half right, so few leads prove nothing."""

MIN_ODDS_FACTOR = 30.0
"""By how much a thing must raise the odds of the result it tells. Where 95 % of all leads are lost, a word with
which 97 % are lost is no news."""

MIN_COVERED = 0.2
"""Share of a result's leads that a thing must cover: a rarer one cannot carry a model."""


@dataclass(frozen=True, slots=True)
class LeakFinding:
    """A thing that alone nearly gives the outcome away in the training split.

    Attributes:
        place: What it is: ``field 'x'``, ``stage`` or ``the words 'contract signed'``.
        measure: What ``value`` is: the AUC of ranking by it alone, in the better direction, or the precision, which
            is the share of the leads with it that have the result it tells.
        value: 0 to 1.
        share: Of ``auc``: share of the leads that hold it. Of ``precision``: share of the leads with the result it
            tells that hold it.
        message: What was found and what to do, in one line.
    """

    place: str
    measure: Literal["auc", "precision"]
    value: float
    share: float
    message: str


@dataclass(frozen=True, slots=True)
class Results:
    """Outcomes of the training split, in two halves that share no group.

    What one half suggests counts only when the other confirms it, so that ids and rare words, which tell the
    outcome of the very lead they came from, do not look like leaks.

    Attributes:
        won: Shape ``(n,)``.
        second_half: Shape ``(n,)``.
    """

    won: BoolArray
    second_half: BoolArray

    @property
    def cells(self) -> IntArray:
        """Half and outcome of each lead as one number: 0 and 1 for not won and won, 2 and 3 in the second half."""
        return self.second_half * np.int64(2) + self.won

    @property
    def totals(self) -> IntArray:
        """Leads by half and outcome. Shape ``(2, 2)``."""
        return np.bincount(self.cells, minlength=4).reshape(2, 2).astype(np.int64)


def tells(holders: IntArray, totals: IntArray, *, won: bool) -> BoolArray:
    """Tell which things nearly prove a result in both halves.

    Args:
        holders: Leads that hold each thing, by half and outcome. Shape ``(2, 2, things)``.
        totals: All leads, by half and outcome. Shape ``(2, 2)``.
        won: Whether the result is won, or not won.

    Returns:
        Shape ``(things,)``.
    """
    result, other = int(won), int(not won)
    if not totals.all():
        return np.zeros(holders.shape[2], dtype=np.bool_)
    right, wrong = holders[:, result] + 0.5, holders[:, other] + 0.5
    base_odds = (totals[:, result] / totals[:, other])[:, None]
    told = (
        (right / (right + wrong) >= MIN_PRECISION)
        & (right / wrong >= MIN_ODDS_FACTOR * base_odds)
        & covers(holders, totals, won=won)
    )
    return np.asarray(told.all(axis=0), dtype=np.bool_)


def covers(holders: IntArray, totals: IntArray, *, won: bool) -> BoolArray:
    """Tell which things enough leads of a result hold, in each half. Arguments of :func:`tells`; shape ``(2, n)``."""
    result = int(won)
    return np.asarray(holders[:, result] >= MIN_COVERED * totals[:, result][:, None], dtype=np.bool_)
