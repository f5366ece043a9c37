"""Notes of the old kind: plain text that belongs to one record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hpro_connectors.protocol import InteractionRecord, StreamContent, StreamInfo
from hpro_connectors.salesforce.mapping.activities import created_at, joined_text
from hpro_connectors.salesforce.mapping.content_notes import UNTITLED
from hpro_connectors.salesforce.mapping.records import CrmStream, Wanted, make_source
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, RowPage
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.crm_values import text_in
from hpro_connectors.salesforce.schema.links import Links
from hpro_sdk.lead import InteractionKind, Speaker


class NoteStream(CrmStream):
    """Reads notes.

    Args:
        described: The object.
        links: Keys of the org.
        reader: Reads rows.
    """

    info = StreamInfo(name="Note", content=StreamContent.INTERACTION)

    def __init__(self, described: CrmObject, links: Links, reader: RowReader) -> None:
        required = ("Id", "ParentId", "CreatedDate", "IsDeleted")
        super().__init__(make_source(described, required, ("Title", "Body")), links, reader)

    def of_leads(self, wanted: Wanted) -> Iterator[RowPage]:
        """Give the notes of some records now."""
        return self.reader.by_values(self.source, "ParentId", wanted.all)

    def upserts(self, rows: Sequence[Row]) -> Iterable[InteractionRecord]:
        """Make records of notes."""
        return (self._record(row) for row in rows)

    def _record(self, row: Row) -> InteractionRecord:
        leads, persons = self.links.sort(text_in(row, "ParentId"))
        title = text_in(row, "Title")
        return InteractionRecord(
            key=self.key(row),
            leads=leads,
            person_ids=persons,
            kind=InteractionKind.NOTE,
            speaker=Speaker.REP,
            text=joined_text(None if title == UNTITLED else title, text_in(row, "Body")),
            occurred_at=created_at(row),
            recorded_at=created_at(row),
            modified_at=self.stamp(row),
        )
