"""Whether the user sees all records, or only those that sharing gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hpro_connectors.doctor import Finding
from hpro_connectors.salesforce.doctor.org_view import NOT_SEEN, OrgView
from hpro_connectors.salesforce.rows.soql import select, text_literal
from hpro_connectors.salesforce.settings import ScoredObjectName

_AREA: Final = "records"
_PRIVATE: Final = "None"
_CONTROLLED: Final = "ControlledByParent"


def check_visibility(view: OrgView) -> Iterator[Finding]:
    """Count the records that the user sees, and say whether these are all.

    Args:
        view: Of the org.
    """
    name = view.scored.name
    rows = view.count(name)
    seen = f"The user sees {'more' if rows is None else f'{rows:,}'} records of {name}"
    seen = f"{seen} than can be counted" if rows is None else seen
    grant = (
        f"Assign the permission set HPRO_Connector to {view.user.name}; it holds View All of {name}. Ranks are then "
        "those among all records."
    )
    sees_all = _sees_all(view)
    if rows == 0:
        remedy = "If the org has records, sharing hides them." if sees_all is not True else "Wait for the first one."
        yield Finding.warning(_AREA, f"{seen}: nothing is read or scored.", f"{remedy} {grant}")
    elif sees_all is False:
        yield Finding.warning(
            _AREA,
            f"{seen}, and not all: they are private by default, and no permission set of the user lets it view all.",
            grant,
        )
    elif sees_all:
        yield Finding.ok(_AREA, f"{seen}, which are all.")
    else:
        yield Finding.ok(
            _AREA,
            f"{seen}. The org does not say whether these are all.",
            "Compare with a report of an admin's; HPRO_Connector holds View All.",
        )
    if not view.schema.owners:
        yield Finding.warning(
            _AREA,
            "The user sees no other users: reps have no names.",
            "Let the user read User (permission View All Users).",
        )


def _sees_all(view: OrgView) -> bool | None:
    """Say whether sharing hides records from the user; ``None`` where neither can be told."""
    granted = [_views_all_of_object(view), _views_all_data(view)]
    if True in granted:
        return True
    private = _is_private(view)
    if private is False:
        return True
    return False if private and granted[0] is False else None


def _views_all_of_object(view: OrgView) -> bool | None:
    sets = select(("PermissionSetId",), "PermissionSetAssignment", (f"AssigneeId = {text_literal(view.user.user_id)}",))
    return _any(
        view,
        select(
            ("Id",),
            "ObjectPermissions",
            (
                f"SobjectType = {text_literal(view.scored.name)}",
                "PermissionsViewAllRecords = true",
                f"ParentId IN ({sets})",
            ),
        ),
    )


def _views_all_data(view: OrgView) -> bool | None:
    mine = f"AssigneeId = {text_literal(view.user.user_id)}"
    return _any(view, select(("Id",), "PermissionSetAssignment", (mine, "PermissionSet.PermissionsViewAllData = true")))


def _is_private(view: OrgView) -> bool | None:
    """Say whether records are private where nothing else is said; a contact may be as its account is."""
    names = [view.settings.scored_object.value]
    if view.settings.scored_object is ScoredObjectName.CONTACT:
        names.append("Account")
    columns = [f"Default{name}Access" for name in names]
    try:
        rows = view.client.query(select(columns, "Organization", ())).records
    except NOT_SEEN:
        return None
    values = [rows[0].get(column) for column in columns] if rows else []
    said = next((value for value in values if value not in {None, _CONTROLLED}), None)
    return None if said is None else said == _PRIVATE


def _any(view: OrgView, soql: str) -> bool | None:
    try:
        return bool(view.client.query(soql).records)
    except NOT_SEEN:
        return None
