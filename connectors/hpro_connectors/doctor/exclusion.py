"""Whether the field that keeps leads from being scored can do so."""

from __future__ import annotations

from collections.abc import Iterator

from hpro_connectors.doctor.finding import Finding
from hpro_connectors.protocol import OrgDescription
from hpro_sdk.field_kind import FieldKind

_AREA = "exclusion"


def check_exclusion(description: OrgDescription, name: str | None) -> Iterator[Finding]:
    """Look at the exclusion field.

    Args:
        description: Of the org.
        name: The field's name among the fields of the description; ``None``: there is none.
    """
    if name is None:
        return
    field = next((field for field in description.fields if field.name == name), None)
    if field is None:
        yield Finding.problem(
            _AREA,
            f"The org has no field {name}, which exclude_field names, or it is hidden from this user.",
            "Make it, a checkbox, and let the user read it; or take exclude_field out of hpro.toml.",
        )
    elif field.kind is not FieldKind.FLAG:
        yield Finding.problem(
            _AREA,
            f"The field {name}, which exclude_field names, is no checkbox: no lead is ever left out by it, and its "
            "score is written all the same.",
            "Name a checkbox, or take exclude_field out of hpro.toml.",
        )
    else:
        yield Finding.ok(_AREA, f"Leads that have {name} set are not scored.")
