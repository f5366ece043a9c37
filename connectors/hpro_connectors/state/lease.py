"""The lease of an org: one process writes at a time, and one that slept through its own end writes no more.

A row in the state file says who holds the org and until when; a thread renews it. The row is taken when it is free,
when it expired (its owner hangs), or when its owner is dead, which the operating system tells by a file lock (see
:mod:`~hpro_connectors.state.owner_lock`), so that a killed owner is followed at once. Every taking raises the row's
token. :meth:`Lease.fence` compares it inside each transaction that writes: an owner that was stopped, lost the org and
wakes up cannot change the state, and since a batch is noted there right before it goes to the CRM, it sends at most
the one batch that was past its check.

All processes of an org run on one machine, as SQLite's log demands; the expiry goes by its clock.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, select, update

from hpro_connectors.errors import StateError, StateLockedError
from hpro_connectors.log_events import LogEvent
from hpro_connectors.state._sql import upsert
from hpro_connectors.state.opening import open_engine
from hpro_connectors.state.owner_lock import OwnerLock
from hpro_connectors.state.schema import LEASE
from hpro_connectors.state.transactions import Transactions
from hpro_sdk.errors import ConfigError, HproError

_LOGGER = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 5.0

Wait = Callable[[threading.Event, float], bool]
"""Waits for an event for at most so many seconds; gives whether it was set."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds an org.

    Attributes:
        owner: Host, process id and a random word.
        since: When it took the org.
        until: When it loses the org without a sign of life.
    """

    owner: str
    since: datetime
    until: datetime

    @property
    def words(self) -> str:
        """Name it for people."""
        host, pid, _ = (*self.owner.split(":"), "?", "?")[:3]
        return f"process {pid} on {host}"


def holder_of(connection: Connection, now: datetime) -> Holder | None:
    """Give who holds the org; ``None`` when nobody does, or its time is up.

    Args:
        connection: Within a transaction.
        now: This machine's clock.
    """
    row = connection.execute(select(LEASE)).first()
    if row is None or row.owner is None or row.expires_at <= now:
        return None
    return Holder(row.owner, row.acquired_at, row.expires_at)


class Lease:
    """The right to write to an org, from :meth:`acquire` to :meth:`release`.

    Example::

        with Lease.acquire("hpro.db", now=utc_now) as lease, StateStore.open("hpro.db") as store:
            store.transactions.fence = lease.fence
            ...

    Attributes:
        path: Of the state file.
        owner: What stands in the row: host, process id and a random word.
        token: Rises with every taking.
        lost: Set as soon as it is known that another process took the org.
    """

    def __init__(
        self, path: Path, lock: OwnerLock, owner: str, *, now: Callable[[], datetime], ttl_s: float, heartbeat_s: float
    ) -> None:
        self.path = path
        self.owner = owner
        self.token = 0
        self.lost = threading.Event()
        self._lock = lock
        self._now = now
        self._ttl = timedelta(seconds=ttl_s)
        self._heartbeat = timedelta(seconds=heartbeat_s)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def acquire(
        cls,
        store_path: str | Path,
        *,
        now: Callable[[], datetime],
        ttl_s: float = 60.0,
        heartbeat_s: float = 10.0,
        owner: str | None = None,
        wait: Wait = threading.Event.wait,
    ) -> Self:
        """Take an org, and begin to renew the lease in a thread of its own.

        Args:
            store_path: Of the state file; it is made where there is none.
            now: This machine's clock.
            ttl_s: Seconds without a sign of life after which the org may be taken by another process.
            heartbeat_s: Seconds between two signs of life; at most half of ``ttl_s``.
            owner: What to call this process; default: its host and id. Must be like no other's.
            wait: Waits between two signs of life.

        Raises:
            StateLockedError: A living process holds the org.
            ConfigError: The file's folder does not exist, or it is not a file.
            StateError: The state file or the lock file cannot be used.
            ValueError: The heartbeat is too slow for the lease.
        """
        if not 0 < heartbeat_s <= ttl_s / 2:
            raise ValueError("heartbeat_s must be above 0 and at most half of ttl_s")
        path = Path(store_path)
        with _opened(path, create=True) as transactions:
            lock = OwnerLock(path)
            lease = cls(path, lock, owner or _name(), now=now, ttl_s=ttl_s, heartbeat_s=heartbeat_s)
            try:
                # The file lock is asked for within the transaction: of two that begin, one sees what the other did.
                with transactions.writing() as connection:
                    lease._take(connection)
            except BaseException:
                lock.close()
                raise
        lease._thread = threading.Thread(target=lease._keep, args=(wait,), name="hpro-lease", daemon=True)
        lease._thread.start()
        _LOGGER.info("lease taken", extra={"event": LogEvent.LEASE_TAKEN, "owner": lease.owner, "token": lease.token})
        return lease

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def fence(self, connection: Connection) -> None:
        """Check, within a transaction that writes, that the org is still ours; renew the lease when that is due.

        A long series of writes so keeps the lease alive even where the thread finds no gap between them.

        Args:
            connection: Of the state store.

        Raises:
            StateLockedError: Another process took the org, or the lease was released.
        """
        now = self._now()
        row = connection.execute(select(LEASE)).first()
        if row is None or (row.token, row.owner) != (self.token, self.owner):
            if not self._ended.is_set():
                self.lost.set()
            raise StateLockedError(
                f"Another process took over the org of the state file {self.path}; this one writes no more.",
                hint="Nothing is lost: the other process goes on from here. Run one process an org.",
            )
        if now >= row.heartbeat_at + self._heartbeat:
            self._renew(connection, now)

    def beat(self) -> bool:
        """Give one sign of life; also gets the file lock where a stalled process held it until now.

        Returns:
            Whether the org is still ours. A busy file or a full disk is no loss: the next sign may come through.
        """
        try:
            with _opened(self.path) as transactions, transactions.writing() as connection:
                row = connection.execute(select(LEASE)).first()
                if row is None or (row.token, row.owner) != (self.token, self.owner):
                    self.lost.set()
                    _LOGGER.warning("lease lost", extra={"event": LogEvent.LEASE_LOST, "owner": self.owner})
                    return False
                self._renew(connection, self._now())
                if not self._lock.held and self._lock.take():
                    self._lock.name(self.owner)
        except ConfigError:
            self.lost.set()
            _LOGGER.warning("state file gone", extra={"owner": self.owner})
            return False
        except StateError as exc:
            _LOGGER.warning("lease not renewed", extra={"error": type(exc).__name__, "owner": self.owner})
        return True

    def release(self) -> None:
        """Let another process take the org; releasing twice is allowed."""
        if self._ended.is_set():
            return
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        try:
            with _opened(self.path) as transactions, transactions.writing() as connection:
                ours = (LEASE.c.token == self.token) & (LEASE.c.owner == self.owner)
                connection.execute(update(LEASE).where(ours).values(owner=None, expires_at=None))
                self._lock.close()  # before others can look: who then sees a free row also gets the file lock
        except HproError as exc:
            # Without the file lock we count as dead, which lets the next process in as well.
            _LOGGER.warning("lease not given back", extra={"error": type(exc).__name__, "owner": self.owner})
        finally:
            self._lock.close()

    def _take(self, connection: Connection) -> None:
        now = self._now()
        row = connection.execute(select(LEASE)).first()
        holder = holder_of(connection, now)
        has_lock = self._lock.take()
        if holder is not None and not (has_lock and self._lock.named() == holder.owner):
            raise StateLockedError(
                f"Another process holds this org: {holder.words}, since {holder.since:%Y-%m-%d %H:%M:%S} UTC "
                f"(state file {self.path}).",
                hint=f"Wait until it has ended, or stop it. If it hangs, it loses it at {holder.until:%H:%M:%S} UTC.",
            )
        if has_lock:
            self._lock.name(self.owner)
        if holder is not None:
            _LOGGER.warning("lease of a dead process taken over", extra={"former": holder.owner})
        elif row is not None and row.owner is not None:
            _LOGGER.warning("expired lease taken over", extra={"former": row.owner})
        self.token = 1 if row is None else row.token + 1
        values = {"only": 1, "token": self.token, "owner": self.owner, "acquired_at": now}
        upsert(connection, LEASE, [values | {"heartbeat_at": now, "expires_at": now + self._ttl}])

    def _renew(self, connection: Connection, now: datetime) -> None:
        connection.execute(update(LEASE).values(heartbeat_at=now, expires_at=now + self._ttl))

    def _keep(self, wait: Wait) -> None:
        while not wait(self._ended, self._heartbeat.total_seconds()):
            if not self.beat():
                return


def _name() -> str:
    # Of the host without what would be taken for the next part.
    return f"{socket.gethostname().replace(':', '-')}:{os.getpid()}:{secrets.token_hex(4)}"


@contextmanager
def _opened(path: Path, *, create: bool = False) -> Iterator[Transactions]:
    """Give a connection of its own, in the thread that asks: neither the store nor another thread shares it."""
    engine = open_engine(path, create=create, busy_timeout_s=BUSY_TIMEOUT_S)
    try:
        with engine.connect() as connection:
            yield Transactions(path, connection)
    finally:
        engine.dispose()
