"""Our own fields in an org: columns that exist once they were made, and what the org accepts in them."""

# ruff: noqa: S608 - what is put into SQL are names and conditions of our own; values are always bound

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from hpro_connectors.demo.org_changes import is_live
from hpro_connectors.demo.org_schema import SCORE_COLUMN_TYPES, SCORE_COLUMNS, to_microseconds, to_moment
from hpro_connectors.fields import SCORE_FIELDS, FieldType, ScoreField, ScoreRow
from hpro_connectors.protocol import EnsuredField, FieldState, WriteResult, WriteStatus
from hpro_sdk.lead import LeadKey

_SCORE_STEP = Decimal("0.01")


def existing_score_columns(connection: sqlite3.Connection) -> dict[str, str]:
    """Give the columns of our own that exist, with their SQLite types."""
    found = {row["name"]: row["type"] for row in connection.execute("PRAGMA table_info(lead)")}
    return {column: found[column] for column in SCORE_COLUMNS.values() if column in found}


def plan_columns(connection: sqlite3.Connection) -> tuple[EnsuredField, ...]:
    """Say of each of our fields whether it is there, would be made, or stands against another one."""
    existing = existing_score_columns(connection)
    taken = {row[0] for row in connection.execute("SELECT name FROM field")}
    return tuple(_plan_column(column, existing, taken) for column in SCORE_COLUMNS.values())


def make_columns(connection: sqlite3.Connection, planned: Sequence[EnsuredField]) -> None:
    """Make the planned columns within the caller's transaction."""
    for one in planned:
        if one.state is FieldState.CREATED:
            connection.execute(f"ALTER TABLE lead ADD COLUMN {one.name} {SCORE_COLUMN_TYPES[one.name]}")


def refusal(field: ScoreField, value: object) -> str | None:
    """Give the code with which the org refuses a value, or ``None`` when it takes it."""
    if value is None:
        return None
    match field.type:
        case FieldType.NUMBER:
            if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
                return "JSON_PARSER_ERROR"
            largest = 10 ** (field.precision - field.scale)
            return None if math.isfinite(value) and abs(value) < largest else "NUMBER_OUTSIDE_VALID_RANGE"
        case FieldType.PICKLIST:
            return None if value in field.options else "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        case FieldType.TEXT:
            fits = isinstance(value, str) and len(value) <= field.precision
            return None if fits else "STRING_TOO_LONG"
        case FieldType.DATETIME:
            return None if isinstance(value, datetime) and value.tzinfo is not None else "JSON_PARSER_ERROR"


def write_request(
    connection: sqlite3.Connection, org_id: str, object_type: str, rows: Sequence[ScoreRow], at: int
) -> list[WriteResult]:
    """Write the rows of one request within the caller's transaction; each stands for itself.

    Args:
        connection: To the org.
        org_id: Of the org.
        object_type: The scored object.
        rows: Of one request.
        at: What written leads are stamped with, in microseconds.

    Returns:
        One result a row, in order.
    """
    complete = len(existing_score_columns(connection)) == len(SCORE_COLUMNS)
    seen: set[LeadKey] = set()
    results = []
    for row in rows:
        refused = _refused(connection, row, (org_id, object_type), seen, complete=complete)
        seen.add(row.lead)
        if refused is None:
            _write_row(connection, row, at)
            results.append(WriteResult(lead=row.lead, status=WriteStatus.WRITTEN))
        else:
            results.append(refused)
    return results


def read_shown(row: sqlite3.Row | Mapping[str, Any], key: LeadKey, columns: Mapping[str, str]) -> ScoreRow | None:
    """Give what a row of the lead table shows of our fields; ``None`` where the org has none of them.

    A value that people entered and that no score row can hold counts as empty.
    """
    if not columns:
        return None
    values: dict[str, object] = {}
    for name, column in SCORE_COLUMNS.items():
        value = row[column] if column in columns else None
        if value is not None:
            values[name] = value
    if isinstance(values.get("score"), float):
        values["score"] = Decimal(str(values["score"])).quantize(_SCORE_STEP)
    if isinstance(values.get("scored_at"), int):
        values["scored_at"] = to_moment(row[SCORE_COLUMNS["scored_at"]])
    try:
        return ScoreRow.model_validate({"lead": key, **values})
    except ValidationError as exc:
        odd = {error["loc"][0] for error in exc.errors(include_url=False, include_input=False)}
        kept = {name: value for name, value in values.items() if name not in odd}
        return ScoreRow.model_validate({"lead": key, **kept})


def _plan_column(column: str, existing: Mapping[str, str], taken: set[str]) -> EnsuredField:
    wanted = SCORE_COLUMN_TYPES[column]
    if column in taken:
        detail = "The org has a field of this name already."
        return EnsuredField(name=column, state=FieldState.CONFLICT, detail=detail)
    if column not in existing:
        return EnsuredField(name=column, state=FieldState.CREATED)
    if existing[column] != wanted:
        detail = f"It is of type {existing[column]}, not {wanted}."
        return EnsuredField(name=column, state=FieldState.CONFLICT, detail=detail)
    return EnsuredField(name=column, state=FieldState.PRESENT)


def _refused(
    connection: sqlite3.Connection, row: ScoreRow, home: tuple[str, str], seen: set[LeadKey], *, complete: bool
) -> WriteResult | None:
    """Give the result of a row that the org does not take, or ``None``."""

    def refuse(code: str, message: str, status: WriteStatus = WriteStatus.REJECTED) -> WriteResult:
        return WriteResult(lead=row.lead, status=status, code=code, message=message)

    if (row.lead.org_id, row.lead.object_type) != home:
        return refuse("MALFORMED_ID", "The id is not one of this org and object.")
    if row.lead in seen:
        return refuse("DUPLICATE_VALUE", "The record comes twice in one request.")
    if not is_live(connection, row.lead.lead_id):
        return refuse("ENTITY_IS_DELETED", "The record is deleted.", WriteStatus.GONE)
    if not complete:
        return refuse("INVALID_FIELD", "A field does not exist.")
    for field in SCORE_FIELDS:
        code = refusal(field, getattr(row, field.name))
        if code is not None:
            return refuse(code, f"{SCORE_COLUMNS[field.name]} does not take this value.")
    return None


def _write_row(connection: sqlite3.Connection, row: ScoreRow, at: int) -> None:
    assignments = ", ".join(f"{column} = ?" for column in SCORE_COLUMNS.values())
    values = [_stored(getattr(row, name)) for name in SCORE_COLUMNS]
    connection.execute(
        f"UPDATE lead SET {assignments}, modified_at = ? WHERE lead_id = ?", (*values, at, row.lead.lead_id)
    )


def _stored(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value.quantize(_SCORE_STEP))
    return to_microseconds(value) if isinstance(value, datetime) else value
