"""The pure rules: when a row is written, and what the trend of a score is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Float, create_engine, literal, select

from hpro_connectors.engine.trend import TREND_POINTS
from hpro_connectors.engine.writing_rule import rank_moved
from hpro_connectors.fields import Trend
from hpro_connectors.state.ranking import trend_of

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


def trend_in_sql(score: float, earlier: float | None) -> Trend:
    engine = create_engine("sqlite://")
    gap = literal(score, Float) - literal(earlier, Float)
    with engine.connect() as connection:
        return Trend(connection.execute(select(trend_of(gap, TREND_POINTS))).scalar_one())


@given(st.floats(0, 100), st.floats(0, 100))
def test_five_points_are_a_trend(score: float, earlier: float) -> None:
    moved = score - earlier
    expected = Trend.IMPROVING if moved >= 5 else Trend.DECLINING if moved <= -5 else Trend.STEADY
    assert trend_in_sql(score, earlier) is expected


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
    assert trend_in_sql(score, earlier) is trend
