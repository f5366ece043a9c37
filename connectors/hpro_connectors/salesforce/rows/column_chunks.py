"""Wide objects: columns are asked for a part at a time, and the parts of a row joined by its id.

A row may change between two parts. Its version, which is asked for with every part, tells: such a row is asked for
once more, and when its parts differ again it is refused, since half of one state and half of another is no row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.rows.keyset import read_id
from hpro_connectors.salesforce.rows.request_length import RequestLength
from hpro_connectors.salesforce.rows.row_source import Row, Source
from hpro_connectors.salesforce.rows.soql import encoded_length

ROWS_AT_ONCE = 200
"""Rows of a wide object that are held and joined at once."""

_ENCODED_ID = len("%27") + 18 + len("%27%2C")

Chunk = tuple[str, ...]
AskByIds = Callable[[Chunk, Sequence[str]], list[Row]]


def split_columns(source: Source, length: RequestLength, besides: str) -> list[Chunk]:
    """Split the columns so that each part fits into a query by URL; each holds the id and the version.

    Args:
        source: What is read.
        length: How long such a query may be.
        besides: The query without columns.

    Returns:
        One part where everything fits.
    """
    fixed = encoded_length(besides)
    if fixed + encoded_length(",".join(source.columns)) <= length.limit:
        return [source.columns]
    keys = tuple(dict.fromkeys((source.id, *source.versions)))
    room = length.limit - max(fixed, length.limit // 2) - encoded_length(",".join(keys))
    chunks: list[list[str]] = []
    left = 0
    for column in source.columns:
        if column in keys:
            continue
        needed = encoded_length("," + column)
        if not chunks or needed > left:
            chunks.append([])
            left = room
        chunks[-1].append(column)
        left -= needed
    return [(*keys, *chunk) for chunk in chunks] or [keys]


def ids_at_once(length: RequestLength) -> int:
    """Give how many ids fit beside a part of the columns."""
    return max(1, min(ROWS_AT_ONCE, (length.limit // 2 - ROWS_AT_ONCE) // _ENCODED_ID))


def join_chunks(source: Source, first: Sequence[Row], chunks: Sequence[Chunk], ask: AskByIds) -> list[Row]:
    """Complete rows of which the first part was read.

    Args:
        source: What is read.
        first: The first part of at most :data:`ROWS_AT_ONCE` rows.
        chunks: All parts.
        ask: Gives a part of the rows that have some ids.

    Returns:
        In the order of ``first``; a row that was purged meanwhile is left out, one that changed is as it is now.

    Raises:
        ServerError: A row changed again while it was asked for once more.
    """
    if len(chunks) == 1 or not first:
        return list(first)
    ids = [read_id(row, source) for row in first]
    parts = [_by_id(first, source), *(_by_id(ask(chunk, ids), source) for chunk in chunks[1:])]
    torn = [row_id for row_id in ids if not _is_whole(row_id, parts, source)]
    if torn:
        again = [_by_id(ask(chunk, torn), source) for chunk in chunks]
        gone = {row_id for row_id in torn if not any(row_id in part for part in again)}
        for row_id in torn:
            if row_id not in gone and not _is_whole(row_id, again, source):
                raise ServerError(
                    f"A row of {source.object_name} keeps changing while its columns are read in {len(chunks)} parts.",
                    hint="Try again later, or name fewer fields in the configuration.",
                    connector="salesforce",
                    stream=source.object_name,
                    record_id=row_id,
                )
        for part, new in zip(parts, again, strict=True):
            part.update(new)
        ids = [row_id for row_id in ids if row_id not in gone]
    return [_joined(row_id, parts, source) for row_id in ids]


def _by_id(rows: Sequence[Row], source: Source) -> dict[str, Row]:
    return {read_id(row, source): row for row in rows}


def _is_whole(row_id: str, parts: Sequence[dict[str, Row]], source: Source) -> bool:
    if not all(row_id in part for part in parts):
        return False
    versions = {tuple(str(part[row_id][column]) for column in source.versions) for part in parts}
    return len(versions) == 1


def _joined(row_id: str, parts: Sequence[dict[str, Row]], source: Source) -> Row:
    values = {column: value for part in parts for column, value in part[row_id].items()}
    return {column: values[column] for column in source.columns}
