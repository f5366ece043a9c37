"""The circuit breaker: closed, open, half open."""

from __future__ import annotations

import pytest

from hpro_connectors.calls.breaker import CircuitBreaker
from hpro_connectors.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def opened(clock: ManualClock) -> CircuitBreaker:
    breaker = CircuitBreaker(3, 60, clock.seconds)
    assert [breaker.failed() for _ in range(3)] == [False, False, True]
    return breaker


def test_failures_in_a_row_open_it(clock: ManualClock) -> None:
    breaker = CircuitBreaker(3, 60, clock.seconds)
    breaker.failed()
    breaker.failed()
    breaker.succeeded()
    assert [breaker.failed() for _ in range(2)] == [False, False]
    assert (breaker.wait_s(), breaker.admit()) == (0, 0)
    assert breaker.failed()
    assert (breaker.wait_s(), breaker.admit()) == (60, 60)


def test_after_the_pause_one_try_goes_through(clock: ManualClock, opened: CircuitBreaker) -> None:
    clock.advance(seconds=20)
    assert opened.admit() == 40
    clock.advance(seconds=40)
    assert opened.admit() == 0
    assert opened.admit() == 60  # a second one is held off


def test_a_try_that_succeeds_closes_it(clock: ManualClock, opened: CircuitBreaker) -> None:
    clock.advance(seconds=60)
    opened.admit()
    opened.succeeded()
    assert [opened.admit() for _ in range(3)] == [0, 0, 0]
    assert not opened.failed()


def test_a_try_that_fails_opens_it_again(clock: ManualClock, opened: CircuitBreaker) -> None:
    clock.advance(seconds=60)
    opened.admit()
    clock.advance(seconds=5)
    assert opened.failed()
    assert opened.wait_s() == 60


def test_a_sleep_that_ends_a_moment_too_early_is_long_enough(clock: ManualClock, opened: CircuitBreaker) -> None:
    clock.advance(seconds=59.9995)
    assert opened.admit() == 0
