"""The objects of an org and their fields; both may change while the org is in use."""

from __future__ import annotations

from collections.abc import Iterator

from hpro_connectors.emulators.salesforce.org.database import Database
from hpro_connectors.emulators.salesforce.org.field_schema import IDS, NUMBERS, FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.standard import STANDARD_OBJECTS

_MOST_TRACKED = 20


class OrgSchema:
    """What objects an org has, and what fields.

    Args:
        database: Gets a table for each object.

    Attributes:
        version: Goes up with every change.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._objects: dict[str, ObjectSchema] = {}
        self._names: dict[str, str] = {}
        self._granted_only: set[tuple[str, str]] = set()
        self.version = 0
        for standard in STANDARD_OBJECTS:
            self.add_object(_copy(standard))

    def __iter__(self) -> Iterator[ObjectSchema]:
        return iter(tuple(self._objects.values()))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def __getitem__(self, name: str) -> ObjectSchema:
        return self._objects[self._names[name.lower()]]

    def find(self, name: str) -> ObjectSchema | None:
        """Give an object, whatever the case of its name; ``None`` where there is none."""
        key = self._names.get(name.lower())
        return None if key is None else self._objects[key]

    def add_object(self, one: ObjectSchema) -> None:
        """Add an object, without records.

        Raises:
            ValueError: There is one of that name.
        """
        if one.name in self:
            raise ValueError(f"there is an object {one.name} already")
        with self._database.transaction():
            self._database.make_table(one)
            self._objects[one.name] = one
            self._names[one.name.lower()] = one.name
            self.version += 1

    def remove_object(self, name: str) -> None:
        """Take an object away with its records, as in an edition that does not have it.

        Raises:
            KeyError: There is no such object.
        """
        one = self[name]
        with self._database.transaction():
            self._database.drop_table(one.name)
            del self._objects[one.name], self._names[one.name.lower()]
            self.version += 1

    def add_field(self, object_name: str, field: FieldSchema, *, visible: bool = True) -> None:
        """Add a field; it is empty in all records.

        Args:
            object_name: Of which object.
            field: What it is.
            visible: Whether everybody sees it; otherwise nobody does until a permission set says so.

        Raises:
            KeyError: There is no such object.
            ValueError: There is a field of that name.
        """
        one = self[object_name]
        if one.find(field.name) is not None:
            raise ValueError(f"{one.name} has a field {field.name} already")
        with self._database.transaction():
            if not field.expression:
                self._database.add_column(one.name, field)
                if field.type is FieldType.BOOLEAN:
                    self._database.run(f'UPDATE "{one.name}" SET "{field.name}" = ?', (bool(field.default),))  # noqa: S608
            one.fields[field.name] = field.with_label()
            if not visible:
                self._granted_only.add((one.name, field.name))
            self.version += 1

    def remove_field(self, object_name: str, name: str) -> None:
        """Take a field away with its values.

        Raises:
            KeyError: There is no such field or object.
        """
        one = self[object_name]
        field = one.fields[name]
        with self._database.transaction():
            if not field.expression:
                self._database.drop_column(one.name, field)
            del one.fields[name]
            one.tracked.discard(name)
            self._granted_only.discard((one.name, name))
            self.version += 1

    def change_field(self, object_name: str, field: FieldSchema) -> None:
        """Make a field something else: of another type, length, label or with other picklist values.

        Values are kept as far as they fit the new type.

        Args:
            object_name: Of which object.
            field: What it is from now on; its name says which.

        Raises:
            KeyError: There is no such field or object.
        """
        one = self[object_name]
        before = one.fields[field.name]
        with self._database.transaction():
            if not (before.expression or field.expression):
                _convert(self._database, one.name, before, field)
            one.fields[field.name] = field.with_label()
            self.version += 1

    def track(self, object_name: str, field: str, on: bool = True) -> None:  # noqa: FBT001, FBT002 - reads like a switch
        """Keep the changes of a field in the history object from now on, or no longer.

        Raises:
            KeyError: There is no such field or object.
            ValueError: This field's changes cannot be kept, or those of 20 are.
        """
        one = self[object_name]
        if on:
            if not one.fields[field].can_be_tracked or self.history_of(one.name) is None:
                raise ValueError(f"changes of {object_name}.{field} cannot be tracked")
            if field not in one.tracked and len(one.tracked) >= _MOST_TRACKED:
                raise ValueError(f"{object_name} tracks {_MOST_TRACKED} fields already")
            one.tracked.add(field)
        else:
            one.tracked.discard(field)
        self.version += 1

    def history_of(self, object_name: str) -> ObjectSchema | None:
        """Give the object that holds the changes of an object, where there is one."""
        return next((one for one in self._objects.values() if one.history_of == object_name), None)

    def granted_only(self, object_name: str, field: str) -> bool:
        """Say whether nobody sees a field but whom a permission set lets."""
        return (object_name, field) in self._granted_only

    def object_of_id(self, record_id: str) -> ObjectSchema | None:
        """Give the object that an id belongs to; of several with that prefix, the first."""
        prefix = record_id[:3]
        return next((one for one in self._objects.values() if one.key_prefix == prefix), None)


def _copy(standard: ObjectSchema) -> ObjectSchema:
    values = {name: getattr(standard, name) for name in ObjectSchema.__dataclass_fields__}
    return ObjectSchema(**{**values, "fields": dict(standard.fields), "tracked": set(standard.tracked)})


def _convert(database: Database, table: str, before: FieldSchema, after: FieldSchema) -> None:
    """Bring stored values to another type; what does not fit becomes empty."""
    groups = [_storage(before.type), _storage(after.type)]
    if groups[0] == groups[1]:
        return
    column = f'"{after.name}"'
    if groups == ["number", "text"]:
        value = f"CASE WHEN {column} = CAST({column} AS INTEGER) THEN CAST({column} AS INTEGER) ELSE {column} END"
        value = f"CASE WHEN {column} IS NULL THEN NULL ELSE CAST({value} AS TEXT) END"
    elif groups == ["text", "number"]:
        value = (
            f"CASE WHEN {column} GLOB '*[0-9]*' AND {column} NOT GLOB '*[^0-9.eE+-]*' THEN CAST({column} AS REAL) END"
        )
    elif after.type is FieldType.BOOLEAN:
        value = "0"
    elif groups[1] == "text":
        value = f"CAST({column} AS TEXT)"
    else:
        value = "NULL"
    database.run(f'UPDATE "{table}" SET {column} = {value}')  # noqa: S608 - names of our own


def _storage(kind: FieldType) -> str:
    if kind in NUMBERS:
        return "number"
    if kind in {FieldType.BOOLEAN, FieldType.DATE, FieldType.DATETIME, FieldType.BASE64, FieldType.ANYTYPE} | IDS:
        return kind.value
    return "text"
