"""Version 2: records as read, scores, what was written last, and a line for each pass."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Final

_TABLES: Final = """
CREATE TABLE changed_leads (
    lead_id TEXT NOT NULL,
    PRIMARY KEY (lead_id)
);
CREATE TABLE cursors (
    stream TEXT NOT NULL,
    cursor BIGINT,
    window_start BIGINT,
    window_end BIGINT,
    resume TEXT,
    PRIMARY KEY (stream)
);
CREATE TABLE erased_persons (
    person_id TEXT NOT NULL,
    PRIMARY KEY (person_id)
);
CREATE TABLE field_changes (
    object_type TEXT NOT NULL,
    record_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    field TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (object_type, record_id)
);
CREATE TABLE interactions (
    id INTEGER NOT NULL,
    object_type TEXT NOT NULL,
    record_id TEXT NOT NULL,
    record TEXT NOT NULL,
    links TEXT NOT NULL,
    text TEXT NOT NULL,
    text_stored_at BIGINT NOT NULL,
    occurred_at BIGINT,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (object_type, record_id)
);
CREATE TABLE leads (
    lead_id TEXT NOT NULL,
    record TEXT,
    modified_at BIGINT NOT NULL,
    person_id TEXT,
    owner_id TEXT,
    stage TEXT,
    result TEXT,
    excluded BOOLEAN NOT NULL,
    open BOOLEAN NOT NULL,
    deleted_at BIGINT,
    merged_into TEXT,
    PRIMARY KEY (lead_id)
);
CREATE TABLE org (
    only INTEGER NOT NULL CHECK (only = 1),
    org_id TEXT NOT NULL,
    object_type TEXT NOT NULL,
    name TEXT NOT NULL,
    vendor TEXT NOT NULL,
    is_test BOOLEAN NOT NULL,
    PRIMARY KEY (only)
);
CREATE TABLE passes (
    id INTEGER NOT NULL,
    as_of BIGINT NOT NULL,
    model_id TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE rereads (
    lead_id TEXT NOT NULL,
    PRIMARY KEY (lead_id)
);
CREATE TABLE score_history (
    id INTEGER NOT NULL,
    lead_id TEXT NOT NULL,
    origin_lead_id TEXT NOT NULL,
    scored_at BIGINT NOT NULL,
    model_id TEXT NOT NULL,
    rank_score FLOAT NOT NULL,
    score FLOAT NOT NULL,
    band TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE stage_changes (
    object_type TEXT NOT NULL,
    record_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (object_type, record_id)
);
CREATE TABLE written_rows (
    lead_id TEXT NOT NULL,
    "row" TEXT NOT NULL,
    stage TEXT,
    written_at BIGINT NOT NULL,
    resend BOOLEAN NOT NULL,
    PRIMARY KEY (lead_id)
);
CREATE TABLE failed_prompts (
    lead_id TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    model_id TEXT NOT NULL,
    PRIMARY KEY (lead_id),
    FOREIGN KEY(lead_id) REFERENCES leads (lead_id)
);
CREATE TABLE interaction_leads (
    interaction_id INTEGER NOT NULL,
    lead_id TEXT NOT NULL,
    PRIMARY KEY (interaction_id, lead_id),
    FOREIGN KEY(interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);
CREATE TABLE interaction_persons (
    interaction_id INTEGER NOT NULL,
    person_id TEXT NOT NULL,
    PRIMARY KEY (interaction_id, person_id),
    FOREIGN KEY(interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);
CREATE TABLE interaction_texts (
    interaction_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (interaction_id, number),
    FOREIGN KEY(interaction_id) REFERENCES interactions (id) ON DELETE CASCADE
);
CREATE TABLE scores (
    lead_id TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    model_id TEXT NOT NULL,
    rank_score FLOAT NOT NULL,
    probability FLOAT NOT NULL,
    score FLOAT NOT NULL,
    band TEXT NOT NULL,
    stage TEXT,
    scored_at BIGINT NOT NULL,
    next_due_at BIGINT,
    interactions_dropped INTEGER NOT NULL,
    interactions_cut INTEGER NOT NULL,
    trend TEXT,
    rank INTEGER,
    stage_rank INTEGER,
    stage_size INTEGER,
    PRIMARY KEY (lead_id),
    FOREIGN KEY(lead_id) REFERENCES leads (lead_id)
);
CREATE INDEX ix_field_changes_lead_id ON field_changes (lead_id);
CREATE INDEX ix_leads_person_id ON leads (person_id);
CREATE INDEX score_history_of_lead ON score_history (lead_id, scored_at);
CREATE INDEX ix_stage_changes_lead_id ON stage_changes (lead_id);
CREATE INDEX ix_interaction_leads_lead_id ON interaction_leads (lead_id);
CREATE INDEX ix_interaction_persons_person_id ON interaction_persons (person_id);
CREATE INDEX ix_scores_next_due_at ON scores (next_due_at);
CREATE INDEX ix_scores_rank ON scores (rank);
"""


def m002_first(connection: sqlite3.Connection) -> None:
    """Make all tables in an empty file.

    Args:
        connection: Within a transaction.
    """
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            with closing(connection.execute(statement)):
                pass
