"""Deadline, pace, circuit breaker and stop, as a run meets them."""

from __future__ import annotations

import logging
import signal
import threading
import time
from dataclasses import replace

import pytest

from hpro_connectors.calls import CallPolicy, Deadline, GuardedConnector, interruptible_sleep
from hpro_connectors.calls.pauses import waits
from hpro_connectors.errors import NetworkError, RateLimitedError, RunStoppedError, ServerError
from hpro_connectors.testing import FailingWorld, Fault, ManualClock
from hpro_connectors.testing.failing_world import NO_BREAKER


def test_a_wait_that_would_pass_the_deadline_is_not_begun() -> None:
    world = FailingWorld([Fault.before("identity", lambda: ServerError("Busy."), times=99)], seconds=0.001)
    with pytest.raises(ServerError, match="Busy"):
        world.connector.identity()
    assert (len(world.faulty.done), world.sleep.waits) == (1, [])


def test_a_crm_that_asks_for_a_longer_wait_than_the_run_has_ends_it() -> None:
    limited = Fault.before("identity", lambda: RateLimitedError("Slow down.", retry_after_s=30))
    world = FailingWorld([limited], seconds=30)
    with pytest.raises(RateLimitedError, match="Slow down"):
        world.connector.identity()
    assert world.sleep.waits == []
    world = FailingWorld([limited], seconds=30.5)
    world.connector.identity()
    assert world.sleep.waits == [30]


def test_a_call_that_needs_no_wait_is_made_after_the_deadline() -> None:
    world = FailingWorld(seconds=1)
    world.clock.advance(seconds=5)
    assert world.connector.identity() == world.company.identity


def test_calls_keep_to_the_pace() -> None:
    world = FailingWorld(policy=replace(NO_BREAKER, calls_per_second=2.0, burst=3))
    times = []
    for _ in range(7):
        world.connector.server_time()
        times.append(world.clock.seconds())
    assert [round(at - times[0], 3) for at in times] == [0, 0, 0, 0.5, 1.0, 1.5, 2.0]


def test_a_call_of_many_requests_is_paid_for_afterwards() -> None:
    world = FailingWorld(policy=replace(NO_BREAKER, calls_per_second=1.0, burst=1))
    identity = world.memory.identity
    world.memory.identity = lambda: [identity() for _ in range(5)][-1]  # type: ignore[method-assign]
    world.connector.identity()
    assert world.sleep.waits == []
    world.connector.server_time()
    assert world.sleep.waits == [pytest.approx(5.0)]


def test_what_costs_no_request_takes_no_token() -> None:
    world = FailingWorld(policy=replace(NO_BREAKER, calls_per_second=1.0, burst=1))
    for _ in range(20):
        world.connector.streams()
        world.connector.limits()
    world.connector.identity()
    assert world.sleep.waits == []


def test_a_turn_that_comes_after_the_deadline_stops_the_run() -> None:
    world = FailingWorld(policy=replace(NO_BREAKER, calls_per_second=0.1, burst=1), seconds=10)
    world.connector.identity()
    with pytest.raises(RunStoppedError, match="time was up") as caught:
        world.connector.identity()
    assert caught.value.exit_code == 3
    assert world.sleep.waits == []


def test_failures_in_a_row_of_several_calls_open_the_breaker(caplog: pytest.LogCaptureFixture) -> None:
    policy = CallPolicy(max_tries=2, wait_initial_s=0, breaker_failures=3, breaker_pause_s=60)
    world = FailingWorld([Fault.before("identity", times=2), Fault.before("describe")], policy)
    with pytest.raises(NetworkError):
        world.connector.identity()
    with caplog.at_level(logging.WARNING, "hpro_connectors"):
        world.connector.describe()  # its first try is the third failure, its second one waits for the pause
    assert max(world.sleep.waits) == pytest.approx(60)
    assert [vars(record)["event"] for record in caplog.records] == ["breaker_opened"]
    waits = len(world.sleep.waits)
    world.connector.server_time()
    assert len(world.sleep.waits) == waits


def test_an_open_breaker_lets_one_try_through_after_each_pause() -> None:
    policy = CallPolicy(max_tries=1, breaker_failures=2, breaker_pause_s=60)
    world = FailingWorld([Fault.before("identity", times=4)], policy)
    times = []
    for _ in range(4):
        with pytest.raises(NetworkError):
            world.connector.identity()
        times.append(world.clock.seconds())
    assert [round(at - times[0]) for at in times] == [0, 0, 60, 120]
    world.connector.identity()
    assert round(world.clock.seconds() - times[0]) == 180


