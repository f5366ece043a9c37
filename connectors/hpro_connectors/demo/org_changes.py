"""What changes in an org, row by row, and which rows a real CRM stamps as modified by it.

Every function works within a transaction of its caller; ``at`` is in microseconds, see
:mod:`~hpro_connectors.demo.org_schema`.
"""

# ruff: noqa: S608 - what is put into SQL are names and conditions of our own; values are always bound

from __future__ import annotations

import json
import sqlite3

from hpro_sdk.lead import FieldValue, OutcomeResult

_LONGEST_CALL_S = 10**9  # SQLite takes no number of more than 64 bits
_OF_LEAD = "interaction_id IN (SELECT interaction_id FROM interaction_lead WHERE lead_id = ?)"
_HAS_LIVE_LEAD = (
    "EXISTS (SELECT 1 FROM interaction_lead AS link JOIN lead USING (lead_id)"
    " WHERE link.interaction_id = interaction.interaction_id AND lead.is_deleted = 0)"
)


def is_live(connection: sqlite3.Connection, lead_id: str) -> bool:
    """Say whether a lead exists and is neither deleted nor merged away."""
    row = connection.execute("SELECT is_deleted FROM lead WHERE lead_id = ?", (lead_id,)).fetchone()
    return row is not None and not row[0]


def is_live_interaction(connection: sqlite3.Connection, interaction_id: str) -> bool:
    """Say whether an interaction exists and is not deleted."""
    row = connection.execute(
        "SELECT is_deleted FROM interaction WHERE interaction_id = ?", (interaction_id,)
    ).fetchone()
    return row is not None and not row[0]


def enter_stage(connection: sqlite3.Connection, lead_id: str, stage: str, at: int) -> None:
    """Move a lead; at a won or lost stage its interactions are hung up elsewhere, which stamps them all."""
    connection.execute(
        "UPDATE lead SET stage = ?, stage_entered_at = ?, modified_at = ? WHERE lead_id = ?", (stage, at, at, lead_id)
    )
    log_stage(connection, lead_id, stage, at)
    result = connection.execute("SELECT result FROM stage WHERE name = ?", (stage,)).fetchone()
    if result is not None and result[0] != OutcomeResult.OPEN:
        _stamp_interactions(connection, lead_id, at)


def log_stage(connection: sqlite3.Connection, lead_id: str, stage: str, at: int) -> None:
    """Write one row of stage history."""
    connection.execute("INSERT INTO stage_history (lead_id, stage, at) VALUES (?, ?, ?)", (lead_id, stage, at))


def set_field(
    connection: sqlite3.Connection, lead_id: str, field: str, value: FieldValue, at: int, *, tracked: bool
) -> None:
    """Give a field another value; a tracked one leaves the value that it had in its history."""
    text = connection.execute("SELECT fields FROM lead WHERE lead_id = ?", (lead_id,)).fetchone()[0]
    fields = json.loads(text)
    old = fields.get(field)
    fields[field] = value
    connection.execute(
        "UPDATE lead SET fields = ?, modified_at = ? WHERE lead_id = ?", (json.dumps(fields), at, lead_id)
    )
    if tracked:
        connection.execute(
            "INSERT INTO field_history (lead_id, field, old, new, at) VALUES (?, ?, ?, ?, ?)",
            (lead_id, field, json.dumps(old), json.dumps(value), at),
        )


def add_interaction(
    connection: sqlite3.Connection,
    lead_id: str,
    interaction_id: str,
    *,
    kind: str,
    speaker: str | None,
    text: str,
    call_seconds: int | None,
    occurred_at: int | None,
    recorded_at: int | None,
    modified_at: int,
) -> None:
    """Enter an interaction; one that is there already is hung up at this lead as well."""
    seconds = None if call_seconds is None else min(call_seconds, _LONGEST_CALL_S)
    connection.execute(
        "INSERT INTO interaction (interaction_id, kind, speaker, text, call_seconds, occurred_at, recorded_at,"
        " modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (interaction_id) DO UPDATE SET modified_at = max(modified_at, excluded.modified_at)",
        (interaction_id, kind, speaker, text, seconds, occurred_at, recorded_at, modified_at),
    )
    connection.execute("INSERT OR IGNORE INTO interaction_lead VALUES (?, ?)", (interaction_id, lead_id))


