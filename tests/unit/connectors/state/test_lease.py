"""The lease of an org: who may take it, how it is kept, and how one that lost it is kept from writing."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from hpro_connectors.errors import StateLockedError
from hpro_connectors.state import StateStore
from hpro_connectors.state.lease import Lease
from hpro_connectors.state.marks import MarkName
from hpro_connectors.testing import ManualClock
from hpro_sdk.errors import ConfigError

Acquire = Callable[..., Lease]


def until_released(ended: threading.Event, _seconds: float) -> bool:
    return ended.wait()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def acquire(path: Path, clock: ManualClock) -> Iterator[Acquire]:
    """Take the org by a lease of 60 s that gives signs of life only when it is told to."""
    with ExitStack() as taken:

        def take(owner: str = "here:1:a", at: Path = path) -> Lease:
            lease = Lease.acquire(at, now=lambda: clock.now, owner=owner, wait=until_released)
            return taken.enter_context(lease)

        yield take


def row(path: Path) -> tuple[int, str | None]:
    with closing(sqlite3.connect(path)) as connection:
        token, owner = connection.execute("SELECT token, owner FROM lease").fetchone()
    return token, owner


def die(lease: Lease) -> None:
    """Leave the org as a killed process does: without a word, the operating system unlocks the file."""
    lease._lock.close()


def test_a_free_org_is_taken_and_given_back(path: Path, acquire: Acquire) -> None:
    lease = acquire("here:1:a")
    assert row(path) == (1, "here:1:a")
    lease.release()
    lease.release()
    assert row(path) == (1, None)
    again = acquire("here:2:b")
    assert (again.token, row(path)) == (2, (2, "here:2:b"))
    assert not again.lost.is_set()


def test_the_state_file_is_made_where_there_is_none_and_the_lock_file_is_of_this_user_only(
    path: Path, acquire: Acquire
) -> None:
    old_mask = os.umask(0)
    try:
        lease = acquire()
    finally:
        os.umask(old_mask)
    lock = path.with_name("state.db.lock")
    assert stat.S_IMODE(lock.stat().st_mode) == 0o600
    assert lock.read_text("utf-8") == lease.owner
    lease.release()
    assert lock.exists()
    with StateStore.open(path, create=False) as store:
        assert store.queue() == []


def test_a_held_org_is_refused_with_its_holder_and_the_remedy(path: Path, acquire: Acquire, clock: ManualClock) -> None:
    acquire("box:77:a")
    clock.advance(seconds=59)
    with pytest.raises(StateLockedError, match=r"process 77 on box, since 2026-03-02 09:00:00 UTC") as caught:
        acquire("box:78:b")
    assert caught.value.exit_code == 4
    assert caught.value.hint is not None
    assert "09:01:00" in caught.value.hint
    assert row(path) == (1, "box:77:a")


def test_one_process_takes_an_org_once_whatever_name_the_file_has(path: Path, acquire: Acquire, tmp_path: Path) -> None:
    first = acquire("here:1:a")
    (tmp_path / "other").mkdir()
    link = tmp_path / "other" / "link.db"
    link.symlink_to(path)
    with pytest.raises(StateLockedError):
        acquire("here:1:b", link)
    assert first.beat()
    assert [found.name for found in link.parent.iterdir() if found.suffix == ".lock"] == []


def test_a_dead_owner_is_followed_at_once(path: Path, acquire: Acquire) -> None:
    dead = acquire("here:1:a")
    die(dead)
    lease = acquire("here:2:b")
    assert row(path) == (2, "here:2:b")
    assert not dead.beat()
    assert dead.lost.is_set()
    assert lease.beat()


def test_a_stalled_owner_is_followed_when_its_time_is_up_and_writes_no_more(
    path: Path, acquire: Acquire, clock: ManualClock
) -> None:
    stalled = acquire("here:1:a")
    clock.advance(seconds=60)
    lease = acquire("here:2:b")
    with StateStore.open(path) as store:
        store.transactions.fence = stalled.fence
        with pytest.raises(StateLockedError, match="took over") as caught:
            store.marks.set(MarkName.PAUSED)
        assert caught.value.exit_code == 4
        assert stalled.lost.is_set()
        assert store.marks.get(MarkName.PAUSED) is None
        store.transactions.fence = lease.fence
        store.marks.set(MarkName.PAUSED)
    stalled.release()  # must not free what is another's by now
    assert row(path) == (2, "here:2:b")


def test_an_owner_without_the_file_lock_is_not_taken_for_dead(path: Path, acquire: Acquire, clock: ManualClock) -> None:
    stalled = acquire("here:1:a")
    clock.advance(seconds=60)
    lease = acquire("here:2:b")  # works without the file lock, which the stalled process has
    die(stalled)
    with pytest.raises(StateLockedError):
        acquire("here:3:c")
    assert lease.beat()  # gets the file lock now
    with pytest.raises(StateLockedError):
        acquire("here:4:d")
    die(lease)
    assert acquire("here:5:e").token == 3


def test_a_deleted_lock_file_makes_nobody_dead(path: Path, acquire: Acquire, clock: ManualClock) -> None:
    acquire("here:1:a")
    path.with_name("state.db.lock").unlink()
    with pytest.raises(StateLockedError):
        acquire("here:2:b")
    clock.advance(seconds=60)
    assert acquire("here:3:c").token == 2


def test_signs_of_life_keep_the_org(path: Path, acquire: Acquire, clock: ManualClock) -> None:
    lease = acquire("here:1:a")
    for _ in range(5):
        clock.advance(seconds=50)
        assert lease.beat()
        with pytest.raises(StateLockedError):
            acquire("here:2:b")


def test_writes_keep_the_org_too(path: Path, acquire: Acquire, clock: ManualClock) -> None:
    lease = acquire("here:1:a")
    with StateStore.open(path) as store:
        store.transactions.fence = lease.fence
        clock.advance(seconds=50)
        store.marks.set(MarkName.PAUSED)
        clock.advance(seconds=50)
        with pytest.raises(StateLockedError):
            acquire("here:2:b")


def test_an_expired_lease_that_nobody_took_goes_on(path: Path, acquire: Acquire, clock: ManualClock) -> None:
    lease = acquire("here:1:a")
    clock.advance(hours=8)
    with StateStore.open(path) as store:
        store.transactions.fence = lease.fence
        store.marks.set(MarkName.PAUSED)
    with pytest.raises(StateLockedError):
        acquire("here:2:b")


def test_a_sign_of_life_that_does_not_come_through_loses_nothing(
    path: Path, acquire: Acquire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpro_connectors.state.lease.BUSY_TIMEOUT_S", 0.05)
    lease = acquire("here:1:a")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert lease.beat()
        lease.release()
        other.execute("ROLLBACK")
    assert row(path) == (1, "here:1:a")  # not given back, but its file lock was
    assert acquire("here:2:b").token == 2


def test_a_state_file_that_is_gone_is_a_loss(path: Path, acquire: Acquire) -> None:
    lease = acquire()
    path.unlink()
    assert not lease.beat()
    assert lease.lost.is_set()


def test_the_thread_gives_signs_of_life_until_the_org_is_lost(path: Path, clock: ManualClock) -> None:
    told, asked = threading.Semaphore(0), threading.Semaphore(0)

    def wait(ended: threading.Event, seconds: float) -> bool:
        assert seconds == 10.0
        asked.release()
        told.acquire()
        return ended.is_set()

    lease = Lease.acquire(path, now=lambda: clock.now, owner="here:1:a", wait=wait)
    assert asked.acquire(timeout=30)
    clock.advance(seconds=59)
    told.release()
    assert asked.acquire(timeout=30)  # the sign was given, it waits for the next
    clock.advance(seconds=59)
    with pytest.raises(StateLockedError):
        Lease.acquire(path, now=lambda: clock.now, owner="here:2:b")
    clock.advance(seconds=1)
    with Lease.acquire(path, now=lambda: clock.now, owner="here:3:c", wait=until_released):
        told.release()
        assert lease.lost.wait(timeout=30)
        lease.release()


def test_a_refused_process_keeps_no_file_lock(path: Path, acquire: Acquire, clock: ManualClock) -> None:
    stalled = acquire("here:1:a")
    clock.advance(seconds=60)
    lease = acquire("here:2:b")
    die(stalled)
    with pytest.raises(StateLockedError):
        acquire("here:3:c")
    assert lease.beat()
    assert lease._lock.held


def test_where_files_cannot_be_locked_the_expiry_decides(
    acquire: Acquire, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("fcntl.flock", no_locks)
    acquire("here:1:a")
    with pytest.raises(StateLockedError):
        acquire("here:2:b")
    clock.advance(seconds=60)
    assert acquire("here:3:c").token == 2


@pytest.mark.parametrize("heartbeat_s", [0.0, 31.0])
def test_a_heartbeat_that_cannot_keep_the_lease_is_refused(path: Path, heartbeat_s: float) -> None:
    with pytest.raises(ValueError, match="heartbeat_s"):
        Lease.acquire(path, now=lambda: ManualClock().now, heartbeat_s=heartbeat_s)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        Lease.acquire(tmp_path / "nowhere" / "state.db", now=lambda: ManualClock().now)
