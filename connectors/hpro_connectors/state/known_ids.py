"""The ids that the state holds, for comparing them with those that a CRM lists."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection, select, update

from hpro_connectors.protocol import RecordKey, Tombstone
from hpro_connectors.state._sql import among
from hpro_connectors.state.erasing import bury_leads
from hpro_connectors.state.forgotten import forgotten_leads
from hpro_connectors.state.histories import delete_histories
from hpro_connectors.state.interactions import delete_interactions
from hpro_connectors.state.leads import mark_rereads
from hpro_connectors.state.schema import FIELD_CHANGES, INTERACTIONS, LEADS, ORG, STAGE_CHANGES
from hpro_connectors.state.transactions import Transactions

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[str, str]
"""Object type and id."""


class KnownIds:
    """The ids of one state file; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def live_leads(self) -> set[str]:
        """Give the ids of all leads that live, as far as we know."""
        with self._transactions.reading() as connection:
            return set(connection.scalars(select(LEADS.c.lead_id).where(LEADS.c.deleted_at.is_(None))))

    def others(self, object_types: Collection[str]) -> set[Key]:
        """Give the keys of all interactions and history rows of some object types."""
        found: set[Key] = set()
        with self._transactions.reading() as connection:
            for table in (INTERACTIONS, STAGE_CHANGES, FIELD_CHANGES):
                for object_type in object_types:  # one by one: the index is then searched
                    ids = select(table.c.record_id).where(table.c.object_type == object_type)
                    found |= {(object_type, record_id) for record_id in connection.scalars(ids)}
        return found

    def delete_leads(self, lead_ids: Iterable[str], at: datetime) -> None:
        """Delete leads as a window that tells of it does: their texts go in the same transaction."""
        with self._transactions.writing() as connection:
            org = connection.execute(select(ORG.c.org_id, ORG.c.object_type)).one()
            bury_leads(connection, _tombstones(org.org_id, ((org.object_type, one) for one in lead_ids), at))

    def delete_others(self, keys: Iterable[Key], at: datetime) -> None:
        """Delete interactions and history rows likewise."""
        with self._transactions.writing() as connection:
            tombstones = _tombstones(connection.execute(select(ORG.c.org_id)).scalar_one(), keys, at)
            delete_interactions(connection, tombstones)
            delete_histories(connection, tombstones)

    def expect(self, lead_ids: Iterable[str]) -> int:
        """Have leads read by id that a CRM lists and we do not hold alive; forgotten ones are passed over.

        Where we took one for deleted, the list is the newer word: whatever the record's age, it comes back.

        Args:
            lead_ids: As listed.

        Returns:
            How many will be read.
        """
        with self._transactions.writing() as connection:
            wanted = set(lead_ids)
            wanted -= forgotten_leads(connection, wanted)
            wanted -= _merged_away(connection, wanted)
            connection.execute(
                update(LEADS)
                .where(among(LEADS.c.lead_id, wanted), LEADS.c.deleted_at.is_not(None))
                .values(deleted_at=_LONG_AGO)
            )
            mark_rereads(connection, sorted(wanted))
        return len(wanted)


def _merged_away(connection: Connection, lead_ids: Collection[str]) -> set[str]:
    merged = select(LEADS.c.lead_id).where(among(LEADS.c.lead_id, lead_ids), LEADS.c.merged_into.is_not(None))
    return set(connection.scalars(merged))


def _tombstones(org_id: str, keys: Iterable[Key], at: datetime) -> list[Tombstone]:
    return [Tombstone(key=RecordKey(org_id, *key), deleted_at=at) for key in keys]
