"""What tasks and events share: whom they belong to, what was written, and the archive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from hpro_connectors.salesforce.mapping.records import CrmStream, Wanted, make_source, narrowed
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, RowPage, Source
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.crm_values import moment_in, text_in
from hpro_connectors.salesforce.schema.links import Links
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_connectors.text import clean_crm_text

ACTIVITY_COLUMNS: Final = ("Id", "CreatedDate", "IsDeleted")
"""Without these nothing can be said of an activity."""


class ActivityStream(CrmStream):
    """Tasks or events: those of a person name it as ``WhoId``, those of an opportunity name it as ``WhatId``.

    A year after its date an activity is archived, and is only seen together with deleted rows.

    Args:
        described: The object.
        columns: What is read of it where it is there.
        links: Keys of the org.
        reader: Reads rows.
    """

    def __init__(self, described: CrmObject, columns: Sequence[str], links: Links, reader: RowReader) -> None:
        wanted = ("WhoId", "WhatId", "Subject", "Description", *columns)
        source = make_source(described, (*ACTIVITY_COLUMNS, "WhoId"), wanted, archived=True)
        super().__init__(source, links, reader)
        self._named_by_what = links.scored_object is ScoredObjectName.OPPORTUNITY and described.has("WhatId")

    def existing_sources(self) -> Sequence[Source]:
        """Give those that belong to anybody: an org has many that are of none of our records.

        A window has them all, so that one that is taken off a lead is heard of.
        """
        of_somebody = "(WhoId != null OR WhatId != null)" if self._named_by_what else "WhoId != null"
        return (narrowed(self.source, of_somebody),)

    def of_leads(self, wanted: Wanted) -> Iterator[RowPage]:
        """Give the activities of some records now."""
        ids = wanted.all
        if self._named_by_what:
            yield from self.reader.by_values(self.source, "WhatId", wanted.leads)
            ids = list(wanted.persons)
        if ids:
            yield from self.reader.by_values(self.source, "WhoId", ids)


def joined_text(*parts: str | None) -> str:
    """Give a subject and a body, cleaned, each on lines of its own; empty ones are left out."""
    cleaned = (clean_crm_text(part) for part in parts if part)
    return "\n".join(part for part in cleaned if part)


def subject_and(row: Row, body: str) -> str:
    """Give the subject of a row and the text in a column of it."""
    return joined_text(text_in(row, "Subject"), text_in(row, body))


def on_day(day: datetime | None, *moments: datetime | None) -> datetime | None:
    """Give the moment at which something happened that the CRM knows the day of.

    Args:
        day: Midnight of the day in UTC; ``None``: it is not known.
        *moments: When it may have happened, the best one first: the first one on that day is taken, or the first one
            where no day is known.

    Returns:
        The midnight where none of the moments is on the day: it was entered later, or is planned.
    """
    known = [moment for moment in moments if moment is not None]
    if day is None:
        return known[0] if known else None
    return next((moment for moment in known if moment.date() == day.date()), day)


def created_at(row: Row) -> datetime | None:
    """Give when a row was entered."""
    return moment_in(row, "CreatedDate")
