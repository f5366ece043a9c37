"""Raw values of a table turned into values of the domain model; what does not fit is named and refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Literal

from hpro_sdk.data.place import Cell
from hpro_sdk.data.validation_text import OFFSET_HINT
from hpro_sdk.errors import UnknownStageError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import FieldValue

Split = Literal["train", "valid", "test"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,300}")
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_FLAGS = {"true": True, "yes": True, "1": True, "t": True, "false": False, "no": False, "0": False, "f": False}
_LABELS = {"1": True, "true": True, "yes": True, "won": True, "0": False, "false": False, "no": False, "lost": False}
_SPLITS: dict[str, Split] = {
    "train": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "test": "test",
}
_LARGEST_EXACT = 2**53  # beyond it a float is whole without meaning to be
_FINITE_HINT = "Leave the value empty where nothing is known."


def read_number(cell: Cell) -> int | float | None:
    """Read a finite number; a whole one is an ``int``, 3.0 as well, so that every file format gives the same.

    Raises:
        DataError: It is no number, or NaN or infinite.
    """
    value = cell.value
    if cell.missing:
        return None
    if isinstance(value, str):
        text = value.strip()
        if _WHOLE.fullmatch(text):
            return int(text)
        if not _NUMBER.fullmatch(text) and not _NOT_FINITE.fullmatch(text):
            raise cell.error("is not a number", hint="Write it like 1234.5, or map the column as category or text.")
        value = float(text)
    elif isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise cell.error("is not a number", hint="Map the column as flag, category, text or date.")
    if not _is_finite(value):
        raise cell.error("is not a finite number", hint=_FINITE_HINT)
    return int(value) if abs(value) < _LARGEST_EXACT and value == int(value) else value


def read_text(cell: Cell) -> str | None:
    """Read a text; numbers and truth values become their plain text, 3.0 like 3.

    Raises:
        DataError: It is a list, an object, bytes, or not a finite number.
    """
    value = cell.value
    if cell.missing:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return str(read_number(cell))
    raise cell.error("holds a list, an object or bytes", hint="Write one plain value per column.")


def read_flag(cell: Cell) -> bool | None:
    """Read a truth value: true/false, yes/no, 1/0 or t/f.

    Raises:
        DataError: It is none of these.
    """
    text = read_text(cell)
    if text is None:
        return None
    try:
        return _FLAGS[text.strip().casefold()]
    except KeyError:
        raise cell.error(
            "is not a truth value", hint="Write true/false, yes/no, 1/0 or t/f, or map the column as category."
        ) from None


def read_moment(cell: Cell) -> datetime | None:
    """Read a moment with a time zone, given in UTC.

    Raises:
        DataError: It is no moment, or has no time zone.
    """
    value = cell.value
    if cell.missing:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise cell.error("is not a date and time in ISO 8601", hint=OFFSET_HINT) from None
    if not isinstance(value, date):
        raise cell.error("is not a date and time", hint=OFFSET_HINT)
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise cell.error("has no time zone", hint=OFFSET_HINT)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise cell.error("is outside the years 1 to 9999", hint="Correct the date.") from None


def read_identifier(cell: Cell) -> str | None:
    """Read a record id, without blanks around it.

    Raises:
        DataError: It is not one plain value, or longer than 255 characters.
    """
    text = read_text(cell)
    if text is not None and len(text.strip()) > 255:
        raise cell.error("is longer than the 255 characters of an id", hint="Map the column that holds the record id.")
    return None if text is None else text.strip()


def read_stage(cell: Cell, funnel: Funnel) -> str | None:
    """Read a value as a stage of the funnel, won and lost included.

    Raises:
        DataError: It is not one plain value.
        UnknownStageError: The funnel does not know it.
    """
    text = read_text(cell)
    if text is None:
        return None
    try:
        return funnel.resolve(text.strip())
    except UnknownStageError as exc:
        raise UnknownStageError(
            f"{cell}: {exc.message}", hint=exc.hint, row=cell.place.row, column=cell.column
        ) from exc


def read_label(cell: Cell) -> bool | None:
    """Read whether a lead was won: 1/0, true/false, yes/no or won/lost.

    Raises:
        DataError: It is none of these.
    """
    text = read_text(cell)
    if text is None:
        return None
    try:
        return _LABELS[text.strip().casefold()]
    except KeyError:
        raise cell.error("is not a result", hint="Write 1/0, true/false, yes/no or won/lost.") from None


def read_split(cell: Cell) -> Split:
    """Read which split a row belongs to.

    Raises:
        DataError: It is missing, or not train, valid (validation, val) or test.
    """
    try:
        return _SPLITS[(read_text(cell) or "").strip().casefold()]
    except KeyError:
        raise cell.error("names no split", hint="Write train, valid or test in every row.") from None


def _read_date(cell: Cell) -> str | None:
    moment = read_moment(cell)
    return None if moment is None else moment.isoformat()


_READERS: dict[FieldKind, Callable[[Cell], FieldValue]] = {
    FieldKind.NUMBER: read_number,
    FieldKind.CATEGORY: read_text,
    FieldKind.FLAG: read_flag,
    FieldKind.TEXT: read_text,
    FieldKind.DATE: _read_date,
}


def read_field(cell: Cell, kind: FieldKind) -> FieldValue:
    """Read a feature by its kind.

    Raises:
        DataError: The value does not fit the kind.
    """
    return _READERS[kind](cell)


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond what a float holds
        return False
