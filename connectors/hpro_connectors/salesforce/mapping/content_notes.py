"""Notes of the new kind: HTML that is kept as a file, and linked to any number of records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hpro_connectors.protocol import InteractionRecord, StreamContent, StreamInfo
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.mapping.activities import created_at, joined_text
from hpro_connectors.salesforce.mapping.records import CrmStream, Wanted, make_source
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, RowPage
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.crm_values import id_of, text_in
from hpro_connectors.salesforce.schema.links import Links
from hpro_sdk.lead import InteractionKind, Speaker

UNTITLED: Final = "Untitled Note"
"""What Salesforce calls a note that nobody gave a title; these are nobody's words."""


class ContentNoteStream(CrmStream):
    """Reads ContentNotes, and by a second query whom they belong to: links can only be asked for note by note.

    They have no SystemModstamp, and a deletion moves no stamp that can be relied on: only the list of ids tells of it.
    A link that is made later is heard of when the note changes, or when its lead is read by id.

    Args:
        described: The object.
        link_object: The object of links.
        links: Keys of the org.
        reader: Reads rows.
        client: Reads whole notes; ``None``: their first 255 characters do.
    """

    info = StreamInfo(name="ContentNote", content=StreamContent.INTERACTION, reports_deletions=False)

    def __init__(
        self,
        described: CrmObject,
        link_object: CrmObject,
        links: Links,
        reader: RowReader,
        client: SalesforceClient | None,
    ) -> None:
        optional = ("Title", "TextPreview", "IsDeleted")
        source = make_source(described, ("Id", "CreatedDate"), optional, stamp="LastModifiedDate", bulk=False)
        super().__init__(source, links, reader)
        self._links_source = make_source(
            link_object, ("Id", "ContentDocumentId", "LinkedEntityId"), (), stamp="Id", bulk=False
        )
        self._client = client

    def of_leads(self, wanted: Wanted) -> Iterator[RowPage]:
        """Give the notes of some records now."""
        pages = self.reader.by_values(self._links_source, "LinkedEntityId", wanted.all)
        files = {str(row["ContentDocumentId"]) for page in pages for row in page.rows}
        if files:
            yield from self.reader.by_values(self.source, "Id", sorted(files))

    def upserts(self, rows: Sequence[Row]) -> Iterable[InteractionRecord]:
        """Make records of notes."""
        linked: dict[str, set[str]] = {}
        if rows:
            ids = [str(row["Id"]) for row in rows]
            for page in self.reader.by_values(self._links_source, "ContentDocumentId", ids):
                for link in page.rows:
                    linked.setdefault(str(link["ContentDocumentId"]), set()).add(str(link["LinkedEntityId"]))
        return (self._record(row, linked.get(str(row["Id"]), set())) for row in rows)

    def _record(self, row: Row, linked: set[str]) -> InteractionRecord:
        note_id = id_of(row, "Id", "ContentNote")
        leads, persons = self.links.sort(*sorted(linked))
        title, body = text_in(row, "Title"), text_in(row, "TextPreview")
        if self._client is not None and (leads or persons):
            body = self._client.text(f"sobjects/ContentNote/{note_id}/Content")
        return InteractionRecord(
            key=self.key(row),
            leads=leads,
            person_ids=persons,
            kind=InteractionKind.NOTE,
            speaker=Speaker.REP,
            text=joined_text(None if title == UNTITLED else title, body),
            occurred_at=created_at(row),
            recorded_at=created_at(row),
            modified_at=self.stamp(row),
        )
