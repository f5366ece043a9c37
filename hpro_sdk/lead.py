"""The domain model of what is known about a lead, and of what became of it.

All types are frozen Pydantic models; every datetime must carry a time zone and is kept in UTC. An
:class:`Outcome` is a type of its own and never part of a :class:`Lead` or a :class:`LeadSnapshot`, so that no
renderer can show what it should predict.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
)


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is not within the years 1 to 9999 in UTC") from None


def _refuse_non_finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


FieldValue = StrictBool | StrictInt | Annotated[StrictFloat, AfterValidator(_refuse_non_finite)] | StrictStr | None
"""A CRM field as read: a truth value, a finite number, a text (dates as ISO 8601), or nothing."""

UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""A datetime with a time zone, kept in UTC; one without is refused."""

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""A record id: not empty, at most 255 characters."""


class Frozen(BaseModel):
    """Base of the domain model: immutable, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class InteractionKind(StrEnum):
    """What an interaction was."""

    NOTE = "note"
    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    TASK = "task"


class Speaker(StrEnum):
    """Whose words an interaction holds, or who began it."""

    LEAD = "lead"
    REP = "rep"


class TextVersion(Frozen):
    """A text of an interaction as it was stored at one moment."""

    text: str
    stored_at: UtcDatetime


class Interaction(Frozen):
    """One call, mail, meeting, note or task.

    Attributes:
        interaction_id: Its id in the CRM; an interaction of several leads has the same id in each.
        kind: What it was.
        speaker: Who spoke or wrote, when that is known.
        text: The newest text, as plain text.
        text_versions: Every text that was stored, the newest included; empty when only one was ever seen.
        call_seconds: Length of a call in seconds.
        occurred_at: When it happened; ``None`` for an undated note, which counts as known from the start.
        recorded_at: When it was entered into the CRM.
        modified_at: When it was last changed there. Never decides what a snapshot shows.
    """

    interaction_id: Identifier
    kind: InteractionKind = InteractionKind.NOTE
    speaker: Speaker | None = None
    text: str = ""
    text_versions: tuple[TextVersion, ...] = ()
    call_seconds: Annotated[int, Field(ge=0)] | None = None
    occurred_at: UtcDatetime | None = None
    recorded_at: UtcDatetime | None = None
    modified_at: UtcDatetime | None = None


class StageChange(Frozen):
    """A lead entered a stage (a stage of the funnel, open or closed) at a moment."""

    stage: Identifier
    at: UtcDatetime


class FieldChange(Frozen):
    """A tracked field went from ``old`` to ``new`` at a moment."""

    field: Identifier
    old: FieldValue = None
    new: FieldValue = None
    at: UtcDatetime


class LeadKey(NamedTuple):
    """What a record is known by, everywhere."""

    org_id: str
    object_type: str
    lead_id: str


class Lead(Frozen):
    """A lead as today's record and its histories tell it.

    Attributes:
        org_id: The CRM org (or table) that the record belongs to.
        object_type: The scored object, such as ``lead``, ``contact`` or ``opportunity``.
        lead_id: The record's id within org and object.
        person_id: Links the records of one person across objects.
        account_id: The company the person belongs to.
        created_at: When the record was created.
        stage: The funnel stage it is in now, by the funnel's own name.
        fields: Field values of today, by name.
        interactions: In any order.
        stage_changes: Stages entered, in any order.
        field_changes: Tracked history of fields, in any order.
    """

    org_id: Identifier = "local"
    object_type: Identifier = "lead"
    lead_id: Identifier
    person_id: Identifier | None = None
    account_id: Identifier | None = None
    created_at: UtcDatetime | None = None
    stage: Identifier | None = None
    fields: Mapping[str, FieldValue] = Field(default_factory=dict)
    interactions: tuple[Interaction, ...] = ()
    stage_changes: tuple[StageChange, ...] = ()
    field_changes: tuple[FieldChange, ...] = ()

    @property
    def key(self) -> LeadKey:
        """Org, object and id."""
        return LeadKey(self.org_id, self.object_type, self.lead_id)


