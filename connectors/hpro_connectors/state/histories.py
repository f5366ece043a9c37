"""Storing the CRM's own histories of stages and fields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, select

from hpro_connectors.protocol import FieldRecord, StageRecord, Tombstone
from hpro_connectors.state._sql import among, by_object_type, upsert
from hpro_connectors.state.leads import dead_among, mark_changed, resolve_merged
from hpro_connectors.state.schema import FIELD_CHANGES, STAGE_CHANGES

_Key = tuple[str, str]


def store_histories(connection: Connection, records: Sequence[StageRecord | FieldRecord]) -> None:
    """Store history rows and mark the leads of those that were not known; those of deleted leads are not stored.

    Args:
        connection: Within a transaction.
        records: Of one page.
    """
    survivor_of = resolve_merged(connection, {record.lead.lead_id for record in records})
    dead = dead_among(connection, set(survivor_of.values()))
    stages: dict[_Key, dict[str, object]] = {}
    fields: dict[_Key, dict[str, object]] = {}
    for record in records:
        lead_id = survivor_of[record.lead.lead_id]
        if lead_id in dead:
            continue
        key = (record.key.object_type, record.key.record_id)
        row: dict[str, object] = {"object_type": key[0], "record_id": key[1], "lead_id": lead_id, "at": record.at}
        if isinstance(record, StageRecord):
            stages[key] = row | {"stage": record.stage, "previous": record.previous}
        else:
            fields[key] = row | {
                "field": record.field,
                "old": json.dumps(record.old, ensure_ascii=False),
                "new": json.dumps(record.new, ensure_ascii=False),
            }
    for table, rows in ((STAGE_CHANGES, stages), (FIELD_CHANGES, fields)):
        known = {
            (found.object_type, found.record_id): dict(found._mapping)  # noqa: SLF001 - the public name of it
            for found in _known(connection, table, rows)
        }
        new = [row for key, row in rows.items() if known.get(key) != row]
        upsert(connection, table, new)
        mark_changed(connection, {str(row["lead_id"]) for row in new})


def delete_histories(connection: Connection, tombstones: Sequence[Tombstone]) -> None:
    """Delete history rows and mark their leads; tombstones of other kinds of records are passed over.

    Args:
        connection: Within a transaction.
        tombstones: Of any kind of record.
    """
    keys = {(tombstone.key.object_type, tombstone.key.record_id) for tombstone in tombstones}
    for table in (STAGE_CHANGES, FIELD_CHANGES):
        gone = _known(connection, table, keys)
        mark_changed(connection, {row.lead_id for row in gone})
        for row in gone:
            connection.execute(
                delete(table).where(table.c.object_type == row.object_type, table.c.record_id == row.record_id)
            )


def _known(connection: Connection, table: Table, keys: Iterable[_Key]) -> list[Row[Any]]:
    found: list[Row[Any]] = []
    for object_type, ids in by_object_type(keys).items():
        of_type = select(table).where(table.c.object_type == object_type, among(table.c.record_id, ids))
        found += connection.execute(of_type)
    return found
