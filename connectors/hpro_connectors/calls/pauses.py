"""The one place that waits, and that ends a wait when the run is asked to stop."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

from hpro_connectors.calls.deadline import Clock, Deadline
from hpro_connectors.errors import RunStoppedError

Sleep = Callable[[float], None]
"""Waits so many seconds; may come back earlier when the run is asked to stop."""


def interruptible_sleep(stop: Event | None = None) -> Sleep:
    """Give a sleep that ends at once when an event is set, as SIGTERM does it.

    Args:
        stop: The event; ``None``: nothing ends a sleep early.
    """
    event = stop or Event()

    def sleep(seconds: float) -> None:
        event.wait(seconds)

    return sleep


def waits(stop: Event, deadline: Deadline) -> Sleep:
    """Give what a connector waits with by itself: a wait that ends when the run is to end.

    It raises ``RunStoppedError`` then, and where it would pass the deadline.

    Args:
        stop: Set when the run is asked to stop.
        deadline: Of the run.
    """
    pauses = Pauses(deadline.clock, interruptible_sleep(stop), stop)

    def wait(seconds: float) -> None:
        if not deadline.leaves_time_after(seconds):
            raise RunStoppedError(
                "The run's time was up while the CRM was at work; what was stored stays.",
                hint="The next run goes on from there; or give a run more seconds.",
            )
        pauses.wait(seconds)

    return wait


class Pauses:
    """Waits, counts what was waited, and raises when the run is asked to stop.

    Args:
        clock: Moves on while ``sleep`` sleeps.
        sleep: What waits.
        stop: Set when the run is asked to stop.

    Attributes:
        waited_s: Seconds waited so far, by the clock.
    """

    def __init__(self, clock: Clock, sleep: Sleep, stop: Event | None) -> None:
        self.waited_s = 0.0
        self._clock = clock
        self._sleep = sleep
        self._stop = stop

    def check_stop(self) -> None:
        """Raise when the run is asked to stop.

        Raises:
            RunStoppedError: It is.
        """
        if self._stop is not None and self._stop.is_set():
            raise RunStoppedError(hint="The next run goes on from there.")

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            RunStoppedError: The run was asked to stop, before or meanwhile.
        """
        self.check_stop()
        if seconds <= 0:
            return
        began = self._clock()
        try:
            self._sleep(seconds)
        finally:
            self.waited_s += max(0.0, self._clock() - began)
        self.check_stop()
