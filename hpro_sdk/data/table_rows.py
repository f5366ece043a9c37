"""Rows of a CSV, JSONL or Parquet file, one at a time, each with the place it came from."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from hpro_sdk.data import csv_rows, jsonl_rows, parquet_rows
from hpro_sdk.data.place import Place
from hpro_sdk.data.validation_text import quoted
from hpro_sdk.errors import ConfigError

TableFormat = Literal["csv", "jsonl", "parquet"]

_FORMATS: dict[str, TableFormat] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


class TableRow(NamedTuple):
    """One row: where it stands, and its raw values by column."""

    place: Place
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Reader:
    columns: Callable[[BinaryIO, Path], list[str] | None]
    rows: Callable[[BinaryIO, Path], Iterator[tuple[Place, Mapping[str, object]]]]


_READERS: dict[TableFormat, _Reader] = {
    "csv": _Reader(csv_rows.columns, csv_rows.rows),
    "jsonl": _Reader(jsonl_rows.columns, jsonl_rows.rows),
    "parquet": _Reader(parquet_rows.columns, parquet_rows.rows),
}


def table_format(path: Path) -> TableFormat:
    """Tell a table's format from the end of its name.

    Raises:
        ConfigError: The name ends in nothing known.
    """
    try:
        return _FORMATS[path.suffix.lower()]
    except KeyError:
        raise ConfigError(
            f"{path}: the end of the name does not tell what kind of table it is.",
            hint=f"Name it with one of: {', '.join(_FORMATS)}.",
        ) from None


def read_rows(path: Path) -> Iterator[TableRow]:
    """Stream the rows of a table.

    Args:
        path: A CSV (UTF-8, with a header), JSONL (one object per line) or Parquet file, told by its name.

    Yields:
        Raw values: text from CSV, JSON values from JSONL, Python values from Parquet.

    Raises:
        ConfigError: The file is missing, may not be read, or is of no known kind.
        DataError: The file is empty, cut off or malformed; the message names row and line.
        MissingExtraError: Parquet without the ``parquet`` extra.
    """
    reader = _READERS[table_format(path)]
    with _open(path) as file:
        for place, values in reader.rows(file, path):
            yield TableRow(place, values)


def require_columns(path: Path, columns: Mapping[str, str]) -> None:
    """Check that a table has the columns that a mapping names.

    In JSONL a key may be missing from a row; a column is lacking when no row at all has it.

    Args:
        path: The table.
        columns: Column by mapping key.

    Raises:
        ConfigError: A column is lacking, or the file cannot be read at all.
        DataError: The file is empty or malformed.
    """
    reader = _READERS[table_format(path)]
    with _open(path) as file:
        present: Iterable[str] | None = reader.columns(file, path)
    if present is None:
        present = _keys_until(path, set(columns.values()))
    known = dict.fromkeys(present)
    lacking = [(key, column) for key, column in columns.items() if column not in known]
    if not lacking or not known:  # a table without any row is reported as such by its reader
        return
    key, column = lacking[0]
    also = f" ({len(lacking) - 1} more are lacking too)" if len(lacking) > 1 else ""
    near = difflib.get_close_matches(column, known, n=3) or _same_but_case(column, known)
    names = ", ".join(quoted(name) for name in (near or list(known)[:10]))
    raise ConfigError(
        f"{path} has no column {quoted(column)}, which {key} in the mapping names{also}.",
        hint=f"Did you mean {names}?" if near else f"The table has: {names}.",
        key=key,
        column=column,
    )


def _same_but_case(column: str, known: Iterable[str]) -> list[str]:
    return [name for name in known if name.casefold().strip() == column.casefold().strip()]


def _keys_until(path: Path, wanted: set[str]) -> dict[str, None]:
    """Collect the keys of JSONL rows, and stop once all wanted ones were seen."""
    seen: dict[str, None] = {}
    for row in read_rows(path):
        seen |= dict.fromkeys(row.values)
        if wanted <= seen.keys():
            break
    return seen


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as exc:
        raise ConfigError(f"The file {path} does not exist.", hint="Check the path.") from exc
    except OSError as exc:
        raise ConfigError(
            f"The file {path} cannot be read: {exc.strerror or exc}.", hint="Name a file that you may read."
        ) from exc
