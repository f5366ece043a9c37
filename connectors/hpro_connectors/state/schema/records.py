"""Tables of what was read from the CRM, of how far, and of our own ledger of changes.

``leads.shown`` holds what the CRM shows of our own fields, as JSON, where that is not what was written. A cursor row
has two places: the increments' (``cursor``, and the window that was begun) and the backfill's. ``stage_ledger`` and
``field_ledger`` are changes that we saw from one read to the next; CRMs keep histories for some fields only, and for
some time. ``forgotten`` holds keyed hashes of what must not come back.
"""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Integer, Table, Text, UniqueConstraint

from hpro_connectors.state.schema.types import METADATA, Moment

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
    Column("shown", Text),
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
    Column("previous", Text),
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
    Column("backfill_end", Moment),
    Column("backfill_resume", Text),
    Column("backfilled", Boolean, nullable=False, default=False),
)
STAGE_LEDGER = Table(
    "stage_ledger",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("lead_id", Text, nullable=False, index=True),
    Column("stage", Text),
    Column("at", Moment, nullable=False),
)
FIELD_LEDGER = Table(
    "field_ledger",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("lead_id", Text, nullable=False, index=True),
    Column("field", Text, nullable=False),
    Column("old", Text, nullable=False),
    Column("new", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
CHANGED_LEADS = Table("changed_leads", METADATA, Column("lead_id", Text, primary_key=True))
REREADS = Table("rereads", METADATA, Column("lead_id", Text, primary_key=True))
ERASED_PERSONS = Table("erased_persons", METADATA, Column("person_id", Text, primary_key=True))
FORGOTTEN = Table(
    "forgotten",
    METADATA,
    Column("key_hash", Text, primary_key=True),
    Column("forgotten_at", Moment, nullable=False),
)
