"""Tables of runs, of who holds the org, of models, and of what stands over all runs.

``runs`` has a line for every pass, plan, apply and rollback. ``lease`` has one line: who may write now; its token only
rises. ``model_uses`` says which model was used from when on, the newest line counts; ``confirmed_models`` are those
whose first writes a person confirmed. ``marks`` are single facts with a name, such as that writing is paused.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text

from hpro_connectors.state.schema.types import METADATA, Moment

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, index=True),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("as_of", Moment),
    Column("model_id", Text),
    Column("code", Text),
    Column("reason", Text),
    Column("report", Text),
)
LEASE = Table(
    "lease",
    METADATA,
    Column("only", Integer, CheckConstraint("only = 1"), primary_key=True),
    Column("token", Integer, nullable=False),
    Column("owner", Text),
    Column("acquired_at", Moment),
    Column("heartbeat_at", Moment),
    Column("expires_at", Moment),
)
MODELS = Table(
    "models",
    METADATA,
    Column("model_id", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("installed_at", Moment, nullable=False),
    Column("report", Text, nullable=False),
)
MODEL_USES = Table(
    "model_uses",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("model_id", Text, nullable=False),
    Column("used_at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
)
CONFIRMED_MODELS = Table(
    "confirmed_models",
    METADATA,
    Column("model_id", Text, primary_key=True),
    Column("plan_id", Integer, nullable=False),
    Column("confirmed_at", Moment, nullable=False),
)
MARKS = Table(
    "marks",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("at", Moment),
    Column("value", Text),
)
