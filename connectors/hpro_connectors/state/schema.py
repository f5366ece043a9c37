"""Tables of the state file. A later step adds tables; these keep their columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

APPLICATION_ID: Final = 0x4850524F
"""``HPRO`` in ASCII, in the header of the file: tells it from any other SQLite file."""

SCHEMA_VERSION: Final = 2

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A datetime as whole microseconds since 1970 in UTC: exact, and ordered as numbers are."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Give the number that is stored."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the datetime, in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


METADATA = MetaData()

ORG = Table(
    "org",
    METADATA,
    Column("only", Integer, CheckConstraint("only = 1"), primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("object_type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("is_test", Boolean, nullable=False),
)
LEADS = Table(
    "leads",
    METADATA,
    Column("lead_id", Text, primary_key=True),
    Column("record", Text),
    Column("modified_at", Moment, nullable=False),
    Column("person_id", Text, index=True),
    Column("owner_id", Text),
    Column("stage", Text),
    Column("result", Text),
    Column("excluded", Boolean, nullable=False, default=False),
    Column("open", Boolean, nullable=False, default=False),
    Column("deleted_at", Moment),
    Column("merged_into", Text),
)
INTERACTIONS = Table(
    "interactions",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("object_type", Text, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("links", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_stored_at", Moment, nullable=False),
    Column("occurred_at", Moment),
    Column("modified_at", Moment, nullable=False),
    UniqueConstraint("object_type", "record_id"),
)
INTERACTION_TEXTS = Table(
    "interaction_texts",
    METADATA,
    Column("interaction_id", ForeignKey("interactions.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("stored_at", Moment, nullable=False),
)
INTERACTION_LEADS = Table(
    "interaction_leads",
    METADATA,
    Column("interaction_id", ForeignKey("interactions.id", ondelete="CASCADE"), primary_key=True),
    Column("lead_id", Text, primary_key=True, index=True),
)
INTERACTION_PERSONS = Table(
    "interaction_persons",
    METADATA,
    Column("interaction_id", ForeignKey("interactions.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Text, primary_key=True, index=True),
)
STAGE_CHANGES = Table(
    "stage_changes",
    METADATA,
    Column("object_type", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("lead_id", Text, nullable=False, index=True),
    Column("stage", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
FIELD_CHANGES = Table(
    "field_changes",
    METADATA,
    Column("object_type", Text, primary_key=True),
    Column("record_id", Text, primary_key=True),
    Column("lead_id", Text, nullable=False, index=True),
    Column("field", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
CURSORS = Table(
    "cursors",
    METADATA,
    Column("stream", Text, primary_key=True),
    Column("cursor", Moment),
    Column("window_start", Moment),
    Column("window_end", Moment),
    Column("resume", Text),
)
CHANGED_LEADS = Table("changed_leads", METADATA, Column("lead_id", Text, primary_key=True))
REREADS = Table("rereads", METADATA, Column("lead_id", Text, primary_key=True))
ERASED_PERSONS = Table("erased_persons", METADATA, Column("person_id", Text, primary_key=True))
SCORES = Table(
    "scores",
    METADATA,
    Column("lead_id", ForeignKey("leads.lead_id"), primary_key=True),
    Column("input_hash", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("rank_score", Float, nullable=False),
    Column("probability", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("band", Text, nullable=False),
    Column("stage", Text),
    Column("scored_at", Moment, nullable=False),
    Column("next_due_at", Moment, index=True),
    Column("interactions_dropped", Integer, nullable=False),
    Column("interactions_cut", Integer, nullable=False),
    Column("trend", Text),
    Column("rank", Integer, index=True),
    Column("stage_rank", Integer),
    Column("stage_size", Integer),
)
FAILED_PROMPTS = Table(
    "failed_prompts",
    METADATA,
    Column("lead_id", ForeignKey("leads.lead_id"), primary_key=True),
    Column("input_hash", Text, nullable=False),
    Column("model_id", Text, nullable=False),
)
SCORE_HISTORY = Table(
    "score_history",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("lead_id", Text, nullable=False),
    Column("origin_lead_id", Text, nullable=False),
    Column("scored_at", Moment, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("rank_score", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("band", Text, nullable=False),
    Index("score_history_of_lead", "lead_id", "scored_at"),
)
WRITTEN_ROWS = Table(
    "written_rows",
    METADATA,
    Column("lead_id", Text, primary_key=True),
    Column("row", Text, nullable=False),
    Column("stage", Text),
    Column("written_at", Moment, nullable=False),
    Column("resend", Boolean, nullable=False, default=False),
)
PASSES = Table(
    "passes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("as_of", Moment, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("report", Text, nullable=False),
)
