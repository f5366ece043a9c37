"""A token bucket: so many requests at once, then so many a second."""

from __future__ import annotations

from threading import Lock

from hpro_connectors.calls.deadline import Clock


class TokenBucket:
    """Says when the next request may go out; it never waits itself.

    In any stretch of ``t`` seconds it lets at most ``burst + per_second * t`` requests out. Threads may share one.

    Args:
        per_second: Tokens that come in a second.
        burst: Tokens that it holds at most, and at the beginning.
        clock: Seconds.
    """

    def __init__(self, per_second: float, burst: int, clock: Clock) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._lock = Lock()
        self._tokens = float(burst)  # below zero: promised to those who wait
        self._at = clock()

    def reserve(self) -> float:
        """Take a token, and give the seconds to wait until it is there."""
        with self._lock:
            self._fill()
            self._tokens -= 1
            return max(0.0, -self._tokens / self._per_second)

    def give_back(self) -> None:
        """Put back a token that was not used."""
        with self._lock:
            self._fill()
            self._tokens = min(self._burst, self._tokens + 1)

    def spend(self, tokens: int) -> None:
        """Take tokens for requests that have already gone out: those to come wait for them."""
        with self._lock:
            self._fill()
            self._tokens -= tokens

    def _fill(self) -> None:
        now = self._clock()
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
            self._at = now
