"""Whether our own fields are there, are as they should be, and may be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hpro_connectors.doctor import Finding
from hpro_connectors.protocol import FieldState
from hpro_connectors.salesforce.doctor.org_view import OrgView
from hpro_connectors.salesforce.writing.score_fields import plan_fields

AREA: Final = "score fields"


def check_own_fields(view: OrgView) -> Iterator[Finding]:
    """Look at each of our fields of the scored object.

    Args:
        view: Of the org.
    """
    scored = view.scored
    planned = plan_fields(scored)
    missing = tuple(one.name for one in planned if one.state is FieldState.CREATED)
    if missing:
        yield Finding.problem(
            AREA,
            f"{scored.name} has no field {', '.join(missing)}, or field-level security hides "
            f"{'it' if len(missing) == 1 else 'them'} from the user: no score can be written. Reading goes on.",
            view.permissions.remedy_for_unseen(missing, view.user.name),
        )
    for one in planned:
        if one.state is FieldState.CONFLICT:
            yield Finding.problem(
                AREA,
                f"{scored.name} has a field {one.name} that is not as HPRO makes it: {one.detail} No score can be "
                "written.",
                "Rename or delete that field in the org, after its values were looked at, and have an admin run `hpro "
                "fields install`.",
            )
    fitting = [one.name for one in planned if one.state is FieldState.PRESENT]
    read_only = tuple(name for name in fitting if not scored.by_name[name].updateable)
    if read_only:
        yield Finding.problem(
            AREA,
            f"The user may read {', '.join(read_only)} of {scored.name} and not write: no score can be written.",
            view.permissions.remedy_for_read_only(read_only, view.user.name),
        )
    if len(fitting) == len(planned) and not read_only:
        yield Finding.ok(AREA, f"The user may write all {len(planned)} score fields of {scored.name}.")


def check_editing(view: OrgView) -> Iterator[Finding]:
    """Look at whether the user may change records of the scored object at all.

    Args:
        view: Of the org.
    """
    name = view.scored.name
    if not view.scored.updateable:
        yield Finding.problem(
            AREA,
            f"The user may not edit records of {name}, whatever its fields allow: no score can be written.",
            f"Assign the permission set HPRO_Connector to {view.user.name}; it holds the right to edit {name}.",
        )
