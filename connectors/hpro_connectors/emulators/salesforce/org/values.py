"""Values of fields: as they are sent, as they are kept, and as a query gives them."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import NoReturn

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.ids import long_id

_LARGEST_INT = 2**31 - 1
_SHOWN = 80


def storing(field: FieldSchema) -> Callable[[FieldSchema, object], StoredValue]:
    """Give what makes of a value what the database keeps of it.

    It takes the field, and a value as JSON has it that is neither null nor an empty text; moments and dates may be
    Python's too, and a file's content may be bytes. It raises ``ApiFault`` for what does not fit the field.
    """
    return _STORING.get(field.type, _text)


def moment_to_seconds(moment: datetime) -> int:
    """Give a moment in whole seconds since 1970; a part of a second is cut off."""
    return math.floor(moment.timestamp())


def moment_text(seconds: int) -> str:
    """Give a moment as the API writes it.

    Args:
        seconds: Since 1970.
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000+0000"


def parse_moment(text: str) -> datetime | None:
    """Read a moment with a zone; ``None`` where a text is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and len(text) > len("2026-01-01") else None


def parse_date(text: str) -> str | None:
    """Read a date such as ``2026-01-02``; ``None`` where a text is none."""
    try:
        return date.fromisoformat(text).isoformat() if len(text) == len("2026-01-02") else None
    except ValueError:
        return None


def selected(field: FieldSchema, column: str, object_name: str, row: str, api_version: str) -> str:
    """Give the SQL that reads a field as the API writes it, but for what :func:`reader` does.

    Args:
        field: Which.
        column: SQL of its stored value.
        object_name: Of which object.
        row: Name of the row in the SQL.
        api_version: Such as ``62.0``; it is part of the path of a file's content.
    """
    if field.type is FieldType.DATETIME:
        return f"strftime('%Y-%m-%dT%H:%M:%S.000+0000', {column}, 'unixepoch')"
    if field.type is FieldType.BASE64:
        path = f"/services/data/v{api_version}/sobjects/{object_name}/"
        return f"CASE WHEN {column} IS NULL THEN NULL ELSE '{path}' || {row}.Id || '/{field.name}' END"
    return column


def reader(field: FieldSchema) -> Callable[[StoredValue], JsonValue] | None:
    """Give what makes JSON of what the SQL of :func:`selected` reads; ``None`` where that is JSON already."""
    return _READING.get(field.type)


def _yes_or_no(value: StoredValue) -> JsonValue:
    return None if value is None else bool(value)


def _from_json(value: StoredValue) -> JsonValue:
    if not isinstance(value, str):
        return None
    found: JsonValue = json.loads(value)
    return found


def _decimal(value: StoredValue) -> JsonValue:
    return float(value) if isinstance(value, int | float) else None


_READING: dict[FieldType, Callable[[StoredValue], JsonValue]] = {
    FieldType.BOOLEAN: _yes_or_no,
    FieldType.ANYTYPE: _from_json,
    FieldType.ADDRESS: _from_json,
    FieldType.DOUBLE: _decimal,
    FieldType.CURRENCY: _decimal,
    FieldType.PERCENT: _decimal,
}


def _cannot_read(kind: str, value: object) -> NoReturn:
    token = {bool: "VALUE_TRUE" if value else "VALUE_FALSE", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}
    name = token.get(type(value), "VALUE_STRING")
    raise ApiFault(
        400,
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {name} value {str(value)[:_SHOWN]} or request may be missing a"
        " required field",
    )


def _text(field: FieldSchema, value: object) -> str | None:
    if not isinstance(value, str):
        _cannot_read("string", value)
    if field.type is not FieldType.TEXTAREA:
        value = value.strip()
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            _cannot_read("string", ascii(value))
    if field.length and len(value) > field.length:
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..."
        raise ApiFault(
            400,
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {shown} (max length={field.length})",
            [field.name],
        )
    return value or None


def _chosen(field: FieldSchema, value: object) -> StoredValue:
    text = _text(field, value)
    if field.restricted and text is not None:
        chosen = text.split(";") if field.type is FieldType.MULTIPICKLIST else [text]
        allowed = {one.value for one in field.picklist if one.active}
        for one in chosen:
            if one not in allowed:
                raise ApiFault(
                    400,
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    f"{field.label}: bad value for restricted picklist field: {one}",
                    [field.name],
                )
    return text


def _flag(_: FieldSchema, value: object) -> StoredValue:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return int(value.lower() == "true")
    _cannot_read("boolean", value)


def _number(field: FieldSchema, value: object) -> float:
    number = _rounded(_read_number(value), field.scale)
    whole = field.precision - field.scale
    if field.precision and abs(number) >= 10**whole:
        raise ApiFault(
            400,
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {value}",
            [field.name],
        )
    return number


def _rounded(number: float, scale: int) -> float:
    """Round halves away from zero, as the CRM does, by the digits that were sent and not by those of the float."""
    if round(number, scale) == number:
        return number
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _read_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        _cannot_read("double", value)
    try:
        number = float(value)
    except ValueError:
        _cannot_read("double", value)
    if not math.isfinite(number):
        _cannot_read("double", value)
    return number


def _whole(_: FieldSchema, value: object) -> StoredValue:
    number = _read_number(value)
    if number != int(number) or abs(number) > _LARGEST_INT:
        _cannot_read("int", value)
    return int(number)


def _date(_: FieldSchema, value: object) -> StoredValue:
    if isinstance(value, datetime):
        return value.astimezone(UTC).date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    found = parse_date(value) if isinstance(value, str) else None
    if found is None:
        _cannot_read("date", value)
    return found


def _moment(_: FieldSchema, value: object) -> StoredValue:
    found = parse_moment(value) if isinstance(value, str) else value
    if not isinstance(found, datetime) or found.tzinfo is None:
        _cannot_read("datetime", value)
    return moment_to_seconds(found)


def _id(field: FieldSchema, value: object) -> StoredValue:
    found = long_id(value) if isinstance(value, str) else None
    if found is None:
        raise ApiFault(
            400, "MALFORMED_ID", f"{field.label}: id value of incorrect type: {str(value)[:_SHOWN]}", [field.name]
        )
    return found


def _any(_: FieldSchema, value: object) -> StoredValue:
    return json.dumps(value, ensure_ascii=False)


def _content(_: FieldSchema, value: object) -> StoredValue:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        _cannot_read("base64Binary", value)


_STORING: dict[FieldType, Callable[[FieldSchema, object], StoredValue]] = {
    FieldType.PICKLIST: _chosen,
    FieldType.MULTIPICKLIST: _chosen,
    FieldType.BOOLEAN: _flag,
    FieldType.INT: _whole,
    FieldType.DOUBLE: _number,
    FieldType.CURRENCY: _number,
    FieldType.PERCENT: _number,
    FieldType.DATE: _date,
    FieldType.DATETIME: _moment,
    FieldType.ID: _id,
    FieldType.REFERENCE: _id,
    FieldType.ANYTYPE: _any,
    FieldType.BASE64: _content,
}
