"""Reading stored leads back, many at once, with all that belongs to them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CompoundSelect, Connection, func, select, union

from hpro_connectors.protocol import FieldRecord, LeadRecord, RecordKey
from hpro_connectors.state._sql import among
from hpro_connectors.state.interactions import read_interaction
from hpro_connectors.state.leads import read_lead
from hpro_connectors.state.ledger import seen_fields, seen_stages
from hpro_connectors.state.rows import StoredInteraction, StoredLead
from hpro_connectors.state.schema import (
    FIELD_CHANGES,
    INTERACTION_LEADS,
    INTERACTION_PERSONS,
    INTERACTION_TEXTS,
    INTERACTIONS,
    LEADS,
    STAGE_CHANGES,
)
from hpro_connectors.state.stage_entries import StageEntry, stages_entered
from hpro_sdk.lead import StageChange, TextVersion


def load_leads(connection: Connection, lead_ids: Sequence[str]) -> list[StoredLead]:
    """Give live leads with their interactions and histories; deleted and unknown ones are left out.

    Args:
        connection: Within a transaction.
        lead_ids: A few hundred: all their texts are held at once.

    Returns:
        In the order of ``lead_ids``.
    """
    records: dict[str, LeadRecord] = {
        row.lead_id: read_lead(row.record, modified_at=row.modified_at)
        for row in connection.execute(
            select(LEADS.c.lead_id, LEADS.c.record, LEADS.c.modified_at).where(
                among(LEADS.c.lead_id, lead_ids), LEADS.c.deleted_at.is_(None)
            )
        )
    }
    interactions = _interactions(connection, list(records))
    stages = _stage_changes(connection, list(records))
    fields = _field_changes(connection, records)
    stages_seen, fields_seen = seen_stages(connection, records), seen_fields(connection, records)
    return [
        StoredLead(
            record=records[lead_id],
            interactions=tuple(interactions[lead_id]),
            stage_changes=stages.get(lead_id, ()),
            field_changes=tuple(fields[lead_id]),
            stages_seen=tuple(stages_seen[lead_id]),
            fields_seen=tuple(fields_seen[lead_id]),
        )
        for lead_id in lead_ids
        if lead_id in records
    ]


def last_interactions(connection: Connection, lead_ids: Sequence[str], as_of: datetime) -> dict[str, datetime]:
    """Give when the newest interaction of each lead happened, as of a moment; leads without one are left out."""
    pairs = interactions_of(lead_ids).subquery()
    found = connection.execute(
        select(pairs.c.lead_id, func.max(INTERACTIONS.c.occurred_at, type_=INTERACTIONS.c.occurred_at.type).label("at"))
        .join(INTERACTIONS, INTERACTIONS.c.id == pairs.c.interaction_id)
        .where(INTERACTIONS.c.occurred_at <= as_of)
        .group_by(pairs.c.lead_id)
    )
    return {row.lead_id: row.at for row in found}


def interactions_of(lead_ids: Sequence[str]) -> CompoundSelect[tuple[str, int]]:
    """Leads and the interactions that belong to them or to their persons, each pair once."""
    return union(
        select(INTERACTION_LEADS.c.lead_id, INTERACTION_LEADS.c.interaction_id).where(
            among(INTERACTION_LEADS.c.lead_id, lead_ids)
        ),
        select(LEADS.c.lead_id, INTERACTION_PERSONS.c.interaction_id)
        .join(INTERACTION_PERSONS, INTERACTION_PERSONS.c.person_id == LEADS.c.person_id)
        .where(among(LEADS.c.lead_id, lead_ids)),
    )


def _interactions(connection: Connection, lead_ids: Sequence[str]) -> defaultdict[str, list[StoredInteraction]]:
    leads_of: defaultdict[int, list[str]] = defaultdict(list)
    for row in connection.execute(interactions_of(lead_ids)):
        leads_of[row.interaction_id].append(row.lead_id)
    earlier: defaultdict[int, list[TextVersion]] = defaultdict(list)
    for row in connection.execute(
        select(INTERACTION_TEXTS)
        .where(among(INTERACTION_TEXTS.c.interaction_id, leads_of))
        .order_by(INTERACTION_TEXTS.c.interaction_id, INTERACTION_TEXTS.c.number)
    ):
        earlier[row.interaction_id].append(TextVersion(text=row.text, stored_at=row.stored_at))
    found: defaultdict[str, list[StoredInteraction]] = defaultdict(list)
    for row in connection.execute(
        select(INTERACTIONS).where(among(INTERACTIONS.c.id, leads_of)).order_by(INTERACTIONS.c.id)
    ):
        versions = earlier.get(row.id, [])
        if versions:
            versions = [*versions, TextVersion(text=row.text, stored_at=row.text_stored_at)]
        stored = StoredInteraction(record=read_interaction(row), versions=tuple(versions))
        for lead_id in leads_of[row.id]:
            found[lead_id].append(stored)
    return found


def _stage_changes(connection: Connection, lead_ids: Sequence[str]) -> dict[str, tuple[StageChange, ...]]:
    found: defaultdict[str, list[StageEntry]] = defaultdict(list)
    for row in connection.execute(
        select(STAGE_CHANGES)
        .where(among(STAGE_CHANGES.c.lead_id, lead_ids))
        .order_by(STAGE_CHANGES.c.at, STAGE_CHANGES.c.record_id)
    ):
        found[row.lead_id].append(StageEntry(row.stage, row.at, row.previous))
    return {lead_id: stages_entered(entries) for lead_id, entries in found.items()}


def _field_changes(connection: Connection, records: dict[str, LeadRecord]) -> defaultdict[str, list[FieldRecord]]:
    found: defaultdict[str, list[FieldRecord]] = defaultdict(list)
    for row in connection.execute(
        select(FIELD_CHANGES)
        .where(among(FIELD_CHANGES.c.lead_id, list(records)))
        .order_by(FIELD_CHANGES.c.at, FIELD_CHANGES.c.record_id)
    ):
        lead = records[row.lead_id].key
        found[row.lead_id].append(
            FieldRecord(
                key=RecordKey(lead.org_id, row.object_type, row.record_id),
                lead=lead,
                field=row.field,
                old=json.loads(row.old),
                new=json.loads(row.new),
                at=row.at,
            )
        )
    return found
