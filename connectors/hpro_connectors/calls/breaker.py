"""A circuit breaker: a CRM that fails again and again is left alone for a while."""

from __future__ import annotations

from threading import Lock
from typing import Final

from hpro_connectors.calls.deadline import Clock

_SOON_S: Final = 0.001  # a sleep may end this much too early; waiting for the rest would only turn in circles


class CircuitBreaker:
    """Counts failed tries in a row; after so many it is open, and lets one try through after each pause.

    Threads may share one.

    Args:
        failures: So many in a row open it.
        pause_s: How long nobody tries then, in seconds.
        clock: Seconds.
    """

    def __init__(self, failures: int, pause_s: float, clock: Clock) -> None:
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = Lock()
        self._failed = 0
        self._open_until = 0.0

    def wait_s(self) -> float:
        """Give the seconds until somebody may try; 0 when that is now."""
        with self._lock:
            return self._wait_s()

    def admit(self) -> float:
        """Let a try through and give 0, or give the seconds to wait before asking again.

        A try that is let through an open breaker holds the others off for another pause, or until it succeeds.
        """
        with self._lock:
            wait_s = self._wait_s()
            if wait_s <= 0 and self._failed >= self._limit:
                self._open_until = self._clock() + self._pause_s
            return wait_s

    def failed(self) -> bool:
        """Note a failed try, and say whether the breaker is open now."""
        with self._lock:
            self._failed += 1
            if self._failed < self._limit:
                return False
            self._open_until = self._clock() + self._pause_s
            return True

    def succeeded(self) -> None:
        """Note an answer: all is well again."""
        with self._lock:
            self._failed = 0

    def _wait_s(self) -> float:
        if self._failed < self._limit:
            return 0.0
        wait_s = self._open_until - self._clock()
        return wait_s if wait_s > _SOON_S else 0.0
