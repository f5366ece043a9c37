"""The pure rules: when a row is written, and what the trend of a score is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.engine import must_write, trend_of
from hpro_connectors.engine.writing_rule import cleared, rank_moved
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.state import WrittenRow
from hpro_sdk.lead import Band, LeadKey

AT = datetime(2026, 3, 1, tzinfo=UTC)
ROW = ScoreRow(
    lead=LeadKey("org", "lead", "L1"),
    score=Decimal("50.00"),
    band=Band.B,
    trend=Trend.STEADY,
    rank=1000,
    stage_rank=500,
    stage_size=2000,
    model="hpro-a",
    scored_at=AT,
)
LAST = WrittenRow(row=ROW, stage="new")

ranks = st.integers(1, 3000)


@given(ranks, ranks)
def test_ranks_in_the_top_hundred_are_exact_and_others_within_a_tenth(new: int, last: int) -> None:
    if new == last:
        assert not rank_moved(new, last)
    elif new <= 100 or last <= 100:
        assert rank_moved(new, last)
    else:
        assert rank_moved(new, last) is (abs(new - last) / last > 0.1)


@pytest.mark.parametrize(
    ("new", "last", "moved"),
    [
        (100, 101, True),
        (101, 100, True),
        (102, 101, False),
        (1100, 1000, False),
        (1101, 1000, True),
        (900, 1000, False),
        (899, 1000, True),
        (None, 5000, True),
        (5000, None, True),
        (None, None, False),
    ],
)
def test_edges_of_the_rank_rule(new: int | None, last: int | None, moved: bool) -> None:
    assert rank_moved(new, last) is moved


@pytest.mark.parametrize(
    "change",
    [
        {"score": Decimal("50.01")},
        {"band": Band.A},
        {"trend": Trend.IMPROVING},
        {"model": "hpro-b"},
        {"rank": 100},
        {"stage_rank": 600},
        {"stage_rank": None},
    ],
)
def test_what_people_act_on_causes_a_write(change: dict[str, object]) -> None:
    assert must_write(ROW.model_copy(update=change), "new", LAST)


def test_what_does_not() -> None:
    later = ROW.model_copy(update={"scored_at": AT + timedelta(days=1), "stage_size": 1, "rank": 1100})
    assert not must_write(later, "new", LAST)
    assert must_write(later, "offer", LAST)
    assert must_write(later, "new", None)
    assert must_write(later, "new", WrittenRow(row=ROW, stage="new", resend=True))


def test_ranks_are_taken_off_once_and_the_rest_stays() -> None:
    row = cleared(LAST)
    assert row is not None
    assert row == ROW.model_copy(update={"rank": None, "stage_rank": None, "stage_size": None})
    assert cleared(WrittenRow(row=row, stage="new")) is None


@given(st.floats(0, 100), st.floats(0, 100))
def test_five_points_are_a_trend(score: float, earlier: float) -> None:
    moved = score - earlier
    expected = Trend.IMPROVING if moved >= 5 else Trend.DECLINING if moved <= -5 else Trend.STEADY
    assert trend_of(score, earlier) is expected


@pytest.mark.parametrize(
    ("score", "earlier", "trend"),
    [
        (55.0, 50.0, Trend.IMPROVING),
        (54.99, 50.0, Trend.STEADY),
        (45.0, 50.0, Trend.DECLINING),
        (45.01, 50.0, Trend.STEADY),
        (50.0, None, Trend.NOT_ENOUGH_INFORMATION),
    ],
)
def test_edges_of_the_trend(score: float, earlier: float | None, trend: Trend) -> None:
    assert trend_of(score, earlier) is trend
