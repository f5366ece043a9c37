"""The clock of an emulated CRM: it says what time it is there, and never goes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class EmulatorClock:
    """What time it is in an emulated CRM, in whole seconds.

    Safe to use from several threads.

    Args:
        start: What time it is at first; aware.
        flowing: Whether real time is added; otherwise the clock stands until it is moved.
        monotonic: Seconds that never go back, of which ``flowing`` takes the difference.
    """

    def __init__(
        self, start: datetime, *, flowing: bool = False, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._flowing = flowing
        self._at = _utc(start)
        self._since = monotonic()

    @property
    def flowing(self) -> bool:
        """Whether real time is added."""
        return self._flowing

    @flowing.setter
    def flowing(self, flowing: bool) -> None:
        with self._lock:
            self._at, self._since = self._now(), self._monotonic()
            self._flowing = flowing

    def now(self) -> datetime:
        """What time it is: UTC, without a part of a second."""
        with self._lock:
            return self._now().replace(microsecond=0)

    def advance(self, by: timedelta) -> datetime:
        """Let time go by.

        Args:
            by: How much.

        Returns:
            What time it is then.

        Raises:
            ValueError: ``by`` is negative.
        """
        if by < timedelta(0):
            raise ValueError("time does not go back")
        with self._lock:
            self._at, self._since = self._now() + by, self._monotonic()
            return self._at.replace(microsecond=0)

    def set(self, moment: datetime) -> None:
        """Say what time it is.

        Args:
            moment: Aware.

        Raises:
            ValueError: The moment is before :meth:`now`.
        """
        moment = _utc(moment)
        with self._lock:
            if moment < self._now().replace(microsecond=0):
                raise ValueError(f"it is {self._now():%Y-%m-%d %H:%M:%S} already, and time does not go back")
            self._at, self._since = moment, self._monotonic()

    def _now(self) -> datetime:
        return self._at + timedelta(seconds=self._monotonic() - self._since) if self._flowing else self._at


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC)
