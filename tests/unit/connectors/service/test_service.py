"""The service in this process: what begins, what is tried again, and what ends it."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from hpro_connectors.engine.settings import utc_now
from hpro_connectors.errors import (
    AuthError,
    NetworkError,
    QuotaExhaustedError,
    RecordRejectedError,
    SafetyRailError,
    StateError,
    StateLockedError,
)
from hpro_connectors.service import JobState, RunResult, ScheduleSettings, Service, ServiceJob, StopSignal
from hpro_connectors.service.attempt import attempt, back_off
from hpro_connectors.state.runs import RunStatus
from hpro_sdk.errors import ConfigError, DataError, HproError

RARELY = ScheduleSettings(every_minutes=60 * 24)
DONE = RunResult(RunStatus.DONE)
Step = Callable[[StopSignal], RunResult]


class Play:
    """A job whose runs are given in order; behind the last one it stops its service."""

    def __init__(self, *steps: Step | Exception | RunResult, name: str = "acme", last: datetime | None = None) -> None:
        self.steps = list(steps)
        self.runs = 0
        self.seen: list[JobState] = []
        self.service: Service | None = None
        self.job = ServiceJob(name, RARELY, self.run, lambda: last)

    def run(self, stop: StopSignal) -> RunResult:
        assert self.service is not None
        self.seen += [state for state in self.service.state().jobs if state.name == self.job.name]
        step = self.steps[self.runs]
        self.runs += 1
        if self.runs == len(self.steps):
            self.service.stop()
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, RunResult) else step(stop)


def play(*plays: Play, first_back_off_s: float = 0.001, grace_s: float = 60.0) -> Service:
    service = Service([one.job for one in plays], first_back_off_s=first_back_off_s, grace_s=grace_s)
    for one in plays:
        one.service = service
    return service


def only(service: Service) -> JobState:
    (state,) = service.state().jobs
    return state


def test_an_org_that_was_never_passed_over_begins_at_once_and_then_waits_for_its_next_beginning() -> None:
    one = Play(DONE)
    service = play(one)
    before = utc_now()
    assert service.run() == 0
    (during,) = one.seen
    assert during.running
    assert during.next_due_at is not None
    assert timedelta(hours=23, minutes=59) < during.next_due_at - before < timedelta(hours=24, minutes=1)
    after = only(service)
    assert (after.running, after.last_status, after.failures) == (False, RunStatus.DONE, 0)
    assert after.last_started_at is not None
    assert after.last_ended_at is not None
    assert before <= after.last_started_at <= after.last_ended_at
    assert service.state().stopping


def test_after_an_outage_of_days_there_is_one_run_and_not_one_a_missed_beginning() -> None:
    one = Play(DONE, last=utc_now() - timedelta(days=10))
    assert play(one).run() == 0
    assert one.runs == 1
    assert one.seen[0].next_due_at is not None
    assert one.seen[0].next_due_at > utc_now() + timedelta(minutes=1)


def test_orgs_run_one_after_the_other_and_what_is_not_due_waits() -> None:
    running = threading.Lock()
    order: list[str] = []

    def alone(name: str) -> Step:
        def run(_stop: StopSignal) -> RunResult:
            assert running.acquire(blocking=False)
            order.append(name)
            running.release()
            return DONE

        return run

    recent = Play(alone("recent"), name="recent", last=utc_now() - timedelta(hours=1))
    first, second = Play(alone("first"), DONE, name="first"), Play(alone("second"), name="second")
    service = play(recent, first, second)
    assert service.run() == 0
    assert order == ["first", "second"]
    assert recent.runs == 0


@pytest.mark.parametrize("error", [NetworkError(), StateError("The disk is full."), DataError(), ValueError("words")])
def test_a_failed_pass_is_tried_again_after_a_while_and_never_ends_the_service(error: Exception) -> None:
    one = Play(error, error, RunResult(RunStatus.FAILED, "again"), error, DONE)
    service = play(one)
    assert service.run() == 0
    assert [state.failures for state in one.seen] == [0, 1, 2, 3, 4]
    assert [state.last_code for state in one.seen[1:3]] == [type(error).__name__] * 2
    assert (one.seen[3].last_code, one.seen[3].last_reason) == (None, "again")
    assert (only(service).last_status, only(service).failures) == (RunStatus.DONE, 0)


@pytest.mark.parametrize("error", [AuthError(), QuotaExhaustedError()])
def test_what_does_not_go_by_within_minutes_waits_for_the_next_beginning(error: Exception) -> None:
    one = Play(error)
    service = play(one)
    assert service.run() == 0
    assert only(service).last_status is RunStatus.FAILED


@pytest.mark.parametrize(
    ("error", "again_soon"),
    [
        (NetworkError(), True),
        (StateError(), True),
        (KeyError("x"), True),
        (AuthError(), False),
        (QuotaExhaustedError(), False),
        (ConfigError(), False),
        (StateLockedError(), False),
        (RecordRejectedError(), False),
    ],
)
def test_which_failures_are_tried_again_soon(error: Exception, again_soon: bool) -> None:
    def run(_stop: StopSignal) -> RunResult:
        raise error

    done = attempt(ServiceJob("acme", RARELY, run, lambda: None), threading.Event())
    assert (done.status, done.again_soon) == (RunStatus.FAILED, again_soon)


def test_a_stop_of_a_safety_rail_is_no_failure() -> None:
    one = Play(RunResult(RunStatus.STOPPED, "the bands of 40 % would change"))
    service = play(one)
    assert service.run() == 0
    assert (only(service).last_status, only(service).failures) == (RunStatus.STOPPED, 0)


def test_back_off_doubles_and_a_long_series_overflows_nothing() -> None:
    assert [back_off(failures, 60.0) for failures in (1, 2, 3)] == [timedelta(minutes=n) for n in (1, 2, 4)]
    assert back_off(100_000, 60.0) > timedelta(days=300)


@pytest.mark.parametrize("error", [ConfigError("No such field."), SafetyRailError(), StateLockedError()])
@pytest.mark.parametrize("where", ["check", "last_success", "run"])
def test_at_the_start_a_wrong_configuration_or_a_busy_org_ends_the_service(error: HproError, where: str) -> None:
    def fail(*_: object) -> None:
        raise error

    parts = {"check": lambda: None, "last_success": lambda: None, "run": lambda _stop: DONE} | {where: fail}
    service = Service([ServiceJob("acme", RARELY, **parts)])  # type: ignore[arg-type] # fail returns nothing
    with pytest.raises(type(error)) as caught:
        service.run()
    assert caught.value is error
    assert error.exit_code in {2, 4}


@pytest.mark.parametrize("error", [StateLockedError(), ConfigError()])
def test_later_a_busy_org_or_a_wrong_configuration_ends_nothing(error: HproError) -> None:
    """It could be changed while the service runs, and be right again."""
    one = Play(NetworkError(), error)
    service = play(one)
    assert service.run() == 0
    assert only(service).last_code == type(error).__name__


def test_what_may_go_by_ends_nothing_at_the_start_either(caplog: pytest.LogCaptureFixture) -> None:
    def offline() -> None:
        raise NetworkError

    one = Play(DONE)
    one.job = ServiceJob("acme", RARELY, one.run, lambda: None, check=offline)
    assert play(one).run() == 0
    assert one.runs == 1
    assert "check of a job failed" in caplog.text


def test_a_pass_that_runs_is_asked_to_stop_and_no_other_begins(caplog: pytest.LogCaptureFixture) -> None:
    began = threading.Event()

    def until_stopped(stop: StopSignal) -> RunResult:
        began.set()
        assert stop.wait(60)
        raise NetworkError  # what the stop broke off

    first, second = Play(until_stopped, name="first"), Play(DONE, name="second")
    service = play(first, second)
    with caplog.at_level(logging.INFO):
        assert service.run() == 0
    states = {state.name: state for state in service.state().jobs}
    assert states["first"].last_status is RunStatus.INTERRUPTED
    assert (second.runs, states["second"].last_started_at) == (0, None)
    assert "pass failed" not in caplog.text


def test_a_pass_that_hangs_is_left_after_the_grace(caplog: pytest.LogCaptureFixture) -> None:
    left = threading.Event()
    codes: list[int] = []

    def exit_now(code: int) -> None:
        codes.append(code)
        left.set()

    one = Play(lambda _stop: DONE if left.wait(60) else RunResult(RunStatus.FAILED))
    one.service = Service([one.job], grace_s=0.05, exit_now=exit_now)
    assert one.service.run() == 0
    assert codes == [1]
    (record,) = [record for record in caplog.records if record.message == "pass did not end in time"]
    assert record.__dict__["jobs"] == "acme"


def test_a_second_signal_leaves_at_once_and_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    codes: list[int] = []
    left = threading.Event()

    def exit_now(code: int) -> None:
        codes.append(code)
        left.set()

    def told_twice(stop: StopSignal) -> RunResult:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(60)
        os.kill(os.getpid(), signal.SIGTERM)
        assert left.wait(60)
        return DONE

    one = Play(told_twice, DONE)
    one.service = Service([one.job], grace_s=60, exit_now=exit_now)
    assert one.service.run() == 0
    assert codes == [128 + signal.SIGTERM]
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_errors_of_others_are_logged_without_their_words(caplog: pytest.LogCaptureFixture) -> None:
    one = Play(RuntimeError("Jane Doe, +49 170 1234567"), DONE)
    with caplog.at_level(logging.INFO, logger="hpro_connectors"):
        assert play(one).run() == 0
    assert "Jane" not in caplog.text
    (record,) = [record for record in caplog.records if record.message == "pass failed"]
    assert record.__dict__["error"] == "RuntimeError"


@pytest.mark.parametrize("names", [[], ["acme", "acme"]])
def test_jobs_without_a_name_of_their_own_are_refused(names: list[str]) -> None:
    with pytest.raises(ConfigError, match="name of their own"):
        Service([Play(DONE, name=name).job for name in names])


def test_the_main_loop_looks_at_the_wall_clock_again_and_again() -> None:
    """A machine that slept through a beginning finds it, although its timers slept too."""
    pause = threading.Event()

    def until_looked_at(_stop: StopSignal) -> RunResult:
        first = service.state().awake_at
        while service.state().awake_at == first:
            pause.wait(0.001)
        raise NetworkError

    one = Play(until_looked_at, DONE)
    service = one.service = Service([one.job], awake_s=0.001, first_back_off_s=0.001)
    assert service.run() == 0
    assert one.runs == 2
