"""Rows from the CSV of a Bulk result, typed as REST types them.

A Bulk result does not tell an empty text from none at all: both are ``None``.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence

from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError, ServerError
from hpro_connectors.salesforce.client.bulk_jobs import BulkAnswer
from hpro_connectors.salesforce.rows.row_source import Row, Source

_LARGEST_CELL = 64 * 1024 * 1024
"""Characters. Python's own limit, 128 KiB, is below what a long text field holds."""

_TRUTHS: dict[str, JsonValue] = {"true": True, "false": False}

Reading = Callable[[str], JsonValue]


def bulk_rows(answer: BulkAnswer, source: Source) -> Iterator[Row]:
    """Give the rows of a page of a job's results, one at a time.

    Args:
        answer: The page.
        source: What was asked for; columns that only the job has are passed over.

    Raises:
        ServerError: The page is damaged, or holds other rows than the CRM counted; the rows before were whole.
        ResumeExpiredError: The job was made for other columns.
    """
    if not answer.csv_text.strip() and answer.rows == 0:
        return
    csv.field_size_limit(max(_LARGEST_CELL, csv.field_size_limit()))
    reader = csv.reader(_lines(answer.csv_text.replace("\0", "")), strict=True)
    count = 0
    try:
        header = next(reader, [])
        cells_of = _cells(header, source)
        for cells in reader:
            if not cells and len(header) > 1:
                continue
            if len(cells) != len(header):
                raise _damaged(source, f"row {count + 1} has {len(cells)} cells where the header has {len(header)}")
            count += 1
            yield {column: read(cells[at]) for column, at, read in cells_of}
    except csv.Error as exc:
        raise _damaged(source, f"row {count + 1} cannot be read ({exc})") from exc
    if count != answer.rows:
        raise _damaged(source, f"it holds {count} rows where {answer.rows} were announced")


def _lines(text: str) -> Iterator[str]:
    """Give lines that end in a line feed; a carriage return is part of them."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _cells(header: Sequence[str], source: Source) -> list[tuple[str, int, Reading]]:
    """Say where each column stands, and how its cells are read."""
    places = {name.lower(): at for at, name in enumerate(header)}
    missing = [column for column in source.columns if column.lower() not in places]
    if source.id in missing or source.stamp in missing:
        raise _damaged(source, f"it has no column {source.id if source.id in missing else source.stamp}")
    if missing:
        raise ResumeExpiredError(
            f"A Bulk job of {source.object_name} was made without the column {missing[0]}.",
            hint="Read it from its beginning.",
            connector="salesforce",
            stream=source.object_name,
        )
    return [
        (column, places[column.lower()], _READINGS.get(source.types.get(column, ""), _text))
        for column in source.columns
    ]


def _damaged(source: Source, why: str) -> ServerError:
    return ServerError(
        f"The Bulk result of {source.object_name} is damaged: {why}.",
        hint="Try again later.",
        connector="salesforce",
        stream=source.object_name,
    )


def _text(cell: str) -> JsonValue:
    return cell or None


def _truth(cell: str) -> JsonValue:
    return _TRUTHS.get(cell.lower(), cell or None)


def _whole(cell: str) -> JsonValue:
    """Read a whole number, which may be written as ``0.0``; what is none stays the text it is."""
    try:
        return int(cell)
    except ValueError:
        number = _number(cell)
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _number(cell: str) -> JsonValue:
    try:
        number = float(cell)
    except ValueError:
        return cell or None
    return number if math.isfinite(number) else cell


def _moment(cell: str) -> JsonValue:
    """Write a moment as REST does: the zone in digits."""
    return cell[:-1] + "+0000" if cell.endswith("Z") else cell or None


_READINGS: dict[str, Reading] = {
    "boolean": _truth,
    "int": _whole,
    "long": _whole,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "datetime": _moment,
}
