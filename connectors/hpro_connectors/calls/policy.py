"""How many calls are made, how fast, and how often again: numbers only."""

from __future__ import annotations

from dataclasses import dataclass

from hpro_sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class CallPolicy:
    """What a run may ask of a CRM.

    Attributes:
        max_tries: Tries of one call in all, the first one included.
        wait_initial_s: The first retry waits up to this long; the longest wait doubles with each further one.
        wait_max_s: No retry waits longer than this of its own accord. Where the CRM asks for more, it gets it.
        retry_after_max_s: A CRM that asks for a longer wait than this is not waited for: the call fails at once.
        calls_per_second: Requests a second over time; ``None``: as fast as answers come.
        burst: Requests that may go out at once after a quiet time; without ``calls_per_second`` it means nothing.
        stop_at_percent: Nothing more is called once so much of the org's quota is used, by whomever: people and other
            tools keep the rest.
        run_percent: Nothing more is called once this run has used so much of the org's quota.
        breaker_failures: So many failed tries in a row, of whatever calls, stop all calls for a while.
        breaker_pause_s: How long they stop.

    Raises:
        ConfigError: A number is out of its range.
    """

    max_tries: int = 5
    wait_initial_s: float = 1.0
    wait_max_s: float = 60.0
    retry_after_max_s: float = 3600.0
    calls_per_second: float | None = None
    burst: int = 10
    stop_at_percent: float = 80.0
    run_percent: float = 25.0
    breaker_failures: int = 5
    breaker_pause_s: float = 60.0

    def __post_init__(self) -> None:
        """Refuse what could never call, or never stop."""
        for name in ("max_tries", "burst", "breaker_failures"):
            self._check(name, getattr(self, name) >= 1, "at least 1")
        for name in ("wait_initial_s", "wait_max_s", "retry_after_max_s", "breaker_pause_s"):
            self._check(name, getattr(self, name) >= 0, "0 or more")
        for name in ("stop_at_percent", "run_percent"):
            self._check(name, 0 < getattr(self, name) <= 100, "above 0 and at most 100")
        self._check("calls_per_second", self.calls_per_second is None or self.calls_per_second > 0, "above 0")

    def _check(self, name: str, holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion does
        if not holds:
            raise ConfigError(f"{name} is {getattr(self, name)}.", hint=f"It must be {otherwise}.")
