"""Version 3: runs, outbox, journal of writes, dead letters, plans, lease, models, marks, our own ledger of changes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Final

_COLUMNS: Final = """
ALTER TABLE leads ADD COLUMN shown TEXT;
ALTER TABLE stage_changes ADD COLUMN previous TEXT;
ALTER TABLE cursors ADD COLUMN backfill_end BIGINT;
ALTER TABLE cursors ADD COLUMN backfill_resume TEXT;
ALTER TABLE cursors ADD COLUMN backfilled BOOLEAN NOT NULL DEFAULT 0;
UPDATE cursors SET backfilled = 1 WHERE cursor IS NOT NULL;
UPDATE cursors SET cursor = window_end, backfill_end = window_end, backfill_resume = resume,
    window_end = NULL, resume = NULL
WHERE cursor IS NULL AND window_start IS NULL AND window_end IS NOT NULL;
ALTER TABLE written_rows RENAME TO written_rows_2;
"""
_TABLES: Final = """
CREATE TABLE confirmed_models (
    model_id TEXT NOT NULL,
    plan_id INTEGER NOT NULL,
    confirmed_at BIGINT NOT NULL,
    PRIMARY KEY (model_id)
);
CREATE TABLE dead_letters (
    lead_id TEXT NOT NULL,
    score INTEGER,
    band TEXT,
    trend TEXT,
    rank INTEGER,
    stage_rank INTEGER,
    stage_size INTEGER,
    model TEXT,
    scored_at BIGINT,
    stage TEXT,
    clears BOOLEAN NOT NULL,
    metadata_hash TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    run_id INTEGER NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (lead_id)
);
CREATE TABLE field_ledger (
    id INTEGER NOT NULL,
    lead_id TEXT NOT NULL,
    field TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE forgotten (
    key_hash TEXT NOT NULL,
    forgotten_at BIGINT NOT NULL,
    PRIMARY KEY (key_hash)
);
CREATE TABLE lease (
    only INTEGER NOT NULL CHECK (only = 1),
    token INTEGER NOT NULL,
    owner TEXT,
    acquired_at BIGINT,
    heartbeat_at BIGINT,
    expires_at BIGINT,
    PRIMARY KEY (only)
);
CREATE TABLE marks (
    name TEXT NOT NULL,
    at BIGINT,
    value TEXT,
    PRIMARY KEY (name)
);
CREATE TABLE model_uses (
    id INTEGER NOT NULL,
    model_id TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE models (
    model_id TEXT NOT NULL,
    file TEXT NOT NULL,
    installed_at BIGINT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (model_id)
);
CREATE TABLE outbox (
    lead_id TEXT NOT NULL,
    score INTEGER,
    band TEXT,
    trend TEXT,
    rank INTEGER,
    stage_rank INTEGER,
    stage_size INTEGER,
    model TEXT,
    scored_at BIGINT,
    stage TEXT,
    clears BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    priority INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    not_before BIGINT,
    PRIMARY KEY (lead_id)
);
CREATE TABLE plans (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    model_id TEXT NOT NULL,
    summary TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE runs (
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    as_of BIGINT,
    model_id TEXT,
    code TEXT,
    reason TEXT,
    report TEXT,
    PRIMARY KEY (id)
);
CREATE TABLE stage_ledger (
    id INTEGER NOT NULL,
    lead_id TEXT NOT NULL,
    stage TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE writes (
    id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    lead_id TEXT NOT NULL,
    old TEXT,
    new TEXT NOT NULL,
    old_stage TEXT,
    new_stage TEXT,
    model_id TEXT,
    sent_at BIGINT NOT NULL,
    settled_at BIGINT,
    result TEXT,
    PRIMARY KEY (id)
);
CREATE TABLE written_rows (
    lead_id TEXT NOT NULL,
    score INTEGER,
    band TEXT,
    trend TEXT,
    rank INTEGER,
    stage_rank INTEGER,
    stage_size INTEGER,
    model TEXT,
    scored_at BIGINT,
    stage TEXT,
    written_at BIGINT NOT NULL,
    resend BOOLEAN NOT NULL,
    PRIMARY KEY (lead_id)
);
CREATE TABLE plan_rows (
    plan_id INTEGER NOT NULL,
    lead_id TEXT NOT NULL,
    score INTEGER,
    band TEXT,
    trend TEXT,
    rank INTEGER,
    stage_rank INTEGER,
    stage_size INTEGER,
    model TEXT,
    scored_at BIGINT,
    stage TEXT,
    clears BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    "before" TEXT,
    resend BOOLEAN NOT NULL,
    PRIMARY KEY (plan_id, lead_id),
    FOREIGN KEY(plan_id) REFERENCES plans (id) ON DELETE CASCADE
);
CREATE INDEX ix_field_ledger_lead_id ON field_ledger (lead_id);
CREATE INDEX outbox_order ON outbox (priority, rank, lead_id);
CREATE INDEX ix_runs_status ON runs (status);
CREATE INDEX ix_stage_ledger_lead_id ON stage_ledger (lead_id);
CREATE INDEX ix_writes_lead_id ON writes (lead_id);
CREATE INDEX writes_of_run ON writes (run_id, lead_id);
"""
_ROWS: Final = """
INSERT INTO runs (kind, status, started_at, ended_at, as_of, model_id, report)
SELECT 'pass', 'done', as_of, as_of, as_of, model_id, report FROM passes ORDER BY id;
DROP TABLE passes;
DROP TABLE written_rows_2;
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def m003_engine(connection: sqlite3.Connection) -> None:
    """Add the engine's tables; backfills that had begun go on, and written rows become columns.

    Args:
        connection: Within a transaction.
    """
    _execute(connection, _COLUMNS)
    _execute(connection, _TABLES)
    with closing(connection.execute("SELECT lead_id, row, stage, written_at, resend FROM written_rows_2")) as found:
        rows = found.fetchall()
    with closing(
        connection.executemany(
            "INSERT INTO written_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [_written(*row) for row in rows]
        )
    ):
        pass
    _execute(connection, _ROWS)


def _execute(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            with closing(connection.execute(statement)):
                pass


def _written(lead_id: str, row: str, stage: str | None, written_at: int, resend: int) -> tuple[object, ...]:
    values = json.loads(row)
    score, scored_at = values["score"], values["scored_at"]
    moment = None if scored_at is None else (datetime.fromisoformat(scored_at) - _EPOCH) // timedelta(microseconds=1)
    return (
        lead_id,
        None if score is None else round(100 * float(score)),
        *(values[name] for name in ("band", "trend", "rank", "stage_rank", "stage_size", "model")),
        moment,
        stage,
        written_at,
        resend,
    )
