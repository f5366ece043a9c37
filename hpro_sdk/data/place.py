"""Where a value stands, so that every complaint about data names file, row and column."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hpro_sdk.data.validation_text import quoted
from hpro_sdk.errors import DataError


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a file.

    Attributes:
        path: The file.
        row: Data row, 1 is the first (a header is not counted).
        line: Line of the file on which the row begins; ``None`` for Parquet.
    """

    path: Path
    row: int
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path}, row {self.row}" + (f" (line {self.line})" if self.line is not None else "")

    def error(self, problem: str, *, hint: str) -> DataError:
        """Make the error for this row."""
        return DataError(f"{self} {problem}.", hint=hint, row=self.row)


@dataclass(frozen=True, slots=True)
class Cell:
    """A raw value and where it stands.

    Attributes:
        place: Its row.
        column: Its column.
        value: As the reader gave it.
    """

    place: Place
    column: str
    value: object

    @property
    def missing(self) -> bool:
        """Whether nothing is there: null, or a text without a visible character."""
        return self.value is None or (isinstance(self.value, str) and not self.value.strip())

    def __str__(self) -> str:
        return f"{self.place}, column {quoted(self.column)}"

    def error(self, problem: str, *, hint: str) -> DataError:
        """Make the error for this cell; the value itself is not repeated, it may be private."""
        return DataError(f"{self} {problem}.", hint=hint, row=self.place.row, column=self.column)
