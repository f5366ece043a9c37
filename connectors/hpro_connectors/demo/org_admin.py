"""What a person does in the CRM by hand.

Each change is stamped with the time at which the org's clock stands, and then the clock goes on by one second: a
window that ends at the server's time sees it.
"""

# ruff: noqa: S608 - what is put into SQL are names and conditions of our own; values are always bound

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Iterator
from datetime import datetime

from hpro_connectors.demo import org_changes as changes
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_schema import SCORE_COLUMNS, to_microseconds, to_moment
from hpro_connectors.demo.org_scores import existing_score_columns, refusal
from hpro_connectors.fields import SCORE_FIELDS
from hpro_sdk.errors import ConfigError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue, InteractionKind, Speaker

_SECOND = 1_000_000


def edit_field(org: Org, lead_id: str, field: str, value: FieldValue) -> datetime:
    """Give a field of a lead another value; fields that HPRO writes may be overwritten as well.

    Args:
        org: Open for writing.
        lead_id: A lead that exists.
        field: Name of the field.
        value: Of the field's kind; a date as ISO 8601; ``None`` empties it.

    Returns:
        The stamp of the change, as every function here.

    Raises:
        ConfigError: There is no such lead or field, or the value does not fit it.
        ConnectorError: The org cannot be written, as every function here.
    """
    with _change(org, lead_id) as (connection, at):
        if field in existing_score_columns(connection):
            _set_score_column(connection, lead_id, field, value, at)
        else:
            row = connection.execute("SELECT kind, tracked FROM field WHERE name = ?", (field,)).fetchone()
            if row is None:
                names = [found[0] for found in connection.execute("SELECT name FROM field ORDER BY position")]
                raise ConfigError(f"There is no field {field!r}.", hint=f"Name one of: {', '.join(names)}.")
            _check_kind(field, FieldKind(row["kind"]), value)
            changes.set_field(connection, lead_id, field, value, at, tracked=bool(row["tracked"]))
    return to_moment(at)


def add_note(
    org: Org,
    lead_id: str,
    text: str,
    *,
    kind: InteractionKind = InteractionKind.NOTE,
    speaker: Speaker | None = Speaker.REP,
    occurred_at: datetime | None = None,
) -> str:
    """Enter an interaction that happens now.

    Args:
        org: Open for writing.
        lead_id: A lead that exists.
        text: What is entered.
        kind: What it is.
        speaker: Whose words.
        occurred_at: When it happened; default: now.

    Returns:
        The id of the interaction.

    Raises:
        ConfigError: There is no such lead.
    """
    with _change(org, lead_id) as (connection, at):
        entered = connection.execute("SELECT count(*) FROM interaction").fetchone()[0]
        interaction_id = f"by-hand-{entered + 1}"
        changes.add_interaction(
            connection,
            lead_id,
            interaction_id,
            kind=kind.value,
            speaker=None if speaker is None else speaker.value,
            text=text,
            call_seconds=None,
            occurred_at=at if occurred_at is None else to_microseconds(occurred_at),
            recorded_at=at,
            modified_at=at,
        )
    return interaction_id


def edit_note(org: Org, interaction_id: str, text: str) -> datetime:
    """Give an interaction another text.

    Raises:
        ConfigError: There is no such interaction.
    """
    with _change(org) as (connection, at):
        _require_interaction(connection, interaction_id)
        changes.set_text(connection, interaction_id, text, at)
    return to_moment(at)


def delete_note(org: Org, interaction_id: str) -> datetime:
    """Delete an interaction.

    Raises:
        ConfigError: There is no such interaction.
    """
    with _change(org) as (connection, at):
        _require_interaction(connection, interaction_id)
        changes.delete_interaction_row(connection, interaction_id, at)
    return to_moment(at)


def move_stage(org: Org, lead_id: str, stage: str) -> datetime:
    """Move a lead to another stage, won and lost included.

    Raises:
        ConfigError: There is no such lead or stage.
    """
    with _change(org, lead_id) as (connection, at):
        names = [row[0] for row in connection.execute("SELECT name FROM stage ORDER BY position")]
        if stage not in names:
            raise ConfigError(f"There is no stage {stage!r}.", hint=f"Name one of: {', '.join(names)}.")
        changes.enter_stage(connection, lead_id, stage, at)
    return to_moment(at)


