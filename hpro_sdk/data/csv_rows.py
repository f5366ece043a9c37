"""Rows of a CSV file, read strictly: a damaged file is an error and never a shifted column."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from hpro_sdk.data.place import Place
from hpro_sdk.data.text_lines import text_lines
from hpro_sdk.data.validation_text import quoted
from hpro_sdk.errors import DataError

_LARGEST_CELL = 2**31 - 1  # the largest limit that the csv module takes on every platform


def columns(file: BinaryIO, path: Path) -> list[str]:
    """Read the header.

    Raises:
        DataError: There is none, or it names a column twice.
    """
    return _header(_Records(file, path), path)


def rows(file: BinaryIO, path: Path) -> Iterator[tuple[Place, Mapping[str, object]]]:
    """Stream the rows.

    Raises:
        DataError: The header is missing, a row has too many or too few cells, quotes or bytes are damaged.
    """
    records = _Records(file, path)
    header = _header(records, path)
    for number, (line, cells) in enumerate(records, start=1):
        place = Place(path, number, line)
        if len(cells) != len(header):
            raise place.error(
                f"has {len(cells)} cells where the header has {len(header)}",
                hint='Put a value that contains a comma or a line break in double quotes, and " as "".',
            )
        yield place, dict(zip(header, cells, strict=True))


class _Records:
    """Records with the line on which each begins; lines without anything are passed over."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        csv.field_size_limit(_LARGEST_CELL)
        self._path = path
        self._reader = csv.reader((text for _, text in text_lines(file, path)), strict=True)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as exc:
                raise DataError(
                    f"{self._path}, the record that begins on line {line} is damaged: {exc}.",
                    hint='Close every double quote, and write " inside a value as "".',
                    line=line,
                ) from exc
            if cells:
                yield line, cells


def _header(records: _Records, path: Path) -> list[str]:
    first = next(iter(records), None)
    if first is None:
        raise DataError(f"{path} is empty: it has no header line.", hint="Put the column names in the first line.")
    header = first[1]
    twice = next((name for index, name in enumerate(header) if name in header[:index]), None)
    if twice is not None:
        raise DataError(
            f"{path}, line {first[0]}: two columns are named {quoted(twice)}.", hint="Give every column its own name."
        )
    if not any(chain.from_iterable(header)):
        raise DataError(f"{path}, line {first[0]}: no column has a name.", hint="Put column names in the first line.")
    return header
