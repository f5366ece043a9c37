"""The connector of an org file: what every connector keeps to, with nothing in between."""

# ruff: noqa: S608 - what is put into SQL are names and conditions of our own; values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from pydantic import JsonValue

from hpro_connectors.demo.demo_ids import is_demo_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_records import TABLES, Table, make_records, marks
from hpro_connectors.demo.org_schema import SCORE_COLUMNS, to_microseconds
from hpro_connectors.demo.org_scores import (
    existing_score_columns,
    make_columns,
    plan_columns,
    read_shown,
    write_request,
)
from hpro_connectors.errors import FatalError, ResumeExpiredError
from hpro_connectors.fields import SCORE_FIELDS, FieldType, ScoreRow
from hpro_connectors.protocol import (
    Backfill,
    CallLimits,
    EnsuredField,
    FieldInfo,
    FieldState,
    IdList,
    OrgDescription,
    OrgIdentity,
    Page,
    StreamInfo,
    Window,
    WriteResult,
    WriteStatus,
)
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import LeadKey

ROWS_PER_REQUEST = 200
"""How many rows one request writes or reads back."""

_KINDS = {
    FieldType.NUMBER: FieldKind.NUMBER,
    FieldType.PICKLIST: FieldKind.CATEGORY,
    FieldType.TEXT: FieldKind.TEXT,
    FieldType.DATETIME: FieldKind.DATE,
}


