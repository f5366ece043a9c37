"""The CRM's own history of the scored object: stages entered, and tracked fields that changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from hpro_connectors.protocol import FieldRecord, StageRecord, StreamContent, StreamInfo
from hpro_connectors.salesforce.mapping.field_choice import ChosenField
from hpro_connectors.salesforce.mapping.records import CrmStream, Wanted, make_source
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, RowPage
from hpro_connectors.salesforce.schema.crm_schema import CrmObject, CrmStage
from hpro_connectors.salesforce.schema.crm_values import field_value, text_in
from hpro_connectors.salesforce.schema.links import Links

_CREATED: Final = "created"

KEEPS_NO_VALUES: Final = frozenset({"multipicklist"})
"""Types of fields of which the CRM logs that they changed, and not from what to what; long texts are likewise."""

LONGEST_LOGGED: Final = 255
"""Characters of a text field whose values are logged."""


class HistoryStream(CrmStream):
    """Reads history rows.

    Such a row is never changed. It goes with its record and comes back with it, so that a window need not tell of
    deletions; that the CRM forgets rows after two years does not make us forget them.

    * A change of the stage says which one was left, if there was one. The row of the creation says nothing of the
      stage: it is given the stage that the record is in now, which the next row's ``previous`` corrects. That holds
      only where every change since was logged. Such rows are there as soon as any field is tracked, and an own stage
      field may have been empty at first; so they are passed over for an own field, and for records that were made
      before the stage was tracked as far as anybody can tell. The first stage of those is then unknown.
    * What stays: where tracking of the stage was switched off for a while, a record that was made before, and moved
      meanwhile, has a first stage that it had entered later. Nothing in the CRM tells of such a while.
    * A lookup that changes writes two rows, one of names and one of ids; lookups are not read, so neither counts.
    * Fields of which no values are logged, fields that are not read, and markers such as ``leadConverted`` are passed
      over.

    Args:
        described: The history object.
        parent: Its column that names the record, such as ``LeadId``.
        stage_column: The field that holds the stage, where its history is kept.
        stages: Of the org; some old rows hold labels.
        creations_from: Since when the row of a creation may tell the stage; ``None``: none does.
        fields: Fields whose history is kept, by API name.
        links: Keys of the org.
        reader: Reads rows.
    """

    belongs_to_persons = False

    def __init__(
        self,
        described: CrmObject,
        parent: str,
        *,
        stage_column: str | None,
        stages: Sequence[CrmStage],
        creations_from: datetime | None,
        fields: Mapping[str, ChosenField],
        links: Links,
        reader: RowReader,
    ) -> None:
        self._parent = parent
        self._stage_column = stage_column
        self._stage_now = None if stage_column is None else f"{parent.removesuffix('Id')}.{stage_column}"
        self._creations_from = creations_from
        self._values = {stage.value for stage in stages}
        self._by_label = {stage.label: stage.value for stage in stages}
        self._fields = fields
        source = make_source(
            described,
            ("Id", parent, "Field", "OldValue", "NewValue"),
            ("DataType", "IsDeleted"),
            of_parents={} if self._stage_now is None else {self._stage_now: "picklist"},
            stamp="CreatedDate",
        )
        super().__init__(source, links, reader)
        self.info = StreamInfo(name=described.name, content=StreamContent.HISTORY)

    def of_leads(self, wanted: Wanted) -> Iterator[RowPage]:
        """Give the history of some records."""
        return self.reader.by_values(self.source, self._parent, wanted.leads)

    def upserts(self, rows: Sequence[Row]) -> Iterable[StageRecord | FieldRecord]:
        """Make records of history rows."""
        for row in rows:
            record = self._stage(row) if self._is_of_stage(row) else self._field(row)
            if record is not None:
                yield record

    def _is_of_stage(self, row: Row) -> bool:
        return self._stage_column is not None and row.get("Field") in {self._stage_column, _CREATED}

    def _stage(self, row: Row) -> StageRecord | None:
        is_creation = row.get("Field") == _CREATED
        lead_id = text_in(row, self._parent)
        stage = text_in(row, (self._stage_now or "") if is_creation else "NewValue")
        if stage is None or not self.links.is_scored(lead_id):
            return None
        if is_creation and (self._creations_from is None or self.stamp(row) < self._creations_from):
            return None
        previous = None if is_creation else text_in(row, "OldValue") or ""
        return StageRecord(
            key=self.key(row),
            lead=self.links.lead_key(str(lead_id)),
            stage=self._stage_name(stage),
            previous=self._stage_name(previous) if previous else previous,
            at=self.stamp(row),
        )

    def _stage_name(self, stage: str) -> str:
        return stage if stage in self._values else self._by_label.get(stage, stage)

    def _field(self, row: Row) -> FieldRecord | None:
        field = self._fields.get(text_in(row, "Field") or "")
        lead_id = text_in(row, self._parent)
        if field is None or not self.links.is_scored(lead_id) or row.get("DataType") == "EntityId":
            return None
        return FieldRecord(
            key=self.key(row),
            lead=self.links.lead_key(str(lead_id)),
            field=field.name,
            old=field_value(field.type, row.get("OldValue")),
            new=field_value(field.type, row.get("NewValue")),
            at=self.stamp(row),
        )
