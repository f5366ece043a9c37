"""Tables of what is, was and shall be written to the CRM.

``written_rows`` is the ledger's last word on each lead: the row that the CRM holds, or, where ``resend`` is set, may
hold. ``outbox`` is the row that shall be sent. ``writes`` is the journal: a line before each send, settled by the CRM's
answer. ``dead_letters`` are rows that the CRM refused. A row is held in columns, its score in hundredths, so that
200,000 of them are compared within SQL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text

from hpro_connectors.state.schema.types import METADATA, Moment


def row_columns() -> list[Column[Any]]:
    """Give the columns of a row of score fields, and the funnel stage that its stage rank is of."""
    return [
        Column("score", Integer),
        Column("band", Text),
        Column("trend", Text),
        Column("rank", Integer),
        Column("stage_rank", Integer),
        Column("stage_size", Integer),
        Column("model", Text),
        Column("scored_at", Moment),
        Column("stage", Text),
    ]


WRITTEN_ROWS = Table(
    "written_rows",
    METADATA,
    Column("lead_id", Text, primary_key=True),
    *row_columns(),
    Column("written_at", Moment, nullable=False),
    Column("resend", Boolean, nullable=False, default=False),
)
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("lead_id", Text, primary_key=True),
    *row_columns(),
    Column("clears", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", Moment),
    Index("outbox_order", "priority", "rank", "lead_id"),
)
DEAD_LETTERS = Table(
    "dead_letters",
    METADATA,
    Column("lead_id", Text, primary_key=True),
    *row_columns(),
    Column("clears", Boolean, nullable=False),
    Column("metadata_hash", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("status", Text, nullable=False),
)
WRITES = Table(
    "writes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("lead_id", Text, nullable=False, index=True),
    Column("old", Text),
    Column("new", Text, nullable=False),
    Column("old_stage", Text),
    Column("new_stage", Text),
    Column("model_id", Text),
    Column("sent_at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("result", Text),
    Index("writes_of_run", "run_id", "lead_id"),
)
PLANS = Table(
    "plans",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("status", Text, nullable=False),
)
PLAN_ROWS = Table(
    "plan_rows",
    METADATA,
    Column("plan_id", ForeignKey("plans.id", ondelete="CASCADE"), primary_key=True),
    Column("lead_id", Text, primary_key=True),
    *row_columns(),
    Column("clears", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("before", Text),
    Column("resend", Boolean, nullable=False),
)
