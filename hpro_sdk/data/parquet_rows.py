"""Rows of a Parquet file, read in batches with the optional package pyarrow."""

# ruff: noqa: ANN401 (pyarrow is optional and published without types)

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from hpro_sdk._extras import require_extra
from hpro_sdk.data.place import Place
from hpro_sdk.data.validation_text import quoted
from hpro_sdk.errors import DataError

_BATCH_ROWS = 1024
_PURPOSE = "Reading Parquet"


def columns(file: BinaryIO, path: Path) -> list[str]:
    """Read the column names.

    Raises:
        DataError: The file is damaged, or names a column twice.
        MissingExtraError: pyarrow is not installed.
    """
    return _column_names(_open(file, path), path)


def rows(file: BinaryIO, path: Path) -> Iterator[tuple[Place, Mapping[str, object]]]:
    """Stream the rows as Python values; null becomes ``None``.

    Raises:
        DataError: The file is damaged.
        MissingExtraError: pyarrow is not installed.
    """
    arrow = require_extra("parquet", "pyarrow", _PURPOSE)
    parquet = _open(file, path)
    _column_names(parquet, path)
    batches = parquet.iter_batches(batch_size=_BATCH_ROWS)
    number = 0
    while True:
        try:
            batch = next(batches, None)
            values = [] if batch is None else _microseconds(arrow, batch).to_pylist()
        except (arrow.ArrowException, OSError, ValueError, OverflowError) as exc:
            raise _damaged(path, f"after row {number}", exc) from exc
        if batch is None:
            return
        for row in values:
            number += 1
            yield Place(path, number), row


def _open(file: BinaryIO, path: Path) -> Any:
    arrow = require_extra("parquet", "pyarrow", _PURPOSE)
    try:
        return require_extra("parquet", "pyarrow.parquet", _PURPOSE).ParquetFile(file)
    except (arrow.ArrowException, OSError) as exc:
        raise _damaged(path, "at its start or end", exc) from exc


def _column_names(parquet: Any, path: Path) -> list[str]:
    names: list[str] = list(parquet.schema_arrow.names)
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise DataError(f"{path}: two columns are named {quoted(twice)}.", hint="Give every column its own name.")
    return names


def _microseconds(arrow: Any, batch: Any) -> Any:
    """Bring nanoseconds to what a datetime can hold; pyarrow would refuse them or need pandas."""
    for index, field in enumerate(batch.schema):
        if arrow.types.is_timestamp(field.type) and field.type.unit == "ns":
            column = batch.column(index).cast(arrow.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(index, field.name, column)
    return batch


def _damaged(path: Path, where: str, exc: Exception) -> DataError:
    reason = str(exc).strip().partition("\n")[0].rstrip(".")
    return DataError(
        f"{path} is not a whole Parquet file; it is damaged {where}: {reason}.", hint="Write or copy it again."
    )
