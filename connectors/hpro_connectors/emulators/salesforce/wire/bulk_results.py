"""The results of a Bulk query in a file: written once, read from any row on, never whole in memory."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from hpro_connectors.emulators.salesforce.org.field_schema import NUMBERS, FieldType
from hpro_connectors.emulators.salesforce.org.querying import Row

DELIMITERS: Final = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS: Final = {"LF": "\n", "CRLF": "\r\n"}

_PART = 1 << 18
_BUFFER = 1 << 20
_ZONE = re.compile(r"\+0000$")

_Cell = Callable[[object], str]


class ResultFile:
    """CSV as UTF-8: a header, and a row a record, every cell in quotes.

    Args:
        path: Where it is written.
        delimiter: Between cells.
        line_ending: After each row.
    """

    def __init__(self, path: Path, delimiter: str, line_ending: str) -> None:
        self._path, self._delimiter, self._line_ending = path, delimiter, line_ending
        self._header = b""
        self._starts = array("Q", [0])

    @property
    def rows(self) -> int:
        """How many rows there are, without the header."""
        return len(self._starts) - 1

    @property
    def size(self) -> int:
        """How many bytes there are, with one header."""
        return self._starts[-1]

    def write(self, columns: Sequence[str], types: Sequence[FieldType], rows: Iterable[Row]) -> None:
        """Write all of it.

        Args:
            columns: Names of the columns, parents with dots.
            types: Of the columns.
            rows: Their values as REST gives them.
        """
        end, between = self._line_ending, f'"{self._delimiter}"'
        self._header = f'"{between.join(columns)}"{end}'.encode()
        cells = [_cell_of(kind) for kind in types]
        start = len(self._header)
        self._starts = starts = array("Q", [start])
        with self._path.open("wb", buffering=_BUFFER) as file:
            file.write(self._header)
            for row in rows:
                values = [cell(value) for cell, value in zip(cells, row, strict=True)]
                line = f'"{between.join(values)}"{end}'.encode("utf-8", "replace")
                file.write(line)
                start += len(line)
                starts.append(start)

    def part(self, first: int, count: int) -> tuple[Iterator[bytes], int]:
        """Read some of it, with a header of its own.

        Args:
            first: The first row, counted from 0.
            count: How many at most.

        Returns:
            The parts of the text one after the other, and how many bytes they are in all.
        """
        last = min(first + count, self.rows)
        start, end = self._starts[first], self._starts[last]
        return self._read(start, end), len(self._header) + end - start

    def remove(self) -> None:
        """Take the file away; who reads it still can."""
        self._path.unlink(missing_ok=True)

    def _read(self, start: int, end: int) -> Iterator[bytes]:
        with self._path.open("rb", buffering=0) as file:
            yield self._header
            file.seek(start)
            while start < end:
                part = file.read(min(_PART, end - start))
                if not part:
                    return
                start += len(part)
                yield part


def _cell_of(kind: FieldType) -> _Cell:
    if kind is FieldType.BOOLEAN:
        return _flag
    if kind is FieldType.DATETIME:
        return _moment
    if kind in NUMBERS and kind is not FieldType.INT:
        return _number
    return _text


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _flag(value)
    return str(value).replace('"', '""')


def _flag(value: object) -> str:
    return "" if value is None else "true" if value else "false"


def _moment(value: object) -> str:
    """The Bulk API writes a zone as Z, where REST writes +0000."""
    return "" if value is None else _ZONE.sub("Z", str(value))


def _number(value: object) -> str:
    """The Bulk API writes numbers that may have a fraction with one."""
    return repr(float(value)) if isinstance(value, (int, float)) else _text(value)
