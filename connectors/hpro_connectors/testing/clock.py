"""A clock that moves when it is told to, and a sleep that moves it."""

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

    def seconds(self) -> float:
        """Give the time as seconds, for what only takes differences of them (``clock=manual.seconds``)."""
        return (self.now - BEGINNING).total_seconds()


class ManualSleep:
    """Waits by moving a clock on.

    Args:
        clock: The clock.

    Attributes:
        waits: Every wait, in seconds and in order.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.waits: list[float] = []
        self._clock = clock

    def __call__(self, seconds: float) -> None:
        """Wait."""
        self.waits.append(seconds)
        self._clock.advance(seconds=seconds)
