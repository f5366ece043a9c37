"""Checking the state file, and making it smaller."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from sqlalchemy import Connection, func, select

from hpro_connectors.state.schema import (
    INTERACTIONS,
    LEADS,
    METADATA,
    OUTBOX,
    RUNS,
    SCHEMA_VERSION,
    SCORE_HISTORY,
    SCORES,
    WRITTEN_ROWS,
)
from hpro_connectors.state.store import StateStore
from hpro_sdk.lead import Frozen

_COUNTED = (LEADS, INTERACTIONS, SCORES, SCORE_HISTORY, WRITTEN_ROWS, OUTBOX, RUNS)


class StateCheck(Frozen):
    """What a check of the state found.

    Attributes:
        version: Of its tables.
        bytes: Size of the file.
        rows: How many rows the larger tables hold.
        problems: What is wrong; empty where the state is whole.
    """

    version: int
    bytes: int
    rows: Mapping[str, int]
    problems: tuple[str, ...]


def check_state(store: StateStore) -> StateCheck:
    """Check the structure of the file, and that its tables agree.

    Args:
        store: Open.

    Raises:
        StateError: It cannot be read.
    """
    with store.transactions.reading() as connection:
        problems = [*_of_sqlite(connection), *_of_tables(connection)]
        rows = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in _COUNTED}
    return StateCheck(version=SCHEMA_VERSION, bytes=store.path.stat().st_size, rows=rows, problems=tuple(problems))


def _of_sqlite(connection: Connection) -> list[str]:
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)")]
    problems = [] if found == ["ok"] else [f"SQLite: {words}" for words in found]
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    return [*problems, *(f"A row of {row[0]} belongs to a row of {row[2]} that is gone." for row in broken[:20])]


def _of_tables(connection: Connection) -> list[str]:
    problems: list[str] = []
    made = {str(row[0]) for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    problems += [f"The table {table.name} is missing." for table in METADATA.sorted_tables if table.name not in made]
    if problems:
        return problems
    erased = connection.scalar(
        select(func.count()).select_from(LEADS).where(LEADS.c.deleted_at.is_not(None), LEADS.c.record.is_not(None))
    )
    if erased:
        problems.append(f"{erased} deleted leads still have their record.")
    gone = connection.scalar(
        select(func.count())
        .select_from(OUTBOX)
        .join(LEADS, LEADS.c.lead_id == OUTBOX.c.lead_id)
        .where(LEADS.c.deleted_at.is_not(None))
    )
    if gone:
        problems.append(f"{gone} rows of deleted leads wait to be sent.")
    return problems


def free_bytes(store: StateStore) -> int:
    """Give how many bytes of the file are not used."""
    with store.transactions.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0
        size = connection.exec_driver_sql("PRAGMA page_size").scalar() or 0
    return int(pages) * int(size)


def vacuum_state(store: StateStore) -> None:
    """Write the file anew without the space that is not used.

    Args:
        store: Open, and held by this process.

    Raises:
        StateError: The disk is full, or another process uses the file.
    """
    with store.transactions.writing():
        pass  # the org is ours still
    with store.driver() as connection, closing(connection.cursor()) as cursor:
        cursor.execute("VACUUM")
    store.checkpoint()
