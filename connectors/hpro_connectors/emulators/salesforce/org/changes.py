"""Making and changing records: what is stamped, what is kept in the history, what follows."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from hpro_connectors.emulators.salesforce.org.accepting import accept
from hpro_connectors.emulators.salesforce.org.access import PERMISSION_OBJECTS
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, no_access
from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.derived import NEEDED, derive, touch_parents
from hpro_connectors.emulators.salesforce.org.history import log_changes, log_event
from hpro_connectors.emulators.salesforce.org.ids import long_id
from hpro_connectors.emulators.salesforce.org.note_documents import make_document, update_document
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.permission_rules import SETUP_OBJECTS, check_permission

_STAMPS = frozenset({"SystemModstamp", "LastModifiedDate", "LastModifiedById"})


def create(
    state: OrgState,
    object_name: str,
    values: Mapping[str, object],
    *,
    user_id: str | None = None,
    record_id: str | None = None,
) -> str:
    """Make a record; see :meth:`~hpro_connectors.emulators.salesforce.org.salesforce_org.SalesforceOrg.create`."""
    one = state.object(object_name)
    if user_id is not None and not one.createable:
        raise ApiFault(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {one.name} does not support create")
    at = state.now()
    given = accept(state, one, values, user_id=user_id, record_id=None)
    plan = state.plans.of(one)
    who = user_id or state.system_user_id
    audit = {name: who if name.endswith("Id") else at for name in plan.audit}
    row = {**plan.defaults, **audit, **given}
    derive(state, one, row, None, at)
    if user_id is not None:
        check_permission(state, one, row)
    with state.database.together():
        made = _insert(state, one, row, record_id)
        log_event(state, one, made, "created", user_id=str(row.get("CreatedById")), at=at)
        touch_parents(state, one, row)
        if one.name == "ContentNote":
            make_document(state, made, row)
    if one.name in PERMISSION_OBJECTS:
        state.access.permissions_changed()
    return made


def update(
    state: OrgState, object_name: str, record_id: str, values: Mapping[str, object], *, user_id: str | None = None
) -> None:
    """Change a record; see :meth:`~hpro_connectors.emulators.salesforce.org.salesforce_org.SalesforceOrg.update`."""
    one, found_id = state.require_live(object_name, record_id)
    if user_id is not None:
        _check_updateable(state, one, found_id)
    at = state.now()
    given = accept(state, one, values, user_id=user_id, record_id=found_id)
    if user_id is not None and one.name in SETUP_OBJECTS:
        before = state.database.find(one.name, found_id, [field.name for field in one.stored])
        check_permission(state, one, {**(before or {}), **given})
    change(state, one, found_id, given, user_id=user_id, at=at)


def change(
    state: OrgState,
    one: ObjectSchema,
    record_id: str,
    given: Mapping[str, StoredValue],
    *,
    user_id: str | None,
    at: int,
) -> None:
    """Change stored values of a record that lives, stamp it, and keep its history.

    Args:
        state: The org.
        one: Of which object the record is.
        record_id: Its long id.
        given: Values as they are stored.
        user_id: Who changes it; ``None``: the org itself.
        at: When, in seconds since 1970.
    """
    who = user_id or state.system_user_id
    columns = list(dict.fromkeys((*given, *NEEDED.get(one.name, ()))))
    before = state.database.find(one.name, record_id, columns) if columns else {}
    row = dict(given)
    derive(state, one, row, before or {}, at)
    stamps = [name for name in state.plans.of(one).audit if name in _STAMPS and name not in given]
    row.update({name: who if name == "LastModifiedById" else at for name in stamps})
    with state.database.together():
        if row:
            state.database.update(one.name, record_id, row)
        log_changes(state, one, record_id, before or {}, given, user_id=who, at=at)
        touch_parents(state, one, {**(before or {}), **row})
        if one.name == "ContentNote":
            update_document(state, record_id, row)
    if one.name in PERMISSION_OBJECTS:
        state.access.permissions_changed()


def touch(state: OrgState, object_name: str, record_id: str) -> None:
    """Stamp a record as the org's own machinery does: nothing but ``SystemModstamp`` moves."""
    one, found_id = state.require_live(object_name, record_id)
    stamp(state, one, found_id)


def stamp(state: OrgState, one: ObjectSchema, record_id: str) -> None:
    """Stamp a record, deleted or not, as changed by the org itself."""
    if "SystemModstamp" in one.fields:
        state.database.update(one.name, record_id, {"SystemModstamp": state.now()})


def _check_updateable(state: OrgState, one: ObjectSchema, record_id: str) -> None:
    if not one.updateable:
        raise no_access(f"entity type {one.name} does not support update")
    if one.name == "Lead":
        found = state.database.find("Lead", record_id, ["IsConverted"])
        if found is not None and found["IsConverted"]:
            raise ApiFault(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def _insert(state: OrgState, one: ObjectSchema, row: dict[str, StoredValue], record_id: str | None) -> str:
    if record_id is not None:
        given = long_id(record_id)
        if given is None or given[:3] != one.key_prefix:
            raise ApiFault(400, "MALFORMED_ID", f"Record ID: id value of incorrect type: {record_id}", ["Id"])
        try:
            state.database.insert(one.name, {"Id": given, **row})
        except sqlite3.IntegrityError as exc:
            raise ApiFault(
                400, "DUPLICATE_VALUE", f"duplicate value found: Id duplicates value on record with id: {given}", ["Id"]
            ) from exc
        return given
    while True:
        made = state.new_id(one.key_prefix)
        try:
            state.database.insert(one.name, {"Id": made, **row})
        except sqlite3.IntegrityError:
            continue  # a record that was made with an id of its caller's has that number
        return made
