"""What the values of a column look like, from the first rows of a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from hpro_sdk.data.field_values import read_flag, read_label, read_moment, read_number, read_split
from hpro_sdk.data.place import Cell
from hpro_sdk.data.table_rows import TableRow
from hpro_sdk.errors import DataError

_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{6,}[0-9]")
_LONG_TEXT = 40
_LONGEST_WORD = len("validation")


@dataclass(slots=True)
class ColumnProfile:
    """Counts over the values of one column; the shares are of the rows in which it is not empty.

    Attributes:
        name: The column.
        filled: Rows in which it is not empty.
        distinct: Different values.
        numbers: Numbers, those that are not finite included.
        not_finite: NaN and infinities.
        whole: Whole numbers.
        flags: Truth values.
        labels: Values that could be a result.
        splits: Values that could name a split.
        moments: Dates with a time zone.
        naive: Dates without one.
        nested: Lists and objects.
        json_lists: Texts that begin a JSON list of objects, and lists.
        mails: Whole values that are an e-mail address.
        phones: Texts that look like a phone number.
        characters: Sum of the lengths.
        spaced: Texts with a blank inside.
    """

    name: str
    filled: int = 0
    distinct: set[str] = field(default_factory=set)
    numbers: int = 0
    not_finite: int = 0
    whole: int = 0
    flags: int = 0
    labels: int = 0
    splits: int = 0
    moments: int = 0
    naive: int = 0
    nested: int = 0
    json_lists: int = 0
    mails: int = 0
    phones: int = 0
    characters: int = 0
    spaced: int = 0

    def all_are(self, count: int) -> bool:
        """Whether a count covers every value, and there is one."""
        return self.filled > 0 and count == self.filled

    def most_are(self, count: int) -> bool:
        """Whether a count covers more than half of the values."""
        return count * 2 > self.filled

    @property
    def unique(self) -> bool:
        """Whether no value comes twice."""
        return self.filled > 0 and len(self.distinct) == self.filled

    @property
    def long(self) -> bool:
        """Whether the values are sentences rather than names of something."""
        return self.filled > 0 and self.characters / self.filled > _LONG_TEXT

    def add(self, cell: Cell) -> None:
        """Count one value."""
        if cell.missing:
            return
        value = cell.value
        text = value.strip() if isinstance(value, str) else str(value)
        self.filled += 1
        self.distinct.add(text)
        self.characters += len(text)
        self.nested += isinstance(value, list | dict | bytes)
        self.json_lists += isinstance(value, list) or text.startswith("[{")
        self._count_readings(cell, text)
        if isinstance(value, str):
            self.spaced += " " in text
            self.mails += _MAIL.fullmatch(text) is not None

    def _count_readings(self, cell: Cell, text: str) -> None:
        not_finite = _NOT_FINITE.fullmatch(text) is not None
        number = None if not_finite else _try(read_number, cell)
        self.not_finite += not_finite
        self.numbers += not_finite or number is not None
        self.whole += isinstance(number, int)
        if len(text) <= _LONGEST_WORD and number in (None, 0, 1):
            self.flags += _try(read_flag, cell) is not None
            self.labels += _try(read_label, cell) is not None
            self.splits += _try(read_split, cell) is not None
        if number is None and len(text) <= _LONG_TEXT:
            moment = _try(read_moment, cell) is not None
            naive = not moment and _is_naive(cell.value)
            self.moments += moment
            self.naive += naive
            self.phones += not moment and not naive and _PHONE.fullmatch(text) is not None


def profile_columns(rows: Iterable[TableRow]) -> list[ColumnProfile]:
    """Look at the columns of some rows, in the order in which they first appear."""
    profiles: dict[str, ColumnProfile] = {}
    for row in rows:
        for name, value in row.values.items():
            profiles.setdefault(name, ColumnProfile(name)).add(Cell(row.place, name, value))
    return list(profiles.values())


def _try(read: Callable[[Cell], object], cell: Cell) -> object:
    try:
        return read(cell)
    except DataError:
        return None


def _is_naive(value: object) -> bool:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip()).utcoffset() is None
        except ValueError:
            return False
    return isinstance(value, date)
