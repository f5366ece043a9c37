"""Percentile intervals by the bootstrap.

Leads are drawn with replacement; or groups, when leads of one group (a person, an account) are not independent of
each other. A resample is a vector of multiplicities over the leads, so nothing is copied or sorted again, and one
resample is held at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from hpro_sdk.errors import ConfigError, DataError
from hpro_sdk.metrics._blocks import FloatArray, IntArray, as_won, require_both_classes

Estimate = tuple[float, float, float]
"""A point and the lower and upper end of its interval."""

CONFIDENCE = 0.95
"""Coverage of the intervals."""


def number_groups(groups: Sequence[str | None]) -> IntArray:
    """Number groups from 0, in the order in which they first appear.

    Args:
        groups: The group of each lead; a lead of ``None`` is a group of its own. Length n.

    Returns:
        Shape ``(n,)``.
    """
    numbers: dict[str, int] = {}
    numbered = np.empty(len(groups), dtype=np.int64)
    alone = 0
    for row, group in enumerate(groups):
        if group is None:
            numbered[row] = len(numbers) + alone
            alone += 1
        else:
            numbered[row] = numbers.setdefault(group, len(numbers) + alone)
    return numbered


def resample_weights(
    won: ArrayLike, groups: Sequence[str | None] | None = None, *, resamples: int = 1000, seed: int = 0
) -> Iterator[IntArray]:
    """Draw resamples, as how often each lead is in them.

    A resample that holds only won leads, or none, is thrown away and drawn again: metrics are not defined on it.
    Intervals are thus those among resamples with both classes. At most half of all draws are thrown away, and
    hardly any once there are ten leads (or groups) of either class.

    Args:
        won: Outcomes. Shape ``(n,)``.
        groups: The group of each lead, when groups are to be drawn; ``None`` within it is a group of its own.
        resamples: How many to give.
        seed: Equal seeds give equal resamples of the same leads in the same order.

    Yields:
        Multiplicities. Shape ``(n,)``; their sum is n when leads are drawn, and differs when groups are.

    Raises:
        ValueError: ``groups`` has another length, or ``won`` is malformed.
        ConfigError: ``resamples`` is below 1, or ``seed`` is negative.
        DataError: There are no leads, only one class, or only one group.
    """
    outcomes = as_won(won)
    require_both_classes(int(outcomes.sum()), outcomes.size)
    if resamples < 1 or seed < 0:
        raise ConfigError(
            f"{resamples} resamples with seed {seed} cannot be drawn.",
            hint="Give at least 1 resample and a seed that is not negative.",
        )
    if groups is None:
        numbered = np.arange(outcomes.size)
    elif len(groups) != outcomes.size:
        raise ValueError(f"there are {len(groups)} groups for {outcomes.size} leads")
    else:
        numbered = number_groups(groups)
    size = np.bincount(numbered)
    if size.size == 1:
        raise DataError(
            f"All {outcomes.size} leads are of one group, so no interval can be drawn.",
            hint="Evaluate on more groups, or without groups.",
        )
    size_won = np.bincount(numbered[outcomes], minlength=size.size)
    rng = np.random.default_rng(seed)
    given = 0
    while given < resamples:
        counts = np.bincount(rng.integers(size.size, size=size.size), minlength=size.size)
        if 0 < int(counts @ size_won) < int(counts @ size):
            given += 1
            yield counts if groups is None else counts[numbered]


def interval(point: float, draws: ArrayLike) -> Estimate:
    """Put a point and the percentiles of its resampled values together.

    Args:
        point: The value on the leads themselves.
        draws: Its values on resamples. Shape ``(resamples,)``.

    Returns:
        Point, low, high; the point can lie outside when a metric is biased under resampling.
    """
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(np.asarray(draws, dtype=np.float64), [tail, 100 - tail])
    return float(point), float(low), float(high)


def bootstrap_estimates(
    statistic: Callable[[IntArray | None], ArrayLike],
    won: ArrayLike,
    groups: Sequence[str | None] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> list[Estimate]:
    """Give points and 95 % percentile intervals of several numbers measured together.

    Args:
        statistic: Gives the numbers, shape ``(m,)``, for multiplicities of shape ``(n,)``, or for ``None``: each
            lead once.
        won: Outcomes, in the order of the multiplicities. Shape ``(n,)``.
        groups: The group of each lead, when groups are to be drawn.
        resamples: How many resamples to draw.
        seed: Equal seeds give equal intervals.

    Returns:
        One estimate per number.

    Raises:
        ValueError: ``groups`` has another length, or ``won`` is malformed.
        ConfigError: ``resamples`` is below 1, or ``seed`` is negative.
        DataError: There are no leads, only one class, or only one group.
    """
    draws: list[FloatArray] = [
        np.asarray(statistic(weights), dtype=np.float64)
        for weights in resample_weights(won, groups, resamples=resamples, seed=seed)
    ]
    points = np.asarray(statistic(None), dtype=np.float64)
    return [interval(point, column) for point, column in zip(points, np.stack(draws, axis=1), strict=True)]