class LeadSnapshot(Frozen):
    """What was known about a lead at ``as_of``; the only thing a prompt is rendered from.

    Made by :func:`hpro_sdk.snapshots.take_snapshot`. Attributes are those of :class:`Lead`, less what was not
    known yet; interactions are newest first, undated ones last. ``next_known_at`` is when an interaction that the
    record already holds, such as a planned meeting, enters the snapshot; it is never rendered.
    """

    as_of: UtcDatetime
    org_id: Identifier = "local"
    object_type: Identifier = "lead"
    lead_id: Identifier
    created_at: UtcDatetime | None = None
    stage: Identifier | None = None
    stage_entered_at: UtcDatetime | None = None
    fields: Mapping[str, FieldValue] = Field(default_factory=dict)
    interactions: tuple[Interaction, ...] = ()
    next_known_at: UtcDatetime | None = None

    @property
    def key(self) -> LeadKey:
        """Org, object and id."""
        return LeadKey(self.org_id, self.object_type, self.lead_id)


class OutcomeResult(StrEnum):
    """How a lead ended, within the horizon where there is one."""

    WON = "won"
    LOST = "lost"
    OPEN = "open"


class Outcome(Frozen):
    """What became of a lead: the target side, never rendered.

    Attributes:
        result: Won, lost, or neither by the end of the horizon.
        at: When it was decided.
        reached: The deepest *open* stage of the funnel that was reached; ``None`` when none is known. Lost is
            a result and not a depth: a lost lead keeps the depth it reached (method paper, "funnel").
    """

    result: OutcomeResult
    at: UtcDatetime | None = None
    reached: Identifier | None = None

    @property
    def won(self) -> bool:
        """Whether it ended as won."""
        return self.result is OutcomeResult.WON


class TrainingExample(Frozen):
    """A snapshot, what became of the lead, and what keeps examples together when they are split.

    Attributes:
        snapshot: What was known.
        outcome: What came of it.
        group: Examples of one group (person, account) never stand on both sides of a split.
        split: ``train``, ``valid`` or ``test``.
    """

    snapshot: LeadSnapshot
    outcome: Outcome
    group: str | None = None
    split: str


class Band(StrEnum):
    """Bands of leads by quantiles of the validation rank scores, best first."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class ScoredLead(Frozen):
    """A lead's score, and its place among the leads it was ranked with.

    Attributes:
        rank_score: The one number that orders everything; a log-odds. Equal ones are ordered by lead id.
        probability: Calibrated chance of winning within the horizon, 0 to 1; non-decreasing in ``rank_score``.
        score: 100 x probability, as people see it.
        band: A to D.
        rank: 1 is the best of all leads ranked together; ``None`` before ranking.
        stage: The funnel stage it is in; ``None`` when unknown.
        stage_rank: 1 is the best of its stage; ``None`` without a stage or before ranking.
        stage_size: Leads in that stage.
        model_id: Which model scored it.
        scored_at: When.
        next_due_at: When an age in its prompt crosses into the next bucket; ``None``: never.
        input_hash: SHA-256 of the rendered prompt, in hex; the model is not part of it.
        interactions_dropped: Old interactions that the token budget left out of the prompt.
        interactions_cut: Interactions whose middle was cut.
    """

    org_id: Identifier = "local"
    object_type: Identifier = "lead"
    lead_id: Identifier
    rank_score: Annotated[float, Field(allow_inf_nan=False)]
    probability: Annotated[float, Field(ge=0, le=1)]
    score: Annotated[float, Field(ge=0, le=100)]
    band: Band
    rank: int | None = None
    stage: Identifier | None = None
    stage_rank: int | None = None
    stage_size: int | None = None
    model_id: str
    scored_at: UtcDatetime
    next_due_at: UtcDatetime | None = None
    input_hash: str
    interactions_dropped: int = 0
    interactions_cut: int = 0

    @property
    def key(self) -> LeadKey:
        """Org, object and id."""
        return LeadKey(self.org_id, self.object_type, self.lead_id)
