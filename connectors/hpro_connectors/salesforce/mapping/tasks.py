"""Tasks: logged calls, mails that were logged without a message of their own, and things to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from hpro_connectors.protocol import InteractionRecord, StreamContent, StreamInfo
from hpro_connectors.salesforce.mapping.activities import ActivityStream, created_at, on_day, subject_and
from hpro_connectors.salesforce.mapping.records import make_source, narrowed
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, Source
from hpro_connectors.salesforce.rows.soql import select, text_literal
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.crm_values import moment_in, text_in, whole_in
from hpro_connectors.salesforce.schema.links import Links
from hpro_sdk.lead import InteractionKind, Speaker

_COLUMNS: Final = (
    "TaskSubtype",
    "CallType",
    "CallDurationInSeconds",
    "ActivityDate",
    "CompletedDateTime",
)
_MAIL: Final = "Email"
_KINDS: Final = {"Call": InteractionKind.CALL, _MAIL: InteractionKind.EMAIL, "ListEmail": InteractionKind.EMAIL}


class TaskStream(ActivityStream):
    """Reads tasks.

    A mail is kept twice by the CRM, as a message and as a task beside it. Where messages are read, such a task is left
    out; one without a message stays.

    Args:
        described: The object.
        mails: The object of messages, where they are read.
        links: Keys of the org.
        reader: Reads rows.
    """

    info = StreamInfo(name="Task", content=StreamContent.INTERACTION)

    def __init__(self, described: CrmObject, mails: CrmObject | None, links: Links, reader: RowReader) -> None:
        super().__init__(described, _COLUMNS, links, reader)
        self._mails: Source | None = None
        if mails is not None and mails.has("ActivityId") and described.has("TaskSubtype"):
            self._mails = make_source(mails, ("Id", "ActivityId"), (), stamp="Id")

    def existing_sources(self) -> Sequence[Source]:
        """Give tasks that are no mails, then mails without a message; a first load asks for them in two jobs."""
        (source,) = super().existing_sources()
        if self._mails is None:
            return (source,)
        messages = select(("ActivityId",), "EmailMessage", ("ActivityId != null",))
        lone = f"TaskSubtype = {text_literal(_MAIL)} AND Id NOT IN ({messages})"
        return (narrowed(source, f"TaskSubtype != {text_literal(_MAIL)}"), narrowed(source, lone))

    def upserts(self, rows: Sequence[Row]) -> Iterable[InteractionRecord]:
        """Make records of tasks, without those whose mail is a message."""
        paired = self._paired([str(row["Id"]) for row in rows if row.get("TaskSubtype") == _MAIL])
        return (self._record(row) for row in rows if row["Id"] not in paired)

    def _paired(self, task_ids: Sequence[str]) -> set[str]:
        if self._mails is None or not task_ids:
            return set()
        pages = self.reader.by_values(self._mails, "ActivityId", task_ids)
        return {str(row["ActivityId"]) for page in pages for row in page.rows}

    def _record(self, row: Row) -> InteractionRecord:
        leads, persons = self.links.sort(text_in(row, "WhoId"), text_in(row, "WhatId"))
        kind = _kind(row)
        entered, day, done = created_at(row), moment_in(row, "ActivityDate"), moment_in(row, "CompletedDateTime")
        # A thing to do happens when it is done, or else when it is due; a call or a mail on the day it is logged for.
        occurred = done or day or entered if kind is InteractionKind.TASK else on_day(day, entered, done)
        seconds = whole_in(row, "CallDurationInSeconds") if kind is InteractionKind.CALL else None
        return InteractionRecord(
            key=self.key(row),
            leads=leads,
            person_ids=persons,
            kind=kind,
            speaker=Speaker.LEAD if row.get("CallType") == "Inbound" else Speaker.REP,
            text=subject_and(row, "Description"),
            call_seconds=seconds if seconds is not None and seconds >= 0 else None,
            occurred_at=occurred,
            recorded_at=entered,
            modified_at=self.stamp(row),
        )


def _kind(row: Row) -> InteractionKind:
    kind = _KINDS.get(text_in(row, "TaskSubtype") or "", InteractionKind.TASK)
    is_call = text_in(row, "CallType") is not None or whole_in(row, "CallDurationInSeconds") is not None
    return InteractionKind.CALL if kind is InteractionKind.TASK and is_call else kind
