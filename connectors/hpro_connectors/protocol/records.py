"""The records that a CRM is read into, and how they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from hpro_connectors.fields import ScoreRow
from hpro_sdk.lead import FieldValue, Frozen, Identifier, InteractionKind, LeadKey, OutcomeResult, Speaker, UtcDatetime


class RecordKey(NamedTuple):
    """What any record is known by; for a scored record it equals its :class:`~hpro_sdk.lead.LeadKey`."""

    org_id: str
    object_type: str
    record_id: str


class LeadRecord(Frozen):
    """A record of the scored object, as it is now.

    Attributes:
        record_type: Tells the records apart in JSON.
        key: Org, object and id.
        person_id: The person behind it; links a lead, contact and opportunity.
        account_id: The company the person belongs to.
        owner_id: The rep.
        created_at: When it was created.
        modified_at: When anything in it, our own fields included, last changed.
        stage: The CRM's own value.
        result: Won, lost or open where the CRM says so beside the stage (a conversion); ``None``: the stage tells.
        result_at: When that was decided.
        excluded: Whether people have asked for it not to be scored.
        fields: Values by name, without our own.
        shown: What the CRM shows of our own fields; all values ``None`` where they are empty. ``None`` itself says
            nothing about them: they do not exist, or were not asked for.
    """

    record_type: Literal["lead"] = "lead"
    key: LeadKey
    person_id: Identifier | None = None
    account_id: Identifier | None = None
    owner_id: Identifier | None = None
    created_at: UtcDatetime | None = None
    modified_at: UtcDatetime
    stage: Identifier | None = None
    result: OutcomeResult | None = None
    result_at: UtcDatetime | None = None
    excluded: bool = False
    fields: Mapping[str, FieldValue] = Field(default_factory=dict)
    shown: ScoreRow | None = None


class InteractionRecord(Frozen):
    """A call, mail, meeting, note or task, as it is now.

    Attributes:
        record_type: Tells the records apart in JSON.
        key: Org, vendor's object and id.
        leads: Records that it belongs to.
        person_ids: Persons that it belongs to.
        kind: What it was.
        speaker: Whose words, or who began it; ``None`` when unknown.
        text: The newest text, clean.
        call_seconds: Length of a call.
        occurred_at: When it happened.
        recorded_at: When it was entered.
        modified_at: When it was last changed.
    """

    record_type: Literal["interaction"] = "interaction"
    key: RecordKey
    leads: tuple[LeadKey, ...] = ()
    person_ids: tuple[Identifier, ...] = ()
    kind: InteractionKind
    speaker: Speaker | None = None
    text: str = ""
    call_seconds: Annotated[int, Field(ge=0)] | None = None
    occurred_at: UtcDatetime | None = None
    recorded_at: UtcDatetime | None = None
    modified_at: UtcDatetime


class StageRecord(Frozen):
    """A record entered a stage; ``key`` is that of the history row.

    A CRM that logs changes only may log them from some day on: what the first row of a record left was entered at some
    time before it, and counts as entered at the creation only where a row tells of the creation. Such a row has no
    ``previous``, and may give the stage as it is now; the ``previous`` of the first change corrects it. A CRM that
    began to log stages after that row must not give it.

    Attributes:
        record_type: Tells the records apart in JSON.
        key: Org, vendor's object and id.
        lead: Which record.
        stage: That was entered.
        at: When.
        previous: The stage that was left; empty where there was none, ``None`` where the CRM does not say.
    """

    record_type: Literal["stage"] = "stage"
    key: RecordKey
    lead: LeadKey
    stage: Identifier
    at: UtcDatetime
    previous: Identifier | Literal[""] | None = None


class FieldRecord(Frozen):
    """A tracked field changed; ``key`` is that of the history row."""

    record_type: Literal["field"] = "field"
    key: RecordKey
    lead: LeadKey
    field: Identifier
    old: FieldValue = None
    new: FieldValue = None
    at: UtcDatetime


Record = Annotated[LeadRecord | InteractionRecord | StageRecord | FieldRecord, Field(discriminator="record_type")]
"""Whatever a page may hold."""


class Tombstone(Frozen):
    """A record was deleted, and may come back."""

    key: RecordKey
    deleted_at: UtcDatetime


class Merge(Frozen):
    """The loser is gone; what belonged to it belongs to the survivor."""

    loser: RecordKey
    survivor: RecordKey
    merged_at: UtcDatetime
