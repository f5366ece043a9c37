"""When a new model is put to use: only beyond noise, never on a tie, and on demand with a word about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hpro_connectors.learning.compare import (
    IN_USE,
    NEW,
    NEWEST_FIRST,
    Comparison,
    Difference,
    Interval,
    Ranking,
    compare_rankings,
    newest_first_scores,
)
from hpro_connectors.learning.decision import decide
from hpro_sdk.errors import DataError
from hpro_sdk.lead import LeadSnapshot, Outcome, OutcomeResult, TrainingExample
from hpro_sdk.metrics import auc

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)


def compared(auc: Interval, *, newest: Interval, in_use: Interval | None = None) -> Comparison:
    differences = [Difference(than=NEWEST_FIRST, auc=newest)]
    if in_use is not None:
        differences.append(Difference(than=IN_USE, auc=in_use))
    return Comparison(
        snapshots=100,
        leads=80,
        won=20,
        won_share=0.2,
        rankings=(Ranking(name=NEW, auc=auc, precision_at_5pct=(0.4, 0.2, 0.6)),),
        differences=tuple(differences),
    )


GOOD: Interval = (0.7, 0.65, 0.75)
WEAK: Interval = (0.55, 0.48, 0.62)
ABOVE: Interval = (0.05, 0.01, 0.09)
UNCLEAR: Interval = (0.05, -0.01, 0.11)
TIE: Interval = (0.0, 0.0, 0.0)
BELOW: Interval = (-0.05, -0.09, -0.01)


@pytest.mark.parametrize(
    ("own", "newest", "in_use", "better"),
    [
        (GOOD, ABOVE, None, True),
        (GOOD, UNCLEAR, None, False),
        (GOOD, TIE, None, False),
        (GOOD, BELOW, None, False),
        (WEAK, ABOVE, None, False),
        ((0.5, 0.5, 0.5), ABOVE, None, False),
        (GOOD, ABOVE, ABOVE, True),
        (GOOD, BELOW, ABOVE, True),
        (GOOD, ABOVE, UNCLEAR, False),
        (GOOD, ABOVE, TIE, False),
        (GOOD, ABOVE, BELOW, False),
    ],
)
def test_the_table(own: Interval, newest: Interval, in_use: Interval | None, better: bool) -> None:
    decision = decide(compared(own, newest=newest, in_use=in_use))
    assert (decision.better, decision.use, decision.forced) == (better, better, False)
    assert ("not better beyond noise" in decision.reason) is not better


def test_a_person_may_insist_and_the_reason_says_so() -> None:
    decision = decide(compared(GOOD, newest=ABOVE, in_use=BELOW), force=True)
    assert (decision.better, decision.use, decision.forced) == (False, True, True)
    assert "not better beyond noise; a person had it put to use anyway" in decision.reason


def test_insisting_on_a_better_model_changes_nothing() -> None:
    assert decide(compared(GOOD, newest=ABOVE), force=True) == decide(compared(GOOD, newest=ABOVE))


def example(number: int, *, won: bool, age_days: float = 10, group: str | None = None) -> TrainingExample:
    return TrainingExample(
        snapshot=LeadSnapshot(as_of=AS_OF, lead_id=f"L{number:04}", created_at=AS_OF - timedelta(days=age_days)),
        outcome=Outcome(result=OutcomeResult.WON if won else OutcomeResult.LOST),
        group=group,
        split="test",
    )


@pytest.fixture
def some() -> list[TrainingExample]:
    return [example(number, won=number % 4 == 0, age_days=number % 7) for number in range(200)]


def test_equal_rankings_tie_exactly(some: list[TrainingExample]) -> None:
    scores = np.random.default_rng(1).normal(size=len(some))
    found = compare_rankings(some, {NEW: scores, IN_USE: scores.copy()}, resamples=50)
    difference = found.difference(IN_USE)
    assert difference is not None
    assert difference.auc == (0.0, 0.0, 0.0)
    assert not decide(found).use


def test_a_ranking_that_knows_more_is_told_apart(some: list[TrainingExample]) -> None:
    won = np.array([one.outcome.won for one in some])
    noise = np.random.default_rng(1).normal(size=len(some))
    found = compare_rankings(
        some, {NEWEST_FIRST: newest_first_scores(some), IN_USE: noise, NEW: noise + 2.0 * won}, resamples=200
    )
    assert found.rankings[0].name == NEW
    assert found.rankings[0].auc[0] == pytest.approx(auc(noise + 2.0 * won, won))
    assert (found.snapshots, found.won, found.won_share) == (200, 50, 0.25)
    assert decide(found).use


def test_newest_first_puts_the_youngest_on_top() -> None:
    young, old = example(1, won=True, age_days=1), example(2, won=False, age_days=30)
    scores = newest_first_scores([old, young])
    assert scores[1] > scores[0]


def test_one_outcome_only_cannot_be_compared() -> None:
    only = [example(number, won=True) for number in range(10)]
    with pytest.raises(DataError):
        compare_rankings(only, {NEW: np.arange(10.0)}, resamples=10)
