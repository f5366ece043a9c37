"""Our permission sets in the org, as records: the sets, what they open of objects and fields, and who has them.

What a set of ours opens already is never taken back, so that objects can be added one after the other; what it lacks
is added, and told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

from pydantic import JsonValue

from hpro_connectors.salesforce.client.error_classes import no_data_error
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing.record_saving import create_records, update_records
from hpro_connectors.salesforce.installing.steps import Step, StepKind, StepState
from hpro_connectors.salesforce.metadata.permission_sets import ObjectAccess, PermissionSet
from hpro_connectors.salesforce.rows.small_queries import read_all
from hpro_connectors.salesforce.rows.soql import select, text_literal

_OF_OBJECTS: Final = ("PermissionsRead", "PermissionsEdit", "PermissionsViewAllRecords")
_OF_FIELDS: Final = ("PermissionsRead", "PermissionsEdit")


@dataclass(frozen=True, slots=True)
class FoundSet:
    """A permission set of the org.

    Attributes:
        set_id: The org's id of it.
        row: Its values.
    """

    set_id: str
    row: Mapping[str, JsonValue]

    @property
    def works_by_session(self) -> bool:
        """Whether it opens nothing until its user activates it for a session, which no integration user does."""
        return self.row.get("HasActivationRequired") is True


def find_set(client: SalesforceClient, name: str, columns: tuple[str, ...] = ()) -> FoundSet | None:
    """Find a permission set that belongs to no package and no profile.

    Args:
        client: Signed in as an admin.
        name: Its API name.
        columns: Further columns to read.

    Raises:
        ConnectorError: The org cannot be asked.
    """
    conditions = (f"Name = {text_literal(name)}", "NamespacePrefix = null", "IsOwnedByProfile = false")
    rows = read_all(client, select(("Id", "HasActivationRequired", *columns), "PermissionSet", conditions))
    if not rows:
        return None
    return FoundSet(_id_of(rows[0]), rows[0])


def ensure_set(client: SalesforceClient, wanted: PermissionSet, *, dry_run: bool) -> tuple[str | None, list[Step]]:
    """Make a permission set, or add to it what it lacks.

    Args:
        client: Signed in as an admin.
        wanted: What it opens.
        dry_run: Only say what would be done.

    Returns:
        The org's id of it, and what was done; no id where there is none yet, or where it cannot work.

    Raises:
        ConnectorError: Salesforce refused, or cannot be reached; what was made stays, and is found the next time.
    """
    offered, lacking = _user_permissions(client, wanted)
    found = find_set(client, wanted.name, offered)
    if found is not None and found.works_by_session:
        detail = "It opens nothing before it is activated for a session."
        return None, [Step(StepKind.PERMISSION_SET, wanted.name, StepState.CONFLICT, detail)]
    step = _set_step(wanted, found, offered, lacking)
    set_id = None if found is None else found.set_id
    if not dry_run:
        missing: dict[str, JsonValue] = dict.fromkeys(_missing(found, offered), True)
        if found is None:
            texts = {"Name": wanted.name, "Label": wanted.label, "Description": wanted.description}
            [set_id] = create_records(client, "PermissionSet", [{**texts, **missing}])
        elif missing:
            update_records(client, "PermissionSet", [{"id": found.set_id, **missing}])
    steps = [step, *_ensure_objects(client, wanted, set_id, dry_run=dry_run)]
    return set_id, [*steps, *_ensure_fields(client, wanted, set_id, dry_run=dry_run)]


def _user_permissions(client: SalesforceClient, wanted: PermissionSet) -> tuple[tuple[str, ...], list[str]]:
    """Give the columns of permissions that concern no object, and those that this org does not have."""
    if not wanted.user_permissions:
        return (), []
    fields = client.describe("PermissionSet")["fields"]
    known = {str(field.get("name")) for field in fields if isinstance(field, dict)} if isinstance(fields, list) else ()
    columns = {name: f"Permissions{name}" for name in wanted.user_permissions}
    return (
        tuple(column for column in columns.values() if column in known),
        [name for name, column in columns.items() if column not in known],
    )


def _missing(found: FoundSet | None, columns: tuple[str, ...]) -> list[str]:
    return [column for column in columns if found is None or found.row.get(column) is not True]


def _set_step(wanted: PermissionSet, found: FoundSet | None, offered: tuple[str, ...], lacking: list[str]) -> Step:
    missing = _missing(found, offered)
    state = StepState.CREATED if found is None else StepState.CHANGED if missing else StepState.PRESENT
    said = [f"adds {', '.join(name.removeprefix('Permissions') for name in missing)}"] if missing and found else []
    said += [f"this org has no permission {', '.join(lacking)}"] if lacking else []
    return Step(StepKind.PERMISSION_SET, wanted.name, state, "; ".join(said))


def _ensure_objects(
    client: SalesforceClient, wanted: PermissionSet, set_id: str | None, *, dry_run: bool
) -> list[Step]:
    existing = _rows(client, "ObjectPermissions", "SobjectType", _OF_OBJECTS, set_id) if wanted.objects else {}
    writes: list[tuple[bool, dict[str, JsonValue]]] = []
    steps = []
    for access in wanted.objects:
        row = existing.get(access.object_name)
        values = _values_of(access)
        changed = {key: value for key, value in values.items() if row is None or row.get(key) is not True}
        detail = "read all, edit" if access.editable else "read all"
        steps.append(_step(StepKind.OBJECT_PERMISSION, f"{wanted.name}: {access.object_name}", row, changed, detail))
        if row is None:
            writes.append((True, {"ParentId": set_id, "SobjectType": access.object_name, **values}))
        elif changed:
            writes.append((False, {"id": _id_of(row), **changed}))
    if not dry_run:
        # In their order: what is opened of contacts and opportunities needs what is opened of accounts.
        for is_new, group in groupby(writes, key=itemgetter(0)):
            write = create_records if is_new else update_records
            write(client, "ObjectPermissions", [record for _, record in group])
    return steps


def _values_of(access: ObjectAccess) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = {"PermissionsRead": True, "PermissionsViewAllRecords": True}
    return values | {"PermissionsEdit": True} if access.editable else values


def _ensure_fields(client: SalesforceClient, wanted: PermissionSet, set_id: str | None, *, dry_run: bool) -> list[Step]:
    existing = _rows(client, "FieldPermissions", "Field", _OF_FIELDS, set_id)
    values: dict[str, JsonValue] = {"PermissionsRead": True}
    if wanted.fields_editable:
        values["PermissionsEdit"] = True
    creates: list[dict[str, JsonValue]] = []
    updates: list[dict[str, JsonValue]] = []
    by_object: dict[str, list[tuple[str, StepState]]] = {}
    for name in wanted.fields:
        object_name, _, column = name.partition(".")
        row = existing.get(name)
        changed = {key: value for key, value in values.items() if row is None or row.get(key) is not True}
        state = StepState.CREATED if row is None else StepState.CHANGED if changed else StepState.PRESENT
        by_object.setdefault(object_name, []).append((column, state))
        if row is None:
            creates.append({"ParentId": set_id, "SobjectType": object_name, "Field": name, **values})
        elif changed:
            updates.append({"id": _id_of(row), **changed})
    if not dry_run:
        create_records(client, "FieldPermissions", creates)
        update_records(client, "FieldPermissions", updates)
    word = "edit" if wanted.fields_editable else "read"
    return [_fields_step(f"{wanted.name}: {name}", states, word) for name, states in by_object.items()]


def _fields_step(name: str, states: list[tuple[str, StepState]], word: str) -> Step:
    """Tell of all fields of an object at once, and by name of those that some of them lack."""
    missing = [column for column, state in states if state is not StepState.PRESENT]
    if not missing:
        return Step(StepKind.FIELD_PERMISSION, name, StepState.PRESENT, f"{word} {len(states)} fields")
    if all(state is StepState.CREATED for _, state in states):
        return Step(StepKind.FIELD_PERMISSION, name, StepState.CREATED, f"{word} {len(states)} fields")
    return Step(StepKind.FIELD_PERMISSION, name, StepState.CHANGED, f"{word} {', '.join(missing)}")


def _step(
    kind: StepKind, name: str, row: Mapping[str, JsonValue] | None, changed: Mapping[str, JsonValue], detail: str
) -> Step:
    state = StepState.CREATED if row is None else StepState.CHANGED if changed else StepState.PRESENT
    return Step(kind, name, state, detail)


def _rows(
    client: SalesforceClient, object_name: str, key: str, columns: tuple[str, ...], set_id: str | None
) -> dict[str, Mapping[str, JsonValue]]:
    if set_id is None:
        return {}
    soql = select(("Id", key, *columns), object_name, (f"ParentId = {text_literal(set_id)}",))
    return {str(row.get(key)): row for row in read_all(client, soql)}


def _id_of(row: Mapping[str, JsonValue]) -> str:
    found = row.get("Id")
    if not isinstance(found, str):
        raise no_data_error("the id of a record")
    return found
