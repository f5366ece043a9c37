"""Whether one model ranks better than another on the same leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from hpro_sdk.metrics._blocks import BoolArray, FloatArray, IntArray, as_won
from hpro_sdk.metrics.bootstrap import Estimate, bootstrap_estimates
from hpro_sdk.ranking import ranking_order

RankingMetric = Callable[[FloatArray, BoolArray, IntArray | None], float]
"""Gives a number for rank scores, outcomes and weights (``None``: each lead once), all in ranking order."""


def paired_bootstrap_difference(
    metric: RankingMetric,
    rank_scores_a: ArrayLike,
    rank_scores_b: ArrayLike,
    won: ArrayLike,
    lead_ids: Sequence[str],
    *,
    groups: Sequence[str | None] | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Estimate how much higher ``metric`` is for ranking a than for ranking b, both measured on each resample.

    An interval that excludes 0 tells the two apart. Swapping a and b turns the signs round. The result does not
    depend on the order of the leads, as long as their ids differ.

    Args:
        metric: :func:`~hpro_sdk.metrics.auc` or :func:`~hpro_sdk.metrics.average_precision` as they are; others
            as ``lambda scores, won, weights: precision_at(won, 0.01, weights)``.
        rank_scores_a: Log-odds. Shape ``(n,)``.
        rank_scores_b: Log-odds of the same leads. Shape ``(n,)``.
        won: Outcomes. Shape ``(n,)``.
        lead_ids: Ids, which order leads of equal rank score. Length n.
        groups: The group of each lead, when groups are to be drawn. Length n.
        resamples: How many resamples to draw.
        seed: Equal seeds give equal intervals.

    Returns:
        Point, low and high of ``metric(a) - metric(b)``, in the unit of the metric; 95 % percentile interval.

    Raises:
        ValueError: Shapes differ, or values are malformed.
        ConfigError: ``resamples`` is below 1, or ``seed`` is negative.
        DataError: There are no leads, only one class, or only one group.
        NonFiniteScoreError: A rank score is NaN or infinite.
    """
    outcomes = as_won(won)
    if groups is not None and len(groups) != outcomes.size:
        raise ValueError(f"there are {len(groups)} groups for {outcomes.size} leads")
    by_id = ranking_order(np.zeros(outcomes.size), lead_ids)
    ids = [lead_ids[row] for row in by_id]
    outcomes = outcomes[by_id]

    def ranked(rank_scores: ArrayLike) -> Callable[[IntArray | None], float]:
        scores = np.asarray(rank_scores, dtype=np.float64)
        if scores.shape != outcomes.shape:
            raise ValueError(f"the rank scores have shape {scores.shape}, won has shape {outcomes.shape}")
        scores = scores[by_id]
        order = ranking_order(scores, ids)
        scores, won_ranked = scores[order], outcomes[order]
        return lambda weights: metric(scores, won_ranked, None if weights is None else weights[order])

    metric_a, metric_b = ranked(rank_scores_a), ranked(rank_scores_b)
    (estimate,) = bootstrap_estimates(
        lambda weights: [metric_a(weights) - metric_b(weights)],
        outcomes,
        None if groups is None else [groups[row] for row in by_id],
        resamples=resamples,
        seed=seed,
    )
    return estimate
