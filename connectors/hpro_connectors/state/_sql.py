"""Small helpers around SQL that every part of the store uses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, String, Table, column, func, select
from sqlalchemy.dialects.sqlite import insert

Values = Mapping[str, object]


def listed(values: Iterable[str] | Iterable[int]) -> Select[tuple[str]]:
    """Give a subquery of values; one parameter whatever their number, which SQLite limits."""
    return select(func.json_each(json.dumps(list(values))).table_valued(column("value", String)).c.value)


def among(of: ColumnElement[str] | ColumnElement[int], values: Iterable[str] | Iterable[int]) -> ColumnElement[bool]:
    """Give the condition that a column holds one of some values."""
    return of.in_(listed(values))


def by_object_type(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Group (object type, record id) keys by type: the whole key finds a row without a look at all of them."""
    grouped: dict[str, list[str]] = {}
    for object_type, record_id in keys:
        grouped.setdefault(object_type, []).append(record_id)
    return grouped


def insert_ignoring(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows; one whose key is there already is passed over."""
    if rows:
        connection.execute(insert(table).on_conflict_do_nothing(), list(rows))


def upsert(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """Insert rows, or replace all given columns of those whose primary key is there already."""
    if not rows:
        return
    keys = {key.name for key in table.primary_key.columns}
    statement = insert(table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=sorted(keys),
            set_={name: statement.excluded[name] for name in rows[0] if name not in keys},
        ),
        list(rows),
    )


def is_stale(told_at: datetime, modified_at: datetime) -> bool:
    """Whether a deletion or merge is older news than the record; CRMs round deletions down to the second."""
    return modified_at.replace(microsecond=0) > told_at.replace(microsecond=0)
