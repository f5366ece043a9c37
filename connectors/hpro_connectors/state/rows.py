"""What the store gives: plain frozen values, none of which is tied to a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.protocol import FieldRecord, InteractionRecord, LeadRecord, Window
from hpro_sdk.lead import Band, FieldChange, ScoredLead, StageChange, TextVersion


@dataclass(frozen=True, slots=True)
class StreamCursor:
    """How far the increments of a stream were read.

    Attributes:
        cursor: End of the last window that was read whole, or else of the backfill; ``None`` before that was begun.
        window: One that was begun and not ended.
        resume: Of the last page of it that was stored.
    """

    cursor: datetime | None = None
    window: Window | None = None
    resume: JsonValue = None


@dataclass(frozen=True, slots=True)
class StoredInteraction:
    """An interaction as read last, and the texts it had; ``versions`` is empty when only one was ever seen."""

    record: InteractionRecord
    versions: tuple[TextVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredLead:
    """All that is stored of a live lead; stages are the CRM's own values.

    Attributes:
        record: As read last.
        interactions: Those that belong to it or to its person.
        stage_changes: The CRM's history.
        field_changes: The CRM's history.
        stages_seen: Our own ledger, see :mod:`~hpro_connectors.state.ledger`.
        fields_seen: Likewise.
    """

    record: LeadRecord
    interactions: tuple[StoredInteraction, ...] = ()
    stage_changes: tuple[StageChange, ...] = ()
    field_changes: tuple[FieldRecord, ...] = ()
    stages_seen: tuple[StageChange, ...] = ()
    fields_seen: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class LeadToLookAt:
    """An open lead whose prompt may be another one now.

    Attributes:
        lead_id: Which one.
        changed: Whether anything of it was read that was not known; otherwise it is due, or of another model.
        input_hash: Of the prompt it was scored by; ``None`` when it never was.
        model_id: Of the model that scored it.
        band: That it has.
        failed_hash: Of the prompt for which the model of now gave no number, if there was one.
    """

    lead_id: str
    changed: bool
    input_hash: str | None
    model_id: str | None
    band: Band | None = None
    failed_hash: str | None = None


@dataclass(frozen=True, slots=True)
class CurrentScore:
    """The score of an open lead, with the CRM's own value of its stage now, and the trend and ranks kept of it."""

    scored: ScoredLead
    raw_stage: str | None
    trend: Trend | None


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """What was last written, or at least sent, to a lead.

    Attributes:
        row: All eight values.
        stage: The funnel stage that its stage rank is of.
        written_at: By the server's clock.
        resend: Whether the CRM may show something else: its answer was lost, somebody else changed the fields, or since
            then the lead was deleted or took in another one.
    """

    row: ScoreRow
    stage: str | None
    written_at: datetime
    resend: bool = False


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A row that shall be sent.

    Attributes:
        row: All eight values.
        stage: The funnel stage that its stage rank is of.
        clears: Whether it only takes ranks off.
        attempts: How often the CRM put it off.
    """

    row: ScoreRow
    stage: str | None
    clears: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A score that a lead had; ``origin_lead_id`` differs where it came with a merge."""

    scored_at: datetime
    score: float
    rank_score: float
    band: Band
    model_id: str
    origin_lead_id: str


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A line of the list that people work by, best first."""

    rank: int
    lead_id: str
    score: float
    band: Band
    trend: Trend
    stage: str | None
    stage_rank: int | None
    stage_size: int | None
    last_interaction_at: datetime | None
    owner_id: str | None
