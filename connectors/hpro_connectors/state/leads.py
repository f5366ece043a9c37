"""Storing lead records as read, and the marks that a pass works off: changed leads, leads to read again by id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, select, update

from hpro_connectors.protocol import LeadRecord
from hpro_connectors.state._sql import among, insert_ignoring, listed, upsert
from hpro_connectors.state.drift import compare_shown
from hpro_connectors.state.ledger import append_to_ledger
from hpro_connectors.state.schema import CHANGED_LEADS, ERASED_PERSONS, LEADS, REREADS

_KNOWN = (LEADS.c.lead_id, LEADS.c.record, LEADS.c.modified_at, LEADS.c.person_id, LEADS.c.stage, LEADS.c.deleted_at)


def store_leads(connection: Connection, records: Sequence[LeadRecord], since: datetime | None = None) -> None:
    """Store records as they are now, and mark those whose content differs from what was known.

    What a live lead had and has no more goes to our own ledger; what the CRM shows of our fields is compared with what
    was written. A deleted lead comes back to life, and is to be read again by id: what belongs to it was erased, and
    is not modified by coming back. So is a lead of a person whose interactions were erased with an earlier lead, and
    one that is older than the window in which it is seen first: it was deleted before we came, or hidden from us. A
    record that was modified before the deletion we know of is old news, and is passed over.

    Args:
        connection: Within a transaction.
        records: Of one page; of several with the same id the last one counts.
        since: Where the window begins that the page is part of, when only what changed since then is read.
    """
    latest = {record.key.lead_id: record for record in records}
    of_page: Select[Any] = select(*_KNOWN).where(among(LEADS.c.lead_id, latest))
    known = {row.lead_id: row for row in connection.execute(of_page)}
    # To the microsecond: CRMs round deletions down only, and what is taken for alive by mistake a write finds gone.
    for row in known.values():
        if row.deleted_at is not None and latest[row.lead_id].modified_at < row.deleted_at:
            del latest[row.lead_id]
    erased = _erased_persons(connection, latest.values())
    rows: list[dict[str, object]] = []
    changed: list[str] = []
    rereads: list[str] = []
    differing: list[tuple[Row[Any], LeadRecord]] = []
    touched: list[dict[str, object]] = []
    for lead_id, record in latest.items():
        content = _content(record)
        before = known.get(lead_id)
        if before is not None and before.deleted_at is None and before.record == content:
            # As all leads are in the pass after one that wrote to all of them: only the stamp is another one.
            if record.modified_at > before.modified_at:
                touched.append({"of_lead": lead_id, "stamp": record.modified_at})
            continue
        if before is None or before.record != content:
            changed.append(lead_id)
            if before is not None and before.deleted_at is None:
                differing.append((before, record))
        if before is not None and before.deleted_at is not None:
            rereads.append(lead_id)
        if before is None and since is not None and (record.created_at is None or record.created_at < since):
            rereads.append(lead_id)
        if record.person_id in erased and (before is None or before.person_id != record.person_id):
            rereads.append(lead_id)
        rows.append(
            {
                "lead_id": lead_id,
                "record": content,
                # An older version that comes late does not take back what was seen.
                "modified_at": max(record.modified_at, before.modified_at) if before else record.modified_at,
                "person_id": record.person_id,
                "owner_id": record.owner_id,
                "stage": record.stage,
                "result": record.result,
                "excluded": record.excluded,
                "deleted_at": None,
                "merged_into": None,
            }
        )
    append_to_ledger(connection, differing)
    upsert(connection, LEADS, rows)
    if touched:
        connection.execute(
            update(LEADS).where(LEADS.c.lead_id == bindparam("of_lead")).values(modified_at=bindparam("stamp")), touched
        )
    compare_shown(connection, list(latest.values()))
    mark_changed(connection, changed)
    mark_rereads(connection, rereads)
    connection.execute(delete(ERASED_PERSONS).where(among(ERASED_PERSONS.c.person_id, erased)))


def read_lead(content: str, **rest: object) -> LeadRecord:
    """Give a record back from its stored content.

    Args:
        content: As :func:`store_leads` stored it.
        **rest: What is kept in columns: ``modified_at``.
    """
    return LeadRecord.model_validate(json.loads(content) | rest)


def mark_changed(connection: Connection, lead_ids: Iterable[str]) -> None:
    """Mark leads that the next scoring has to look at."""
    insert_ignoring(connection, CHANGED_LEADS, [{"lead_id": lead_id} for lead_id in lead_ids])


def mark_changed_of_persons(connection: Connection, person_ids: Iterable[str]) -> None:
    """Mark every live lead of some persons."""
    of_persons = select(LEADS.c.lead_id).where(LEADS.c.deleted_at.is_(None), among(LEADS.c.person_id, person_ids))
    mark_changed(connection, connection.scalars(of_persons).all())


def mark_rereads(connection: Connection, lead_ids: Iterable[str]) -> None:
    """Mark leads of which all is to be read again by id."""
    insert_ignoring(connection, REREADS, [{"lead_id": lead_id} for lead_id in lead_ids])


def resolve_merged(connection: Connection, lead_ids: Iterable[str]) -> dict[str, str]:
    """Give, for each id, the lead it was merged into in the end, or itself.

    Args:
        connection: Within a transaction.
        lead_ids: Any number.
    """
    found = {lead_id: lead_id for lead_id in lead_ids}
    for _ in range(64):  # a chain of merges is short; a circle must not hang
        merged = {
            row.lead_id: row.merged_into
            for row in connection.execute(
                select(LEADS.c.lead_id, LEADS.c.merged_into).where(
                    LEADS.c.lead_id.in_(listed(set(found.values()))), LEADS.c.merged_into.is_not(None)
                )
            )
        }
        if not merged:
            break
        found = {lead_id: merged.get(now, now) for lead_id, now in found.items()}
    return found


def dead_among(connection: Connection, lead_ids: Iterable[str]) -> set[str]:
    """Give the ids of known leads that are deleted or merged away."""
    dead = select(LEADS.c.lead_id).where(among(LEADS.c.lead_id, lead_ids), LEADS.c.deleted_at.is_not(None))
    return set(connection.scalars(dead))


def _erased_persons(connection: Connection, records: Iterable[LeadRecord]) -> set[str]:
    persons = {record.person_id for record in records if record.person_id is not None}
    erased = select(ERASED_PERSONS.c.person_id).where(among(ERASED_PERSONS.c.person_id, persons))
    return set(connection.scalars(erased))


def _content(record: LeadRecord) -> str:
    """What makes a record another one; our own writes change ``modified_at`` and ``shown`` only."""
    dumped = record.model_dump(mode="json", exclude={"modified_at", "shown"})
    return json.dumps(dumped, ensure_ascii=False, sort_keys=True)
