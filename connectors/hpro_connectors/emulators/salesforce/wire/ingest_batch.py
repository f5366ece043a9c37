"""The data of a Bulk ingest job: read from CSV, written to the org row by row, and told of in CSV again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, bad_reference
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

NULL = "#N/A"
"""In a cell: empty the field. An empty cell leaves it as it is."""

ROWS_OF_A_CHUNK = 200
"""Rows that are written in one transaction."""


class InvalidBatchError(Exception):
    """The data cannot be read; the whole job fails, with these words."""


@dataclass(frozen=True, slots=True)
class IngestData:
    """What was uploaded.

    Attributes:
        columns: Of the header.
        rows: Cells, as they were sent.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row.

    Attributes:
        row: As it was sent.
        record_id: Of the record that was written; empty where none was.
        created: Whether it was made.
        error: As the API tells it; empty where there is none.
    """

    row: tuple[str, ...]
    record_id: str = ""
    created: bool = False
    error: str = ""


def read_data(content: bytes, delimiter: str, line_ending: str) -> IngestData:
    """Read what was uploaded.

    Args:
        content: CSV in UTF-8 with a header.
        delimiter: Between cells.
        line_ending: Of each row.

    Raises:
        InvalidBatchError: It cannot be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidBatchError("ClientInputError : the data are not in UTF-8") from None
    header_end = text.find("\n")
    if header_end >= 0 and (text[:header_end].endswith("\r")) != (line_ending == "\r\n"):
        name = "CRLF" if line_ending == "\r\n" else "LF"
        raise InvalidBatchError(
            f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {name}"
        )
    try:
        rows = [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
    except csv.Error as exc:
        raise InvalidBatchError(f"ClientInputError : {exc}") from None
    if not rows:
        raise InvalidBatchError("ClientInputError : there are no data")
    columns, *data = rows
    if any(len(row) != len(columns) for row in data):
        raise InvalidBatchError("ClientInputError : a row has another number of cells than the header")
    return IngestData(columns, tuple(data))


def check_columns(org: SalesforceOrg, object_name: str, user_id: str, data: IngestData, operation: str) -> None:
    """Refuse data with columns that are not there, or that the user does not see.

    Raises:
        InvalidBatchError: There is one, or the ids are missing.
    """
    for name in data.columns:
        field = org.schema[object_name].find(name)
        if field is None or not org.access.can_read(user_id, object_name, field.name):
            raise InvalidBatchError(f"InvalidBatch : Field name not found : {name}")
    if operation != "insert" and "id" not in {name.lower() for name in data.columns}:
        raise InvalidBatchError("InvalidBatch : Missing required field : Id")


class RowWriter:
    """Writes the rows of a job.

    Args:
        org: Where.
        object_name: Of which object they are.
        user_id: Who writes.
        operation: ``insert``, ``update`` or ``delete``.
        columns: Of the rows.
    """

    def __init__(
        self, org: SalesforceOrg, object_name: str, *, user_id: str, operation: str, columns: Sequence[str]
    ) -> None:
        self._org, self._object_name, self._columns = org, object_name, columns
        self._user_id, self._operation = user_id, operation

    def write(self, rows: Sequence[tuple[str, ...]]) -> list[RowResult]:
        """Write some rows in one transaction, each for itself.

        Args:
            rows: Which.
        """
        seen: set[str] = set()
        results = []
        with self._org.request(len(rows)):
            for row in rows:
                try:
                    results.append(self._write(row, seen))
                except ApiFault as exc:
                    fields = f"{','.join(exc.fields)} " if exc.fields else ""
                    results.append(RowResult(row, error=f"{exc.code}:{exc.message}:{fields}--"))
        return results

    def _write(self, row: tuple[str, ...], seen: set[str]) -> RowResult:
        cells = dict(zip(self._columns, row, strict=True))
        values: dict[str, object] = {
            name: None if cell == NULL else cell for name, cell in cells.items() if cell and name.lower() != "id"
        }
        if self._operation == "insert":
            return RowResult(row, self._org.create(self._object_name, values, user_id=self._user_id), created=True)
        record_id = next(cell for name, cell in cells.items() if name.lower() == "id")
        if not record_id:
            raise ApiFault(400, "MISSING_ARGUMENT", "Id not specified in an update call")
        if record_id[:15] in seen:
            raise ApiFault(400, "DUPLICATE_VALUE", f"Duplicate id specified: {record_id}")
        seen.add(record_id[:15])
        try:
            if self._operation == "delete":
                self._org.delete(self._object_name, record_id, user_id=self._user_id)
            else:
                self._org.update(self._object_name, record_id, values, user_id=self._user_id)
        except ApiFault as exc:
            raise bad_reference() if exc.code == "NOT_FOUND" else exc from None
        return RowResult(row, record_id)


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[str]], delimiter: str, line_ending: str) -> str:
    """Write CSV as the API does: each cell in quotes.

    Args:
        columns: Of the header.
        rows: Cells.
        delimiter: Between cells.
        line_ending: After each row.
    """
    between = f'"{delimiter}"'
    lines = (between.join(cell.replace('"', '""') for cell in row) for row in (columns, *rows))
    return "".join(f'"{line}"{line_ending}' for line in lines)
