"""Tables of an org file, and how moments and score fields are kept in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hpro_connectors.fields import SCORE_FIELDS, FieldType

APPLICATION_ID = 0x4850444F
"""Marks a SQLite file as an org of ours (the letters HPDO)."""

SCHEMA_VERSION = 2
"""Version of the tables, in the file's ``user_version``."""

SCORE_COLUMNS = {field.name: f"hpro_{field.name}" for field in SCORE_FIELDS}
"""Column of the lead table by attribute of a score row; each exists only once it was ensured."""

SCORE_COLUMN_TYPES = {
    SCORE_COLUMNS[field.name]: {
        FieldType.NUMBER: "REAL" if field.scale else "INTEGER",
        FieldType.DATETIME: "INTEGER",
    }.get(field.type, "TEXT")
    for field in SCORE_FIELDS
}
"""SQLite type by column."""

TABLES = """
CREATE TABLE org (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    org_id TEXT NOT NULL,
    object_type TEXT NOT NULL,
    name TEXT NOT NULL,
    company TEXT NOT NULL,
    simulator TEXT NOT NULL,
    clock INTEGER NOT NULL
);
CREATE TABLE owner (owner_id TEXT PRIMARY KEY, name TEXT NOT NULL, active INTEGER NOT NULL);
CREATE TABLE stage (name TEXT PRIMARY KEY, label TEXT NOT NULL, position INTEGER NOT NULL, result TEXT NOT NULL);
CREATE TABLE field (
    name TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    tracked INTEGER NOT NULL,
    known_at_creation INTEGER NOT NULL
);
CREATE TABLE lead (
    lead_id TEXT PRIMARY KEY,
    person_id TEXT,
    account_id TEXT,
    owner_id TEXT,
    created_at INTEGER,
    modified_at INTEGER NOT NULL,
    stage TEXT,
    stage_entered_at INTEGER,
    fields TEXT NOT NULL,
    excluded INTEGER NOT NULL DEFAULT 0,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    deleted_at INTEGER,
    merged_into TEXT
);
CREATE INDEX lead_by_modified_at ON lead (modified_at, lead_id);
CREATE TABLE interaction (
    interaction_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    speaker TEXT,
    text TEXT NOT NULL,
    call_seconds INTEGER,
    occurred_at INTEGER,
    recorded_at INTEGER,
    modified_at INTEGER NOT NULL,
    is_deleted INTEGER NOT NULL DEFAULT 0,
    deleted_at INTEGER,
    gone_with_lead INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX interaction_by_modified_at ON interaction (modified_at, interaction_id);
CREATE TABLE interaction_lead (
    interaction_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    PRIMARY KEY (interaction_id, lead_id)
) WITHOUT ROWID;
CREATE INDEX interaction_by_lead ON interaction_lead (lead_id);
CREATE TABLE stage_history (
    history_id INTEGER PRIMARY KEY AUTOINCREMENT,
    lead_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX stage_history_by_at ON stage_history (at, history_id);
CREATE INDEX stage_history_by_lead ON stage_history (lead_id);
CREATE TABLE field_history (
    history_id INTEGER PRIMARY KEY AUTOINCREMENT,
    lead_id TEXT NOT NULL,
    field TEXT NOT NULL,
    old TEXT NOT NULL,
    new TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX field_history_by_at ON field_history (at, history_id);
CREATE INDEX field_history_by_lead ON field_history (lead_id);
CREATE TABLE deletion_log (record_type TEXT NOT NULL, record_id TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE merge_log (loser_id TEXT NOT NULL, survivor_id TEXT NOT NULL, at INTEGER NOT NULL);
"""
"""Moments are whole microseconds since 1970 in UTC; values of any type (fields, old, new) are JSON."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """Give a moment as the tables keep it.

    Args:
        moment: With a time zone.

    Returns:
        Microseconds since 1970 in UTC; negative before.
    """
    return (moment - _EPOCH) // _MICROSECOND


def to_moment(microseconds: int) -> datetime:
    """Give the moment that a table keeps.

    Args:
        microseconds: Since 1970 in UTC.

    Raises:
        OverflowError: It is outside the years 1 to 9999.
    """
    return _EPOCH + timedelta(microseconds=microseconds)


def to_optional_moment(microseconds: int | None) -> datetime | None:
    """Give the moment that a table keeps, or ``None`` where it keeps none."""
    return None if microseconds is None else to_moment(microseconds)
