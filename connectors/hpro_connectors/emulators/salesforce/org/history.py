"""Rows of the history objects: what a change of a tracked field leaves behind."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.values import moment_text

_DATA_TYPES = {
    FieldType.PICKLIST: "DynamicEnum",
    FieldType.MULTIPICKLIST: "MultiEnum",
    FieldType.BOOLEAN: "Boolean",
    FieldType.INT: "Integer",
    FieldType.DOUBLE: "Double",
    FieldType.CURRENCY: "Currency",
    FieldType.PERCENT: "Percent",
    FieldType.DATE: "DateOnly",
    FieldType.DATETIME: "DateTime",
    FieldType.EMAIL: "Email",
    FieldType.PHONE: "PhoneNumber",
    FieldType.URL: "Url",
    FieldType.TEXTAREA: "TextArea",
}
_LONGEST_KEPT = 255


@dataclass(frozen=True, slots=True)
class _Change:
    """What one row of a history object says."""

    field: str
    data_type: str
    old: StoredValue | bool = None
    new: StoredValue | bool = None


def history_name(field: FieldSchema) -> str:
    """Give what history objects call a field: references of the standard lose their "Id"."""
    return field.name if field.custom else field.relationship or field.name


def log_event(state: OrgState, one: ObjectSchema, record_id: str, event: str, *, user_id: str, at: int) -> None:
    """Keep that something happened to a record that is no change of a field, such as ``created``.

    Nothing is kept where no field of the object is tracked.
    """
    history = state.schema.history_of(one.name) if one.tracked else None
    if history is not None:
        _insert(state, history, record_id, _Change(event, "Text"), user_id=user_id, at=at)


def log_changes(
    state: OrgState,
    one: ObjectSchema,
    record_id: str,
    before: Mapping[str, StoredValue],
    after: Mapping[str, StoredValue],
    *,
    user_id: str,
    at: int,
) -> None:
    """Keep the changes of tracked fields.

    A reference leaves two rows, one of names and one of ids; a long text leaves that it changed, but no values.

    Args:
        state: The org.
        one: Of which object the record is.
        record_id: Which record.
        before: Values that were changed, as they were.
        after: The same ones, as they are now.
        user_id: Who changed them.
        at: When, in seconds since 1970.
    """
    history = state.schema.history_of(one.name) if one.tracked else None
    if history is None:
        return
    for name, new in after.items():
        old = before.get(name)
        if name not in one.tracked or old == new:
            continue
        field = one.fields[name]
        if field.type is FieldType.REFERENCE:
            shown = history_name(field)
            changes = [
                _Change(shown, "Text", _name_of(state, old), _name_of(state, new)),
                _Change(shown, "EntityId", old, new),
            ]
        else:
            kind = _DATA_TYPES.get(field.type, "Text")
            changes = [_Change(name, kind, _kept(field, old), _kept(field, new))]
        for change in changes:
            _insert(state, history, record_id, change, user_id=user_id, at=at)


def _insert(state: OrgState, history: ObjectSchema, record_id: str, change: _Change, *, user_id: str, at: int) -> None:
    state.database.insert(
        history.name,
        {
            "Id": state.new_id(history.key_prefix),
            "IsDeleted": 0,
            history.parent_field: record_id,
            "CreatedById": user_id,
            "CreatedDate": at,
            "Field": change.field,
            "DataType": change.data_type,
            "OldValue": None if change.old is None else json.dumps(change.old, ensure_ascii=False),
            "NewValue": None if change.new is None else json.dumps(change.new, ensure_ascii=False),
        },
    )


def _kept(field: FieldSchema, value: StoredValue) -> StoredValue | bool:
    if value is None or field.type is FieldType.MULTIPICKLIST or field.length > _LONGEST_KEPT:
        return None
    if field.type is FieldType.BOOLEAN:
        return bool(value)
    if field.type is FieldType.DATETIME and isinstance(value, int):
        return moment_text(value)
    return value


def _name_of(state: OrgState, record_id: StoredValue) -> StoredValue:
    if not isinstance(record_id, str):
        return None
    one = state.schema.object_of_id(record_id)
    name = None if one is None else one.fields.get("Name")
    if one is None or name is None:
        return None
    column = name.expression.format(t="t", now=0, today="''") if name.expression else "t.Name"
    found = state.database.row(f'SELECT {column} FROM "{one.name}" AS t WHERE Id = ?', (record_id,))  # noqa: S608
    return None if found is None else found[0]
