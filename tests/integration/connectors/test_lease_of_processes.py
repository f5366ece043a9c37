"""One writer per org, with real processes: started together, killed, and stopped in the middle of a batch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest

from hpro_connectors.errors import StateLockedError
from hpro_connectors.state import MarkName, StateStore
from hpro_connectors.state.lease import Lease

OWNER = """
import sys
from datetime import UTC, datetime
from pathlib import Path

from hpro_connectors.state.lease import Lease
from hpro_sdk.cli.errors import CliState, run_guarded

path, ttl_s = Path(sys.argv[1]), float(sys.argv[2])

def say_and_wait(word):
    print(word, flush=True)
    sys.stdin.readline()

def own(body):
    with Lease.acquire(path, now=lambda: datetime.now(UTC), ttl_s=ttl_s, heartbeat_s=ttl_s / 6) as lease:
        body(lease)

{body}
"""
HOLD = """
say_and_wait("ready")
sys.exit(run_guarded(lambda: own(lambda lease: say_and_wait("holding")), CliState()))
"""
PASS = """
from hpro_connectors.testing import World

def run(lease):
    world = World(path)
    world.store.transactions.fence = lease.fence
    world.fill(12)
    world.connector.before_write = lambda rows: say_and_wait("batch")  # past its check, not yet at the CRM
    try:
        world.run()
    finally:
        print("rows that reached the CRM:", len(world.connector.writes), flush=True)
        print("lost:", lease.lost.wait(30), flush=True)

sys.exit(run_guarded(lambda: own(run), CliState()))
"""
Start = Callable[..., subprocess.Popen[str]]


def utc_now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    """Start a process that owns, or tries to own, the org."""
    with ExitStack() as started:

        def begin(body: str, ttl_s: float = 60.0) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", OWNER.format(body=body), path, str(ttl_s)],
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


def tell(process: subprocess.Popen[str]) -> None:
    pipe(process.stdin).write("\n")
    pipe(process.stdin).flush()


def heard(process: subprocess.Popen[str], word: str) -> None:
    line = pipe(process.stdout).readline()
    assert line == f"{word}\n", pipe(process.stderr).read()


def test_row_41_of_processes_that_start_together_one_runs_and_the_others_are_busy(start: Start) -> None:
    processes = [start(HOLD) for _ in range(4)]
    for process in processes:
        heard(process, "ready")
    for process in processes:
        tell(process)
    said = [pipe(process.stdout).readline() for process in processes]  # a busy one says nothing and ends
    assert sorted(said) == ["", "", "", "holding\n"]
    owner = processes[said.index("holding\n")]
    for process in processes:
        if process is not owner:
            assert process.wait(60) == 4
            message = pipe(process.stderr).read()
            assert f"process {owner.pid} on " in message
            assert "Traceback" not in message
    tell(owner)
    assert owner.wait(60) == 0
    follower = start(HOLD)
    heard(follower, "ready")
    tell(follower)
    heard(follower, "holding")


def test_a_killed_owner_is_taken_over_at_once(start: Start, path: Path) -> None:
    owner = start(HOLD)
    heard(owner, "ready")
    tell(owner)
    heard(owner, "holding")
    with pytest.raises(StateLockedError):
        Lease.acquire(path, now=utc_now)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait(60)
    with Lease.acquire(path, now=utc_now) as lease:  # its minute is not over
        assert lease.token == 2


def test_a_stopped_owner_that_wakes_up_sends_at_most_the_batch_that_was_past_its_check(
    start: Start, path: Path
) -> None:
    owner = start(PASS, ttl_s=3.0)
    heard(owner, "batch")
    os.kill(owner.pid, signal.SIGSTOP)
    lease = acquire_when_expired(path)
    with lease, StateStore.open(path) as store:
        store.transactions.fence = lease.fence
        store.set_open([])
        os.kill(owner.pid, signal.SIGCONT)
        tell(owner)  # it goes on in the middle of its first batch of four
        heard(owner, "rows that reached the CRM: 3")
        heard(owner, "lost: True")
        assert owner.wait(60) == 4
        message = pipe(owner.stderr).read()
        assert "Another process took over" in message
        assert "Traceback" not in message
        assert lease.beat()
        store.set_open([])


def acquire_when_expired(path: Path) -> Lease:
    """Ask until the stopped process's time is up."""
    while True:
        try:
            return Lease.acquire(path, now=utc_now)
        except StateLockedError as busy:
            assert "Another process holds this org" in busy.message  # noqa: PT017 - which error it is decides
            time.sleep(0.2)


def test_what_is_written_after_a_sign_of_life_survives_that_another_process_looked(path: Path) -> None:
    """SQLite's locks belong to the process: one that drops them by a careless close lets another delete its log."""
    look = f"from hpro_connectors.state import StateStore\nwith StateStore.open({str(path)!r}) as store: store.queue()"
    with Lease.acquire(path, now=utc_now) as lease, StateStore.open(path) as store:
        store.transactions.fence = lease.fence
        store.marks.set(MarkName.PAUSED, None, "before")
        assert lease.beat()
        with StateStore.open(path) as second:
            assert second.marks.get(MarkName.PAUSED) is not None
        subprocess.run([sys.executable, "-c", look], check=True)
        assert path.with_name("state.db-wal").exists()
        store.marks.set(MarkName.PAUSED, None, "after")
        with StateStore.open(path) as other:
            mark = other.marks.get(MarkName.PAUSED)
    assert mark is not None
    assert mark.value == "after"
