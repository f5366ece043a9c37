"""The evaluation of a ranking: every metric with its interval, and what it was measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from hpro_sdk.errors import DataError, NonFiniteScoreError
from hpro_sdk.lead import Frozen
from hpro_sdk.metrics._blocks import BoolArray, FloatArray, IntArray, as_won, require_both_classes
from hpro_sdk.metrics.bootstrap import bootstrap_estimates, number_groups
from hpro_sdk.metrics.calibration_error import expected_calibration_error
from hpro_sdk.metrics.ranking_metrics import auc, average_precision, ndcg_at, precision_at
from hpro_sdk.ranking import ranking_order

TOP_SHARES: Mapping[str, float] = {"0.1%": 0.001, "1%": 0.01, "5%": 0.05, "10%": 0.1}
"""The shares at the top whose precision is reported, by the name they go under."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
ReportedEstimate = tuple[Finite, Finite, Finite]
Count = Annotated[int, Field(ge=1)]


class EvaluationReport(Frozen):
    """What a ranking is worth on leads whose outcomes are known.

    Each metric is ``(point, low, high)`` with a 95 % percentile interval of the bootstrap.

    Attributes:
        auc: Chance that a won lead stands above one not won; ties count half.
        average_precision: Mean precision over the won leads, ties as one block.
        precision_at: Share of won leads in the top 0.1, 1, 5 and 10 %, rounded up to whole leads.
        ndcg_at_10pct: Normalised discounted cumulative gain in the top 10 %.
        ece: Expected calibration error over 10 bins. Its interval can lie above its point.
        n_leads: Leads evaluated.
        n_positives: Won ones among them.
        n_groups: Groups that were resampled; ``None`` when leads were.
        resamples: Resamples behind the intervals.
        seed: What they were drawn with.
        primary_metric: The field to compare models by.
        greater_is_better: Which way.
    """

    auc: ReportedEstimate
    average_precision: ReportedEstimate
    precision_at: Mapping[str, ReportedEstimate]
    ndcg_at_10pct: ReportedEstimate
    ece: ReportedEstimate
    n_leads: Count
    n_positives: Count
    n_groups: Count | None = None
    resamples: Count
    seed: Annotated[int, Field(ge=0)]
    primary_metric: Literal["auc"] = "auc"
    greater_is_better: Literal[True] = True

    @model_validator(mode="after")
    def _check(self) -> Self:
        if list(self.precision_at) != list(TOP_SHARES):
            raise ValueError(f"precision_at needs the keys {list(TOP_SHARES)} in this order")
        if self.n_positives >= self.n_leads:
            raise ValueError("n_positives must be below n_leads")
        return self


def evaluate_ranking(
    rank_scores: ArrayLike,
    probabilities: ArrayLike,
    won: ArrayLike,
    lead_ids: Sequence[str],
    groups: Sequence[str | None] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> EvaluationReport:
    """Measure a ranking on leads whose outcomes are known.

    The result does not depend on the order of the leads, as long as their ids differ. Resamples depend only on
    the ids (and groups), the outcomes and the seed, so reports on the same leads are measured on the same ones.

    Args:
        rank_scores: Log-odds, which order the leads. Shape ``(n,)``.
        probabilities: Calibrated chances of winning, 0 to 1; used by ``ece`` only. Shape ``(n,)``.
        won: Outcomes. Shape ``(n,)``.
        lead_ids: Ids, which order leads of equal rank score. Length n.
        groups: The group of each lead, to resample groups in place of leads; a lead of ``None`` is a group of its
            own. Length n.
        resamples: Resamples behind the intervals, ``>= 1``.
        seed: What they are drawn with, ``>= 0``.

    Returns:
        The report.

    Raises:
        ValueError: Lengths differ, or ``won`` holds something else than 0 and 1.
        ConfigError: ``resamples`` or ``seed`` is out of range.
        DataError: There are no leads, only one class, or only one group; or a probability is out of range.
        NonFiniteScoreError: A rank score or probability is NaN or infinite.
    """
    outcomes = as_won(won)
    n = outcomes.size
    scores = np.asarray(rank_scores, dtype=np.float64)
    chances = np.asarray(probabilities, dtype=np.float64)
    lengths = {"rank_scores": scores.shape, "probabilities": chances.shape, "lead_ids": (len(lead_ids),)}
    if groups is not None:
        lengths["groups"] = (len(groups),)
    for name, shape in lengths.items():
        if shape != (n,):
            raise ValueError(f"{name} has shape {shape}, won has shape {(n,)}")
    require_both_classes(int(outcomes.sum()), n)
    _check_probabilities(chances, lead_ids)

    by_id = ranking_order(np.zeros(n), lead_ids)
    order = ranking_order(scores[by_id], [lead_ids[row] for row in by_id])
    groups_by_id = None if groups is None else [groups[row] for row in by_id]
    ranked = by_id[order]
    ranked_scores, ranked_chances, ranked_won = scores[ranked], chances[ranked], outcomes[ranked]
    estimates = bootstrap_estimates(
        lambda weights: _measure(
            ranked_scores, ranked_chances, ranked_won, None if weights is None else weights[order]
        ),
        outcomes[by_id],
        groups_by_id,
        resamples=resamples,
        seed=seed,
    )
    return EvaluationReport(
        auc=estimates[0],
        average_precision=estimates[1],
        ndcg_at_10pct=estimates[2],
        ece=estimates[3],
        precision_at=dict(zip(TOP_SHARES, estimates[4:], strict=True)),
        n_leads=n,
        n_positives=int(outcomes.sum()),
        n_groups=None if groups is None else int(number_groups(groups).max()) + 1,
        resamples=resamples,
        seed=seed,
    )


def _measure(
    rank_scores: FloatArray, probabilities: FloatArray, won: BoolArray, weights: IntArray | None
) -> list[float]:
    return [
        auc(rank_scores, won, weights),
        average_precision(rank_scores, won, weights),
        ndcg_at(won, 0.1, weights),
        expected_calibration_error(probabilities, won, weights=weights),
        *(precision_at(won, share, weights) for share in TOP_SHARES.values()),
    ]


def _check_probabilities(probabilities: FloatArray, lead_ids: Sequence[str]) -> None:
    finite = np.isfinite(probabilities)
    inside = finite & (probabilities >= 0) & (probabilities <= 1)
    if inside.all():
        return
    row = int(np.argmin(inside))
    message = f"The probability of lead {lead_ids[row]} is {probabilities[row]}."
    if not finite[row]:
        raise NonFiniteScoreError(message, hint="The model or its calibration is damaged.", lead_id=lead_ids[row])
    raise DataError(message, hint="Give probabilities between 0 and 1, not scores up to 100.", lead_id=lead_ids[row])
