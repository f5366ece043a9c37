"""Opening the state file: what it must be, who may read it, and how SQLite is told to treat it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.pool import StaticPool

from hpro_connectors.errors import MigrationError, StateError
from hpro_connectors.state.migrations import MIGRATIONS, OLDEST
from hpro_connectors.state.schema import APPLICATION_ID, SCHEMA_VERSION
from hpro_connectors.state.translation import damaged_error, read_only_error, translated, translating
from hpro_sdk.errors import ConfigError

_SHORTEST_PAGE = 512
_SETTINGS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "temp_store = MEMORY",
    "cache_size = -65536",  # KiB: ranking 200,000 leads goes to and fro between tables
)


def open_engine(path: Path, *, create: bool, busy_timeout_s: float) -> Engine:
    """Open a state file, make its tables where it is new, and give an engine of one connection.

    Args:
        path: Of the file; its folder must exist.
        create: Whether to make it where there is none.
        busy_timeout_s: How long to wait for another process that writes.

    Raises:
        ConfigError: There is no such folder or file, or it is not a file.
        MigrationError: The file is of another version of HPRO.
        StateError: It is damaged, foreign, locked or read-only.
    """
    _check_place(path, create=create)
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, busy_timeout_s),
        poolclass=StaticPool,
        hide_parameters=True,  # they are what leads wrote
    )
    _listen(engine, path)
    return engine


def _check_place(path: Path, *, create: bool) -> None:
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(
            f"{path} cannot be a state file: "
            + ("it is a folder." if path.is_dir() else f"there is no folder {path.parent}."),
            hint="Name a file in a folder that exists.",
        )
    if not path.exists():
        if not create:
            raise ConfigError(f"There is no state file {path}.", hint="Name the file of an earlier pass.")
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as exc:
            raise read_only_error(path) from exc
    # The folder too: SQLite keeps its log beside the file.
    if not (_may_write(path) and _may_write(path.parent)):
        raise read_only_error(path)
    # The file is never opened but by SQLite: closing it would drop the locks that this process holds on it elsewhere,
    # and another process could then delete the log that this one still writes to. SQLite itself finds out what is no
    # database, except that it takes what is shorter than its shortest page for an empty one.
    if 0 < path.stat().st_size < _SHORTEST_PAGE:
        raise damaged_error(path)


def _may_write(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _connect(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    with translating(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=busy_timeout_s)
        try:
            connection.isolation_level = None  # transactions are begun by us, see _listen
            _prepare(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    # Renaming a table must not rename it in what refers to it.
    connection.execute("PRAGMA legacy_alter_table = ON").close()
    # Deleted text must not be found in the free parts of the file.
    connection.execute("PRAGMA secure_delete = ON").close()
    if _pragma(connection, "application_id") != APPLICATION_ID or _version(connection, path) < SCHEMA_VERSION:
        _migrate(connection, path)
    for setting in _SETTINGS:
        connection.execute(f"PRAGMA {setting}").close()


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = _pragma(connection, "user_version")
    if not OLDEST <= version <= SCHEMA_VERSION:
        age = "a newer" if version > SCHEMA_VERSION else "another"
        raise MigrationError(
            f"The state file {path} has version {version}; this HPRO reads version {SCHEMA_VERSION}.",
            hint=f"Use it with {age} HPRO, or name another file: a new one is filled from the CRM.",
        )
    return version


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a new or older file to the newest version in one transaction."""
    connection.execute("BEGIN IMMEDIATE").close()
    try:
        if _pragma(connection, "application_id") == APPLICATION_ID:
            version = _version(connection, path)
        else:
            _refuse_foreign(connection, path)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}").close()
            version = OLDEST - 1
        for number in range(version + 1, SCHEMA_VERSION + 1):  # empty where another process was faster
            MIGRATIONS[number](connection)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}").close()
        connection.execute("COMMIT").close()
    except BaseException:
        connection.execute("ROLLBACK").close()
        raise


def _refuse_foreign(connection: sqlite3.Connection, path: Path) -> None:
    with closing(connection.execute("SELECT count(*) FROM sqlite_master")) as found:
        is_empty = found.fetchone()[0] == 0
    if not is_empty or _pragma(connection, "application_id") or _pragma(connection, "user_version"):
        raise StateError(f"{path} is a database of another program.", hint="Name another file for HPRO's state.")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    with closing(connection.execute(f"PRAGMA {name}")) as found:
        return int(found.fetchone()[0])


def _listen(engine: Engine, path: Path) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its lock first: one that begins as a reader cannot wait for another writer.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "handle_error")
    def handle_error(context: ExceptionContext) -> None:
        error = translated(context.original_exception, path)
        if error is not None:
            raise error from context.original_exception
