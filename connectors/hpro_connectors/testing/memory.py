"""A connector to a CRM in memory, which keeps to the protocol to the letter and fails when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import FatalError, ResumeExpiredError
from hpro_connectors.fields import SCORE_FIELDS, ScoreRow
from hpro_connectors.protocol import (
    Backfill,
    CallLimits,
    EnsuredField,
    FieldState,
    IdList,
    Merge,
    OrgDescription,
    OrgIdentity,
    Page,
    Record,
    RecordKey,
    StreamContent,
    StreamInfo,
    Tombstone,
    Window,
    WriteResult,
    WriteStatus,
)
from hpro_connectors.testing.company import MemoryCompany

STREAMS: Final = (
    StreamInfo(name="Lead", content=StreamContent.LEAD),
    StreamInfo(name="Interaction", content=StreamContent.INTERACTION, object_types=("interaction",)),
    StreamInfo(
        name="History",
        content=StreamContent.HISTORY,
        reports_deletions=False,
        object_types=("stage_history", "field_history"),
    ),
)

_Change = tuple[datetime, str, Record | Tombstone | Merge]


class MemoryConnector:
    """Reads and writes a :class:`~hpro_connectors.testing.MemoryCompany`.

    Args:
        company: The CRM.
        page_size: Records a page.

    Attributes:
        company: The CRM.
        before_page: Called with the stream and the number of the page before it is given; may raise.
        before_write: Called with the rows before they are written; may raise: the request never arrived.
        after_write: Called with the rows after they were written; may raise: the answer was lost.
        answers: What a write of a lead is answered with instead of being done, by lead id.
        writes: Every row that was sent, in order.
    """

    def __init__(self, company: MemoryCompany, *, page_size: int = 50) -> None:
        self.company = company
        self.before_page: Callable[[str, int], None] = lambda _stream, _number: None
        self.before_write: Callable[[Sequence[ScoreRow]], None] = _nothing
        self.after_write: Callable[[Sequence[ScoreRow]], None] = _nothing
        self.answers: dict[str, WriteStatus] = {}
        self.writes: list[ScoreRow] = []
        self._page_size = page_size
        self._calls = 0
        self._rows_written = 0

    def identity(self) -> OrgIdentity:
        """Say which org this is."""
        self._calls += 1
        return self.company.identity

    def describe(self) -> OrgDescription:
        """Give fields, stages and owners."""
        self._calls += 1
        return self.company.description

    def server_time(self) -> datetime:
        """Give the CRM's clock."""
        self._calls += 1
        return self.company.clock.now

    def streams(self) -> tuple[StreamInfo, ...]:
        """Give leads, interactions and histories."""
        return STREAMS

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        """Give what changed in a window, oldest first; ``resume`` is the place of the last change given."""
        if resume is not None and not (isinstance(resume, list) and len(resume) == 2):
            raise ResumeExpiredError("The place where reading stopped is not one of this connector.", stream=stream)
        number = 0
        while True:
            self.before_page(stream, number)
            self._calls += 1
            # Asked for anew for every page, as a CRM does: it may have changed in between.
            changes = sorted(self._changes(stream, window), key=_place)
            if isinstance(resume, list):
                changes = [change for change in changes if _place(change) > tuple(resume)]
            given, rest = changes[: self._page_size], changes[self._page_size :]
            resume = list(_place(given[-1])) if rest else None
            yield _page((what for _, _, what in given), resume, complete=not rest)
            if not rest:
                return
            number += 1

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        """Give all that a stream holds of some leads; there is no going on in the middle, so no page has a resume."""
        self._calls += 1
        company = self.company
        wanted = {company.key(lead_id) for lead_id in lead_ids if lead_id in company.leads}
        persons = {company.leads[key.lead_id].person_id for key in wanted} - {None}
        found: list[Record] = []
        if stream == "Lead":
            found = [self._shown(key.lead_id) for key in sorted(wanted)]
        elif stream == "Interaction":
            found = [
                record
                for record in company.interactions.values()
                if wanted.intersection(record.leads) or persons.intersection(record.person_ids)
            ]
        else:
            found = [row for row in company.history_rows() if row.lead in wanted]
        for start in range(0, max(1, len(found)), self._page_size):
            end = start + self._page_size
            yield _page(found[start:end], None, complete=end >= len(found))

    def list_ids(self, stream: str) -> IdList:
        """Give the ids that exist now."""
        self._calls += 1
        company = self.company
        if stream == "Lead":
            return IdList(ids=frozenset(company.leads), complete=True)
        if stream == "Interaction":
            seen = (name for name, record in company.interactions.items() if company.visible(record))
            return IdList(ids=frozenset(seen), complete=True)
        return IdList(ids=frozenset({*company.stage_rows, *company.field_rows}), complete=True)

    def ensure_fields(self, *, dry_run: bool = False) -> tuple[EnsuredField, ...]:
        """Make the eight fields."""
        self._calls += 1
        state = FieldState.PRESENT if self.company.has_fields else FieldState.CREATED
        self.company.has_fields = self.company.has_fields or not dry_run
        return tuple(EnsuredField(name=field.name, state=state) for field in SCORE_FIELDS)

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Write rows; each counts as a modification of its lead."""
        self._calls += 1
        self.before_write(rows)
        results = [WriteResult(lead=row.lead, status=self._write(row)) for row in rows]
        self.after_write(rows)
        return results

    def read_back(self, lead_ids: Sequence[str]) -> dict[str, ScoreRow | None]:
        """Give what the CRM shows."""
        self._calls += 1
        return {lead_id: self.company.shown_of(lead_id) for lead_id in lead_ids if lead_id in self.company.leads}

    def limits(self) -> CallLimits:
        """Give the counters."""
        return CallLimits(calls=self._calls, rows_written=self._rows_written)

    def _write(self, row: ScoreRow) -> WriteStatus:
        lead_id = row.lead.lead_id
        self.writes.append(row)
        if lead_id not in self.company.leads:
            return WriteStatus.GONE
        answer = self.answers.get(lead_id, WriteStatus.WRITTEN)
        if answer is WriteStatus.WRITTEN:
            self.company.shown[lead_id] = row
            self.company.touch_lead(lead_id)
            self._rows_written += 1
        return answer

    def _shown(self, lead_id: str) -> Record:
        return self.company.leads[lead_id].model_copy(update={"shown": self.company.shown_of(lead_id)})

    def _changes(self, stream: str, window: Window | Backfill) -> Iterator[_Change]:
        for change in self._everything(stream):
            at, _, what = change
            if at >= window.end or (isinstance(window, Window) and at < window.start):
                continue
            if isinstance(window, Window) or not isinstance(what, Tombstone | Merge):
                yield change

    def _everything(self, stream: str) -> Iterator[_Change]:
        company = self.company
        if stream == "Lead":
            for lead_id, record in company.leads.items():
                yield record.modified_at, f"u{lead_id}", self._shown(lead_id)
            for lead_id, (record, deleted_at) in company.deleted.items():
                yield deleted_at, f"d{lead_id}", Tombstone(key=RecordKey(*record.key), deleted_at=deleted_at)
            for merge in company.merges:
                yield merge.merged_at, f"m{merge.loser.record_id}", merge
        elif stream == "Interaction":
            for name, interaction in company.interactions.items():
                if company.visible(interaction):
                    yield interaction.modified_at, f"u{name}", interaction
            for name, tombstone in company.interaction_tombstones.items():
                yield tombstone.deleted_at, f"d{name}", tombstone
        elif stream == "History":
            for row in company.history_rows():
                if row.lead.lead_id in company.leads:
                    yield row.at, f"u{row.key.record_id}", row
        else:
            raise FatalError(f"There is no stream {stream}.", connector="memory", stream=stream)


def _nothing(_rows: Sequence[ScoreRow]) -> None:
    pass


def _place(change: _Change) -> tuple[str, str]:
    return change[0].isoformat(timespec="microseconds"), change[1]


def _page(what: Iterable[Record | Tombstone | Merge], resume: JsonValue, *, complete: bool) -> Page:
    held = list(what)
    return Page(
        upserts=tuple(record for record in held if not isinstance(record, Tombstone | Merge)),
        tombstones=tuple(record for record in held if isinstance(record, Tombstone)),
        merges=tuple(record for record in held if isinstance(record, Merge)),
        resume=resume,
        complete=complete,
    )
