"""Our own ledger: what we saw change from one read of a lead to the next.

CRMs keep histories of some fields only, of few things from the beginning, and for some time. The ledger keeps what they
do not: a change counts as of when the record was modified last, never earlier, so that no snapshot of the past sees
more than was known then.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from hpro_connectors.protocol import LeadRecord
from hpro_connectors.state._sql import among
from hpro_connectors.state.schema import FIELD_LEDGER, STAGE_LEDGER
from hpro_sdk.lead import FieldChange, FieldValue, StageChange


def append_to_ledger(connection: Connection, differing: Sequence[tuple[Row[Any], LeadRecord]]) -> None:
    """Note the stages and field values that records have now and had not when they were read last.

    Args:
        connection: Within a transaction.
        differing: Live leads as stored, each with its record as it is now. Neither holds fields of our own.
    """
    stages: list[dict[str, object]] = []
    fields: list[dict[str, object]] = []
    moved = {before.lead_id for before, record in differing if before.stage != record.stage}
    known = select(STAGE_LEDGER.c.lead_id).where(among(STAGE_LEDGER.c.lead_id, moved)).distinct()
    has_some = set(connection.scalars(known)) if moved else set()
    for before, record in differing:
        at = max(record.modified_at, before.modified_at)
        if before.lead_id in moved:
            if before.lead_id not in has_some and before.stage is not None:
                # Where it stood when we saw it first: without it, nobody could tell where it came from.
                stages.append({"lead_id": before.lead_id, "stage": before.stage, "at": before.modified_at})
            stages.append({"lead_id": before.lead_id, "stage": record.stage, "at": at})
        had: dict[str, FieldValue] = json.loads(before.record)["fields"]
        has = record.fields
        fields += [
            {
                "lead_id": before.lead_id,
                "field": name,
                "old": json.dumps(had.get(name), ensure_ascii=False),
                "new": json.dumps(has.get(name), ensure_ascii=False),
                "at": at,
            }
            for name in sorted(had.keys() | has.keys())
            if not _same(had.get(name), has.get(name))
        ]
    if stages:
        connection.execute(insert(STAGE_LEDGER), stages)
    if fields:
        connection.execute(insert(FIELD_LEDGER), fields)


def seen_stages(connection: Connection, lead_ids: Iterable[str]) -> defaultdict[str, list[StageChange]]:
    """Give the stages that leads were seen to enter, oldest first.

    Of a lead that was seen without any stage only what came afterwards is told: a change says where a lead is, and
    cannot say that it is nowhere.
    """
    found: defaultdict[str, list[StageChange]] = defaultdict(list)
    rows = select(STAGE_LEDGER).where(among(STAGE_LEDGER.c.lead_id, lead_ids))
    for row in connection.execute(rows.order_by(STAGE_LEDGER.c.at, STAGE_LEDGER.c.id)):
        if row.stage is None:
            found[row.lead_id].clear()
        else:
            found[row.lead_id].append(StageChange(stage=row.stage, at=row.at))
    return found


def seen_fields(connection: Connection, lead_ids: Iterable[str]) -> defaultdict[str, list[FieldChange]]:
    """Give the field values that leads were seen to change, oldest first."""
    found: defaultdict[str, list[FieldChange]] = defaultdict(list)
    rows = select(FIELD_LEDGER).where(among(FIELD_LEDGER.c.lead_id, lead_ids))
    for row in connection.execute(rows.order_by(FIELD_LEDGER.c.at, FIELD_LEDGER.c.id)):
        at: datetime = row.at
        change = FieldChange(field=row.field, old=json.loads(row.old), new=json.loads(row.new), at=at)
        found[row.lead_id].append(change)
    return found


def _same(old: FieldValue, new: FieldValue) -> bool:
    """Whether two values are one; 1 and True are not."""
    return old == new and isinstance(old, bool) is isinstance(new, bool)