def set_owner(org: Org, lead_id: str, owner_id: str) -> datetime:
    """Give a lead to another rep.

    Raises:
        ConfigError: There is no such lead or rep.
    """
    with _change(org, lead_id) as (connection, at):
        names = [row[0] for row in connection.execute("SELECT owner_id FROM owner ORDER BY owner_id")]
        if owner_id not in names:
            raise ConfigError(f"There is no owner {owner_id!r}.", hint=f"Name one of: {', '.join(names)}.")
        connection.execute("UPDATE lead SET owner_id = ?, modified_at = ? WHERE lead_id = ?", (owner_id, at, lead_id))
    return to_moment(at)


def exclude_lead(org: Org, lead_id: str, *, excluded: bool = True) -> datetime:
    """Ask for a lead not to be scored, or take that back.

    Raises:
        ConfigError: There is no such lead.
    """
    with _change(org, lead_id) as (connection, at):
        connection.execute("UPDATE lead SET excluded = ?, modified_at = ? WHERE lead_id = ?", (excluded, at, lead_id))
    return to_moment(at)


def delete_lead(org: Org, lead_id: str) -> datetime:
    """Delete a lead, and with it the interactions that belong to no other one.

    Raises:
        ConfigError: There is no such lead.
    """
    with _change(org, lead_id) as (connection, at):
        changes.delete_lead_row(connection, lead_id, at)
    return to_moment(at)


def undelete_lead(org: Org, lead_id: str) -> datetime:
    """Bring a deleted lead back, with its interactions.

    Raises:
        ConfigError: There is no such deleted lead, or it was merged away.
    """
    with _change(org) as (connection, at):
        row = connection.execute("SELECT is_deleted, merged_into FROM lead WHERE lead_id = ?", (lead_id,)).fetchone()
        if row is None or not row["is_deleted"]:
            raise ConfigError(f"There is no deleted lead {lead_id!r}.", hint="Name a lead that was deleted.")
        if row["merged_into"] is not None:
            raise ConfigError(
                f"The lead {lead_id!r} was merged into {row['merged_into']!r} and cannot come back.",
                hint="Go on with the lead that it was merged into.",
            )
        changes.undelete_lead_row(connection, lead_id, at)
    return to_moment(at)


def merge_leads(org: Org, loser_id: str, survivor_id: str) -> datetime:
    """Merge a lead into another one.

    Raises:
        ConfigError: One of them does not exist, or they are the same.
    """
    with _change(org, loser_id) as (connection, at):
        if loser_id == survivor_id:
            raise ConfigError("A lead cannot be merged into itself.", hint="Name two leads.")
        _require_lead(connection, survivor_id)
        changes.merge_lead_rows(connection, loser_id, survivor_id, at)
    return to_moment(at)


@contextlib.contextmanager
def _change(org: Org, lead_id: str | None = None) -> Iterator[tuple[sqlite3.Connection, int]]:
    """Give the connection and the stamp of one change; the clock goes on behind it."""
    with org.transaction() as connection:
        if lead_id is not None:
            _require_lead(connection, lead_id)
        at = connection.execute("SELECT clock FROM org").fetchone()[0]
        yield connection, at
        connection.execute("UPDATE org SET clock = ?", (at + _SECOND,))


def _require_lead(connection: sqlite3.Connection, lead_id: str) -> None:
    if not changes.is_live(connection, lead_id):
        raise ConfigError(f"There is no lead {lead_id!r} in this org.", hint="Name a lead that exists.")


def _require_interaction(connection: sqlite3.Connection, interaction_id: str) -> None:
    if not changes.is_live_interaction(connection, interaction_id):
        raise ConfigError(
            f"There is no interaction {interaction_id!r} in this org.", hint="Name an interaction that exists."
        )


def _check_kind(field: str, kind: FieldKind, value: FieldValue) -> None:
    if value is None:
        return
    fits = {
        FieldKind.NUMBER: isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value),
        FieldKind.FLAG: isinstance(value, bool),
    }.get(kind, isinstance(value, str))
    if fits and kind is FieldKind.DATE:
        try:
            fits = datetime.fromisoformat(str(value)).tzinfo is not None
        except ValueError:
            fits = False
    if not fits:
        raise ConfigError(f"The field {field!r} is a {kind.value}, and this value is not.", hint="Give another value.")


def _set_score_column(connection: sqlite3.Connection, lead_id: str, column: str, value: FieldValue, at: int) -> None:
    score_field = next(one for one in SCORE_FIELDS if SCORE_COLUMNS[one.name] == column)
    refused = refusal(score_field, value)
    if refused is not None:
        raise ConfigError(f"The CRM does not take this value for {column!r}: {refused}.", hint="Give another value.")
    connection.execute(f"UPDATE lead SET {column} = ?, modified_at = ? WHERE lead_id = ?", (value, at, lead_id))
