"""From SQLite's errors to ours: one place that says what each means for the state file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from hpro_connectors.errors import StateError, StateLockedError

_FAMILY = 0xFF
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def locked_error(path: Path) -> StateLockedError:
    """Give the error of a state file that another process writes to."""
    return StateLockedError(
        f"Another process is writing to the state file {path}.", hint="Wait until it has ended, then try again."
    )


def read_only_error(path: Path) -> StateError:
    """Give the error of a state file, or a folder of one, that cannot be written to."""
    return StateError(
        f"The state file {path} cannot be written to.",
        hint="Give this user write permission on the file and its folder, or name another place.",
    )


def damaged_error(path: Path) -> StateError:
    """Give the error of a file that is no database, or no longer one."""
    return StateError(
        f"The state file {path} is damaged or not a state file.",
        hint="Restore it from a backup, or move it away: a new one is filled from the CRM.",
    )


def translated(error: BaseException, path: Path) -> StateError | None:
    """Give our error for one of SQLite's, without any value that was stored; ``None`` when it is no error of SQLite.

    Args:
        error: As the driver raised it.
        path: Of the state file.
    """
    if not isinstance(error, sqlite3.Error):
        return None
    family = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _FAMILY
    if family in _BUSY:
        return locked_error(path)
    if family in _READ_ONLY:
        return read_only_error(path)
    if family in _DAMAGED:
        return damaged_error(path)
    if family in _DISK:
        return StateError(
            f"The state file {path} cannot be read or written ({_name(error)}).",
            hint="Look for a full or failing disk.",
        )
    return unusable_error(path, _name(error))


def unusable_error(path: Path, name: str) -> StateError:
    """Give the error of a file whose tables or rows are not what they should be.

    Args:
        path: Of the state file.
        name: What SQLite or SQLAlchemy calls the error; its own message may hold what was stored.
    """
    return StateError(
        f"The state file {path} cannot be used ({name}).",
        hint="Restore it from a backup, or move it away: a new one is filled from the CRM.",
    )


def _name(error: sqlite3.Error) -> str:
    return getattr(error, "sqlite_errorname", None) or type(error).__name__


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Raise our errors for those of the driver inside.

    Args:
        path: Of the state file.

    Raises:
        StateError: The file is locked, read-only, damaged, its disk fails, or SQLite cannot do what it is told.
    """
    try:
        yield
    except sqlite3.Error as exc:
        raise translated(exc, path) or unusable_error(path, type(exc).__name__) from exc
    except SQLAlchemyError as exc:
        raise unusable_error(path, type(exc).__name__) from exc
