"""The moment by which a run should be over."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]
"""Gives seconds that never go back; only differences count."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a run should be over, by a clock; whoever waits asks it first.

    Attributes:
        at_s: In seconds of that clock; infinity where there is none.
        clock: The clock.
    """

    at_s: float
    clock: Clock = time.monotonic

    @classmethod
    def none(cls) -> Deadline:
        """Give a deadline that never comes."""
        return cls(math.inf)

    @classmethod
    def after(cls, seconds: float, clock: Clock = time.monotonic) -> Deadline:
        """Give the deadline so many seconds from now."""
        return cls(clock() + seconds, clock)

    def remaining_s(self) -> float:
        """Give the seconds left: 0 when it has passed, infinity when there is none."""
        return max(0.0, self.at_s - self.clock())

    def passed(self) -> bool:
        """Say whether no time is left."""
        return self.remaining_s() <= 0

    def leaves_time_after(self, wait_s: float) -> bool:
        """Say whether something could still be done after a wait of so many seconds."""
        return wait_s < self.remaining_s()
