"""What the streams of an org hold: how rows are found, and the records that are made of them."""

# ruff: noqa: S608 - what is put into SQL are names and conditions of our own; values are always bound

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hpro_connectors.demo.org_schema import to_moment, to_optional_moment
from hpro_connectors.demo.org_scores import existing_score_columns, read_shown
from hpro_connectors.protocol import (
    FieldRecord,
    InteractionRecord,
    LeadRecord,
    Merge,
    Record,
    RecordKey,
    StageRecord,
    StreamContent,
    StreamInfo,
    Tombstone,
)
from hpro_connectors.text import clean_crm_text
from hpro_sdk.lead import InteractionKind, LeadKey, OutcomeResult, Speaker


@dataclass(frozen=True, slots=True)
class Table:
    """The table behind a stream.

    Attributes:
        stream: What the connector says of it.
        id: Column of the id.
        stamp: Column that windows go by.
        live: Condition that a record exists now.
        of_leads: Condition that it belongs to some leads; ``{}`` stands for the marks of their ids.
    """

    stream: StreamInfo
    id: str
    stamp: str
    live: str
    of_leads: str

    @property
    def name(self) -> str:
        """The table is called as the stream."""
        return self.stream.name


_LEAD = Table(
    stream=StreamInfo(name="lead", content=StreamContent.LEAD),
    id="lead_id",
    stamp="modified_at",
    live="is_deleted = 0",
    of_leads="lead_id IN ({})",
)
_INTERACTION = Table(
    stream=StreamInfo(name="interaction", content=StreamContent.INTERACTION),
    id="interaction_id",
    stamp="modified_at",
    live="is_deleted = 0",
    of_leads="interaction_id IN (SELECT interaction_id FROM interaction_lead JOIN lead USING (lead_id)"
    " WHERE is_deleted = 0 AND lead_id IN ({}))",
)
_STAGE_HISTORY = Table(
    stream=StreamInfo(name="stage_history", content=StreamContent.HISTORY, reports_deletions=False),
    id="history_id",
    stamp="at",
    live="lead_id IN (SELECT lead_id FROM lead WHERE is_deleted = 0)",
    of_leads="lead_id IN ({})",
)
_FIELD_HISTORY = replace(
    _STAGE_HISTORY,
    stream=StreamInfo(name="field_history", content=StreamContent.HISTORY, reports_deletions=False),
)

TABLES = {table.name: table for table in (_LEAD, _INTERACTION, _STAGE_HISTORY, _FIELD_HISTORY)}
"""By stream: leads, then interactions, then history, whose rows go with their lead and without a word."""


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of one page, as records.

    Attributes:
        upserts: Records that exist.
        tombstones: Deleted ones.
        merges: Merged ones.
    """

    upserts: tuple[Record, ...]
    tombstones: tuple[Tombstone, ...]
    merges: tuple[Merge, ...]


def make_records(
    connection: sqlite3.Connection, home: tuple[str, str], table: Table, rows: Sequence[sqlite3.Row]
) -> Found:
    """Make records, tombstones and merges of rows.

    Args:
        connection: To the org.
        home: Org and scored object.
        table: Where the rows are from.
        rows: All columns of it.

    Raises:
        ValueError: A row does not make sense: the file is damaged.
    """
    live: list[sqlite3.Row] = []
    tombstones: list[Tombstone] = []
    merges: list[Merge] = []
    for row in rows:
        if not (table.stream.reports_deletions and row["is_deleted"]):
            live.append(row)
            continue
        key, gone_at = _key(home, table, row[table.id]), to_moment(row["deleted_at"])
        if table is _LEAD and row["merged_into"] is not None:
            merges.append(Merge(loser=key, survivor=_key(home, table, row["merged_into"]), merged_at=gone_at))
        else:
            tombstones.append(Tombstone(key=key, deleted_at=gone_at))
    return Found(tuple(_upserts(connection, home, table, live)), tuple(tombstones), tuple(merges))


def _key(home: tuple[str, str], table: Table, record_id: str | int) -> RecordKey:
    return RecordKey(home[0], home[1] if table is _LEAD else table.name, str(record_id))


def _upserts(
    connection: sqlite3.Connection, home: tuple[str, str], table: Table, rows: Sequence[sqlite3.Row]
) -> Iterator[Record]:
    if table is _LEAD:
        results = {row[0]: OutcomeResult(row[1]) for row in connection.execute("SELECT name, result FROM stage")}
        columns = existing_score_columns(connection)
        names = rows[0].keys() if rows else []  # looking a column up by name goes through all of them, row by row
        for row in rows:
            values = dict(zip(names, row, strict=True))
            yield _lead(values, LeadKey(*home, values["lead_id"]), results, columns)
    elif table is _INTERACTION:
        leads = _leads_of(connection, home, [row["interaction_id"] for row in rows])
        for row in rows:
            key = _key(home, table, row["interaction_id"])
            yield _interaction(row, key, tuple(leads.get(row["interaction_id"], ())))
    else:
        for row in rows:
            key, lead, at = _key(home, table, row["history_id"]), LeadKey(*home, row["lead_id"]), to_moment(row["at"])
            if table is _STAGE_HISTORY:
                yield StageRecord(key=key, lead=lead, stage=row["stage"], at=at)
            else:
                old, new = json.loads(row["old"]), json.loads(row["new"])
                yield FieldRecord(key=key, lead=lead, field=row["field"], old=old, new=new, at=at)


def _lead(
    row: Mapping[str, Any], key: LeadKey, results: Mapping[str, OutcomeResult], columns: Mapping[str, str]
) -> LeadRecord:
    result = results.get(row["stage"])
    decided = result in {OutcomeResult.WON, OutcomeResult.LOST}
    return LeadRecord(
        key=key,
        person_id=row["person_id"],
        account_id=row["account_id"],
        owner_id=row["owner_id"],
        created_at=to_optional_moment(row["created_at"]),
        modified_at=to_moment(row["modified_at"]),
        stage=row["stage"],
        result=result,
        result_at=to_optional_moment(row["stage_entered_at"]) if decided else None,
        excluded=bool(row["excluded"]),
        fields=json.loads(row["fields"]),
        shown=read_shown(row, key, columns),
    )


def _interaction(row: sqlite3.Row, key: RecordKey, leads: tuple[LeadKey, ...]) -> InteractionRecord:
    return InteractionRecord(
        key=key,
        leads=leads,
        kind=InteractionKind(row["kind"]),
        speaker=None if row["speaker"] is None else Speaker(row["speaker"]),
        text=clean_crm_text(row["text"]),
        call_seconds=row["call_seconds"],
        occurred_at=to_optional_moment(row["occurred_at"]),
        recorded_at=to_optional_moment(row["recorded_at"]),
        modified_at=to_moment(row["modified_at"]),
    )


def _leads_of(
    connection: sqlite3.Connection, home: tuple[str, str], interaction_ids: Sequence[str]
) -> dict[str, list[LeadKey]]:
    found: dict[str, list[LeadKey]] = {}
    links = connection.execute(
        "SELECT interaction_id, lead_id FROM interaction_lead JOIN lead USING (lead_id) WHERE is_deleted = 0"
        f" AND interaction_id IN ({marks(interaction_ids)}) ORDER BY interaction_id, lead_id",
        list(interaction_ids),
    )
    for interaction_id, lead_id in links:
        found.setdefault(interaction_id, []).append(LeadKey(*home, lead_id))
    return found


def marks(values: Sequence[object]) -> str:
    """Give as many question marks as there are values, for an ``IN``."""
    return ", ".join("?" * len(values))
