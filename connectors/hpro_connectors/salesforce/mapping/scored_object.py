"""Records of the scored object: leads, or by configuration contacts or opportunities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from hpro_connectors.protocol import LeadRecord, Merge, RecordKey, StreamContent, StreamInfo
from hpro_connectors.salesforce.mapping.field_choice import ChosenField
from hpro_connectors.salesforce.mapping.outcomes import OPPORTUNITY_STAMP, Outcomes
from hpro_connectors.salesforce.mapping.records import CrmStream, Records, Wanted, make_source, narrowed
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, RowPage, Source
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.crm_values import field_value, flag_in, id_of, moment_in, text_in
from hpro_connectors.salesforce.schema.links import Links
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS, read_shown
from hpro_sdk.lead import FieldValue

_PERSONS: Final = {
    ScoredObjectName.LEAD: "ConvertedContactId",
    ScoredObjectName.CONTACT: "Id",
    ScoredObjectName.OPPORTUNITY: "ContactId",
}
_ACCOUNTS: Final = {
    ScoredObjectName.LEAD: "ConvertedAccountId",
    ScoredObjectName.CONTACT: "AccountId",
    ScoredObjectName.OPPORTUNITY: "AccountId",
}
_REQUIRED: Final = ("Id", "IsDeleted", "CreatedDate")
_MASTER: Final = "MasterRecordId"


class ScoredStream(CrmStream):
    """Reads the scored object.

    A converted lead and its contact are one person: activities move to the contact when the lead is converted, and stay
    the lead's by the person. A record that was merged away names the one that it went into, which may itself have been
    merged since; the state follows the chain.

    Args:
        described: The object.
        settings: Which one it is.
        fields: What is read of it.
        outcomes: Tells won from lost.
        links: Keys of the org.
        reader: Reads rows.
    """

    belongs_to_persons = False

    def __init__(
        self,
        described: CrmObject,
        settings: SalesforceSettings,
        *,
        fields: Sequence[ChosenField],
        outcomes: Outcomes,
        links: Links,
        reader: RowReader,
    ) -> None:
        self._fields = tuple(fields)
        self._outcomes = outcomes
        self._shown = described.present(SCORE_COLUMNS.values())
        self._stage_column = settings.stage_column
        self._person_column = _PERSONS[settings.scored_object]
        self._account_column = _ACCOUNTS[settings.scored_object]
        self._excluding = next((field for field in fields if field.column == settings.exclude_column), None)
        wanted = (
            _MASTER,
            "OwnerId",
            self._person_column,
            self._account_column,
            *(() if self._stage_column is None else (self._stage_column,)),
            *(field.column for field in fields),
            *self._shown,
        )
        super().__init__(make_source(described, _REQUIRED, wanted, of_parents=outcomes.columns), links, reader)
        self._has_persons = self._person_column in self.source.columns
        self.info = StreamInfo(name=described.name, content=StreamContent.LEAD, object_types=(settings.object_type,))

    def window_sources(self) -> Sequence[Source]:
        """Give what changed of the records, and then of the opportunities that decide about converted leads."""
        if not self._outcomes.follows_opportunity:
            return (self.source,)
        return (self.source, replace(narrowed(self.source, "IsDeleted = false"), stamp=OPPORTUNITY_STAMP))

    def of_leads(self, wanted: Wanted) -> Iterator[RowPage]:
        """Give the records themselves."""
        return self.reader.by_values(self.source, "Id", wanted.leads)

    def persons_of(self, lead_ids: Sequence[str]) -> list[str]:
        """Give the persons behind some records; a contact is its own.

        Args:
            lead_ids: Ids of the scored object.
        """
        if not self._has_persons or self._person_column == "Id" or not lead_ids:
            return []
        columns = ("Id", self._person_column, self.source.stamp)
        few = replace(self.source, columns=columns, types={name: self.source.types[name] for name in columns})
        pages = self.reader.by_values(few, "Id", lead_ids)
        found = (text_in(row, self._person_column) for page in pages for row in page.rows)
        return sorted({person for person in found if person is not None})

    def records(self, rows: Sequence[Row]) -> Records:
        """Make records of rows, and tombstones or merges of deleted ones."""
        merged = [row for row in rows if flag_in(row, "IsDeleted") and text_in(row, _MASTER) is not None]
        gone = {str(row["Id"]) for row in merged}
        found = super().records([row for row in rows if row.get("Id") not in gone])
        return replace(found, merges=tuple(self._merge(row) for row in merged))

    def upserts(self, rows: Sequence[Row]) -> Iterable[LeadRecord]:
        """Make records of rows that exist."""
        return (self._record(row) for row in rows)

    def key(self, row: Row) -> RecordKey:
        """Give the key of a row, as that of a scored record."""
        return RecordKey(*self.links.lead_key(id_of(row, "Id", self.source.object_name)))

    def _values(self, row: Row) -> Iterator[tuple[str, FieldValue]]:
        for field in self._fields:
            yield field.name, field_value(field.type, row.get(field.column))

    def _merge(self, row: Row) -> Merge:
        return Merge(
            loser=self.key(row),
            survivor=RecordKey(*self.links.lead_key(str(row[_MASTER]))),
            merged_at=self.stamp(row),
        )

    def _record(self, row: Row) -> LeadRecord:
        key = self.links.lead_key(id_of(row, "Id", self.source.object_name))
        result, result_at = self._outcomes.decide(row)
        excluding = self._excluding
        return LeadRecord(
            key=key,
            person_id=text_in(row, self._person_column),
            account_id=text_in(row, self._account_column),
            owner_id=text_in(row, "OwnerId"),
            created_at=moment_in(row, "CreatedDate"),
            modified_at=self.stamp(row),
            stage=None if self._stage_column is None else text_in(row, self._stage_column),
            result=result,
            result_at=result_at,
            excluded=excluding is not None and field_value(excluding.type, row.get(excluding.column)) is True,
            fields={name: value for name, value in self._values(row) if value is not None},
            shown=read_shown(row, key, self._shown),
        )
