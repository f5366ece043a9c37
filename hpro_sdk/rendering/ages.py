"""Ages in buckets, and when the next bucket begins.

A prompt changes only when the lead changes or an age crosses an edge; without this a silent lead would keep its
old score for ever, or every lead would have to be scored every night.
"""

from __future__ import annotations

import bisect
from datetime import datetime, timedelta
from typing import NamedTuple

AGE_WORDS = (
    "today",
    "1-2 days ago",
    "this week",
    "1-2 weeks ago",
    "2-4 weeks ago",
    "1-2 months ago",
    "2-3 months ago",
    "3-6 months ago",
    "6-12 months ago",
    "over a year ago",
)
AHEAD_WORDS = (
    "within a day",
    "in 1-2 days",
    "within a week",
    "in 1-2 weeks",
    "in 2-4 weeks",
    "in 1-2 months",
    "in 2-3 months",
    "in 3-6 months",
    "in 6-12 months",
    "in over a year",
)
AGE_EDGES = tuple(timedelta(days=days) for days in (1, 3, 7, 14, 30, 60, 90, 180, 365))


class Age(NamedTuple):
    """An age in words, and the moment at which the words change (``None``: never)."""

    words: str
    next_edge_at: datetime | None


def describe_age(event: datetime, as_of: datetime) -> Age:
    """Give the bucket of the time between an event and ``as_of``.

    Ages count elapsed time, not calendar days, so no time zone of a company is needed. The words hold from
    ``as_of`` until just before ``next_edge_at``.

    Args:
        event: When it happened, or will happen.
        as_of: The moment the snapshot stands at.
    """
    if event <= as_of:
        bucket = bisect.bisect_right(AGE_EDGES, as_of - event)
        return Age(AGE_WORDS[bucket], _shifted(event, AGE_EDGES[bucket]) if bucket < len(AGE_EDGES) else None)
    bucket = bisect.bisect_left(AGE_EDGES, event - as_of)
    return Age(AHEAD_WORDS[bucket], event - AGE_EDGES[bucket - 1] if bucket else event)


def _shifted(event: datetime, edge: timedelta) -> datetime | None:
    try:
        return event + edge
    except OverflowError:  # past the year 9999
        return None
