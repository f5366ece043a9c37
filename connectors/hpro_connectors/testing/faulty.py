"""Any connector, failing by a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from pydantic import JsonValue

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
from hpro_connectors.testing.faults import Fault, FaultKind, FaultScript, Method, Place

Answer = TypeVar("Answer")


class FaultDone(NamedTuple):
    """A fault that happened, and where."""

    place: Place
    fault: Fault


class FaultyConnector:
    """Passes calls on to a connector, and lets those fail that a script names.

    Example::

        connector = FaultyConnector(
            MyConnector(...),
            FaultScript([
                Fault.before("read", NetworkError, stream="Lead", page=2),
                Fault.after("write", ServerError, nth=3),
                Fault.answers(WriteStatus.REJECTED, rows=[0, 2]),
            ]),
        )

    Counters are those of the connector: a call that failed before it reached it is not among them.

    Args:
        connector: What is called.
        script: What goes wrong.

    Attributes:
        connector: What is called.
        script: What goes wrong from now on; may be set anew at any time, and counts go on.
        done: What went wrong, in order.
    """

    def __init__(self, connector: Connector, script: FaultScript | None = None) -> None:
        self.connector = connector
        self.script = script or FaultScript()
        self.done: list[FaultDone] = []
        self._calls: Counter[Method] = Counter()
        self._stream_calls: Counter[tuple[Method, str]] = Counter()

    def identity(self) -> OrgIdentity:
        """Say which org this is."""
        return self._call("identity", self.connector.identity)

    def describe(self) -> OrgDescription:
        """Give fields, stages and owners."""
        return self._call("describe", self.connector.describe)

    def server_time(self) -> datetime:
        """Give the server's clock."""
        return self._call("server_time", self.connector.server_time)

    def streams(self) -> tuple[StreamInfo, ...]:
        """Give what can be read."""
        return self._call("streams", self.connector.streams)

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        """Give what changed in a window, page by page."""
        return self._pages(self._place("read", stream), lambda: self.connector.read(stream, window, resume))

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        """Give all that a stream holds of some leads."""
        return self._pages(self._place("read_by_lead", stream), lambda: self.connector.read_by_lead(stream, lead_ids))

    def list_ids(self, stream: str) -> IdList:
        """Give the ids that exist now."""
        return self._call("list_ids", lambda: self.connector.list_ids(stream), stream)

    def ensure_fields(self, *, dry_run: bool = False) -> tuple[EnsuredField, ...]:
        """Make our own fields."""
        return self._call("ensure_fields", lambda: self.connector.ensure_fields(dry_run=dry_run))

    def prepare_write(self, waiting: int, usual: int) -> int:
        """Pass the wish of the connector on; never fails by the script."""
        connector = self.connector
        return connector.prepare_write(waiting, usual) if isinstance(connector, PreparedWriter) else usual

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Write score fields, but for rows that the script answers itself."""
        place = self._place("write")._replace(rows=len(rows))
        faults = self._meet(place)
        answers = {
            row: WriteResult(lead=rows[row].lead, status=fault.status, code="SCRIPTED", message="by the fault script")
            for fault in faults
            if fault.kind is FaultKind.ROWS
            for row in fault.rows
            if row < len(rows)
        }
        passed_on = [row for number, row in enumerate(rows) if number not in answers]
        written = iter(self.connector.write(passed_on) if passed_on else ())
        results = [answers[number] if number in answers else next(written) for number in range(len(rows))]
        _raise(faults, FaultKind.AFTER)
        return results

    def read_back(self, lead_ids: Sequence[str]) -> dict[str, ScoreRow | None]:
        """Give what the CRM shows of our own fields."""
        return self._call("read_back", lambda: self.connector.read_back(lead_ids))

    def limits(self) -> CallLimits:
        """Give the connector's counters; never fails."""
        return self.connector.limits()

    def _place(self, method: Method, stream: str | None = None) -> Place:
        self._calls[method] += 1
        if stream is None:
            return Place(method, self._calls[method])
        self._stream_calls[method, stream] += 1
        return Place(method, self._calls[method], stream, self._stream_calls[method, stream])

    def _meet(self, place: Place) -> list[Fault]:
        faults = self.script.at(place)
        self.done += [FaultDone(place, fault) for fault in faults]
        _raise(faults, FaultKind.BEFORE)
        return faults

    def _call(self, method: Method, what: Callable[[], Answer], stream: str | None = None) -> Answer:
        faults = self._meet(self._place(method, stream))
        answer = what()
        _raise(faults, FaultKind.AFTER)
        return answer

    def _pages(self, place: Place, ask: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        pages: Iterator[Page] | None = None
        number = 1
        while True:
            faults = self._meet(place._replace(page=number))
            kinds = {fault.kind for fault in faults}
            if FaultKind.ENDS in kinds:
                return
            pages = pages or iter(ask())
            page = next(pages, None)
            if page is None:
                return
            _raise(faults, FaultKind.AFTER)
            yield page
            if FaultKind.TWICE in kinds:
                yield page
            if page.complete:
                return
            number += 1


def _raise(faults: Sequence[Fault], kind: FaultKind) -> None:
    for fault in faults:
        if fault.kind is kind:
            raise fault.error()
