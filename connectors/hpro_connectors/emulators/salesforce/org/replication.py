"""What was deleted or updated between two times, as the replication API answers it."""

# ruff: noqa: S608 - what is put into SQL are names of our own; values are always bound

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, not_found
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.recycle_bin import RecycleBin
from hpro_connectors.emulators.salesforce.org.values import moment_text, moment_to_seconds

_LONGEST_S = 30 * 86_400
_SHORTEST_S = 60


def deleted(
    state: OrgState, bin_: RecycleBin, object_name: str, start: datetime, end: datetime
) -> dict[str, JsonValue]:
    """Give ids and times of deleted records; see ``SalesforceOrg.deleted``."""
    one = _replicated(state, object_name)
    first, last = _window(state, start, end)
    earliest = max(bin_.log_starts, state.now() - _LONGEST_S)
    if first < earliest:
        raise _refused("startDate before org replication enabled date")
    covered = min(last, state.now() - bin_.log_lag_s)
    rows = state.database.rows(
        "SELECT id, at FROM _deletion_log WHERE object = ? AND at BETWEEN ? AND ? ORDER BY at, id",
        (one.name, first, covered),
    )
    records: list[JsonValue] = [{"id": str(row[0]), "deletedDate": moment_text(int(row[1] or 0))} for row in rows]
    return {
        "deletedRecords": records,
        "earliestDateAvailable": moment_text(earliest),
        "latestDateCovered": moment_text(covered),
    }


def updated(state: OrgState, object_name: str, start: datetime, end: datetime) -> dict[str, JsonValue]:
    """Give ids of records that were made or changed and live; see ``SalesforceOrg.updated``."""
    one = _replicated(state, object_name)
    first, last = _window(state, start, end)
    live = " AND IsDeleted = 0" if "IsDeleted" in one.fields else ""
    rows = state.database.rows(
        f'SELECT Id FROM "{one.name}" WHERE {one.stamp} BETWEEN ? AND ?{live} ORDER BY {one.stamp}, Id', (first, last)
    )
    return {"ids": [str(row[0]) for row in rows], "latestDateCovered": moment_text(last)}


def _replicated(state: OrgState, object_name: str) -> ObjectSchema:
    one = state.schema.find(object_name)
    if one is None or not one.replicateable or one.stamp is None:
        raise not_found()
    return one


def _window(state: OrgState, start: datetime, end: datetime) -> tuple[int, int]:
    now = state.now()
    first, last = moment_to_seconds(start), min(moment_to_seconds(end), now)
    if first < now - _LONGEST_S:
        raise _refused("startDate cannot be more than 30 days ago")
    if moment_to_seconds(end) - first < _SHORTEST_S:
        raise _refused("endDate must be at least one minute greater than startDate")
    return first, last


def _refused(message: str) -> ApiFault:
    return ApiFault(400, "INVALID_REPLICATION_DATE", message)