class DemoConnector:
    """Reads and writes an org file as if it were a CRM; see :class:`~hpro_connectors.protocol.Connector`.

    Args:
        org: Open; for writing, where fields are made or scores written.
        page_size: Records a page, at least one and at most 10,000.
    """

    def __init__(self, org: Org, *, page_size: int = 500) -> None:
        if not 1 <= page_size <= 10_000:
            raise ValueError(f"page_size must be from 1 to 10,000, not {page_size}")
        self._org = org
        self._page_size = page_size
        definition = org.definition()
        self._org_id, self._object_type = definition.org_id, definition.object_type
        self._calls = 0
        self._rows_written = 0

    def identity(self) -> OrgIdentity:
        """Say which org this is; the invented companies are test orgs."""
        self._calls += 1
        definition = self._org.definition()
        return OrgIdentity(
            org_id=definition.org_id, name=definition.name, vendor="demo", is_test=is_demo_org(definition.org_id)
        )

    def describe(self) -> OrgDescription:
        """Give fields, stages and owners; those of our own fields that exist are the writable ones."""
        self._calls += 1
        definition = self._org.definition()
        with self._org.reading() as connection:
            existing = existing_score_columns(connection)
        own = tuple(
            FieldInfo(name=SCORE_COLUMNS[field.name], label=field.label, kind=_KINDS[field.type], writable=True)
            for field in SCORE_FIELDS
            if SCORE_COLUMNS[field.name] in existing
        )
        return OrgDescription(
            object_type=self._object_type,
            fields=(*definition.fields, *own),
            stages=definition.stages,
            owners=definition.owners,
        )

    def server_time(self) -> datetime:
        """Give the org's clock; it stands still unless the simulator or a person moves it."""
        self._calls += 1
        return self._org.clock()

    def streams(self) -> tuple[StreamInfo, ...]:
        """Give leads, interactions, stage history and field history."""
        return tuple(table.stream for table in TABLES.values())

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        """Give what changed in a window, ordered by stamp and id.

        Args:
            stream: One of :meth:`streams`.
            window: What to read.
            resume: Of the last page that was stored; ``None`` begins anew.

        Raises:
            FatalError: There is no such stream.
            ResumeExpiredError: ``resume`` is not of this connector.
            ConnectorError: The org cannot be read.
        """
        table = _table(stream)
        place = _read_resume(table, resume)
        start = to_microseconds(window.start) if isinstance(window, Window) else None
        conditions = [f"{table.stamp} < ?"]
        fixed: list[int | str] = [to_microseconds(window.end)]
        if start is not None:
            conditions.append(f"{table.stamp} >= ?")
            fixed.append(start)
        if start is None or not table.stream.reports_deletions:
            conditions.append(table.live)
        while True:
            where, values = list(conditions), list(fixed)
            if place is not None:
                where.append(f"({table.stamp}, {table.id}) > (?, ?)")
                values.extend(place)
            page, place = self._page(table, " AND ".join(where), values)
            yield page
            if place is None:
                return

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        """Give all that a stream holds of some leads now.

        Args:
            stream: One of :meth:`streams`.
            lead_ids: Ids of leads; those that do not exist are passed over.

        Raises:
            FatalError: There is no such stream.
            ConnectorError: The org cannot be read.
        """
        table = _table(stream)
        wanted = list(dict.fromkeys(lead_ids))
        chunks = [wanted[at : at + ROWS_PER_REQUEST] for at in range(0, len(wanted), ROWS_PER_REQUEST)]
        if not chunks:
            yield Page(complete=True)
        for number, chunk in enumerate(chunks, start=1):
            place: tuple[int, int | str] | None = None
            where = f"{table.live} AND {table.of_leads.format(marks(chunk))}"
            while True:
                beyond = "" if place is None else f" AND ({table.stamp}, {table.id}) > (?, ?)"
                page, place = self._page(table, where + beyond, [*chunk, *(place or ())])
                last = place is None and number == len(chunks)
                yield page.model_copy(update={"resume": None, "complete": last})
                if place is None:
                    break

    def list_ids(self, stream: str) -> IdList:
        """Give the ids of all records of a stream that exist now.

        Args:
            stream: One of :meth:`streams`.

        Raises:
            FatalError: There is no such stream.
            ConnectorError: The org cannot be read.
        """
        table = _table(stream)
        with self._org.reading() as connection:
            rows = connection.execute(f"SELECT {table.id} FROM {table.name} WHERE {table.live}").fetchall()
        self._calls += max(1, -(-len(rows) // self._page_size))
        return IdList(ids=frozenset(str(row[0]) for row in rows), complete=True)

    def ensure_fields(self, *, dry_run: bool = False) -> tuple[EnsuredField, ...]:
        """Add the columns of our fields where they are missing.

        Args:
            dry_run: Only say what would be done.

        Raises:
            ConnectorError: The org cannot be read or written.
        """
        self._calls += 1
        with self._org.reading() as connection:
            planned = plan_columns(connection)
        if dry_run or all(one.state is not FieldState.CREATED for one in planned):
            return planned
        with self._org.transaction() as connection:
            planned = plan_columns(connection)
            make_columns(connection, planned)
        return planned

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Write score fields, 200 rows a request; a request is written whole or, where the org fails, not at all.

        Args:
            rows: What to write; a lead that comes twice in a request is refused the second time.

        Returns:
            One result a row, in the order of the rows.

        Raises:
            ConnectorError: The org cannot be written.
        """
        results: list[WriteResult] = []
        remaining = iter(rows)
        while request := list(islice(remaining, ROWS_PER_REQUEST)):
            self._calls += 1
            with self._org.transaction() as connection:
                at = connection.execute("SELECT clock FROM org").fetchone()[0]
                written = write_request(connection, self._org_id, self._object_type, request, at)
            self._rows_written += sum(result.status is WriteStatus.WRITTEN for result in written)
            results.extend(written)
        return results

    def read_back(self, lead_ids: Sequence[str]) -> dict[str, ScoreRow | None]:
        """Give what the org shows of our fields.

        Args:
            lead_ids: Ids of leads; those that do not exist are left out.

        Raises:
            ConnectorError: The org cannot be read.
        """
        shown: dict[str, ScoreRow | None] = {}
        remaining = iter(lead_ids)
        while request := list(islice(remaining, ROWS_PER_REQUEST)):
            self._calls += 1
            with self._org.reading() as connection:
                columns = existing_score_columns(connection)
                found = connection.execute(
                    f"SELECT * FROM lead WHERE is_deleted = 0 AND lead_id IN ({marks(request)})", request
                )
                for row in found:
                    lead_id = row["lead_id"]
                    shown[lead_id] = read_shown(row, LeadKey(self._org_id, self._object_type, lead_id), columns)
        return shown

    def limits(self) -> CallLimits:
        """Give the counters; an org file has no quota."""
        return CallLimits(calls=self._calls, rows_written=self._rows_written)

    def _page(self, table: Table, where: str, values: Sequence[int | str]) -> tuple[Page, tuple[int, int | str] | None]:
        """Give one page, and the place after which the next one begins; ``None`` when this is the last."""
        self._calls += 1
        with self._org.reading() as connection:
            rows: list[sqlite3.Row] = connection.execute(
                f"SELECT * FROM {table.name} WHERE {where} ORDER BY {table.stamp}, {table.id} LIMIT ?",
                [*values, self._page_size + 1],
            ).fetchall()
            kept, complete = rows[: self._page_size], len(rows) <= self._page_size
            found = make_records(connection, (self._org_id, self._object_type), table, kept)
        place = None if complete else (kept[-1][table.stamp], kept[-1][table.id])
        page = Page(
            upserts=found.upserts,
            tombstones=found.tombstones,
            merges=found.merges,
            resume=None if place is None else list(place),
            complete=complete,
        )
        return page, place


def _table(stream: str) -> Table:
    table = TABLES.get(stream)
    if table is None:
        raise FatalError(f"The org has no stream {stream!r}.", hint=f"Name one of: {', '.join(TABLES)}.")
    return table


def _read_resume(table: Table, resume: JsonValue) -> tuple[int, int | str] | None:
    if resume is None:
        return None
    id_type = int if table.id == "history_id" else str
    match resume:
        case [int(stamp), int() | str() as record_id] if isinstance(record_id, id_type):
            return stamp, record_id
    raise ResumeExpiredError(
        "The place where reading stopped is not one of this connector.",
        hint="Read the stream from its beginning.",
        stream=table.name,
    )
