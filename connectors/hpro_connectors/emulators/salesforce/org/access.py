"""Who sees what: objects, fields, and which of them may be changed."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.database import Database
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema
from hpro_connectors.emulators.salesforce.org.schema import OrgSchema

PERMISSION_OBJECTS = frozenset({"PermissionSet", "PermissionSetAssignment", "FieldPermissions"})
"""Objects whose records say who sees what."""

_GRANTS = """
SELECT f.Field, max(f.PermissionsRead OR f.PermissionsEdit), max(f.PermissionsEdit)
FROM FieldPermissions AS f JOIN PermissionSetAssignment AS a ON a.PermissionSetId = f.ParentId
WHERE a.AssigneeId = ? GROUP BY f.Field
"""

_Key = tuple[str | None, str, str]  # whose (None: everybody's), object, field ("": the object itself)


class Access:
    """What each user may see and change.

    Everything is for everybody at first, but for fields that only a permission set shows (see
    :meth:`~hpro_connectors.emulators.salesforce.org.schema.OrgSchema.add_field`).

    Args:
        database: Where permission sets lie.
        schema: What there is to see.

    Attributes:
        version: Goes up with every change.
    """

    def __init__(self, database: Database, schema: OrgSchema) -> None:
        self._database, self._schema = database, schema
        self._hidden: set[_Key] = set()
        self._read_only: set[_Key] = set()
        self._grants: dict[str, dict[str, tuple[bool, bool]]] = {}
        self.version = 0

    @property
    def users(self) -> tuple[str, ...]:
        """Ids of all users, active or not."""
        return tuple(str(row[0]) for row in self._database.rows("SELECT Id FROM User ORDER BY Id"))

    def can_see_object(self, user_id: str, object_name: str) -> bool:
        """Say whether a user sees an object at all."""
        one = self._schema.find(object_name)
        return one is not None and not {(user_id, one.name, ""), (None, one.name, "")} & self._hidden

    def can_read(self, user_id: str, object_name: str, field: str) -> bool:
        """Say whether a user sees a field."""
        one = self._schema.find(object_name)
        found = None if one is None else one.find(field)
        if one is None or found is None or not self.can_see_object(user_id, one.name):
            return False
        name = _governing(found)
        if (user_id, one.name, name) in self._hidden:
            return False
        if (None, one.name, name) in self._hidden or self._schema.granted_only(one.name, name):
            return self._granted(user_id, one.name, name)[0]
        return True

    def can_edit(self, user_id: str, object_name: str, field: str) -> bool:
        """Say whether a user may give a field another value, as far as it is up to the user."""
        one = self._schema.find(object_name)
        found = None if one is None else one.find(field)
        if one is None or found is None or not self.can_read(user_id, one.name, found.name):
            return False
        name = _governing(found)
        if (user_id, one.name, "") in self._read_only or (None, one.name, "") in self._read_only:
            return False
        if (user_id, one.name, name) in self._read_only:
            return False
        keys = self._hidden | self._read_only
        if (None, one.name, name) in keys or self._schema.granted_only(one.name, name):
            return self._granted(user_id, one.name, name)[1]
        return True

    def hide_object(self, object_name: str, *, user_id: str | None = None) -> None:
        """Hide an object.

        Args:
            object_name: Which.
            user_id: From whom; default: from everybody.

        Raises:
            KeyError: There is no such object.
        """
        self._change(self._hidden, (user_id, self._schema[object_name].name, ""), on=True)

    def show_object(self, object_name: str, *, user_id: str | None = None) -> None:
        """Undo :meth:`hide_object`."""
        self._change(self._hidden, (user_id, self._schema[object_name].name, ""), on=False)

    def hide_field(self, object_name: str, field: str, *, user_id: str | None = None) -> None:
        """Hide a field; what permission sets said of it is taken away where it is hidden from everybody.

        Args:
            object_name: Of which object.
            field: Which.
            user_id: From whom; default: from everybody.

        Raises:
            KeyError: There is no such field.
        """
        key = self._key(object_name, field, user_id)
        self._change(self._hidden, key, on=True)
        if user_id is None:
            self._database.run("DELETE FROM FieldPermissions WHERE Field = ?", (f"{key[1]}.{key[2]}",))

    def show_field(self, object_name: str, field: str, *, user_id: str | None = None) -> None:
        """Undo :meth:`hide_field`."""
        self._change(self._hidden, self._key(object_name, field, user_id), on=False)

    def make_read_only(self, object_name: str, field: str, *, user_id: str | None = None) -> None:
        """Let a field be seen but not changed; see :meth:`hide_field`."""
        key = self._key(object_name, field, user_id)
        self._change(self._read_only, key, on=True)
        if user_id is None:
            self._database.run(
                "UPDATE FieldPermissions SET PermissionsEdit = 0 WHERE Field = ?", (f"{key[1]}.{key[2]}",)
            )

    def make_editable(self, object_name: str, field: str, *, user_id: str | None = None) -> None:
        """Undo :meth:`make_read_only`."""
        self._change(self._read_only, self._key(object_name, field, user_id), on=False)

    def make_object_read_only(self, object_name: str, *, user_id: str | None = None) -> None:
        """Let records of an object be seen but not changed."""
        self._change(self._read_only, (user_id, self._schema[object_name].name, ""), on=True)

    def can_edit_object(self, user_id: str, object_name: str) -> bool:
        """Say whether a user may change records of an object at all."""
        name = self._schema[object_name].name
        return self.can_see_object(user_id, name) and not {(user_id, name, ""), (None, name, "")} & self._read_only

    def permissions_changed(self) -> None:
        """Take note that records of :data:`PERMISSION_OBJECTS` changed."""
        self._grants.clear()
        self.version += 1

    def forget_field(self, object_name: str, field: str) -> None:
        """Forget who saw a field that was taken away.

        Args:
            object_name: Of which object.
            field: Which.
        """
        for keys in (self._hidden, self._read_only):
            keys.difference_update({key for key in keys if key[1:] == (object_name, field)})
        self._database.run("DELETE FROM FieldPermissions WHERE Field = ? COLLATE NOCASE", (f"{object_name}.{field}",))
        self.permissions_changed()

    def _change(self, keys: set[_Key], key: _Key, *, on: bool) -> None:
        with self._database.lock:
            (keys.add if on else keys.discard)(key)
            self.permissions_changed()

    def _key(self, object_name: str, field: str, user_id: str | None) -> _Key:
        one = self._schema[object_name]
        return user_id, one.name, one.fields[field].name

    def _granted(self, user_id: str, object_name: str, field: str) -> tuple[bool, bool]:
        grants = self._grants.get(user_id)
        if grants is None:
            rows = self._database.rows(_GRANTS, (user_id,))
            grants = {str(row[0]).lower(): (bool(row[1]), bool(row[2])) for row in rows}
            self._grants[user_id] = grants
        return grants.get(f"{object_name}.{field}".lower(), (False, False))


def _governing(field: FieldSchema) -> str:
    """Give the field whose security counts: parts of an address follow the whole."""
    return field.compound if field.compound.endswith("Address") else field.name
