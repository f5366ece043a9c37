"""Forgetting a person: everything of all their leads goes, numbers of ours included, and does not come back."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Table, delete, func, or_, select, union, update

from hpro_connectors.log_events import LogEvent
from hpro_connectors.state._sql import among
from hpro_connectors.state.erasing import erase_interactions
from hpro_connectors.state.forgotten import remember_forgotten
from hpro_connectors.state.interactions import unlink
from hpro_connectors.state.schema import (
    CHANGED_LEADS,
    DEAD_LETTERS,
    ERASED_PERSONS,
    FAILED_PROMPTS,
    FIELD_CHANGES,
    FIELD_LEDGER,
    INTERACTION_LEADS,
    INTERACTION_PERSONS,
    LEADS,
    OUTBOX,
    PLAN_ROWS,
    REREADS,
    RUNS,
    SCORE_HISTORY,
    SCORES,
    STAGE_CHANGES,
    STAGE_LEDGER,
    WRITES,
    WRITTEN_ROWS,
)
from hpro_connectors.state.transactions import Transactions

_LOGGER = logging.getLogger(__name__)

_HISTORIES = (STAGE_CHANGES, FIELD_CHANGES, STAGE_LEDGER, FIELD_LEDGER)
_OF_LEADS = (
    *(*_HISTORIES, SCORE_HISTORY, SCORES, FAILED_PROMPTS),
    *(WRITTEN_ROWS, OUTBOX, DEAD_LETTERS, PLAN_ROWS, WRITES),
    *(CHANGED_LEADS, REREADS, INTERACTION_LEADS),
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What goes, or went.

    Attributes:
        leads: Leads that the state knows, deleted and merged ones included.
        interactions: That belong to nobody else; they go whole.
        shared_interactions: That stay for others, without a link to the person.
        history_rows: Of the CRM's histories and of our ledger.
        scores: Of the score history.
        writes: Lines of the journal.
        dead_letters: Rows that the CRM refused.
    """

    leads: int
    interactions: int
    shared_interactions: int
    history_rows: int
    scores: int
    writes: int
    dead_letters: int


@dataclass(slots=True)
class _Person:
    """All that belongs together."""

    leads: set[str]
    persons: set[str] = field(default_factory=set)
    own: set[int] = field(default_factory=set)
    shared: set[int] = field(default_factory=set)


class Forgetting:
    """Forgets persons of one state file.

    Args:
        transactions: On the state file.
        checkpoint: Empties SQLite's log, so that what was erased stands in no file.
    """

    def __init__(self, transactions: Transactions, checkpoint: Callable[[], None]) -> None:
        self._transactions = transactions
        self._checkpoint = checkpoint

    def count(self, lead_id: str) -> Forgotten:
        """Say what would go; nothing is changed.

        Args:
            lead_id: Of any lead of the person.
        """
        with self._transactions.reading() as connection:
            return _count(connection, _person_behind(connection, lead_id))

    def forget(self, lead_id: str, at: datetime) -> Forgotten:
        """Erase a lead and the person behind it everywhere, and leave hashes that keep them from coming back.

        These are all leads of the same person and those merged with them, with their histories, scores and journal,
        and the interactions that belong to nobody else. An id that was never seen leaves its hash only.

        Args:
            lead_id: Of any lead of the person.
            at: When.

        Returns:
            What went. It is in no file of the state any more.
        """
        with self._transactions.writing() as connection:
            person = _person_behind(connection, lead_id)
            told = _count(connection, person)
            _forget(connection, person, at)
        self._checkpoint()
        _LOGGER.info("a person was forgotten", extra={"event": LogEvent.FORGOTTEN, "leads": told.leads})
        return told


def forget_leads(connection: Connection, lead_ids: Collection[str], at: datetime) -> None:
    """Forget leads that turned out to be of a forgotten person; other leads of the person that they had stay.

    Args:
        connection: Within a transaction that writes.
        lead_ids: Of any leads.
        at: When.
    """
    _forget(connection, _those(connection, lead_ids), at)


