"""How the new model ranks the newest leads, beside the model in use, trees, newest first, and chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hpro_sdk.lead import Frozen, TrainingExample
from hpro_sdk.metrics import auc, bootstrap_estimates, paired_bootstrap_difference, precision_at
from hpro_sdk.ranking import ranking_order
from hpro_sdk.scoring.scorer import Scorer

Scores = NDArray[np.float64]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Interval = tuple[Finite, Finite, Finite]
"""A point, and the lower and upper end of its 95 % interval."""

NEW: Final = "new"
IN_USE: Final = "in use"
TREES: Final = "trees"
NEWEST_FIRST: Final = "newest first"

TOP_SHARE: Final = 0.05
"""The share at the top whose precision is compared."""

RESAMPLES: Final = 1000


class Ranking(Frozen):
    """How well one way of ranking does on the test side.

    Attributes:
        name: ``new``, ``in use``, ``trees`` or ``newest first``.
        auc: Chance that a won lead stands above one not won.
        precision_at_5pct: Share of won leads in the top 5 %.
    """

    name: str
    auc: Interval
    precision_at_5pct: Interval


class Difference(Frozen):
    """How much higher the AUC of the new model is than another one's, both on each resample.

    Attributes:
        than: Name of the other ranking.
        auc: Above zero where the new one is better; an interval clear of zero tells the two apart.
    """

    than: str
    auc: Interval


class Comparison(Frozen):
    """All rankings of the newest fifth of an org's snapshots.

    Attributes:
        snapshots: That were ranked.
        leads: Groups (accounts, persons or leads) that the intervals resample.
        won: Snapshots that were won within the horizon.
        won_share: Precision of a ranking by chance, whose AUC is 0.5.
        rankings: The new model's first.
        differences: Of the new model from each other ranking.
        in_use_id: The model in use; ``None`` where there is none.
        in_use_problem: Why it could not be compared; ``None`` where it was.
    """

    snapshots: int
    leads: int
    won: int
    won_share: float
    rankings: tuple[Ranking, ...]
    differences: tuple[Difference, ...]
    in_use_id: str | None = None
    in_use_problem: str | None = None

    def ranking(self, name: str) -> Ranking | None:
        """Give a ranking by its name, if it is there."""
        return next((ranking for ranking in self.rankings if ranking.name == name), None)

    def difference(self, than: str) -> Difference | None:
        """Give the difference from a ranking, if it is there."""
        return next((one for one in self.differences if one.than == than), None)


def compare_rankings(
    examples: Sequence[TrainingExample],
    scores: Mapping[str, Scores],
    *,
    in_use_id: str | None = None,
    in_use_problem: str | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Measure rankings of the same snapshots, and how much the new model differs from the others.

    Args:
        examples: The test side; those of one group are resampled together.
        scores: What each ranking orders them by, greater first, by its name; ``new`` is among them.
        in_use_id: The model in use.
        in_use_problem: Why it is not among ``scores``.
        resamples: Bootstrap resamples behind the intervals.
        seed: Of the bootstrap.

    Raises:
        DataError: There are no examples, or they have one outcome or one group only.
        NonFiniteScoreError: A score is not a number.
    """
    won = np.array([example.outcome.won for example in examples], dtype=np.bool_)
    # One lead stands at several moments; the moment makes the name of a snapshot its own.
    ids = [f"{example.snapshot.lead_id}\0{example.snapshot.as_of.isoformat()}" for example in examples]
    groups = [example.group or example.snapshot.lead_id for example in examples]
    rankings = [_ranking(name, values, won, ids, groups, resamples, seed) for name, values in _new_first(scores)]
    differences = [
        Difference(
            than=name,
            auc=paired_bootstrap_difference(
                auc, scores[NEW], values, won, ids, groups=groups, resamples=resamples, seed=seed
            ),
        )
        for name, values in scores.items()
        if name != NEW
    ]
    return Comparison(
        snapshots=len(examples),
        leads=len(set(groups)),
        won=int(won.sum()),
        won_share=float(won.mean()),
        rankings=tuple(rankings),
        differences=tuple(differences),
        in_use_id=in_use_id,
        in_use_problem=in_use_problem,
    )


def model_scores(scorer: Scorer, examples: Sequence[TrainingExample]) -> Scores:
    """Give the rank scores of a model.

    Args:
        scorer: The model.
        examples: What is ranked.

    Raises:
        ModelFitError: The model is of another object type.
        UnknownStageError: It does not know a stage.
        NonFiniteScoreError: It gave something that is not a number.
    """
    scored = scorer.score_snapshots(example.snapshot for example in examples)
    return np.array([lead.rank_score for lead in scored], dtype=np.float64)


def newest_first_scores(examples: Sequence[TrainingExample]) -> Scores:
    """Give scores that put the lead first which was created last, as people do without a model.

    Args:
        examples: What is ranked.
    """
    return np.array(
        [
            0.0
            if example.snapshot.created_at is None
            else -(example.snapshot.as_of - example.snapshot.created_at).total_seconds()
            for example in examples
        ],
        dtype=np.float64,
    )


def _new_first(scores: Mapping[str, Scores]) -> list[tuple[str, Scores]]:
    return sorted(scores.items(), key=lambda item: item[0] != NEW)


def _ranking(  # noqa: PLR0917 - all of one measurement
    name: str,
    scores: Scores,
    won: NDArray[np.bool_],
    ids: Sequence[str],
    groups: Sequence[str],
    resamples: int,
    seed: int,
) -> Ranking:
    order = ranking_order(scores, ids)
    ranked_scores, ranked_won = scores[order], won[order]
    estimates = bootstrap_estimates(
        lambda weights: [
            auc(ranked_scores, ranked_won, None if weights is None else weights[order]),
            precision_at(ranked_won, TOP_SHARE, None if weights is None else weights[order]),
        ],
        won,
        groups,
        resamples=resamples,
        seed=seed,
    )
    return Ranking(name=name, auc=estimates[0], precision_at_5pct=estimates[1])
