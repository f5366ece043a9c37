"""A CRM in memory: its records, and what people do to them. What reads and writes it is in ``memory``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import (
    FieldInfo,
    FieldRecord,
    InteractionRecord,
    LeadRecord,
    Merge,
    OrgDescription,
    OrgIdentity,
    Owner,
    RecordKey,
    StageInfo,
    StageRecord,
    Tombstone,
)
from hpro_connectors.testing.clock import ManualClock
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue, InteractionKind, LeadKey, OutcomeResult, Speaker

IDENTITY = OrgIdentity(org_id="memory-org", name="Memory", vendor="memory", is_test=True)
DESCRIPTION = OrgDescription(
    object_type="lead",
    fields=(FieldInfo(name="visits", label="Visits", kind=FieldKind.NUMBER, history_tracked=True),),
    stages=(
        StageInfo(name="New", label="New"),
        StageInfo(name="Talking", label="Talking"),
        StageInfo(name="Offer", label="Offer"),
        StageInfo(name="Won", label="Won", result=OutcomeResult.WON),
        StageInfo(name="Lost", label="Lost", result=OutcomeResult.LOST),
    ),
    owners=(Owner(owner_id="rep-1", name="Rep One"),),
)


class LeadChange(TypedDict, total=False):
    """What may be changed of a lead."""

    stage: str | None
    result: OutcomeResult | None
    result_at: datetime | None
    excluded: bool
    owner_id: str | None
    person_id: str | None
    fields: Mapping[str, FieldValue]


class MemoryCompany:
    """A company's CRM. Every action happens a second after the one before.

    A deleted or merged lead takes the interactions with it that belong to no other lead, without a word of them in
    the interactions' own stream; when it comes back they do too, unmodified. This is what real CRMs do.

    Args:
        clock: The CRM's clock.
        identity: Of the org.
        description: Of the scored object.

    Attributes:
        shown: What our own fields hold, by lead id; leads without an entry show empty ones.
        has_fields: Whether our fields exist.
    """

    def __init__(
        self, clock: ManualClock, identity: OrgIdentity = IDENTITY, description: OrgDescription = DESCRIPTION
    ) -> None:
        self.clock = clock
        self.identity = identity
        self.description = description
        self.leads: dict[str, LeadRecord] = {}
        self.deleted: dict[str, tuple[LeadRecord, datetime]] = {}
        self.merges: list[Merge] = []
        self.interactions: dict[str, InteractionRecord] = {}
        self.interaction_tombstones: dict[str, Tombstone] = {}
        self.stage_rows: dict[str, StageRecord] = {}
        self.field_rows: dict[str, FieldRecord] = {}
        self.shown: dict[str, ScoreRow] = {}
        self.has_fields = False

    def key(self, lead_id: str) -> LeadKey:
        """Give the key of a lead."""
        return LeadKey(self.identity.org_id, self.description.object_type, lead_id)

    def create_lead(
        self,
        lead_id: str,
        *,
        stage: str | None = "New",
        person_id: str | None = None,
        fields: Mapping[str, FieldValue] | None = None,
    ) -> str:
        """Create a lead, and give its id."""
        now = self.clock.tick()
        self.leads[lead_id] = LeadRecord(
            key=self.key(lead_id),
            person_id=person_id,
            owner_id="rep-1",
            created_at=now,
            modified_at=now,
            stage=stage,
            fields=dict(fields or {}),
        )
        if stage is not None:
            self._note_stage(lead_id, stage, now)
        return lead_id

    def change_lead(self, lead_id: str, **changes: Unpack[LeadChange]) -> None:
        """Change a lead; stages and fields leave a history row each."""
        now = self.clock.tick()
        before = self.leads[lead_id]
        stage = changes.get("stage")
        if stage is not None and stage != before.stage:
            self._note_stage(lead_id, stage, now)
        for name, new in changes.get("fields", {}).items():
            if before.fields.get(name) != new:
                self._note_field(lead_id, name, before.fields.get(name), new)
        update: dict[str, object] = {**changes, "modified_at": now}
        if "fields" in changes:
            update["fields"] = {**before.fields, **changes["fields"]}
        self.leads[lead_id] = before.model_copy(update=update)

    def overwrite_shown(self, lead_id: str, **values: object) -> None:
        """Change our own fields of a lead, as a person or another tool does; no values clear all of them."""
        before = self.shown.pop(lead_id, ScoreRow(lead=self.key(lead_id)))
        if values:
            self.shown[lead_id] = before.model_copy(update=values)
        self.touch_lead(lead_id)

    def shown_of(self, lead_id: str) -> ScoreRow | None:
        """Give what our fields show; ``None`` while they do not exist."""
        return self.shown.get(lead_id, ScoreRow(lead=self.key(lead_id))) if self.has_fields else None

    def touch_lead(self, lead_id: str) -> None:
        """Save a lead without a change."""
        self.leads[lead_id] = self.leads[lead_id].model_copy(update={"modified_at": self.clock.tick()})

    def log_interaction(
        self,
        interaction_id: str,
        *lead_ids: str,
        text: str = "",
        person_ids: tuple[str, ...] = (),
        kind: InteractionKind = InteractionKind.NOTE,
        days_ago: float = 0,
    ) -> str:
        """Enter an interaction, and give its id."""
        now = self.clock.tick()
        self.interactions[interaction_id] = InteractionRecord(
            key=RecordKey(self.identity.org_id, "interaction", interaction_id),
            leads=tuple(self.key(lead_id) for lead_id in lead_ids),
            person_ids=person_ids,
            kind=kind,
            speaker=Speaker.REP,
            text=text,
            occurred_at=now - timedelta(days=days_ago),
            recorded_at=now,
            modified_at=now,
        )
        return interaction_id

    def edit_interaction(self, interaction_id: str, text: str) -> None:
        """Change the text of an interaction."""
        update = {"text": text, "modified_at": self.clock.tick()}
        self.interactions[interaction_id] = self.interactions[interaction_id].model_copy(update=update)

    def delete_interaction(self, interaction_id: str) -> None:
        """Delete an interaction for good."""
        record = self.interactions.pop(interaction_id)
        self.interaction_tombstones[interaction_id] = Tombstone(key=record.key, deleted_at=self.clock.tick())

    def delete_lead(self, lead_id: str) -> None:
        """Delete a lead; it can come back."""
        self.deleted[lead_id] = (self.leads.pop(lead_id), self.clock.tick())

    def undelete_lead(self, lead_id: str) -> None:
        """Bring a lead back; its interactions and histories come back unmodified."""
        record, _ = self.deleted.pop(lead_id)
        self.leads[lead_id] = record.model_copy(update={"modified_at": self.clock.tick()})

    def merge_leads(self, loser: str, survivor: str) -> None:
        """Merge a lead into another one, which gets its interactions and histories, unmodified."""
        now = self.clock.tick()
        del self.leads[loser]
        self.shown.pop(loser, None)
        gone, kept = self.key(loser), self.key(survivor)
        for name, record in self.interactions.items():
            if gone in record.leads:
                leads = tuple(dict.fromkeys(kept if key == gone else key for key in record.leads))
                self.interactions[name] = record.model_copy(update={"leads": leads})
        for name, stage in self.stage_rows.items():
            if stage.lead == gone:
                self.stage_rows[name] = stage.model_copy(update={"lead": kept})
        for name, field in self.field_rows.items():
            if field.lead == gone:
                self.field_rows[name] = field.model_copy(update={"lead": kept})
        self.leads[survivor] = self.leads[survivor].model_copy(update={"modified_at": now})
        self.merges.append(Merge(loser=RecordKey(*gone), survivor=RecordKey(*kept), merged_at=now))

    def history_rows(self) -> list[StageRecord | FieldRecord]:
        """Give all rows of both histories."""
        return [*self.stage_rows.values(), *self.field_rows.values()]

    def visible(self, record: InteractionRecord) -> bool:
        """Whether an interaction can be seen: those of deleted leads and of nobody else cannot."""
        if not record.leads or record.person_ids:
            return True
        return any(key.lead_id in self.leads for key in record.leads)

    def _note_stage(self, lead_id: str, stage: str, at: datetime) -> None:
        key = RecordKey(self.identity.org_id, "stage_history", f"S{len(self.stage_rows):06}")
        self.stage_rows[key.record_id] = StageRecord(key=key, lead=self.key(lead_id), stage=stage, at=at)

    def _note_field(self, lead_id: str, name: str, old: FieldValue, new: FieldValue) -> None:
        key = RecordKey(self.identity.org_id, "field_history", f"F{len(self.field_rows):06}")
        self.field_rows[key.record_id] = FieldRecord(
            key=key, lead=self.key(lead_id), field=name, old=old, new=new, at=self.clock.now
        )
