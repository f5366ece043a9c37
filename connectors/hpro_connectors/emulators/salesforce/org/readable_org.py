"""Everything that an emulated org can be asked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org import replication
from hpro_connectors.emulators.salesforce.org.api_fault import entity_is_deleted, not_found
from hpro_connectors.emulators.salesforce.org.describe import describe, describe_global
from hpro_connectors.emulators.salesforce.org.ids import long_id
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.querying import (
    OpenQuery,
    QueryResult,
    QuerySettings,
    open_query,
    run_query,
)
from hpro_connectors.emulators.salesforce.org.record_reading import RecordReader
from hpro_connectors.emulators.salesforce.org.recycle_bin import RecycleBin

API_VERSION = "62.0"
"""The version that paths in answers have where nobody says another one."""


class ReadableOrg:
    """What an org can be asked; see :class:`~hpro_connectors.emulators.salesforce.org.salesforce_org.SalesforceOrg`.

    Args:
        state: The org's parts.
        recycle_bin: Its recycle bin.
    """

    def __init__(self, state: OrgState, recycle_bin: RecycleBin) -> None:
        self._state, self._bin = state, recycle_bin
        self._database = state.database
        self._records = RecordReader(state, API_VERSION)

    def get(self, object_name: str, record_id: str, *, user_id: str | None = None) -> dict[str, object]:
        """Give all fields of a record, ready for JSON.

        Args:
            object_name: Of which object.
            record_id: Which record.
            user_id: Who asks, and then sees what it may see of records that live; default: the org itself, which sees
                everything, deleted or not.

        Raises:
            ApiFault: There is no such record.
        """
        with self._reading():
            one = self._state.object(object_name)
            if user_id is not None and not self._state.access.can_see_object(user_id, one.name):
                raise not_found()
            found_id = self._state.record_id(one, record_id)
            record = self._records.read(one, found_id, user_id)
            if record is None:
                raise not_found()
            if user_id is not None and record.get("IsDeleted"):
                raise entity_is_deleted()
            return record

    def find(self, object_name: str, record_id: str) -> dict[str, object] | None:
        """Give all fields of a record that lives, ready for JSON; ``None`` where there is none or it was deleted.

        Args:
            object_name: Of which object.
            record_id: Which record.

        Raises:
            ApiFault: There is no such object.
        """
        with self._reading():
            one = self._state.object(object_name)
            found_id = long_id(record_id)
            record = None if found_id is None else self._records.read(one, found_id, None)
            return None if record is None or record.get("IsDeleted") else record

    def content(self, object_name: str, record_id: str, field: str) -> bytes:
        """Give what a field holds that queries only give the path of, such as the text of a ``ContentNote``.

        Args:
            object_name: Of which object.
            record_id: Which record.
            field: Which field.

        Raises:
            ApiFault: There is no such record or field.
        """
        with self._reading():
            one, found_id = self._state.require_live(object_name, record_id)
            found = one.find(field)
            row = None if found is None else self._database.find(one.name, found_id, [found.name])
            if found is None or row is None:
                raise not_found()
            value = row[found.name]
            return value if isinstance(value, bytes) else b""

    def run_query(
        self, soql: str, *, user_id: str | None, include_deleted: bool = False, api_version: str = API_VERSION
    ) -> QueryResult:
        """Run a query and give all of its rows.

        Args:
            soql: The query.
            user_id: Who asks; ``None``: the org itself, which sees everything.
            include_deleted: Whether it sees the recycle bin and archived activities.
            api_version: Part of the path of a file's content.

        Raises:
            ApiFault: It is no query, or it names or compares what it may not.
        """
        with self._reading():
            return run_query(self._state, soql, QuerySettings(user_id, include_deleted, api_version))

    def open_query(
        self,
        soql: str,
        *,
        user_id: str | None,
        include_deleted: bool = False,
        api_version: str = API_VERSION,
        ordered: bool = True,
    ) -> OpenQuery | QueryResult:
        """Run a query whose rows are read as they are asked for; it keeps eight bytes a row.

        Further arguments and errors as of :meth:`run_query`.

        Args:
            soql: The query.
            user_id: Who asks.
            include_deleted: Whether it sees the recycle bin and archived activities.
            api_version: Part of the path of a file's content.
            ordered: Whether rows come in the order that the query asks for.

        Returns:
            The open query; all of it at once, where its rows are no records.
        """
        with self._reading():
            return open_query(self._state, soql, QuerySettings(user_id, include_deleted, api_version, ordered))

    def describe(self, object_name: str, *, user_id: str, api_version: str = API_VERSION) -> dict[str, JsonValue]:
        """Describe an object as a user sees it, in the JSON of the REST API.

        Args:
            object_name: Which object.
            user_id: Who asks.
            api_version: Part of the paths in the answer.

        Raises:
            ApiFault: There is no such object, or the user does not see it.
        """
        with self._reading():
            return describe(self._state, object_name, user_id=user_id, api_version=api_version)

    def describe_global(self, *, user_id: str, api_version: str = API_VERSION) -> dict[str, JsonValue]:
        """Name all objects that a user sees, in the JSON of the REST API.

        Args:
            user_id: Who asks.
            api_version: Part of the paths in the answer.
        """
        with self._reading():
            return describe_global(self._state, user_id=user_id, api_version=api_version)

    def deleted(self, object_name: str, start: datetime, end: datetime) -> dict[str, JsonValue]:
        """Give what was deleted between two times, as the replication API answers it.

        Args:
            object_name: Of which object.
            start: From when, this second included.
            end: Until when, this second included.

        Raises:
            ApiFault: It is no longer known, or the times make no sense (``INVALID_REPLICATION_DATE``).
        """
        with self._reading():
            return replication.deleted(self._state, self._bin, object_name, start, end)

    def updated(self, object_name: str, start: datetime, end: datetime) -> dict[str, JsonValue]:
        """Give what was made or changed between two times and lives, as the replication API answers it.

        Args:
            object_name: Of which object.
            start: From when, this second included.
            end: Until when, this second included.

        Raises:
            ApiFault: The times make no sense (``INVALID_REPLICATION_DATE``).
        """
        with self._reading():
            return replication.updated(self._state, object_name, start, end)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        with self._database.lock:
            self._bin.empty_when_due()
            yield
