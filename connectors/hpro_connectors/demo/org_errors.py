"""What can be wrong with an org file, as errors that say what to do."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from hpro_connectors.errors import FatalError, PermissionDeniedError, StateLockedError
from hpro_sdk.errors import DataError


class DamagedOrgError(FatalError, DataError):
    """The org file is damaged."""


class OrgWriteError(FatalError):
    """The org file could not be written; what it held is untouched."""


def damaged(path: Path) -> DamagedOrgError:
    """Make the error for a file whose content cannot be read.

    Args:
        path: The org file.
    """
    return DamagedOrgError(f"The org {path} is damaged.", hint="Make the org anew, or restore a copy of it.")


@contextlib.contextmanager
def translating(path: Path) -> Iterator[None]:
    """Turn what SQLite complains about into an error with a remedy.

    Args:
        path: The org file, for the message.

    Raises:
        StateLockedError: Another process is writing into it.
        PermissionDeniedError: It may not be read, or not be written.
        OrgWriteError: The disk is full, or failed.
        DamagedOrgError: It is damaged.
    """
    try:
        yield
    except sqlite3.Error as exc:
        # What has no code is text that is not UTF-8; the low byte is the kind, the others say more about it.
        code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if isinstance(exc, sqlite3.ProgrammingError):
            raise
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise StateLockedError(
                f"The org {path} is being written by another process.", hint="Wait until it is done, and run it again."
            ) from exc
        if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_AUTH}:
            raise PermissionDeniedError(
                f"The org {path} cannot be opened for this, or is read-only.",
                hint="Check the permissions of the file and its folder, or work on a copy.",
            ) from exc
        if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            raise OrgWriteError(
                f"The org {path} could not be read or written: the disk is full or failed.",
                hint="Free some disk space and run it again.",
            ) from exc
        if code == sqlite3.SQLITE_CONSTRAINT:
            raise DataError(
                f"The org {path} already holds a record of the same id.", hint="Give every record an id of its own."
            ) from exc
        raise damaged(path) from exc
