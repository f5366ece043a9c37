"""Storing interactions as read: their links, and the earlier texts that were seen."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from hpro_connectors.protocol import InteractionRecord, Tombstone
from hpro_connectors.state._sql import among, by_object_type, insert_ignoring, is_stale
from hpro_connectors.state.leads import dead_among, mark_changed, mark_changed_of_persons, resolve_merged
from hpro_connectors.state.schema import (
    ERASED_PERSONS,
    INTERACTION_LEADS,
    INTERACTION_PERSONS,
    INTERACTION_TEXTS,
    INTERACTIONS,
    LEADS,
)

_Stored = Row[Any]


def store_interactions(connection: Connection, records: Sequence[InteractionRecord], object_type: str) -> None:
    """Store interactions as they are now, keep a text that was replaced, and mark the leads they belong to.

    One that belongs to nothing but deleted leads is not stored: its text was, or would have been, erased. Nor is one
    that belongs to no record of the scored object and to no person. A lead that is not known yet counts: it may have
    been changed after the window in which it is looked for, and comes with the next one.

    Args:
        connection: Within a transaction.
        records: Of one page; of several with the same key the last one counts.
        object_type: The scored object; links to others are not kept.
    """
    latest = {(record.key.object_type, record.key.record_id): record for record in records}
    linked = {key.lead_id for record in latest.values() for key in record.leads if key.object_type == object_type}
    survivor_of = resolve_merged(connection, linked)
    dead = dead_among(connection, set(survivor_of.values()))
    gone_persons = _gone_persons(connection, {person for record in latest.values() for person in record.person_ids})
    known = _known(connection, latest)
    changed: set[str] = set()
    changed_persons: set[str] = set()
    new: list[_Content] = []
    for key, record in latest.items():
        leads = sorted({survivor_of[link.lead_id] for link in record.leads if link.object_type == object_type})
        before = known.get(key)
        owners = [lead in dead for lead in leads] + [person in gone_persons for person in record.person_ids]
        if all(owners):  # also of none
            if before is not None:
                _forget(connection, before)
            continue
        content = _Content(record, leads)
        if before is not None and content.is_in(before):
            if before.modified_at != record.modified_at:
                connection.execute(
                    update(INTERACTIONS).where(INTERACTIONS.c.id == before.id).values(modified_at=record.modified_at)
                )
            continue
        changed.update(leads)
        changed_persons.update(record.person_ids)
        if before is None:
            new.append(content)
            continue
        old_leads, old_persons = json.loads(before.links)
        changed.update(old_leads)
        changed_persons.update(old_persons)
        _replace(connection, content, before)
    _insert(connection, new)
    mark_changed(connection, changed)
    mark_changed_of_persons(connection, changed_persons)


def delete_interactions(connection: Connection, tombstones: Sequence[Tombstone]) -> None:
    """Delete interactions, their texts and links, and mark the leads they belonged to.

    Args:
        connection: Within a transaction.
        tombstones: Of any kind of record; those of other kinds are passed over.
    """
    told = {(tombstone.key.object_type, tombstone.key.record_id): tombstone.deleted_at for tombstone in tombstones}
    gone = [row for key, row in _known(connection, told).items() if not is_stale(told[key], row.modified_at)]
    for row in gone:
        _forget(connection, row)


def unlink(
    connection: Connection, interactions: Iterable[int], leads: Collection[str], persons: Collection[str]
) -> None:
    """Take every trace of some leads and persons off interactions that stay for others.

    Args:
        connection: Within a transaction.
        interactions: Numbers of rows.
        leads: Ids of leads.
        persons: Ids of persons.
    """
    for row in connection.execute(select(INTERACTIONS).where(among(INTERACTIONS.c.id, interactions))).all():
        record = read_interaction(row)
        kept = {
            "leads": tuple(key for key in record.leads if key.lead_id not in leads),
            "person_ids": tuple(person for person in record.person_ids if person not in persons),
        }
        linked = [lead for lead in json.loads(row.links)[0] if lead not in leads]
        values = _Content(record.model_copy(update=kept), linked).values
        connection.execute(
            update(INTERACTIONS)
            .where(INTERACTIONS.c.id == row.id)
            .values(record=values["record"], links=values["links"])
        )
        of_lead = delete(INTERACTION_LEADS).where(INTERACTION_LEADS.c.interaction_id == row.id)
        of_person = delete(INTERACTION_PERSONS).where(INTERACTION_PERSONS.c.interaction_id == row.id)
        connection.execute(of_lead.where(among(INTERACTION_LEADS.c.lead_id, leads)))
        connection.execute(of_person.where(among(INTERACTION_PERSONS.c.person_id, persons)))


def read_interaction(row: _Stored) -> InteractionRecord:
    """Give a record back from its row."""
    rest = {"text": row.text, "modified_at": row.modified_at}
    return InteractionRecord.model_validate(json.loads(row.record) | rest)


class _Content:
    """What is stored of an interaction, and what makes it another one: all but ``modified_at``."""

    def __init__(self, record: InteractionRecord, leads: list[str]) -> None:
        dumped = record.model_dump(mode="json", exclude={"modified_at", "text"})
        self.leads = leads
        self.persons = sorted(set(record.person_ids))
        self.key = (record.key.object_type, record.key.record_id)
        self.text_stored_at = record.modified_at
        self.values: dict[str, object] = {
            "record": json.dumps(dumped, ensure_ascii=False, sort_keys=True),
            "links": json.dumps([self.leads, self.persons], ensure_ascii=False),
            "text": record.text,
            "occurred_at": record.occurred_at,
            "modified_at": record.modified_at,
        }

    def is_in(self, row: _Stored) -> bool:
        """Whether a row holds it already."""
        return all(self.values[name] == getattr(row, name) for name in ("record", "links", "text"))


def _insert(connection: Connection, new: Sequence[_Content]) -> None:
    if not new:
        return
    first = (connection.scalar(select(func.max(INTERACTIONS.c.id))) or 0) + 1  # nobody else writes meanwhile
    connection.execute(
        insert(INTERACTIONS),
        [
            {"id": number, "object_type": content.key[0], "record_id": content.key[1]}
            | {"text_stored_at": content.text_stored_at}
            | content.values
            for number, content in enumerate(new, first)
        ],
    )
    _link(connection, list(enumerate(new, first)))


def _replace(connection: Connection, content: _Content, before: _Stored) -> None:
    values = content.values
    if before.text != values["text"]:
        values = values | {"text_stored_at": content.text_stored_at}
        _keep_text(connection, before)
    connection.execute(update(INTERACTIONS).where(INTERACTIONS.c.id == before.id).values(values))
    connection.execute(delete(INTERACTION_LEADS).where(INTERACTION_LEADS.c.interaction_id == before.id))
    connection.execute(delete(INTERACTION_PERSONS).where(INTERACTION_PERSONS.c.interaction_id == before.id))
    _link(connection, [(before.id, content)])


def _link(connection: Connection, numbered: Sequence[tuple[int, _Content]]) -> None:
    leads = [{"interaction_id": number, "lead_id": lead} for number, content in numbered for lead in content.leads]
    persons = [
        {"interaction_id": number, "person_id": person} for number, content in numbered for person in content.persons
    ]
    insert_ignoring(connection, INTERACTION_LEADS, leads)
    insert_ignoring(connection, INTERACTION_PERSONS, persons)


def _keep_text(connection: Connection, before: _Stored) -> None:
    kept = connection.scalars(
        select(INTERACTION_TEXTS.c.number).where(INTERACTION_TEXTS.c.interaction_id == before.id)
    ).all()
    connection.execute(
        insert(INTERACTION_TEXTS).values(
            interaction_id=before.id,
            number=max(kept, default=0) + 1,
            text=before.text,
            stored_at=before.text_stored_at,
        )
    )


def _forget(connection: Connection, row: _Stored) -> None:
    leads, persons = json.loads(row.links)
    mark_changed(connection, {*leads, *_linked_leads(connection, row.id)})
    mark_changed_of_persons(connection, persons)
    connection.execute(delete(INTERACTIONS).where(INTERACTIONS.c.id == row.id))


def _known(connection: Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], _Stored]:
    known: dict[tuple[str, str], _Stored] = {}
    for object_type, ids in by_object_type(keys).items():
        rows = connection.execute(
            select(INTERACTIONS).where(INTERACTIONS.c.object_type == object_type, among(INTERACTIONS.c.record_id, ids))
        )
        known |= {(object_type, row.record_id): row for row in rows}
    return known


def _linked_leads(connection: Connection, interaction_id: int) -> Sequence[str]:
    links = select(INTERACTION_LEADS.c.lead_id).where(INTERACTION_LEADS.c.interaction_id == interaction_id)
    return connection.scalars(links).all()


def _gone_persons(connection: Connection, persons: set[str]) -> set[str]:
    """Persons whose interactions were erased, and who have no live lead."""
    erased = select(ERASED_PERSONS.c.person_id).where(among(ERASED_PERSONS.c.person_id, persons))
    live = select(LEADS.c.person_id).where(LEADS.c.deleted_at.is_(None), among(LEADS.c.person_id, persons))
    return set(connection.scalars(erased)) - set(connection.scalars(live))
