"""The clock of an emulator: whole seconds, never back, and real time only where it was asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.http.clock import EmulatorClock

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_the_clock_stands_until_it_is_moved() -> None:
    real = [0.0]
    clock = EmulatorClock(START, monotonic=lambda: real[0])
    real[0] = 500.0
    assert clock.now() == START
    assert clock.advance(timedelta(days=7)) == clock.now() == START + timedelta(days=7)


def test_a_flowing_clock_adds_real_time_and_starts_from_where_it_stood() -> None:
    real = [100.0]
    clock = EmulatorClock(START, monotonic=lambda: real[0])
    real[0] = 200.0
    clock.flowing = True
    real[0] = 203.7
    assert clock.now() == START + timedelta(seconds=3)
    clock.advance(timedelta(hours=1))
    real[0] = 204.0
    assert clock.now() == START + timedelta(hours=1, seconds=4)
    clock.flowing = False
    real[0] = 900.0
    assert clock.now() == START + timedelta(hours=1, seconds=4)


def test_the_clock_never_goes_back() -> None:
    clock = EmulatorClock(START)
    clock.set(START)
    with pytest.raises(ValueError, match="does not go back"):
        clock.set(START - timedelta(seconds=1))
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(timedelta(seconds=-1))
    assert clock.now() == START


def test_moments_come_out_as_utc_and_need_a_zone() -> None:
    clock = EmulatorClock(START.astimezone(timezone(timedelta(hours=5))))
    assert clock.now().tzinfo is UTC
    with pytest.raises(ValueError, match="time zone"):
        clock.set(datetime(2027, 1, 1))  # noqa: DTZ001  # the point of the test


@given(st.lists(st.floats(0, 1e6), max_size=20))
def test_whatever_is_added_no_second_comes_twice_in_the_wrong_order(steps: list[float]) -> None:
    clock = EmulatorClock(START)
    before = clock.now()
    for step in steps:
        after = clock.advance(timedelta(seconds=step))
        assert after >= before
        assert after.microsecond == 0
        before = after
