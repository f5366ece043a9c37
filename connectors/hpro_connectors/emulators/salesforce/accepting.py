"""Whether a record that is sent may be written, and its values as the database keeps them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hpro_connectors.emulators.salesforce.api_fault import (
    ApiFault,
    bad_reference,
    no_access,
    no_column_to_write,
    not_writable,
)
from hpro_connectors.emulators.salesforce.database import StoredValue
from hpro_connectors.emulators.salesforce.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org_state import OrgState
from hpro_connectors.emulators.salesforce.permission_rules import require_setup_rights
from hpro_connectors.emulators.salesforce.values import to_stored

_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOGETHER_UNIQUE = {
    "PermissionSetAssignment": ("PermissionSetId", "AssigneeId"),
    "FieldPermissions": ("ParentId", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
}


def accept(
    state: OrgState, one: ObjectSchema, values: Mapping[str, object], user_id: str | None, *, record_id: str | None
) -> dict[str, StoredValue]:
    """Give the values of a record that is sent as the database keeps them.

    Args:
        state: The org.
        one: Of which object the record is.
        values: What is sent; ``attributes`` is passed over.
        user_id: Who sends it; ``None``: the org itself, which may write what no user may.
        record_id: The record that is changed, or ``None`` for a new one.

    Raises:
        ApiFault: It may not be written.
    """
    require_setup_rights(state, one, user_id)
    if user_id is not None and not state.access.can_edit_object(user_id, one.name):
        raise no_access("insufficient access rights on cross-reference id" if record_id is None else _NO_RIGHTS)
    stored: dict[str, StoredValue] = {}
    refused = []
    for name, value in values.items():
        if name == "attributes":
            continue
        field = one.fields.get(name) or one.find(name)
        if field is None or (user_id is not None and not state.access.can_read(user_id, one.name, field.name)):
            raise no_column_to_write(name, one.name)
        if not _writable(state, one, field, user_id, creating=record_id is None):
            refused.append(field.name)
            continue
        found = to_stored(field, value)
        if found is not None and field.type is FieldType.REFERENCE:
            _check_reference(state, field, str(found), exists=user_id is not None)
        if user_id is not None:
            _check_of_user(field, found, value)
        stored[field.name] = found
    if refused:
        raise not_writable(refused)
    if user_id is not None and record_id is None:
        _require(one, stored)
    if one.name == "FieldPermissions" and "Field" in stored:
        _check_permission(state, str(stored["Field"]))
    _check_unique(state, one, stored, record_id)
    return stored


_NO_RIGHTS = "insufficient access rights on object id"


def _writable(state: OrgState, one: ObjectSchema, field: FieldSchema, user_id: str | None, *, creating: bool) -> bool:
    if field.expression or field.type is FieldType.ID:
        return False
    if user_id is None:
        return True
    return (field.createable if creating else field.updateable) and state.access.can_edit(user_id, one.name, field.name)


def _check_reference(state: OrgState, field: FieldSchema, record_id: str, *, exists: bool) -> None:
    targets = [one for name in field.reference_to if (one := state.schema.find(name)) is not None]
    matching = [one for one in targets if one.key_prefix == record_id[:3]]
    if not matching:
        if len(targets) < len(field.reference_to):
            return  # it may lead to an object that this org does not hold, such as a queue
        raise ApiFault(
            400, "FIELD_INTEGRITY_EXCEPTION", f"{field.label}: id value of incorrect type: {record_id}", [field.name]
        )
    if not exists:
        return
    live = [state.is_live(one, record_id) for one in matching]
    if all(one is None for one in live):
        raise bad_reference([field.name])
    if not any(live):
        raise ApiFault(400, "ENTITY_IS_DELETED", "entity is deleted", [field.name])


def _check_of_user(field: FieldSchema, stored: StoredValue, value: object) -> None:
    if stored is None and not field.nillable and field.default is None:
        raise ApiFault(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{field.name}]", [field.name])
    if field.type is FieldType.EMAIL and isinstance(stored, str) and not _MAIL_ADDRESS.fullmatch(stored):
        raise ApiFault(400, "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", [field.name])


def _require(one: ObjectSchema, stored: Mapping[str, StoredValue]) -> None:
    missing = [
        field.name
        for field in one.stored
        if not field.nillable
        and field.createable
        and field.default is None
        and field.name != "OwnerId"
        and stored.get(field.name) is None
    ]
    if missing:
        raise ApiFault(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)


def _check_permission(state: OrgState, name: str) -> None:
    """Refuse a permission of a field that is not there, or that everybody sees whatever is said of it."""
    object_name, _, field_name = name.partition(".")
    one = state.schema.find(object_name)
    field = None if one is None else one.find(field_name)
    if field is None or not field.can_be_hidden:
        raise ApiFault(
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"Field Name: bad value for restricted picklist field: {name}",
            ["Field"],
        )


def _check_unique(state: OrgState, one: ObjectSchema, stored: Mapping[str, StoredValue], record_id: str | None) -> None:
    together = _TOGETHER_UNIQUE.get(one.name, ())
    groups = [(name,) for name, value in stored.items() if value is not None and one.fields[name].unique]
    if together and all(name in stored for name in together):
        groups.append(together)  # type: ignore[arg-type] # of two names, not of one
    for names in groups:
        conditions = " AND ".join(f'"{name}" = ? COLLATE NOCASE' for name in names)
        found = state.database.row(
            f'SELECT Id FROM "{one.name}" WHERE {conditions} AND Id IS NOT ?',  # noqa: S608 - names of our own
            (*(stored[name] for name in names), record_id),
        )
        if found is not None:
            raise ApiFault(
                400,
                "DUPLICATE_VALUE",
                f"duplicate value found: {names[-1]} duplicates value on record with id: {found[0]!s}",
                names,
            )
