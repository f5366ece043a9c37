"""Messages: mails in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from hpro_connectors.protocol import InteractionRecord, StreamContent, StreamInfo
from hpro_connectors.salesforce.mapping.activities import created_at, joined_text
from hpro_connectors.salesforce.mapping.records import CrmStream, Wanted, make_source, narrowed
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, RowPage, Source
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.crm_values import flag_in, moment_in, text_in
from hpro_connectors.salesforce.schema.links import Links
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_connectors.text import clean_crm_text
from hpro_sdk.lead import InteractionKind, Speaker

_COLUMNS: Final = ("ActivityId", "RelatedToId", "Subject", "TextBody", "HtmlBody", "Incoming", "MessageDate")
_OF_THE_TASK: Final = {"Activity.WhoId": "reference", "Activity.WhatId": "reference"}


class MailStream(CrmStream):
    """Reads messages; the tasks beside them and their relations tell whom they belong to.

    A task names one person, the first of those that a mail went to. Relations name everyone, and can only be asked for
    mail by mail: by one query for some hundreds of them, and by none where there are no mails.

    Args:
        described: The object.
        relations: The object that relates messages to persons, where it is there.
        links: Keys of the org.
        reader: Reads rows.
    """

    info = StreamInfo(name="EmailMessage", content=StreamContent.INTERACTION)

    def __init__(self, described: CrmObject, relations: CrmObject | None, links: Links, reader: RowReader) -> None:
        of_parents = _OF_THE_TASK if described.has("ActivityId") else {}
        source = make_source(described, ("Id", "CreatedDate", "IsDeleted"), _COLUMNS, of_parents=of_parents)
        if described.has("Status"):
            source = replace(source, condition="Status != '5'")  # a draft was never sent
        super().__init__(source, links, reader)
        by_what = links.scored_object is ScoredObjectName.OPPORTUNITY
        columns = ("RelatedToId", "Activity.WhoId", *(("Activity.WhatId",) if by_what else ()))
        self._naming = [column for column in columns if column in source.columns]
        self._relations: Source | None = None
        if relations is not None and relations.has("RelationId") and relations.has("EmailMessageId"):
            related = make_source(relations, ("Id", "EmailMessageId", "RelationId"), (), stamp="Id")
            self._relations = narrowed(related, "RelationId != null")  # others are addresses of nobody

    def of_leads(self, wanted: Wanted) -> Iterator[RowPage]:
        """Give the messages of some records now."""
        ids = wanted.all
        for column in self._naming:
            yield from self.reader.by_values(self.source, column, ids)
        if self._relations is not None and ids:
            pages = self.reader.by_values(self._relations, "RelationId", ids)
            related = {str(row["EmailMessageId"]) for page in pages for row in page.rows}
            if related:
                yield from self.reader.by_values(self.source, "Id", sorted(related))

    def upserts(self, rows: Sequence[Row]) -> Iterable[InteractionRecord]:
        """Make records of messages."""
        related = self._related([str(row["Id"]) for row in rows])
        return (self._record(row, related.get(str(row["Id"]), [])) for row in rows)

    def _related(self, mail_ids: Sequence[str]) -> dict[str, list[str]]:
        """Give everyone that messages are related to."""
        found: dict[str, list[str]] = {}
        if self._relations is None or not mail_ids:
            return found
        for page in self.reader.by_values(self._relations, "EmailMessageId", mail_ids):
            for row in page.rows:
                person = text_in(row, "RelationId")
                if person is not None:
                    found.setdefault(str(row["EmailMessageId"]), []).append(person)
        return found

    def _record(self, row: Row, related: Sequence[str]) -> InteractionRecord:
        named = (text_in(row, column) for column in ("Activity.WhoId", "Activity.WhatId", "RelatedToId"))
        leads, persons = self.links.sort(*named, *sorted(related))
        entered = created_at(row)
        return InteractionRecord(
            key=self.key(row),
            leads=leads,
            person_ids=persons,
            kind=InteractionKind.EMAIL,
            speaker=Speaker.LEAD if flag_in(row, "Incoming") else Speaker.REP,
            text=joined_text(text_in(row, "Subject"), _body(row)),
            occurred_at=moment_in(row, "MessageDate") or entered,
            recorded_at=entered,
            modified_at=self.stamp(row),
        )


def _body(row: Row) -> str | None:
    """The plain body where anything is in it, else the one of HTML."""
    plain = text_in(row, "TextBody")
    return plain if plain is not None and clean_crm_text(plain) else text_in(row, "HtmlBody")