@pytest.mark.parametrize("error", [NetworkError, ServerError])
def test_a_breaker_open_for_longer_than_the_run_has_says_so(error: type[NetworkError | ServerError]) -> None:
    policy = CallPolicy(max_tries=1, breaker_failures=2, breaker_pause_s=60)
    world = FailingWorld([Fault.before("identity", error, times=9)], policy, seconds=60)
    for _ in range(2):
        with pytest.raises(error):
            world.connector.identity()
    with pytest.raises(error, match=r"failed 2 times in a row or more and is left alone for another 60 s"):
        world.connector.server_time()
    assert len(world.faulty.done) == 2
    assert world.sleep.waits == []


def test_a_run_that_is_asked_to_stop_calls_no_more() -> None:
    world = FailingWorld()
    world.connector.identity()
    world.stop.set()
    with pytest.raises(RunStoppedError, match="asked to stop; what was stored stays") as caught:
        world.connector.identity()
    assert caught.value.exit_code == 3
    assert world.connector.calls == 1


def test_a_stop_ends_the_waits_of_a_call() -> None:
    world = FailingWorld([Fault.before("identity", times=9)])
    sleep = world.sleep

    def stopped_meanwhile(seconds: float) -> None:
        sleep(seconds)
        world.stop.set()

    connector = GuardedConnector(
        world.faulty, NO_BREAKER, clock=world.clock.seconds, sleep=stopped_meanwhile, stop=world.stop
    )
    with pytest.raises(RunStoppedError):
        connector.identity()
    assert (len(world.faulty.done), len(sleep.waits)) == (1, 1)
    assert connector.retries == 0


def test_a_signal_ends_a_real_wait_at_once() -> None:
    stop = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: stop.set())
    limited = Fault.before("identity", lambda: RateLimitedError(retry_after_s=3000))
    world = FailingWorld([limited])
    connector = GuardedConnector(world.faulty, stop=stop)
    main = threading.main_thread().ident
    assert main is not None
    try:
        timer = threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGUSR1))
        timer.start()
        began = time.monotonic()
        with pytest.raises(RunStoppedError):
            connector.identity()
        assert 0 < connector.waited_s <= time.monotonic() - began
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_sleep_without_a_stop_sleeps() -> None:
    sleep = interruptible_sleep()
    began = time.monotonic()
    sleep(0.01)
    assert time.monotonic() - began >= 0.009


def test_a_stop_ends_the_wait_for_a_turn_and_its_token_comes_back() -> None:
    world = FailingWorld()
    waits: list[float] = []

    def cut_short(seconds: float) -> None:
        waits.append(seconds)
        world.stop.set()

    policy = replace(NO_BREAKER, calls_per_second=0.1, burst=1)
    connector = GuardedConnector(world.memory, policy, clock=world.clock.seconds, sleep=cut_short, stop=world.stop)
    connector.identity()
    for _ in range(3):
        with pytest.raises(RunStoppedError):
            connector.identity()
        world.stop.clear()
    assert waits == [pytest.approx(10)] * 3
    assert connector.calls == 1


def test_a_failed_call_of_many_requests_is_paid_for_as_well() -> None:
    policy = replace(NO_BREAKER, calls_per_second=1.0, burst=1, wait_initial_s=0)
    world = FailingWorld([Fault.after("identity")], policy)
    identity = world.memory.identity
    world.memory.identity = lambda: [identity() for _ in range(5)][-1]  # type: ignore[method-assign]
    world.connector.identity()
    assert world.sleep.waits == [pytest.approx(5.0)]


def test_a_breaker_that_opens_between_two_tries_for_longer_than_the_run_has_leaves_the_failure_as_it_is() -> None:
    policy = CallPolicy(wait_initial_s=0, breaker_failures=2, breaker_pause_s=60)
    world = FailingWorld([Fault.before("identity", lambda: ServerError("Busy."), times=9)], policy, seconds=60)
    with pytest.raises(ServerError, match=r"^Busy\.$"):
        world.connector.identity()
    assert (len(world.faulty.done), world.sleep.waits) == (2, [])


def test_a_connectors_own_wait_ends_with_the_run() -> None:
    clock, stop = ManualClock(), threading.Event()
    wait = waits(stop, Deadline.after(10, clock.seconds))
    wait(0.001)
    clock.advance(seconds=5)
    with pytest.raises(RunStoppedError, match="while the CRM was at work"):
        wait(5)
    stop.set()
    with pytest.raises(RunStoppedError):
        wait(1)
    waits(threading.Event(), Deadline.none())(0.001)
