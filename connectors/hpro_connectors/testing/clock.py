"""A clock that moves when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


class ManualClock:
    """The time of a test.

    Args:
        now: Where it begins.
    """

    def __init__(self, now: datetime = BEGINNING) -> None:
        self.now = now

    def advance(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> datetime:
        """Move on, and give the time then."""
        self.now += timedelta(days=days, hours=hours, seconds=seconds)
        return self.now

    def tick(self) -> datetime:
        """Move on by a second, so that no two changes share a time, and give it."""
        return self.advance(seconds=1)
