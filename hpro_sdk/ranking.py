"""The one order of leads, their ranks, and their bands.

Everything that puts leads in an order (lists, ranks, metrics) uses :func:`ranking_order`, so that no lead with a
lower score ever stands above another.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from hpro_sdk.errors import ConfigError, DataError, NonFiniteScoreError
from hpro_sdk.lead import Band, Frozen, ScoredLead

Edge = Annotated[float, Field(allow_inf_nan=False)]


def ranking_order(rank_scores: ArrayLike, lead_ids: Sequence[str]) -> NDArray[np.intp]:
    """Give the positions of leads, best first.

    Equal rank scores are ordered by lead id (by code point, as Python orders strings); where the ids are equal
    too, the order of the input stays.

    Args:
        rank_scores: Log-odds, one per lead. Shape ``(n,)``; ``n`` may be 0.
        lead_ids: Their ids. Same length.

    Returns:
        Indices into both. Shape ``(n,)``.

    Raises:
        ValueError: The shapes differ.
        NonFiniteScoreError: A rank score is NaN or infinite; its ``context`` has the ``lead_id``.
    """
    scores = np.asarray(rank_scores, dtype=np.float64)
    if scores.shape != (len(lead_ids),):
        raise ValueError(f"rank_scores has shape {scores.shape}, but there are {len(lead_ids)} lead ids")
    if not np.isfinite(scores).all():
        row = int(np.argmin(np.isfinite(scores)))
        raise NonFiniteScoreError(
            f"The rank score of lead {lead_ids[row]} is {scores[row]}.",
            hint="The model is damaged or does not fit this runtime; load it again, or train it anew.",
            lead_id=lead_ids[row],
        )
    by_id = np.array(sorted(range(len(lead_ids)), key=lead_ids.__getitem__), dtype=np.intp)
    return by_id[np.argsort(-scores[by_id], kind="stable")]


def top_count(share: float, n: int) -> int:
    """How many of ``n`` leads the top ``share`` holds, rounded up.

    ``share`` is taken as the decimal it is written as: the top 0.01 of 700 leads are 7, although the product of
    the two floats is above 7.

    Args:
        share: Above 0, at most 1.
        n: Number of leads, ``>= 0``.

    Returns:
        ``ceil(share * n)``.

    Raises:
        ValueError: ``share`` is out of range.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share {share} is not above 0 and at most 1")
    return math.ceil(Fraction(str(float(share))) * n)


def rank_leads(scored: Iterable[ScoredLead]) -> list[ScoredLead]:
    """Put leads in order and fill in ``rank``, ``stage_rank`` and ``stage_size``.

    All leads given are ranked together, so give those of one org and object. Where several objects are mixed all
    the same, equal scores and lead ids are ordered by org and object type.

    Args:
        scored: Leads in any order; ranks that they hold already are replaced.

    Returns:
        Copies, best first; ``rank`` runs from 1 to n without gaps, ``stage_rank`` likewise within each stage. A
        lead without a stage has neither stage rank nor stage size.

    Raises:
        NonFiniteScoreError: A rank score is NaN or infinite.
    """
    leads = sorted(scored, key=lambda lead: lead.key)
    order = ranking_order([lead.rank_score for lead in leads], [lead.lead_id for lead in leads])
    sizes = Counter(lead.stage for lead in leads)
    seen: Counter[str] = Counter()
    ranked: list[ScoredLead] = []
    for rank, lead in enumerate((leads[index] for index in order), start=1):
        stage_rank = stage_size = None
        if lead.stage is not None:
            seen[lead.stage] += 1
            stage_rank, stage_size = seen[lead.stage], sizes[lead.stage]
        ranked.append(lead.model_copy(update={"rank": rank, "stage_rank": stage_rank, "stage_size": stage_size}))
    return ranked


class Bands(Frozen):
    """Bands A to D of rank scores.

    Attributes:
        edges: Lower bounds of A, B and C in ``rank_score`` (log-odds), each part of its band; D is the rest.
    """

    edges: tuple[Edge, Edge, Edge]

    @model_validator(mode="after")
    def _check(self) -> Self:
        a, b, c = self.edges
        if not a >= b >= c:
            raise ValueError("the edges of A, B and C must not rise")
        return self

    def band_of(self, rank_score: float) -> Band:
        """Give the band of a lead; a higher rank score never gives a worse one.

        Args:
            rank_score: Log-odds.

        Returns:
            The best band whose lower bound is not above ``rank_score``.

        Raises:
            NonFiniteScoreError: ``rank_score`` is NaN or infinite.
        """
        if not math.isfinite(rank_score):
            raise NonFiniteScoreError(
                f"A rank score of {rank_score} has no band.",
                hint="The model is damaged or does not fit this runtime; load it again, or train it anew.",
            )
        for band, edge in zip(Band, self.edges, strict=False):
            if rank_score >= edge:
                return band
        return Band.D

    @classmethod
    def fit(cls, validation_rank_scores: ArrayLike, shares: tuple[float, float, float] = (0.1, 0.3, 0.6)) -> Self:
        """Set the edges at quantiles of the rank scores of the validation split.

        An edge is the score of the last lead in the top share, so leads tied with it are in the better band too.

        Args:
            validation_rank_scores: Log-odds. Shape ``(n,)``, ``n >= 1``.
            shares: Shares of leads that are in A, in A or B, and in A, B or C; they do not fall.

        Returns:
            The bands.

        Raises:
            ConfigError: The shares are out of range or fall.
            DataError: There are no scores.
            NonFiniteScoreError: A score is NaN or infinite.
        """
        if not 0 < shares[0] <= shares[1] <= shares[2] <= 1:
            raise ConfigError(
                f"The shares of the bands, {shares}, must be above 0, at most 1, and must not fall.",
                hint="Give the shares counted from the top, such as 0.1, 0.3, 0.6.",
            )
        scores = np.asarray(validation_rank_scores, dtype=np.float64).ravel()
        if not scores.size:
            raise DataError("There are no validation scores to set bands by.", hint="Add leads to the split 'valid'.")
        if not np.isfinite(scores).all():
            raise NonFiniteScoreError(
                f"{int((~np.isfinite(scores)).sum())} of {scores.size} validation scores are not finite.",
                hint="Training diverged; train again with a lower learning rate.",
            )
        best_first = np.sort(scores)[::-1]
        a, b, c = (float(best_first[top_count(share, scores.size) - 1]) for share in shares)
        return cls(edges=(a, b, c))
