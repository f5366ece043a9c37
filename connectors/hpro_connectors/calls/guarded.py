"""A connector with tries, budget, pace and circuit breaker around it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from random import Random
from threading import Event
from typing import TypeVar

from pydantic import JsonValue

from hpro_connectors.calls.caller import Call, Caller
from hpro_connectors.calls.deadline import Clock, Deadline
from hpro_connectors.calls.page_reader import PageReader
from hpro_connectors.calls.pauses import Pauses, Sleep, interruptible_sleep
from hpro_connectors.calls.policy import CallPolicy
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import (
    Backfill,
    CallLimits,
    Connector,
    EnsuredField,
    IdList,
    OrgDescription,
    OrgIdentity,
    Page,
    PreparedWriter,
    StreamInfo,
    Window,
    WriteResult,
)

Answer = TypeVar("Answer")


class GuardedConnector:
    """Any connector, called as a good guest calls: again when it helps, not too fast, and never beyond its share.

    Made anew for each run: budget, breaker and counters are those of one run. As connectors are, it is used by one
    thread at a time.

    * A failed try is made again after a random wait that grows, or after the wait that the CRM asked for. Only
      :class:`~hpro_connectors.errors.RetriableError` is; what an unknown exception becomes stands in
      :mod:`hpro_connectors.calls.unknown`.
    * A read of pages goes on after the last page with a ``resume``. Pages without one come again after a failure. Every
      page that did not come before gives the next one its full number of tries. A read that ends without its last page,
      or gives the same page twice, counts as failed.
    * :meth:`write` sends the same rows again: they are known by their ids, so that twice is once.
    * When tries, or the time of the run, run out, the error of the last try is raised.

    Args:
        connector: What is called.
        policy: How many calls, how fast, how often again.
        clock: Seconds; moves on while ``sleep`` sleeps.
        sleep: What waits; default: a sleep that ends when ``stop`` is set.
        deadline: Of the run; no wait passes it.
        stop: Set when the run is asked to stop: no further call is made.
        random: Draws the waits; give a seeded one to have the same ones again.
    """

    def __init__(
        self,
        connector: Connector,
        policy: CallPolicy | None = None,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep | None = None,
        deadline: Deadline | None = None,
        stop: Event | None = None,
        random: Random | None = None,
    ) -> None:
        self._connector = connector
        self._calls_before = connector.limits().calls
        self._pauses = Pauses(clock, sleep or interruptible_sleep(stop), stop)
        self._caller = Caller(
            connector.limits,
            policy or CallPolicy(),
            clock=clock,
            pauses=self._pauses,
            deadline=deadline or Deadline.none(),
            random=random or Random(),
        )

    @property
    def retries(self) -> int:
        """Tries beyond the first one of each call."""
        return self._caller.retries

    @property
    def waited_s(self) -> float:
        """Seconds waited, for whatever reason."""
        return self._pauses.waited_s

    @property
    def calls(self) -> int:
        """Requests sent in this run."""
        return self._connector.limits().calls - self._calls_before

    def identity(self) -> OrgIdentity:
        """Say which org this is."""
        return self._read("identity", self._connector.identity)

    def describe(self) -> OrgDescription:
        """Give fields, stages and owners of the scored object."""
        return self._read("describe", self._connector.describe)

    def server_time(self) -> datetime:
        """Give the server's clock."""
        return self._read("server_time", self._connector.server_time)

    def streams(self) -> tuple[StreamInfo, ...]:
        """Give what can be read."""
        return self._read("streams", self._connector.streams)

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        """Give what changed in a window, page by page.

        Args:
            stream: Which one.
            window: What to read.
            resume: Of the last page that was stored; ``None`` begins anew.
        """
        return self._pages("read", stream, PageReader.of_window(self._connector, stream, window, resume))

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        """Give all that a stream holds of some leads now; after a failure pages may come again.

        Args:
            stream: Which one.
            lead_ids: Of the scored object.
        """
        return self._pages("read_by_lead", stream, PageReader.of_leads(self._connector, stream, tuple(lead_ids)))

    def list_ids(self, stream: str) -> IdList:
        """Give the ids of all records of a stream that exist now."""
        return self._read("list_ids", lambda: self._connector.list_ids(stream), stream)

    def ensure_fields(self, *, dry_run: bool = False) -> tuple[EnsuredField, ...]:
        """Make our own fields; made again after a lost answer, it says that they are present."""
        call = Call("ensure_fields", writes=not dry_run)
        return self._caller.make(lambda: self._connector.ensure_fields(dry_run=dry_run), call)

    def prepare_write(self, waiting: int, usual: int) -> int:
        """Make sure that rows can be written, and say how many at once; a connector without a wish takes the usual.

        Args:
            waiting: Rows that wait.
            usual: Rows of a call.
        """
        connector = self._connector
        if not isinstance(connector, PreparedWriter):
            return usual
        return self._read("prepare_write", lambda: connector.prepare_write(waiting, usual))

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Write score fields; results are those of the last try."""
        return self._caller.make(lambda: self._connector.write(rows), Call("write", writes=True))

    def read_back(self, lead_ids: Sequence[str]) -> dict[str, ScoreRow | None]:
        """Give what the CRM shows of our own fields."""
        return self._read("read_back", lambda: self._connector.read_back(lead_ids))

    def limits(self) -> CallLimits:
        """Give the connector's counters."""
        return self._connector.limits()

    def _read(self, method: str, what: Callable[[], Answer], stream: str | None = None) -> Answer:
        return self._caller.make(what, Call(method, stream))

    def _pages(self, method: str, stream: str, reader: PageReader) -> Iterator[Page]:
        call = Call(method, stream)
        try:
            complete = False
            while not complete:
                page = self._caller.make(reader.fetch, call)
                if reader.gives(page):
                    call.failed = 0
                complete = page.complete
                yield page
        finally:
            reader.close()
