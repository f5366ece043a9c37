"""Whether a record that is sent may be written, and its values as the database keeps them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hpro_connectors.emulators.salesforce.org.api_fault import (
    ApiFault,
    bad_reference,
    no_access,
    no_column_to_write,
    not_writable,
)
from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.permission_rules import require_setup_rights
from hpro_connectors.emulators.salesforce.org.write_plan import PlannedField, WritePlan

_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TOGETHER_UNIQUE = {
    "PermissionSetAssignment": ("PermissionSetId", "AssigneeId"),
    "FieldPermissions": ("ParentId", "Field"),
    "ObjectPermissions": ("ParentId", "SobjectType"),
}


def accept(
    state: OrgState, one: ObjectSchema, values: Mapping[str, object], *, user_id: str | None, record_id: str | None
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
        raise no_access()
    plan = state.plans.of(one)
    stored: dict[str, StoredValue] = {}
    refused = []
    for name, value in values.items():
        planned = plan.fields.get(name)
        if user_id is not None or planned is None:
            if name == "attributes":
                continue
            field = _named(state, one, name, user_id)
            planned = plan.fields.get(field.name)
            if planned is None or not _writable(state, one, field, user_id, creating=record_id is None):
                refused.append(field.name)
                continue
        field = planned.field
        if value is None or value == "":
            found: StoredValue = 0 if field.type is FieldType.BOOLEAN else None
        else:
            found = planned.store(field, value)
            if field.type is FieldType.REFERENCE:
                _check_reference(state, planned, str(found), exists=user_id is not None)
        if user_id is not None:
            _check_of_user(field, found, value)
        stored[field.name] = found
    if refused:
        raise not_writable(refused)
    if user_id is not None and record_id is None:
        _require(plan, stored)
    if one.name == "FieldPermissions" and "Field" in stored:
        _check_permission(state, str(stored["Field"]))
    if plan.unique or one.name in _TOGETHER_UNIQUE:
        _check_unique(state, one, plan, stored, record_id)
    return stored


def _named(state: OrgState, one: ObjectSchema, name: str, user_id: str | None) -> FieldSchema:
    field = one.find(name)
    if field is None or (user_id is not None and not state.access.can_read(user_id, one.name, field.name)):
        raise no_column_to_write(name, one.name)
    return field


def _writable(state: OrgState, one: ObjectSchema, field: FieldSchema, user_id: str | None, *, creating: bool) -> bool:
    if user_id is None:
        return True
    return (field.createable if creating else field.updateable) and state.access.can_edit(user_id, one.name, field.name)


def _check_reference(state: OrgState, planned: PlannedField, record_id: str, *, exists: bool) -> None:
    field = planned.field
    targets = planned.targets
    if targets is None:
        targets = tuple(one for name in field.reference_to if (one := state.schema.find(name)) is not None)
    prefix = record_id[:3]
    matching = [one for one in targets if one.key_prefix == prefix]
    if not matching:
        if planned.targets is None:
            return
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


def _require(plan: WritePlan, stored: Mapping[str, StoredValue]) -> None:
    missing = [name for name in plan.required if stored.get(name) is None]
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


def _check_unique(
    state: OrgState, one: ObjectSchema, plan: WritePlan, stored: Mapping[str, StoredValue], record_id: str | None
) -> None:
    groups: list[tuple[str, ...]] = [(name,) for name in plan.unique if stored.get(name) is not None]
    together = _TOGETHER_UNIQUE.get(one.name, ())
    if together and all(name in stored for name in together):
        groups.append(together)
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
