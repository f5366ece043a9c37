"""An emulated Salesforce org: its records, and everything that can be done to them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org import changes, conversion, merging
from hpro_connectors.emulators.salesforce.org.access import Access
from hpro_connectors.emulators.salesforce.org.conversion import Conversion
from hpro_connectors.emulators.salesforce.org.database import Database
from hpro_connectors.emulators.salesforce.org.first_day import (
    LeadStatus,
    OpportunityStage,
    fill_first_day,
    set_lead_statuses,
    set_opportunity_stages,
)
from hpro_connectors.emulators.salesforce.org.ids import long_id
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.readable_org import ReadableOrg
from hpro_connectors.emulators.salesforce.org.recycle_bin import RecycleBin
from hpro_connectors.emulators.salesforce.org.schema import OrgSchema


class SalesforceOrg(ReadableOrg):
    """An org; safe to use from several threads.

    Every change is stamped with the second at which the org's clock stands.

    Args:
        org_id: Its id; 15 or 18 characters that begin with ``00D``.
        name: The company's name.
        clock: What time it is there.
        path: A file to keep the records in, which must not exist or be empty; default: memory.
        is_sandbox: Whether it is a test org.

    Raises:
        ValueError: The id is none of an org.
        ConfigError: The file is not empty.

    Attributes:
        org_id: Its id, of 18 characters.
        name: See above.
        clock: See above.
        is_sandbox: See above.
        schema: Objects and fields; they may be changed.
        access: Who sees what; it may be changed.
        rules: What holds for what users write; it may be changed.
        row_order: How rows come that nobody ordered; it may be changed.
        admin_user_id: The user who set the org up.
        integration_user_id: The user that HPRO signs in as.
    """

    def __init__(
        self, *, org_id: str, name: str, clock: EmulatorClock, path: Path | None = None, is_sandbox: bool = False
    ) -> None:
        found = long_id(org_id)
        if found is None or not found.startswith("00D"):
            raise ValueError(f"{org_id!r} is no id of an org")
        self.org_id, self.name, self.clock, self.is_sandbox = found, name, clock, is_sandbox
        database = Database(path)
        with database.transaction():
            self.schema = OrgSchema(database)
            self.access = Access(database, self.schema)
            state = OrgState(found, database, self.schema, self.access, clock)
            super().__init__(state, RecycleBin(state))
            self.rules = state.rules
            self.row_order = state.row_order
            self.admin_user_id, self.integration_user_id = fill_first_day(state, name, is_sandbox=is_sandbox)

    def close(self) -> None:
        """Close it; records in memory are gone."""
        self._database.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all changes that the body makes, or none of them when it raises; many changes are faster in one.

        Nobody else sees or changes anything meanwhile. The schema is not part of it.
        """
        with self._database.transaction():
            yield

    @contextlib.contextmanager
    def request(self, records: int) -> Iterator[None]:
        """Answer a request that writes: one transaction, in which what is locked stays locked.

        Args:
            records: How many records it writes.
        """
        with self._database.transaction(), self.rules.request(records):
            yield

    def create(
        self,
        object_name: str,
        values: Mapping[str, object],
        *,
        user_id: str | None = None,
        record_id: str | None = None,
    ) -> str:
        """Make a record.

        Args:
            object_name: Of which object.
            values: Its fields, as JSON has them; moments, dates and the content of files may be Python's.
            user_id: Who makes it; default: the org itself, which may write what no user may, such as
                ``CreatedDate``, and leave out what a user has to fill in.
            record_id: Its id; default: the next one.

        Returns:
            Its id, of 18 characters.

        Raises:
            ApiFault: It may not be made like this.
        """
        with self._changing():
            return changes.create(self._state, object_name, values, user_id=user_id, record_id=record_id)

    def update(
        self, object_name: str, record_id: str, values: Mapping[str, object], *, user_id: str | None = None
    ) -> None:
        """Change a record; stamps move, and changes of tracked fields are kept in the history object.

        Args:
            object_name: Of which object.
            record_id: Which record.
            values: Fields that change.
            user_id: Who changes it; default: the org itself.

        Raises:
            ApiFault: There is no such record, or it may not be changed like this.
        """
        with self._changing():
            changes.update(self._state, object_name, record_id, values, user_id=user_id)

    def touch(self, object_name: str, record_id: str) -> None:
        """Stamp a record as the org's own machinery does: nothing but ``SystemModstamp`` moves.

        Raises:
            ApiFault: There is no such record.
        """
        with self._changing():
            changes.touch(self._state, object_name, record_id)

    def delete(self, object_name: str, record_id: str, *, user_id: str | None = None) -> None:
        """Put a record into the recycle bin, and with it what belongs to it: of a lead activities, notes, history.

        Raises:
            ApiFault: There is no such record, it lies there already, or the user may not delete it.
        """
        with self._changing():
            self._bin.delete(object_name, record_id, user_id=user_id)

    def undelete(self, object_name: str, record_id: str) -> None:
        """Take a record back out of the recycle bin with all that went there with it.

        Raises:
            ApiFault: It does not lie there.
        """
        with self._changing():
            self._bin.undelete(object_name, record_id)

    def purge(self, object_name: str, record_id: str) -> None:
        """Let a record be gone without a word, and with it what belongs to it.

        Raises:
            ApiFault: There is no such record.
        """
        with self._changing():
            self._bin.purge(object_name, record_id)

    def hard_delete(self, object_name: str, record_id: str) -> None:
        """Let a record be gone without lying in the recycle bin, or out of it; :meth:`deleted` tells of it.

        Raises:
            ApiFault: There is no such record.
        """
        with self._changing():
            self._bin.hard_delete(object_name, record_id)

    def empty_recycle_bin(self) -> int:
        """Let all be gone that lies in the recycle bin for more than 15 days; the org does that by itself, too.

        What was deleted before is no longer told, see :meth:`deleted`.

        Returns:
            How many records.
        """
        with self._database.lock:
            return self._bin.empty()

    def let_deletion_log_lag(self, by: timedelta) -> None:
        """Let :meth:`deleted` cover what was deleted up to some time ago only, as behind a long transaction.

        Args:
            by: How long ago; zero ends it.
        """
        with self._database.lock:
            self._bin.log_lag_s = int(by.total_seconds())

    def purge_deletion_log(self) -> None:
        """Forget all that was deleted up to now, as the org does where too much was."""
        with self._database.lock:
            self._bin.purge_log()

    def advance(self, by: timedelta) -> datetime:
        """Let time go by in the org.

        Args:
            by: How much.

        Returns:
            What time it is then.
        """
        with self._database.lock:
            now = self.clock.advance(by)
            self._bin.empty_when_due()
        return now

    def merge(self, object_name: str, survivor_id: str, loser_id: str) -> None:
        """Merge a lead, contact or account into another one.

        The loser is deleted with ``MasterRecordId``; activities and notes are hung up at the survivor and stamped.

        Raises:
            ApiFault: One of them does not live, or such records do not merge.
        """
        with self._changing():
            merging.merge(self._state, self._bin, object_name, survivor_id, loser_id)

    def convert_lead(
        self,
        lead_id: str,
        *,
        status: str | None = None,
        with_opportunity: bool = True,
        account_id: str | None = None,
        contact_id: str | None = None,
        opportunity_name: str | None = None,
        record_ids: Mapping[str, str] | None = None,
    ) -> Conversion:
        """Convert a lead into a contact of an account, and mostly an opportunity.

        Activities and notes are hung up at the contact and stamped.

        Args:
            lead_id: Which lead.
            status: A status that means converted; default: the first one.
            with_opportunity: Whether there is an opportunity.
            account_id: An account that exists; default: a new one.
            contact_id: A contact that exists; default: a new one.
            opportunity_name: What the opportunity is called.
            record_ids: Ids of the new records by object; default: the next ones.

        Returns:
            What it became.

        Raises:
            ApiFault: It does not live, was converted before, or the status does not mean converted.
        """
        with self._changing():
            return conversion.convert_lead(
                self._state,
                lead_id,
                status=status,
                with_opportunity=with_opportunity,
                account_id=account_id,
                contact_id=contact_id,
                opportunity_name=opportunity_name,
                record_ids=record_ids or {},
            )

    def set_lead_statuses(self, statuses: Sequence[LeadStatus]) -> None:
        """Say what statuses leads may have, in their order; records keep what they have."""
        with self._changing():
            set_lead_statuses(self._state, statuses)

    def set_opportunity_stages(self, stages: Sequence[OpportunityStage]) -> None:
        """Say what stages opportunities may be in, in their order; records keep what they have."""
        with self._changing():
            set_opportunity_stages(self._state, stages)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        with self._database.lock:  # what is changed is one transaction each, begun further down
            self._bin.empty_when_due()
            yield
