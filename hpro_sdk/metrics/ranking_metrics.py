"""How well leads are ranked: AUC, average precision, precision and NDCG at the top.

Pure functions over arrays of any numeric or truth type, each with optional whole-number ``weights``: a lead of
weight ``w`` counts as ``w`` leads that stand side by side in the order, and weight 0 takes it out. So a bootstrap
resample is a vector of weights over leads that are sorted once, and costs O(n).

AUC and average precision treat leads of equal rank score as one block and need no order. Precision and NDCG at
the top ask who stands where, so they take outcomes in the order of :func:`hpro_sdk.ranking.ranking_order`, in
which lead ids break ties.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hpro_sdk.errors import DataError
from hpro_sdk.metrics._blocks import (
    BoolArray,
    FloatArray,
    IntArray,
    as_weights,
    as_won,
    require_both_classes,
    tied_blocks,
)
from hpro_sdk.ranking import top_count


def auc(rank_scores: ArrayLike, won: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Area under the ROC curve: the chance that a won lead has a higher rank score than one not won.

    Pairs of equal rank score count half.

    Args:
        rank_scores: Log-odds, or anything else in the same order. Shape ``(n,)``; best first is fastest.
        won: Outcomes. Shape ``(n,)``.
        weights: How often each lead counts. Shape ``(n,)``.

    Returns:
        0 to 1; 0.5 is chance.

    Raises:
        ValueError: Shapes differ, or values are malformed.
        DataError: There are no leads, or only one class.
    """
    blocks = tied_blocks(rank_scores, won, weights)
    lost = blocks.size - blocks.won
    n_won, n_lost = int(blocks.won.sum()), int(lost.sum())
    require_both_classes(n_won, n_won + n_lost)
    lost_below = n_lost - np.cumsum(lost)
    return float(np.dot(blocks.won.astype(np.float64), lost_below + 0.5 * lost) / (n_won * n_lost))


def average_precision(rank_scores: ArrayLike, won: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean, over won leads, of the share of won among all leads that score at least as high.

    Leads of equal rank score enter together, as in scikit-learn; lead ids play no part.

    Args:
        rank_scores: Log-odds, or anything else in the same order. Shape ``(n,)``; best first is fastest.
        won: Outcomes. Shape ``(n,)``.
        weights: How often each lead counts. Shape ``(n,)``.

    Returns:
        Above 0, at most 1; the share of won leads is chance.

    Raises:
        ValueError: Shapes differ, or values are malformed.
        DataError: There are no leads, or only one class.
    """
    blocks = tied_blocks(rank_scores, won, weights)
    seen, seen_won = np.cumsum(blocks.size), np.cumsum(blocks.won)
    n_won = int(seen_won[-1])
    require_both_classes(n_won, int(seen[-1]))
    # Blocks of weight 0 at the top have seen nobody yet; they hold no won lead, so any divisor will do.
    precision = seen_won / np.maximum(seen, 1)
    return float(np.dot(blocks.won, precision) / n_won)


def precision_at(won: ArrayLike, share: float, weights: ArrayLike | None = None) -> float:
    """Share of won leads among the top ``ceil(share * n)``.

    Args:
        won: Outcomes in ranking order, best first. Shape ``(n,)``.
        share: Share of all leads that are looked at, above 0, at most 1.
        weights: How often each lead counts. Shape ``(n,)``; ``n`` above is then their sum, and a lead at the cut
            counts as often as there is room for it.

    Returns:
        0 to 1; the share of won leads overall is chance.

    Raises:
        ValueError: Shapes differ, or values are malformed.
        DataError: There are no leads.
    """
    outcomes, _, end, k = _top(won, share, weights)
    won_until = np.minimum(end, k)[outcomes]
    won_from = np.minimum(_start(end), k)[outcomes]
    return float((won_until - won_from).sum() / k)


def ndcg_at(won: ArrayLike, share: float = 0.1, weights: ArrayLike | None = None) -> float:
    """Normalised discounted cumulative gain among the top ``ceil(share * n)``.

    A won lead at place p (1 is the best) gains ``1 / log2(p + 1)``, others nothing; the sum is divided by that of
    the best possible order.

    Args:
        won: Outcomes in ranking order, best first. Shape ``(n,)``.
        share: Share of all leads that are looked at, above 0, at most 1.
        weights: How often each lead counts, as in :func:`precision_at`. Shape ``(n,)``.

    Returns:
        0 to 1; 1 when no lead that is not won stands above a won one at the top.

    Raises:
        ValueError: Shapes differ, or values are malformed.
        DataError: There are no leads, or none is won.
    """
    outcomes, counts, end, k = _top(won, share, weights)
    n_won = int(counts[outcomes].sum())
    if not n_won:
        raise DataError("No lead is won, so NDCG is not defined.", hint="Evaluate on leads of which some are won.")
    gain_until = _cumulative_discount(k)
    gained = gain_until[np.minimum(end[outcomes], k)] - gain_until[np.minimum(_start(end)[outcomes], k)]
    return float(gained.sum() / gain_until[min(k, n_won)])


def _top(won: ArrayLike, share: float, weights: ArrayLike | None) -> tuple[BoolArray, IntArray, IntArray, int]:
    outcomes = as_won(won)
    counts = as_weights(weights, outcomes.size)
    end = np.cumsum(counts)
    n = int(end[-1]) if end.size else 0
    if not n:
        require_both_classes(0, 0)
    return outcomes, counts, end, top_count(share, n)


def _start(end: IntArray) -> IntArray:
    return np.concatenate((np.zeros(1, dtype=np.int64), end[:-1]))


def _cumulative_discount(k: int) -> FloatArray:
    places = np.arange(1, k + 1, dtype=np.float64)
    return np.concatenate((np.zeros(1), np.cumsum(1.0 / np.log2(places + 1.0))))
