"""The service as a real process: told to stop in the middle of a pass, told twice, failing, hanging."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from hpro_connectors.state import RunStatus, StateStore

SERVICE = """
import dataclasses
import sys
import time
from pathlib import Path

from hpro_connectors.engine.settings import utc_now
from hpro_connectors.errors import NetworkError, StateLockedError
from hpro_connectors.service import RunResult, ScheduleSettings, Service, ServiceJob
from hpro_connectors.state.lease import Lease
from hpro_connectors.state.runs import RunStatus
from hpro_connectors.testing import World
from hpro_sdk.cli.errors import CliState, run_guarded
from hpro_sdk.cli.logging_setup import configure_logging

path, grace_s = Path(sys.argv[1]), float(sys.argv[2])
runs = 0

def say(word):
    print(word, flush=True)

def hear():
    return sys.stdin.readline()

{job}

configure_logging(1)
job = ServiceJob("acme", ScheduleSettings(every_minutes=1 / 60), run, lambda: None)
service = Service([job], grace_s=grace_s, first_back_off_s=0.01)
sys.exit(run_guarded(lambda: sys.exit(service.run()), CliState()))
"""
UNTIL_STOPPED = """
def run(stop):
    say("pass")
    while not stop.wait(60):
        pass
    say("stopped")
    return RunResult(RunStatus.PARTIAL)
"""
HANGS = """
def run(stop):
    say("pass")
    hear()
    time.sleep(600)
"""
RAISES = """
def run(stop):
    say("pass")
    raise [NetworkError(), ValueError("words"), MemoryError()][hear().count("x")]
"""
BY_SCHEDULE = """
def run(stop):
    global runs
    runs += 1
    say("pass " + str(runs))
    if runs == 2:
        raise StateLockedError()
    return RunResult(RunStatus.DONE)
"""
OVER_AN_ORG = """
def run(stop):
    with Lease.acquire(path, now=utc_now) as lease:
        world = World(path)
        with world.store:
            world.store.transactions.fence = lease.fence
            world.fill(12)
            world.settings = dataclasses.replace(world.settings, stop=stop.is_set)
            def batch(rows):
                say("batch")
                stop.wait(60)
            world.connector.before_write = batch
            world.run()
    return RunResult(RunStatus.DONE)
"""
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a service of one job."""
    with ExitStack() as started:

        def begin(job: str, grace_s: float = 60.0) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", SERVICE.format(job=job), tmp_path / "state.db", str(grace_s)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield begin


def pipe(of: IO[str] | None) -> IO[str]:
    assert of is not None
    return of


def tell(process: subprocess.Popen[str], line: str = "") -> None:
    pipe(process.stdin).write(f"{line}\n")
    pipe(process.stdin).flush()


def heard(process: subprocess.Popen[str], word: str) -> None:
    line = pipe(process.stdout).readline()
    assert line == f"{word}\n", pipe(process.stderr).read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_row_42_a_signal_in_the_middle_of_a_pass_ends_pass_and_process(start: Start, number: signal.Signals) -> None:
    process = start(UNTIL_STOPPED)
    heard(process, "pass")
    process.send_signal(number)
    heard(process, "stopped")
    assert process.wait(60) == 0
    said = pipe(process.stderr).read()
    assert f'"reason": "{number.name}"' in said
    assert "Traceback" not in said


def test_row_42_a_pass_over_an_org_ends_after_its_batch_and_gives_the_org_back(start: Start, tmp_path: Path) -> None:
    process = start(OVER_AN_ORG)
    heard(process, "batch")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert pipe(process.stdout).read() == ""  # no second batch
    with StateStore.open(tmp_path / "state.db") as store:
        with store.transactions.reading() as connection:
            assert connection.exec_driver_sql("SELECT token, owner FROM lease").one() == (1, None)
        (run,) = store.runs.newest(9)
        assert run.report is not None
        assert (run.status, run.report.written, run.report.waiting) == (RunStatus.PARTIAL, 3, 9)


def test_a_second_signal_ends_the_process_at_once(start: Start) -> None:
    process = start(HANGS)
    heard(process, "pass")
    process.send_signal(signal.SIGTERM)
    while "service stops" not in pipe(process.stderr).readline():
        pass
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    assert "A second signal" in pipe(process.stderr).read()


def test_a_pass_that_hangs_past_the_grace_is_left(start: Start) -> None:
    process = start(HANGS, grace_s=0.2)
    heard(process, "pass")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 1
    assert "pass did not end in time" in pipe(process.stderr).read()


def test_a_job_that_raises_every_time_keeps_the_service_alive(start: Start) -> None:
    process = start(RAISES)
    for line in ("", "x", "xx", "x"):
        heard(process, "pass")
        tell(process, line)
    heard(process, "pass")
    process.send_signal(signal.SIGTERM)
    tell(process)
    assert process.wait(60) == 0
    said = pipe(process.stderr).read()
    assert said.count('"pass failed"') in {4, 5}  # the last one before or after the signal was seen
    assert "words" not in said
    assert "Traceback" not in said


def test_passes_begin_by_the_schedule_and_an_org_that_is_busy_for_once_waits_for_its_turn(start: Start) -> None:
    process = start(BY_SCHEDULE)
    for number in (1, 2, 3):
        heard(process, f"pass {number}")
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert pipe(process.stderr).read().count("StateLockedError") == 1
