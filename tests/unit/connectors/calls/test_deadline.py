"""When a run should be over."""

from __future__ import annotations

import math

from hpro_connectors.calls import Deadline
from hpro_connectors.testing import ManualClock


def test_time_runs_out() -> None:
    clock = ManualClock()
    deadline = Deadline.after(10, clock.seconds)
    assert (deadline.remaining_s(), deadline.passed()) == (10, False)
    clock.advance(seconds=9.5)
    assert (deadline.remaining_s(), deadline.passed()) == (0.5, False)
    clock.advance(seconds=0.5)
    assert (deadline.remaining_s(), deadline.passed()) == (0, True)
    clock.advance(days=1)
    assert (deadline.remaining_s(), deadline.passed()) == (0, True)


def test_a_wait_must_leave_time_for_what_it_waits_for() -> None:
    deadline = Deadline.after(10, ManualClock().seconds)
    assert deadline.leaves_time_after(9.9)
    assert not deadline.leaves_time_after(10)


def test_without_a_deadline_there_is_always_time() -> None:
    deadline = Deadline.none()
    assert deadline.remaining_s() == math.inf
    assert not deadline.passed()
    assert deadline.leaves_time_after(1e12)
