"""Retention: what was said to leads that closed long ago is not kept for ever."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, delete, exists, false, func, or_, select, union, update

from hpro_connectors.state._sql import among
from hpro_connectors.state.loading import interactions_of
from hpro_connectors.state.schema import (
    FIELD_CHANGES,
    FIELD_LEDGER,
    INTERACTION_LEADS,
    INTERACTION_PERSONS,
    INTERACTION_TEXTS,
    INTERACTIONS,
    LEADS,
)
from hpro_connectors.state.transactions import Transactions
from hpro_sdk.lead import OutcomeResult

_BATCH = 500
_CLOSED = (OutcomeResult.WON.value, OutcomeResult.LOST.value)
_TO_THE_SECOND = 19
_EMPTY = "null"


class Retention:
    """Erases old texts of one state file.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def erase_old_texts(self, before: datetime, closed_stages: Collection[str], text_fields: Collection[str]) -> int:
        """Erase texts of leads that closed before a moment.

        A lead closed when the CRM says so, or else when it was modified last; one that is open is never touched. What
        goes are the texts of its interactions and their earlier versions, where no other lead needs them, and what
        free-text fields held before, in the CRM's history and in our ledger. The record as it is now stays, with its
        stages, scores and numbers: the CRM shows it too, and models are trained on it.

        Args:
            before: Leads that closed earlier.
            closed_stages: Stages that are won or lost, as the CRM writes them.
            text_fields: Fields that hold free text.

        Returns:
            Of how many interactions the text went.
        """
        old = _closed_before(before, closed_stages)
        with self._transactions.reading() as connection:
            lead_ids = connection.scalars(select(LEADS.c.lead_id).where(old).order_by(LEADS.c.lead_id)).all()
        erased = 0
        for start in range(0, len(lead_ids), _BATCH):
            batch = lead_ids[start : start + _BATCH]
            with self._transactions.writing() as connection:
                erased += _erase_interactions(connection, batch, old)
                _erase_values(connection, batch, text_fields)
        return erased


def _closed_before(before: datetime, closed_stages: Collection[str]) -> ColumnElement[bool]:
    # A record holds times as ISO 8601 in UTC: to the second they are ordered as texts are.
    decided = func.substr(func.json_extract(LEADS.c.record, "$.result_at"), 1, _TO_THE_SECOND)
    is_old = decided < before.strftime("%Y-%m-%dT%H:%M:%S")
    is_closed = or_(LEADS.c.result.in_(_CLOSED), and_(LEADS.c.result.is_(None), LEADS.c.stage.in_(closed_stages)))
    age = case((decided.is_(None), LEADS.c.modified_at < before), else_=is_old)
    return func.coalesce(and_(LEADS.c.deleted_at.is_(None), is_closed, age), false())  # a lead may have no stage at all


def _erase_interactions(connection: Connection, lead_ids: Sequence[str], old: ColumnElement[bool]) -> int:
    pairs = interactions_of(lead_ids).subquery()
    has_versions = exists().where(INTERACTION_TEXTS.c.interaction_id == INTERACTIONS.c.id)
    theirs = set(
        connection.scalars(
            select(INTERACTIONS.c.id)
            .join(pairs, pairs.c.interaction_id == INTERACTIONS.c.id)
            .where(or_(INTERACTIONS.c.text != "", has_versions))
        )
    )
    is_needed = (LEADS.c.deleted_at.is_(None), ~old)
    by_link = (
        select(INTERACTION_LEADS.c.interaction_id)
        .join(LEADS, LEADS.c.lead_id == INTERACTION_LEADS.c.lead_id)
        .where(among(INTERACTION_LEADS.c.interaction_id, theirs), *is_needed)
    )
    by_person = (
        select(INTERACTION_PERSONS.c.interaction_id)
        .join(LEADS, LEADS.c.person_id == INTERACTION_PERSONS.c.person_id)
        .where(among(INTERACTION_PERSONS.c.interaction_id, theirs), *is_needed)
    )
    gone = theirs - set(connection.scalars(union(by_link, by_person)))
    connection.execute(update(INTERACTIONS).where(among(INTERACTIONS.c.id, gone)).values(text=""))
    connection.execute(delete(INTERACTION_TEXTS).where(among(INTERACTION_TEXTS.c.interaction_id, gone)))
    return len(gone)


def _erase_values(connection: Connection, lead_ids: Sequence[str], text_fields: Collection[str]) -> None:
    for table in (FIELD_CHANGES, FIELD_LEDGER):
        of_text = (among(table.c.lead_id, lead_ids), table.c.field.in_(text_fields))
        connection.execute(update(table).where(*of_text).values(old=_EMPTY, new=_EMPTY))