def _forget(connection: Connection, person: _Person, at: datetime) -> None:
    erase_interactions(connection, person.own, person.persons)
    unlink(connection, person.shared, person.leads, person.persons)
    for table in _OF_LEADS:
        connection.execute(delete(table).where(among(table.c.lead_id, person.leads)))
    for table in (INTERACTION_PERSONS, ERASED_PERSONS):
        connection.execute(delete(table).where(among(table.c.person_id, person.persons)))
    connection.execute(delete(LEADS).where(among(LEADS.c.lead_id, person.leads)))
    _take_out_of_reports(connection, person.leads)
    remember_forgotten(connection, person.leads, person.persons, at)


def _person_behind(connection: Connection, lead_id: str) -> _Person:
    """Find leads of one person, and leads merged into each other, until there are no more."""
    found = _Person(leads={lead_id})
    while True:
        rows = connection.execute(
            select(LEADS.c.lead_id, LEADS.c.merged_into, LEADS.c.person_id).where(
                or_(
                    among(LEADS.c.lead_id, found.leads),
                    among(LEADS.c.person_id, found.persons),
                    among(LEADS.c.merged_into, found.leads),
                )
            )
        ).all()
        leads = found.leads.union(*({row.lead_id, row.merged_into or row.lead_id} for row in rows))
        persons = found.persons | {row.person_id for row in rows if row.person_id is not None}
        if (leads, persons) == (found.leads, found.persons):
            break
        found.leads, found.persons = leads, persons
    _find_interactions(connection, found, found.persons)
    return found


def _those(connection: Connection, lead_ids: Collection[str]) -> _Person:
    """Find what belongs to some leads alone."""
    found = _Person(leads=set(lead_ids))
    of_persons = select(LEADS.c.person_id).where(among(LEADS.c.lead_id, lead_ids), LEADS.c.person_id.is_not(None))
    _find_interactions(connection, found, {str(person) for person in connection.scalars(of_persons)})
    return found


def _find_interactions(connection: Connection, found: _Person, persons: Collection[str]) -> None:
    by_link = select(INTERACTION_LEADS.c.interaction_id).where(among(INTERACTION_LEADS.c.lead_id, found.leads))
    by_person = select(INTERACTION_PERSONS.c.interaction_id).where(among(INTERACTION_PERSONS.c.person_id, persons))
    theirs = set(connection.scalars(union(by_link, by_person)))
    found.shared = _of_others(connection, theirs, found)
    found.own = theirs - found.shared


def _of_others(connection: Connection, interactions: set[int], person: _Person) -> set[int]:
    """Interactions that belong to a live lead of somebody else."""
    is_other = (LEADS.c.deleted_at.is_(None), ~among(LEADS.c.lead_id, person.leads))
    by_link = (
        select(INTERACTION_LEADS.c.interaction_id)
        .join(LEADS, LEADS.c.lead_id == INTERACTION_LEADS.c.lead_id)
        .where(among(INTERACTION_LEADS.c.interaction_id, interactions), *is_other)
    )
    by_person = (
        select(INTERACTION_PERSONS.c.interaction_id)
        .join(LEADS, LEADS.c.person_id == INTERACTION_PERSONS.c.person_id)
        .where(among(INTERACTION_PERSONS.c.interaction_id, interactions), *is_other)
    )
    return set(connection.scalars(union(by_link, by_person)))


def _count(connection: Connection, person: _Person) -> Forgotten:
    def rows_of(table: Table) -> int:
        counted = select(func.count()).select_from(table).where(among(table.c.lead_id, person.leads))
        return connection.scalar(counted) or 0

    return Forgotten(
        leads=rows_of(LEADS),
        interactions=len(person.own),
        shared_interactions=len(person.shared),
        history_rows=sum(rows_of(table) for table in _HISTORIES),
        scores=rows_of(SCORE_HISTORY),
        writes=rows_of(WRITES),
        dead_letters=rows_of(DEAD_LETTERS),
    )


def _take_out_of_reports(connection: Connection, lead_ids: Collection[str]) -> None:
    """Take leads off the problems that runs told of; the sums stay."""
    naming = select(RUNS.c.id, RUNS.c.report).where(RUNS.c.report.contains('"problems":[{', autoescape=True))
    for row in connection.execute(naming).all():
        report = json.loads(row.report)
        kept = [problem for problem in report["problems"] if problem["lead_id"] not in lead_ids]
        if len(kept) < len(report["problems"]):
            text = json.dumps(report | {"problems": kept}, separators=(",", ":"), ensure_ascii=False)
            connection.execute(update(RUNS).where(RUNS.c.id == row.id).values(report=text))
