"""Values of the CRM as values of the domain model, whether REST or a Bulk result gave them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.rows.row_source import Row
from hpro_connectors.text import clean_crm_text
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue

KINDS: Final = MappingProxyType(
    {
        "int": FieldKind.NUMBER,
        "long": FieldKind.NUMBER,
        "double": FieldKind.NUMBER,
        "currency": FieldKind.NUMBER,
        "percent": FieldKind.NUMBER,
        "boolean": FieldKind.FLAG,
        "picklist": FieldKind.CATEGORY,
        "multipicklist": FieldKind.CATEGORY,
        "combobox": FieldKind.CATEGORY,
        "date": FieldKind.DATE,
        "datetime": FieldKind.DATE,
        "string": FieldKind.TEXT,
        "textarea": FieldKind.TEXT,
        "email": FieldKind.TEXT,
        "phone": FieldKind.TEXT,
        "url": FieldKind.TEXT,
        "time": FieldKind.TEXT,
    }
)
"""How values of a field type are read; types that are not here (references, files, compounds) are not."""

_LARGEST_EXACT = 2**53
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def field_value(crm_type: str, raw: JsonValue) -> FieldValue:
    """Read a value by the type that its field has now.

    One that is not of this type any more, or not yet, is turned into it where that can be done (the text ``12`` into a
    number), and is nothing otherwise: a changed field never stops a pass.

    Args:
        crm_type: Of the field, as described.
        raw: As read.
    """
    if raw is None or raw == "":
        return None
    match KINDS.get(crm_type):
        case FieldKind.NUMBER:
            return _number(raw)
        case FieldKind.FLAG:
            return raw if isinstance(raw, bool) else _FLAGS.get(str(raw).strip().lower())
        case FieldKind.DATE:
            at = read_moment(raw)
            return None if at is None else at.isoformat()
        case FieldKind.CATEGORY:
            return _text(raw)
        case FieldKind.TEXT:
            text = _text(raw)
            return clean_crm_text(text) or None if crm_type == "textarea" and text is not None else text
        case None:
            return None


def read_moment(raw: JsonValue) -> datetime | None:
    """Read a date, as its midnight in UTC, or a date with a time; anything else is ``None``."""
    if not isinstance(raw, str):
        return None
    try:
        at = datetime.fromisoformat(raw.strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment_in(row: Row, column: str) -> datetime | None:
    """Give the moment in a column of a row."""
    return read_moment(row.get(column))


def text_in(row: Row, column: str) -> str | None:
    """Give the text in a column of a row; an empty one is ``None``."""
    value = row.get(column)
    return value if isinstance(value, str) and value else None


def flag_in(row: Row, column: str) -> bool:
    """Whether a column of a row holds true."""
    return row.get(column) is True


def whole_in(row: Row, column: str) -> int | None:
    """Give the whole number in a column of a row."""
    value = _number(row.get(column))
    return None if value is None else int(value)


def stamp_of(row: Row, column: str, object_name: str) -> datetime:
    """Give the moment that a row cannot be without.

    Raises:
        ServerError: It is without.
    """
    at = moment_in(row, column)
    if at is None:
        raise ServerError(f"Salesforce gave a row of {object_name} without {column}.", hint="Try again later.")
    return at


def id_of(row: Row, column: str, object_name: str) -> str:
    """Give the id that a row cannot be without.

    Raises:
        ServerError: It is without.
    """
    record_id = text_in(row, column)
    if record_id is None:
        raise ServerError(f"Salesforce gave a row of {object_name} without {column}.", hint="Try again later.")
    return record_id


def _number(raw: JsonValue) -> int | float | None:
    """A finite number, whole ones as ``int``: REST writes 5.0 where a Bulk result writes 5."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, str):
        try:
            raw = float(raw)
        except ValueError:
            return None
    if not isinstance(raw, int | float):
        return None
    try:
        if not math.isfinite(raw):
            return None
        return int(raw) if abs(raw) < _LARGEST_EXACT and raw == int(raw) else raw
    except OverflowError:
        return None


def _text(raw: JsonValue) -> str | None:
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    number = _number(raw)
    return None if number is None else str(number)
