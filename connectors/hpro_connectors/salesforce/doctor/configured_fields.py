"""Whether the fields that hpro.toml names can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hpro_connectors.doctor import Finding
from hpro_connectors.salesforce.doctor.org_view import OrgView
from hpro_connectors.salesforce.mapping.field_choice import choose_fields, named_columns, unreadable_columns

AREA: Final = "fields"


def check_configured_fields(view: OrgView) -> Iterator[Finding]:
    """Look at each field of the scored object that hpro.toml names, and at how many are read.

    Args:
        view: Of the org.
    """
    settings, scored = view.settings, view.scored
    named = dict.fromkeys(named_columns(settings))
    stage = settings.stage_column
    if stage is not None and (settings.has_own_stage_field or not scored.has(stage)):
        named[stage] = None
    missing = [column for column in named if not scored.has(column)]
    unreadable = unreadable_columns(scored, named)
    if missing:
        yield Finding.problem(
            AREA,
            f"{scored.name} has no field {', '.join(missing)}, or field-level security hides "
            f"{'it' if len(missing) == 1 else 'them'} from the user; every pass stops at that.",
            f"Where a field exists, give {view.user.name} read access to it, best in a permission set of your own "
            "beside HPRO_Connector; where it was deleted or renamed, correct hpro.toml.",
        )
    if unreadable:
        yield Finding.problem(
            AREA,
            f"Of {scored.name}, {', '.join(unreadable)} cannot be read as fields of a record; every pass stops at "
            "that.",
            "Take it out of hpro.toml; of an address name its parts.",
        )
    if missing or unreadable:
        return
    fields = choose_fields(settings, scored)
    if not fields:
        yield Finding.warning(
            AREA,
            f"No field of {scored.name} is read: leads are told apart by their texts and stages alone.",
            "Name fields in hpro.toml, or let the user see those that say something.",
        )
    else:
        how = "as hpro.toml names them" if settings.fields else "all that say something and that the user sees"
        yield Finding.ok(AREA, f"{len(fields)} fields of {scored.name} are read, {how}.")
