"""Rows of a Bulk ingest job as CSV, and what became of them, read back byte for byte."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMN_TYPES, to_crm

ID: Final = "Id"
"""The column that tells which record a row is of; ``sf__Id`` is empty where a row failed."""

_EMPTIED: Final = "#N/A"  # an empty cell leaves a field as it is
_ERROR: Final = "sf__Error"
_COLUMNS: Final = (ID, *SCORE_COLUMN_TYPES)
_REFUSAL = re.compile(r"([A-Z][A-Z0-9_]*):(.*):([^:]*)--\s*", re.DOTALL)
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$')
_LARGEST_CELL: Final = 1 << 26

Cells = Mapping[str, str]
"""A row by column, as it stands in the CSV."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """What became of a row of a job.

    Attributes:
        cells: As they were sent.
        code: The CRM's for its refusal; empty where it was written.
        message: The CRM's words.
        fields: That it names.
    """

    cells: Cells
    code: str = ""
    message: str = ""
    fields: tuple[str, ...] = ()


def cells_of(row: ScoreRow) -> Cells:
    """Give a row as it stands in the CSV of a job.

    Args:
        row: Which.

    Raises:
        NonFiniteScoreError: A number of it is none.
    """
    return {ID: row.lead.lead_id, **{column: _cell(value) for column, value in to_crm(row).items()}}


def csv_of(rows: Iterable[Cells]) -> bytes:
    """Write the data of a job: UTF-8, lines that end in a line feed.

    Args:
        rows: As :func:`cells_of` gives them.
    """
    lines = [",".join(_COLUMNS), *(",".join(_quoted(row[column]) for column in _COLUMNS) for row in rows)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def read_results(content: bytes) -> Iterator[JobRow]:
    """Read what a job tells of rows, written or refused.

    Args:
        content: CSV as Salesforce gives it; what is in quotes may hold whatever was sent.

    Raises:
        ServerError: It was cut short, or is damaged.
    """
    csv.field_size_limit(max(_LARGEST_CELL, csv.field_size_limit()))
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(reader, [])
        if header and ID not in header:
            raise _damaged("it has no column Id")
        for cells in reader:
            if len(cells) != len(header):
                raise _damaged(f"a row has {len(cells)} cells where the header has {len(header)}")
            yield _job_row(dict(zip(header, cells, strict=True)))
    except UnicodeDecodeError as exc:
        raise _damaged("it is not in UTF-8") from exc
    except csv.Error as exc:
        raise _damaged(f"it cannot be read ({exc})") from exc
    if text and not text.endswith("\n"):
        raise _damaged("its last line has no end")


def refusal_of(text: str) -> tuple[str, str, tuple[str, ...]]:
    """Take code, words and fields out of ``sf__Error``, such as ``STRING_TOO_LONG:too long:HPRO_Model__c --``.

    Args:
        text: As Salesforce gives it.
    """
    found = _REFUSAL.fullmatch(text)
    if found is None:
        code, _, message = text.partition(":")
        return (code, message, ()) if re.fullmatch(r"[A-Z][A-Z0-9_]*", code) else ("UNKNOWN", text, ())
    return found[1], found[2], tuple(re.split(r"[,\s]+", found[3].strip())) if found[3].strip() else ()


def _job_row(cells: dict[str, str]) -> JobRow:
    sent = {name: cell for name, cell in cells.items() if not name.startswith("sf__")}
    if _ERROR not in cells:
        return JobRow(sent)
    return JobRow(sent, *refusal_of(cells[_ERROR]))


def _cell(value: JsonValue) -> str:
    return _EMPTIED if value is None or value == "" else str(value)


def _quoted(cell: str) -> str:
    """Put a cell into quotes where it needs them; Python's own writer forgets a lone carriage return."""
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell


def _damaged(why: str) -> ServerError:
    return ServerError(f"What a Bulk job tells of its rows is damaged: {why}.", hint="Try again later.", connector=NAME)