def set_text(connection: sqlite3.Connection, interaction_id: str, text: str, at: int) -> None:
    """Give an interaction another text."""
    connection.execute(
        "UPDATE interaction SET text = ?, modified_at = ? WHERE interaction_id = ?", (text, at, interaction_id)
    )


def delete_lead_row(connection: sqlite3.Connection, lead_id: str, at: int) -> None:
    """Delete a lead, and with it the interactions that belong to no other lead."""
    connection.execute(
        "UPDATE lead SET is_deleted = 1, deleted_at = ?, modified_at = ? WHERE lead_id = ?", (at, at, lead_id)
    )
    connection.execute("INSERT INTO deletion_log VALUES ('lead', ?, ?)", (lead_id, at))
    _stamp_interactions(connection, lead_id, at)
    connection.execute(
        "INSERT INTO deletion_log SELECT 'interaction', interaction_id, ? FROM interaction"
        f" WHERE is_deleted = 0 AND {_OF_LEAD} AND NOT {_HAS_LIVE_LEAD}",
        (at, lead_id),
    )
    connection.execute(
        "UPDATE interaction SET is_deleted = 1, deleted_at = ?, gone_with_lead = 1"
        f" WHERE is_deleted = 0 AND {_OF_LEAD} AND NOT {_HAS_LIVE_LEAD}",
        (at, lead_id),
    )


def undelete_lead_row(connection: sqlite3.Connection, lead_id: str, at: int) -> None:
    """Bring back a lead and the interactions that went with a lead."""
    connection.execute(
        "UPDATE lead SET is_deleted = 0, deleted_at = NULL, modified_at = ? WHERE lead_id = ?", (at, lead_id)
    )
    connection.execute(
        "UPDATE interaction SET is_deleted = 0, deleted_at = NULL, gone_with_lead = 0"
        f" WHERE gone_with_lead = 1 AND {_OF_LEAD}",
        (lead_id,),
    )
    _stamp_interactions(connection, lead_id, at)


def delete_interaction_row(connection: sqlite3.Connection, interaction_id: str, at: int) -> None:
    """Delete one interaction."""
    connection.execute(
        "UPDATE interaction SET is_deleted = 1, deleted_at = ?, modified_at = ? WHERE interaction_id = ?",
        (at, at, interaction_id),
    )
    connection.execute("INSERT INTO deletion_log VALUES ('interaction', ?, ?)", (interaction_id, at))


def merge_lead_rows(connection: sqlite3.Connection, loser_id: str, survivor_id: str, at: int) -> None:
    """Merge a lead into another one: its interactions are hung up there, and all that is touched is stamped."""
    _stamp_interactions(connection, loser_id, at)
    connection.execute(
        "INSERT OR IGNORE INTO interaction_lead SELECT interaction_id, ? FROM interaction_lead WHERE lead_id = ?",
        (survivor_id, loser_id),
    )
    connection.execute("DELETE FROM interaction_lead WHERE lead_id = ?", (loser_id,))
    connection.execute(
        "UPDATE lead SET is_deleted = 1, deleted_at = ?, merged_into = ?, modified_at = ? WHERE lead_id = ?",
        (at, survivor_id, at, loser_id),
    )
    connection.execute("UPDATE lead SET modified_at = ? WHERE lead_id = ?", (at, survivor_id))
    connection.execute("INSERT INTO merge_log VALUES (?, ?, ?)", (loser_id, survivor_id, at))


def _stamp_interactions(connection: sqlite3.Connection, lead_id: str, at: int) -> None:
    connection.execute(f"UPDATE interaction SET modified_at = ? WHERE is_deleted = 0 AND {_OF_LEAD}", (at, lead_id))
