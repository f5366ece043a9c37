"""A CRM org in one SQLite file: what it is, making one, and opening one without ever harming it."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from hpro_connectors.demo.org_errors import damaged, translating
from hpro_connectors.demo.org_schema import APPLICATION_ID, SCHEMA_VERSION, TABLES, to_microseconds, to_moment
from hpro_connectors.protocol import FieldInfo, OrgDescription, Owner, StageInfo
from hpro_sdk._files import replacing
from hpro_sdk.errors import ConfigError, DataError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import OutcomeResult

_REMEDY = "Name the file of an org, or make an org first."


@dataclass(frozen=True, slots=True)
class OrgDefinition:
    """What an org is, without its leads.

    Attributes:
        org_id: Its id, see :data:`~hpro_connectors.demo.demo_ids.DEMO_ORG_IDS`.
        name: As people know it.
        company: Kind of company, such as ``saas``.
        clock: Where the org's clock stands.
        stages: Open ones in order, then won and lost.
        fields: What leads have beside their basics; ``history_tracked`` says whether the org keeps old values.
        owners: Reps.
        simulator: What made it: seed, version, parameters.
        object_type: What the org calls its leads.
    """

    org_id: str
    name: str
    company: str
    clock: datetime
    stages: tuple[StageInfo, ...]
    fields: tuple[FieldInfo, ...] = ()
    owners: tuple[Owner, ...] = ()
    simulator: Mapping[str, JsonValue] = field(default_factory=dict)
    object_type: str = "lead"

    def description(self) -> OrgDescription:
        """Give what leads look like, as a connector tells it of an org that has no fields of ours yet."""
        return OrgDescription(object_type=self.object_type, fields=self.fields, stages=self.stages, owners=self.owners)


class Org:
    """An open org file; close it, or use it in a ``with``.

    Args:
        path: The file.
        connection: To the file, in autocommit mode.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._connection.row_factory = sqlite3.Row

    @classmethod
    def open(cls, path: Path, *, writable: bool = True, busy_timeout_s: float = 5.0) -> Self:
        """Open an org file; nothing in it changes, but that what a killed process left half done is undone.

        Args:
            path: The file.
            writable: Whether it may be written later; otherwise every write is refused.
            busy_timeout_s: How long to wait for another process, in seconds.

        Raises:
            ConfigError: It is missing, not an org, or of another version.
            PermissionDeniedError: It may not be read.
            StateLockedError: Another process holds it.
            DamagedOrgError: It is damaged.
        """
        path = Path(path)
        _require_file(path)
        with translating(path):
            if not writable and path.with_name(f"{path.name}-journal").exists():
                # Of a process that was killed while it wrote; a connection that only reads could not undo it.
                with contextlib.closing(_connect(path, "rw", busy_timeout_s)) as undoing:
                    undoing.execute("SELECT count(*) FROM sqlite_master").close()
            connection = _connect(path, "rw" if writable else "ro", busy_timeout_s)
            try:
                _require_ours(connection, path)
                _require_version(connection, path)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for reading; a value that makes no sense means that the file is damaged.

        Raises:
            DataError: A value that is asked for is not Unicode.
            ConnectorError: See :func:`~hpro_connectors.demo.org_errors.translating`.
        """
        try:
            with translating(self.path):
                yield self._connection
        except UnicodeEncodeError as exc:
            raise _half_a_character() from exc
        except (ValueError, OverflowError) as exc:  # not JSON, not of the domain model, not a moment
            raise damaged(self.path) from exc

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for writing; all of it is kept, or nothing when the body raises.

        Raises:
            DataError: A text is not Unicode.
            ConnectorError: See :func:`~hpro_connectors.demo.org_errors.translating`.
        """
        with translating(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except UnicodeEncodeError as exc:
                raise _half_a_character() from exc
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def definition(self) -> OrgDefinition:
        """Give what the org is, with its clock as it stands now."""
        with self.reading() as connection:
            row = connection.execute("SELECT * FROM org").fetchone()
            if row is None:
                raise damaged(self.path)
            stages = connection.execute("SELECT name, label, result FROM stage ORDER BY position").fetchall()
            fields = connection.execute(
                "SELECT name, label, kind, tracked, known_at_creation FROM field ORDER BY position"
            ).fetchall()
            owners = connection.execute("SELECT owner_id, name, active FROM owner ORDER BY owner_id").fetchall()
            return OrgDefinition(
                org_id=row["org_id"],
                name=row["name"],
                company=row["company"],
                clock=to_moment(row["clock"]),
                stages=tuple(
                    StageInfo(name=stage["name"], label=stage["label"], result=OutcomeResult(stage["result"]))
                    for stage in stages
                ),
                fields=tuple(
                    FieldInfo(
                        name=one["name"],
                        label=one["label"],
                        kind=FieldKind(one["kind"]),
                        history_tracked=bool(one["tracked"]),
                        known_at_creation=bool(one["known_at_creation"]),
                    )
                    for one in fields
                ),
                owners=tuple(Owner(owner_id=one[0], name=one[1], active=bool(one[2])) for one in owners),
                simulator=json.loads(row["simulator"]),
                object_type=row["object_type"],
            )

    def clock(self) -> datetime:
        """Give where the org's clock stands."""
        with self.reading() as connection:
            return to_moment(connection.execute("SELECT clock FROM org").fetchone()[0])


@contextlib.contextmanager
def creating_org(path: Path, definition: OrgDefinition) -> Iterator[Org]:
    """Give a new org to fill; it takes its place at ``path`` when the body ends, and leaves nothing when it raises.

    Args:
        path: Where the org shall be; an org that stands there is replaced.
        definition: What it is.

    Yields:
        The org, open and without leads.

    Raises:
        ConfigError: The file that stands there is not an org, or the folder is missing or not writable.
        StateLockedError: The org that stands there is in use.
        OutputError: The disk is full.
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        if path.exists():
            stack.enter_context(_exclusive(path))
        temporary = stack.enter_context(replacing(path))
        with translating(path):
            connection = _connect(temporary, "rwc", 0)
            try:
                # Nothing needs to be rolled back in a file that only counts once it is complete.
                connection.execute("PRAGMA journal_mode = MEMORY")
                connection.execute("PRAGMA synchronous = OFF")
                connection.executescript(TABLES)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
                _define(connection, definition)
                yield Org(path, connection)
            finally:
                connection.close()
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # of an org that was deleted by hand


def _define(connection: sqlite3.Connection, definition: OrgDefinition) -> None:
    connection.execute("BEGIN")
    connection.execute(
        "INSERT INTO org VALUES (1, ?, ?, ?, ?, ?, ?)",
        (
            definition.org_id,
            definition.object_type,
            definition.name,
            definition.company,
            json.dumps(dict(definition.simulator)),
            to_microseconds(definition.clock),
        ),
    )
    connection.executemany(
        "INSERT INTO stage VALUES (?, ?, ?, ?)",
        [(one.name, one.label, position, one.result.value) for position, one in enumerate(definition.stages)],
    )
    connection.executemany(
        "INSERT INTO field VALUES (?, ?, ?, ?, ?, ?)",
        [
            (one.name, one.label, position, one.kind.value, one.history_tracked, one.known_at_creation)
            for position, one in enumerate(definition.fields)
        ],
    )
    connection.executemany(
        "INSERT INTO owner VALUES (?, ?, ?)", [(one.owner_id, one.name, one.active) for one in definition.owners]
    )
    connection.execute("COMMIT")


def _connect(path: Path, mode: str, busy_timeout_s: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,  # a scheduler makes a connector in one thread and runs it in another, never both
    )


def _half_a_character() -> DataError:
    return DataError("A text or an id holds half a character.", hint="Write it as UTF-8.")


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise ConfigError(f"{path} is a folder, not an org.", hint=_REMEDY)
    if not path.exists():
        raise ConfigError(f"There is no org {path}.", hint=_REMEDY)


def _require_ours(connection: sqlite3.Connection, path: Path) -> None:
    try:
        # Asked through SQLite: a process that opens and closes the file beside it loses SQLite's locks on it.
        ours = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    except sqlite3.DatabaseError as exc:
        if getattr(exc, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_NOTADB:
            raise
        ours = False
    if not ours:
        raise ConfigError(f"{path} is not an org of HPRO.", hint=_REMEDY)


def _require_version(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        hint = "Update HPRO." if version > SCHEMA_VERSION else "Make the org anew."
        raise ConfigError(f"The org {path} is of version {version}; HPRO reads version {SCHEMA_VERSION}.", hint=hint)
    if connection.execute("SELECT count(*) FROM org").fetchone()[0] != 1:
        raise damaged(path)


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Keep every other process out of an org that is about to be replaced, damaged or not."""
    _require_file(path)
    if not os.access(path, os.W_OK):
        raise ConfigError(f"The org {path} is read-only.", hint="Name another file, or make this one writable.")
    with translating(path), contextlib.closing(_connect(path, "rw", 0)) as connection:
        _require_ours(connection, path)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as exc:
            if getattr(exc, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
        yield
