"""What the org asks of records that say who may do what, before it takes them or lets them go."""

from __future__ import annotations

from collections.abc import Mapping

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, no_access
from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState

SETUP_OBJECTS = frozenset({"PermissionSet", "PermissionSetAssignment", "FieldPermissions", "ObjectPermissions"})
"""Objects whose records only an admin writes."""

_NEEDS = {
    "Create": ("Read",),
    "Edit": ("Read",),
    "Delete": ("Read", "Edit"),
    "ViewAllRecords": ("Read",),
    "ModifyAllRecords": ("Read", "Edit", "Delete", "ViewAllRecords"),
}
_WORDS = {"ViewAllRecords": "Read All", "ModifyAllRecords": "Modify All"}
_WITH_ACCOUNTS = frozenset({"Contact", "Opportunity"})


def require_setup_rights(state: OrgState, one: ObjectSchema, user_id: str | None) -> None:
    """Refuse that anybody but an admin writes records of the setup.

    Args:
        state: The org.
        one: Of which object the record is.
        user_id: Who writes it; ``None``: the org itself.

    Raises:
        ApiFault: The user is no admin.
    """
    if one.name in SETUP_OBJECTS and user_id not in {None, state.system_user_id}:
        raise no_access()


def check_permission(state: OrgState, one: ObjectSchema, row: Mapping[str, StoredValue]) -> None:
    """Refuse what goes too far without something else, or is about what there is not.

    Args:
        state: The org.
        one: Of which object the record is.
        row: All of its values as they will be stored.

    Raises:
        ApiFault: It may not be like this.
    """
    if one.name == "FieldPermissions":
        _check_field(state, row)
    elif one.name == "ObjectPermissions":
        _check_object(state, row)


def check_unassigned(state: OrgState, one: ObjectSchema, record_id: str) -> None:
    """Refuse that a permission set goes that somebody has.

    Args:
        state: The org.
        one: Of which object the record is.
        record_id: Which record.

    Raises:
        ApiFault: Somebody has it.
    """
    if one.name != "PermissionSet":
        return
    found = state.database.row("SELECT count(*) FROM PermissionSetAssignment WHERE PermissionSetId = ?", (record_id,))
    if found is not None and isinstance(found[0], int) and found[0]:
        raise ApiFault(
            400,
            "DELETE_FAILED",
            "Your attempt to delete a permission set could not be completed because it is associated with"
            f" {found[0]} permission set assignment(s)",
        )


def _check_field(state: OrgState, row: Mapping[str, StoredValue]) -> None:
    full_name = _text(row, "Field")
    object_name, _, name = full_name.partition(".")
    one = _object(state, row)
    field = one.find(name) if object_name.lower() == one.name.lower() else None
    if field is None or not field.can_be_hidden:
        raise _bad_value("Field Name", "Field", row)
    if row.get("PermissionsEdit") and not row.get("PermissionsRead"):
        raise _depends(f"Edit {full_name}", f"Read {full_name}")


def _check_object(state: OrgState, row: Mapping[str, StoredValue]) -> None:
    name = _object(state, row).name
    granted = {key.removeprefix("Permissions") for key, value in row.items() if key.startswith("Permissions") and value}
    for right in sorted(granted):
        for needed in _NEEDS.get(right, ()):
            if needed not in granted:
                raise _depends(f"{_word(right)} {name}", f"{_word(needed)} {name}")
    if name in _WITH_ACCOUNTS:
        for right in ("Read", "ViewAllRecords"):
            if right in granted and not _has_accounts(state, _text(row, "ParentId"), right):
                raise _depends(f"{_word(right)} {name}", f"{_word(right)} Account")


def _has_accounts(state: OrgState, parent_id: str, right: str) -> bool:
    found = state.database.row(
        f"SELECT max(Permissions{right}) FROM ObjectPermissions"  # noqa: S608 - a name of our own
        " WHERE ParentId = ? AND SobjectType = 'Account'",
        (parent_id,),
    )
    return found is not None and bool(found[0])


def _object(state: OrgState, row: Mapping[str, StoredValue]) -> ObjectSchema:
    one = state.schema.find(_text(row, "SobjectType"))
    if one is None:
        raise _bad_value("Object Type Name", "SobjectType", row)
    return one


def _text(row: Mapping[str, StoredValue], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _word(right: str) -> str:
    return _WORDS.get(right, right)


def _depends(right: str, needed: str) -> ApiFault:
    return ApiFault(400, "FIELD_INTEGRITY_EXCEPTION", f"Permission {right} depends on permission(s): {needed}")


def _bad_value(label: str, name: str, row: Mapping[str, StoredValue]) -> ApiFault:
    return ApiFault(
        400,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{label}: bad value for restricted picklist field: {_text(row, name)}",
        (name,),
    )
