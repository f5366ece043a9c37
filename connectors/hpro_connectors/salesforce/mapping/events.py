"""Events: meetings, held and planned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from hpro_connectors.protocol import InteractionRecord, StreamContent, StreamInfo
from hpro_connectors.salesforce.mapping.activities import ActivityStream, created_at, subject_and
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.crm_values import moment_in, text_in
from hpro_connectors.salesforce.schema.links import Links
from hpro_sdk.lead import InteractionKind, Speaker

_STARTS: Final = ("StartDateTime", "ActivityDateTime", "ActivityDate")


class EventStream(ActivityStream):
    """Reads events; the copies that the CRM makes for every invited rep are left out.

    Args:
        described: The object.
        links: Keys of the org.
        reader: Reads rows.
    """

    info = StreamInfo(name="Event", content=StreamContent.INTERACTION)

    def __init__(self, described: CrmObject, links: Links, reader: RowReader) -> None:
        super().__init__(described, _STARTS, links, reader)
        if described.has("IsChild"):
            self.source = replace(self.source, condition="IsChild = false")

    def upserts(self, rows: Sequence[Row]) -> Iterable[InteractionRecord]:
        """Make records of events."""
        return (self._record(row) for row in rows)

    def _record(self, row: Row) -> InteractionRecord:
        leads, persons = self.links.sort(text_in(row, "WhoId"), text_in(row, "WhatId"))
        starts = (moment_in(row, column) for column in _STARTS)
        entered = created_at(row)
        return InteractionRecord(
            key=self.key(row),
            leads=leads,
            person_ids=persons,
            kind=InteractionKind.MEETING,
            speaker=Speaker.REP,
            text=subject_and(row, "Description"),
            occurred_at=next((start for start in starts if start is not None), entered),
            recorded_at=entered,
            modified_at=self.stamp(row),
        )
