"""What a deleted or merged lead leaves behind: numbers of ours, and nothing that anybody wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, union, update

from hpro_connectors.protocol import Merge, Tombstone
from hpro_connectors.state._sql import among, insert_ignoring, is_stale
from hpro_connectors.state.leads import mark_changed, mark_rereads, resolve_merged
from hpro_connectors.state.schema import (
    CHANGED_LEADS,
    DEAD_LETTERS,
    ERASED_PERSONS,
    FAILED_PROMPTS,
    FIELD_CHANGES,
    FIELD_LEDGER,
    INTERACTION_LEADS,
    INTERACTION_PERSONS,
    INTERACTIONS,
    LEADS,
    OUTBOX,
    REREADS,
    SCORE_HISTORY,
    SCORES,
    STAGE_CHANGES,
    STAGE_LEDGER,
    WRITTEN_ROWS,
)

_HISTORIES = (STAGE_CHANGES, FIELD_CHANGES, STAGE_LEDGER, FIELD_LEDGER)


def bury_leads(connection: Connection, tombstones: Sequence[Tombstone]) -> None:
    """Mark leads as deleted and erase their texts; one that was modified since is left alive.

    A lead that was never seen is marked too, so that an older record of it does not bring it later.

    Args:
        connection: Within a transaction.
        tombstones: Of the scored object only.
    """
    told: dict[str, datetime] = {}
    for tombstone in tombstones:
        lead_id = tombstone.key.record_id
        told[lead_id] = max(tombstone.deleted_at, told.get(lead_id, tombstone.deleted_at))
    known = connection.execute(
        select(LEADS.c.lead_id, LEADS.c.modified_at, LEADS.c.deleted_at).where(among(LEADS.c.lead_id, told))
    ).all()
    erase_leads(
        connection,
        {
            row.lead_id: told[row.lead_id]
            for row in known
            if row.deleted_at is None and not is_stale(told[row.lead_id], row.modified_at)
        },
    )
    later = [row.lead_id for row in known if row.deleted_at is not None and row.deleted_at < told[row.lead_id]]
    for lead_id in later:
        connection.execute(update(LEADS).where(LEADS.c.lead_id == lead_id).values(deleted_at=told[lead_id]))
    _mark_dead(connection, {lead_id: told[lead_id] for lead_id in told.keys() - {row.lead_id for row in known}})


def merge_leads(connection: Connection, merges: Iterable[Merge]) -> None:
    """Give what belongs to the losers to the survivors, then bury the losers.

    The survivor is read again by id: the CRM may have moved more to it than we knew of.

    Args:
        connection: Within a transaction.
        merges: Of the scored object only.
    """
    for merge in sorted(merges, key=lambda merge: merge.merged_at):
        loser = merge.loser.record_id
        known = connection.execute(select(LEADS).where(LEADS.c.lead_id == loser)).first()
        survivor = resolve_merged(connection, [merge.survivor.record_id])[merge.survivor.record_id]
        if survivor == loser or (known is not None and known.merged_into is not None):
            continue
        is_live = known is not None and known.deleted_at is None
        if known is not None and is_live and is_stale(merge.merged_at, known.modified_at):
            continue
        if known is None:
            _mark_dead(connection, {loser: merge.merged_at})
        _move(connection, loser, survivor, None if known is None else known.person_id)
        mark_changed(connection, [survivor])
        mark_rereads(connection, [survivor])
        if _was_written(connection, loser):  # the CRM may show its values on the survivor now
            connection.execute(update(WRITTEN_ROWS).where(WRITTEN_ROWS.c.lead_id == survivor).values(resend=True))
        if is_live:
            erase_leads(connection, {loser: merge.merged_at})
        connection.execute(update(LEADS).where(LEADS.c.lead_id == loser).values(merged_into=survivor))


def erase_leads(connection: Connection, deleted_at: Mapping[str, datetime]) -> None:
    """Erase all texts of leads.

    These are fields, histories and ledger, what the CRM said when it refused a row of theirs, and interactions that
    belong to no other live lead.

    Args:
        connection: Within a transaction.
        deleted_at: When each was deleted, by id.
    """
    if not deleted_at:
        return
    ids = list(deleted_at)
    persons = select(LEADS.c.person_id).where(among(LEADS.c.lead_id, ids), LEADS.c.person_id.is_not(None))
    persons_of = set(connection.scalars(persons))
    theirs = set(
        connection.scalars(
            union(
                select(INTERACTION_LEADS.c.interaction_id).where(among(INTERACTION_LEADS.c.lead_id, ids)),
                select(INTERACTION_PERSONS.c.interaction_id).where(among(INTERACTION_PERSONS.c.person_id, persons_of)),
            )
        )
    )
    for lead_id, moment in deleted_at.items():
        connection.execute(
            update(LEADS)
            .where(LEADS.c.lead_id == lead_id)
            .values(
                record=None,
                person_id=None,
                owner_id=None,
                stage=None,
                result=None,
                shown=None,
                open=False,
                deleted_at=moment,
            )
        )
    erase_interactions(connection, theirs - _held(connection, theirs), persons_of)
    for table in (*_HISTORIES, SCORES, FAILED_PROMPTS, CHANGED_LEADS, REREADS, OUTBOX, DEAD_LETTERS):
        connection.execute(delete(table).where(among(table.c.lead_id, ids)))
    # A lead that comes back shows what was written before it was deleted.
    connection.execute(update(WRITTEN_ROWS).where(among(WRITTEN_ROWS.c.lead_id, ids)).values(resend=True))


def _mark_dead(connection: Connection, deleted_at: Mapping[str, datetime]) -> None:
    """Remember leads that were never seen alive."""
    rows = [{"lead_id": name, "modified_at": moment, "deleted_at": moment} for name, moment in deleted_at.items()]
    insert_ignoring(connection, LEADS, rows)


def _held(connection: Connection, interactions: set[int]) -> set[int]:
    """Interactions that belong to a live lead."""
    by_link = (
        select(INTERACTION_LEADS.c.interaction_id)
        .join(LEADS, LEADS.c.lead_id == INTERACTION_LEADS.c.lead_id)
        .where(among(INTERACTION_LEADS.c.interaction_id, interactions), LEADS.c.deleted_at.is_(None))
    )
    by_person = (
        select(INTERACTION_PERSONS.c.interaction_id)
        .join(LEADS, LEADS.c.person_id == INTERACTION_PERSONS.c.person_id)
        .where(among(INTERACTION_PERSONS.c.interaction_id, interactions), LEADS.c.deleted_at.is_(None))
    )
    return set(connection.scalars(union(by_link, by_person)))


def erase_interactions(connection: Connection, interactions: set[int], persons: set[str]) -> None:
    """Erase interactions, and remember the persons whose later leads will need them.

    Args:
        connection: Within a transaction.
        interactions: Numbers of rows.
        persons: Whose leads they went with; further ones are found by their links.
    """
    linked = select(INTERACTION_PERSONS.c.person_id).where(among(INTERACTION_PERSONS.c.interaction_id, interactions))
    gone = persons | set(connection.scalars(linked))
    live = select(LEADS.c.person_id).where(LEADS.c.deleted_at.is_(None), among(LEADS.c.person_id, gone))
    # A later lead of such a person needs what is erased here; see leads.store_leads.
    gone -= {person for person in connection.scalars(live) if person is not None}
    insert_ignoring(connection, ERASED_PERSONS, [{"person_id": person} for person in gone])
    connection.execute(delete(INTERACTIONS).where(among(INTERACTIONS.c.id, interactions)))


def _was_written(connection: Connection, lead_id: str) -> bool:
    return connection.scalar(select(WRITTEN_ROWS.c.lead_id).where(WRITTEN_ROWS.c.lead_id == lead_id)) is not None


def _move(connection: Connection, loser: str, survivor: str, person_id: str | None) -> None:
    of_loser = select(INTERACTION_LEADS.c.interaction_id).where(INTERACTION_LEADS.c.lead_id == loser)
    if person_id is not None:
        of_person = select(INTERACTION_PERSONS.c.interaction_id).where(INTERACTION_PERSONS.c.person_id == person_id)
        found = union(of_loser, of_person)
    else:
        found = union(of_loser)
    interactions = connection.scalars(found).all()
    insert_ignoring(
        connection, INTERACTION_LEADS, [{"interaction_id": number, "lead_id": survivor} for number in interactions]
    )
    connection.execute(delete(INTERACTION_LEADS).where(INTERACTION_LEADS.c.lead_id == loser))
    for table in (*_HISTORIES, SCORE_HISTORY):
        connection.execute(update(table).where(table.c.lead_id == loser).values(lead_id=survivor))
