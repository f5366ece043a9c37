"""Deleting records: into the recycle bin for 15 days, back out of it, or for ever."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.access import PERMISSION_OBJECTS
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, no_access, not_found
from hpro_connectors.emulators.salesforce.org.database import DELETED_AT, DELETED_WITH, Database
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.permission_rules import check_unassigned, require_setup_rights

# ruff: noqa: S608 - what is put into SQL are names of our own; values are always bound

STAYS_S = 15 * 86_400
"""How long a record lies in the recycle bin, in seconds."""

LOG_TABLE = "CREATE TABLE _deletion_log (object TEXT, id TEXT, at INTEGER)"
LOG_INDEX = "CREATE INDEX _deletion_log_by_at ON _deletion_log (object, at)"

_GOES_WITH: dict[str, tuple[tuple[str, str], ...]] = {
    "Lead": (
        ("Task", "WhoId"),
        ("Event", "WhoId"),
        ("Note", "ParentId"),
        ("ContentDocumentLink", "LinkedEntityId"),
        ("LeadHistory", "LeadId"),
        ("EmailMessageRelation", "RelationId"),
    ),
    "Contact": (
        ("Task", "WhoId"),
        ("Event", "WhoId"),
        ("Note", "ParentId"),
        ("ContentDocumentLink", "LinkedEntityId"),
        ("ContactHistory", "ContactId"),
        ("EmailMessageRelation", "RelationId"),
        ("OpportunityContactRole", "ContactId"),
    ),
    "Account": (
        ("Contact", "AccountId"),
        ("Opportunity", "AccountId"),
        ("Task", "WhatId"),
        ("Event", "WhatId"),
        ("Note", "ParentId"),
        ("ContentDocumentLink", "LinkedEntityId"),
        ("AccountHistory", "AccountId"),
        ("EmailMessage", "RelatedToId"),
    ),
    "Opportunity": (
        ("Task", "WhatId"),
        ("Event", "WhatId"),
        ("Note", "ParentId"),
        ("ContentDocumentLink", "LinkedEntityId"),
        ("OpportunityFieldHistory", "OpportunityId"),
        ("OpportunityContactRole", "OpportunityId"),
        ("EmailMessage", "RelatedToId"),
    ),
    "Task": (("EmailMessage", "ActivityId"),),
    "EmailMessage": (("EmailMessageRelation", "EmailMessageId"),),
    "ContentDocument": (
        ("ContentDocumentLink", "ContentDocumentId"),
        ("ContentVersion", "ContentDocumentId"),
        ("ContentNote", "Id"),
    ),
    "ContentNote": (("ContentDocument", "Id"),),
    "PermissionSet": (
        ("FieldPermissions", "ParentId"),
        ("ObjectPermissions", "ParentId"),
        ("PermissionSetAssignment", "PermissionSetId"),
    ),
}


class RecycleBin:
    """The recycle bin of an org, and the log of what was deleted.

    Args:
        state: The org.

    Attributes:
        log_starts: What was deleted before is forgotten; in seconds since 1970.
        log_lag_s: What was deleted in the last so many seconds is not told yet, as where a long transaction runs.
    """

    def __init__(self, state: OrgState) -> None:
        self._state = state
        self._due: int | None = None
        self.log_starts = 0
        self.log_lag_s = 0
        make_log(state.database)

    def delete(self, object_name: str, record_id: str, *, user_id: str | None = None) -> None:
        """Put a record into the bin with what goes with it; one of an object without a bin is gone.

        Raises:
            ApiFault: There is no such record, it lies there already, or the user may not delete it.
        """
        one, found_id = self._state.require_live(object_name, record_id)
        if user_id is not None and not (one.deletable and self._state.access.can_edit_object(user_id, one.name)):
            raise no_access()
        if user_id is not None:
            require_setup_rights(self._state, one, user_id)
            check_unassigned(self._state, one, found_id)
        with self._state.database.transaction():
            self.put(one, found_id, found_id)
        if one.name in PERMISSION_OBJECTS:
            self._state.access.permissions_changed()

    def put(self, one: ObjectSchema, record_id: str, root_id: str) -> None:
        """Put a record that lives into the bin with what goes with it.

        Args:
            one: Of which object it is.
            record_id: Its long id.
            root_id: The record that it goes with; its own id where it goes by itself.
        """
        at = self._state.now()
        database = self._state.database
        if "IsDeleted" in one.fields:
            database.update(one.name, record_id, {"IsDeleted": 1, DELETED_AT: at, DELETED_WITH: root_id})
            if one.stamp is not None:
                database.update(one.name, record_id, {one.stamp: at})
            database.run("INSERT INTO _deletion_log VALUES (?, ?, ?)", (one.name, record_id, at))
            self._due = at + STAYS_S if self._due is None else self._due
        else:
            database.run(f'DELETE FROM "{one.name}" WHERE Id = ?', (record_id,))
        for child, child_id in self._children(one, record_id, live=True):
            self.put(child, child_id, root_id)

    def undelete(self, object_name: str, record_id: str) -> None:
        """Take a record back out of the bin with what went there with it.

        Raises:
            ApiFault: It does not lie there.
        """
        one = self._state.object(object_name)
        found_id = self._state.record_id(one, record_id)
        live = self._state.is_live(one, found_id)
        if live is None:
            raise not_found()
        if live:
            raise ApiFault(400, "UNDELETE_FAILED", "entity is not in the recycle bin")
        lies = self._state.database.find(one.name, found_id, [DELETED_WITH])
        if lies is None or lies[DELETED_WITH] != found_id:
            raise ApiFault(400, "UNDELETE_FAILED", "entity was deleted with another one, which has to come back first")
        at = self._state.now()
        with self._state.database.transaction():
            for table in self._state.schema:
                if "IsDeleted" in table.fields:
                    self._bring_back(table, found_id, at)
            if "MasterRecordId" in one.fields:
                self._state.database.update(one.name, found_id, {"MasterRecordId": None})

    def purge(self, object_name: str, record_id: str) -> None:
        """Let a record be gone without a word, deleted or not, with what goes with it.

        Raises:
            ApiFault: There is no such record.
        """
        one = self._state.object(object_name)
        found_id = self._state.record_id(one, record_id)
        if self._state.is_live(one, found_id) is None:
            raise not_found()
        with self._state.database.transaction():
            self._remove(one, found_id, is_logged=False)

    def hard_delete(self, object_name: str, record_id: str) -> None:
        """Let a record be gone with what goes with it, past the bin or out of it; the log tells of all of it.

        Raises:
            ApiFault: There is no such record.
        """
        one = self._state.object(object_name)
        found_id = self._state.record_id(one, record_id)
        live = self._state.is_live(one, found_id)
        if live is None:
            raise not_found()
        with self._state.database.transaction():
            if live:
                self.put(one, found_id, found_id)
            self._remove(one, found_id, is_logged=True)

    def empty(self) -> int:
        """Let all be gone that lies here for more than 15 days, and forget that it was ever deleted.

        Returns:
            How many records.
        """
        limit = self._state.now() - STAYS_S
        database = self._state.database
        gone = 0
        oldest = []
        with database.transaction():
            for one in self._state.schema:
                gone += database.run(f'DELETE FROM "{one.name}" WHERE {DELETED_AT} < ?', (limit,))
                found = database.row(f'SELECT min({DELETED_AT}) FROM "{one.name}" WHERE {DELETED_AT} IS NOT NULL')
                if found is not None and isinstance(found[0], int):
                    oldest.append(found[0])
            self.purge_log(limit)
        self._due = min(oldest) + STAYS_S if oldest else None
        return gone

    def empty_when_due(self) -> None:
        """Empty it where something lies here for more than 15 days."""
        if self._due is not None and self._state.now() > self._due:
            self.empty()

    def purge_log(self, before: int | None = None) -> None:
        """Forget what was deleted before a time, so that nobody can ask for it any longer.

        Args:
            before: In seconds since 1970; default: now.
        """
        limit = self._state.now() if before is None else before
        self._state.database.run("DELETE FROM _deletion_log WHERE at < ?", (limit,))
        self.log_starts = max(self.log_starts, limit)

    def _bring_back(self, table: ObjectSchema, root_id: str, at: int) -> None:
        database = self._state.database
        database.run(
            f'DELETE FROM _deletion_log WHERE id IN (SELECT Id FROM "{table.name}" WHERE {DELETED_WITH} = ?)',
            (root_id,),
        )
        stamp = f", {table.stamp} = {at}" if table.stamp else ""
        database.run(
            f'UPDATE "{table.name}" SET IsDeleted = 0, {DELETED_AT} = NULL, {DELETED_WITH} = NULL{stamp}'
            f" WHERE {DELETED_WITH} = ?",
            (root_id,),
        )

    def _remove(self, one: ObjectSchema, record_id: str, *, is_logged: bool) -> None:
        children = self._children(one, record_id, live=False)
        self._state.database.run(f'DELETE FROM "{one.name}" WHERE Id = ?', (record_id,))
        if not is_logged:
            self._state.database.run("DELETE FROM _deletion_log WHERE id = ?", (record_id,))
        for child, child_id in children:
            self._remove(child, child_id, is_logged=is_logged)

    def _children(self, one: ObjectSchema, record_id: str, *, live: bool) -> list[tuple[ObjectSchema, str]]:
        found = []
        for name, link in _GOES_WITH.get(one.name, ()):
            child = self._state.schema.find(name)
            if child is None or link not in child.fields:
                continue
            condition = " AND IsDeleted = 0" if live and "IsDeleted" in child.fields else ""
            rows = self._state.database.rows(
                f'SELECT Id FROM "{child.name}" WHERE "{link}" = ?{condition}', (record_id,)
            )
            found += [(child, str(row[0])) for row in rows]
        return found


def make_log(database: Database) -> None:
    """Make the table of what was deleted."""
    database.run(LOG_TABLE)
    database.run(LOG_INDEX)
