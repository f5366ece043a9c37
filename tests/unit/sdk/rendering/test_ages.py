from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.rendering.ages import AGE_EDGES, AGE_WORDS, AHEAD_WORDS, describe_age

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
NEAR_EDGES = st.sampled_from([*AGE_EDGES, timedelta(0)]).flatmap(
    lambda edge: st.integers(-2, 2).map(lambda ticks: edge + ticks * TICK)
)
SPANS = st.timedeltas(timedelta(0), timedelta(days=800)) | NEAR_EDGES
SPANS_BOTH_WAYS = SPANS | SPANS.map(lambda span: -span)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"),
        (0.99, "today"),
        (1, "1-2 days ago"),
        (2.99, "1-2 days ago"),
        (3, "this week"),
        (7, "1-2 weeks ago"),
        (14, "2-4 weeks ago"),
        (30, "1-2 months ago"),
        (60, "2-3 months ago"),
        (90, "3-6 months ago"),
        (180, "6-12 months ago"),
        (364.9, "6-12 months ago"),
        (365, "over a year ago"),
        (9999, "over a year ago"),
        (-0.01, "within a day"),
        (-1, "within a day"),
        (-1.01, "in 1-2 days"),
        (-3, "in 1-2 days"),
        (-7, "within a week"),
        (-13, "in 1-2 weeks"),
        (-365, "in 6-12 months"),
        (-365.1, "in over a year"),
    ],
)
def test_an_age_is_told_in_words(days: float, words: str) -> None:
    assert describe_age(NOON - timedelta(days=days), NOON).words == words


@given(SPANS_BOTH_WAYS, st.floats(0, 1, exclude_max=True))
def test_the_words_hold_until_the_next_edge_and_are_others_at_it(span: timedelta, share: float) -> None:
    event = NOON - span
    age = describe_age(event, NOON)
    edge = age.next_edge_at
    if edge is None:
        assert age.words == AGE_WORDS[-1]
        assert describe_age(event, NOON + timedelta(days=36_500)) == age
        return
    assert edge > NOON
    for moment in (NOON + share * (edge - NOON - TICK), edge - TICK):
        assert describe_age(event, moment) == age
    assert describe_age(event, edge).words != age.words


@pytest.mark.parametrize("start", [timedelta(days=-400), timedelta(days=400)])
def test_every_word_is_reached_from_edge_to_edge(start: timedelta) -> None:
    event = NOON - start
    seen, moment = [], NOON
    while True:
        words, edge = describe_age(event, moment)
        seen.append(words)
        if edge is None:
            break
        moment = edge
    ahead = list(reversed(AHEAD_WORDS)) if start < timedelta(0) else []
    assert seen == ([*ahead, *AGE_WORDS] if ahead else [AGE_WORDS[-1]])


@given(SPANS_BOTH_WAYS, st.integers(-23, 23))
def test_a_time_zone_does_not_matter(span: timedelta, hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    assert describe_age((NOON - span).astimezone(zone), NOON) == describe_age(NOON - span, NOON)


def test_the_ends_of_the_calendar_are_no_error() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert describe_age(last, last) == ("today", None)
    assert describe_age(datetime.min.replace(tzinfo=UTC), NOON) == ("over a year ago", None)
    assert describe_age(last, NOON).words == "in over a year"
