"""Whether a field of the org can hold what one of ours holds, and where not, what stands against it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from hpro_connectors.fields import FieldType, ScoreField
from hpro_connectors.salesforce.schema.crm_schema import CrmField

CRM_TYPES: Final = MappingProxyType(
    {
        FieldType.NUMBER: "double",
        FieldType.PICKLIST: "picklist",
        FieldType.TEXT: "string",
        FieldType.DATETIME: "datetime",
    }
)
"""What the CRM's description calls the types of our fields."""

_PLAIN_TYPES: Final = {"double": "number", "string": "text", "datetime": "date and time", "textarea": "long text"}


@dataclass(frozen=True, slots=True)
class Clash:
    """A field of the org that has the name of one of ours and cannot hold what ours holds.

    Attributes:
        detail: What stands against it, in one sentence.
        expected: The field as HPRO makes it, in words.
        found: The field as the org has it, in words.
    """

    detail: str
    expected: str
    found: str


def clash_of(field: ScoreField, existing: CrmField) -> Clash | None:
    """Compare a field of the org with ours; one that holds more than ours is fine.

    Args:
        field: One of the table.
        existing: The org's field of its name.

    Returns:
        ``None`` where it fits.
    """
    detail = _detail(field, existing)
    return None if detail is None else make_clash(field, existing, detail)


def make_clash(field: ScoreField, existing: CrmField, detail: str) -> Clash:
    """Put what stands against a field beside both definitions.

    Args:
        field: One of the table.
        existing: The org's field of its name.
        detail: What stands against it, in one sentence.
    """
    expected = _words(CRM_TYPES[field.type], field.precision, field.scale, field.precision, field.options)
    options = tuple(option.value for option in existing.options if option.active)
    found = _words(existing.type, existing.precision, existing.scale, existing.length, options)
    if existing.restricted:
        found += ", and no other value"
    return Clash(detail, expected, f"formula, {found}" if existing.calculated else found)


def _detail(field: ScoreField, existing: CrmField) -> str | None:
    wanted = CRM_TYPES[field.type]
    if existing.type != wanted:
        return f"It is of type {existing.type}, not {wanted}."
    if existing.calculated:
        return "It is a formula."
    if field.type is FieldType.NUMBER:
        whole = field.precision - field.scale
        if existing.scale < field.scale or existing.precision - existing.scale < whole:
            has = f"{existing.precision - existing.scale} digits before the point and {existing.scale} behind it"
            return f"It takes {has}, not {whole} and {field.scale}."
    if field.type is FieldType.TEXT and existing.length < field.precision:
        return f"It takes {existing.length} characters, not {field.precision}."
    if field.type is FieldType.PICKLIST and existing.restricted:
        values = {option.value for option in existing.options if option.active}
        missing = [option for option in field.options if option not in values]
        if missing:
            return f"Its picklist is restricted and lacks {', '.join(missing)}."
    return None


def _words(kind: str, precision: int, scale: int, length: int, options: tuple[str, ...]) -> str:
    name = _PLAIN_TYPES.get(kind, kind)
    if kind in {"double", "currency", "percent"}:
        return f"{name} with {precision - scale} digits before the point and {scale} behind it"
    if kind in {"string", "textarea"}:
        return f"{name} of {length} characters"
    return f"{name} of {', '.join(options)}" if options else name
