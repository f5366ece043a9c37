"""Where the records of an org lie: one SQLite table an object, one column a field.

Moments are whole seconds since 1970, dates are ISO texts, yes and no are 1 and 0, values of any type are JSON.
"""

# ruff: noqa: S608 - what is put into SQL are names of our own; values are always bound

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hpro_connectors.emulators.salesforce.org.field_schema import IDS, FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_sdk.errors import ConfigError

StoredValue = str | int | float | bytes | None
"""What a column holds."""

_CACHE_KIB = 64 * 1024

DELETED_AT = "_deleted_at"
"""Column: when the record was put into the recycle bin, in seconds."""

DELETED_WITH = "_deleted_with"
"""Column: the id of the record that it went there with; its own, where it was deleted by itself."""


class Database:
    """The tables of an org; safe to use from several threads, one after another.

    Args:
        path: A file to keep them in, which must not exist or be empty; default: memory.

    Raises:
        ConfigError: The file is not empty.

    Attributes:
        lock: Held while anything is read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        if path is not None and path.exists() and path.stat().st_size:
            raise ConfigError(f"{path} is not empty.", hint="An emulated org takes a new file; name another one.")
        self._connection = sqlite3.connect(
            ":memory:" if path is None else str(path),
            isolation_level=None,
            check_same_thread=False,
            cached_statements=1024,
        )
        # Nothing here has to outlive the process, so that nothing waits for a disk. The journal of a file is a file,
        # since filling an org in one transaction would keep most of it in memory.
        self._connection.execute(f"PRAGMA journal_mode = {'MEMORY' if path is None else 'DELETE'}")
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA temp_store = MEMORY")
        self._connection.create_function("folded", 1, _folded, deterministic=True)
        self._depth = 0
        self._inserts: dict[tuple[str, ...], str] = {}

    def close(self) -> None:
        """Close it; records in memory are gone."""
        with self.lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that the body writes, or nothing of it when it raises; may be nested."""
        with self.lock:
            name = f"level{self._depth}"
            self._connection.execute("BEGIN" if self._depth == 0 else f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                else:
                    self._connection.execute(f"ROLLBACK TO {name}")
                    self._connection.execute(f"RELEASE {name}")
                raise
            self._depth -= 1
            self._connection.execute("COMMIT" if self._depth == 0 else f"RELEASE {name}")

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Keep all that the body writes, or nothing of it, where no transaction is open that sees to that.

        For what fails before it has written anything, if it fails at all; cheaper than a transaction in one.
        """
        with self.lock:
            if self._depth:
                yield
            else:
                with self.transaction():
                    yield

    def rows(
        self, sql: str, values: Sequence[StoredValue] | Mapping[str, StoredValue] = ()
    ) -> list[tuple[StoredValue, ...]]:
        """Run a statement, and give its rows.

        Raises:
            sqlite3.Error: It cannot be run.
        """
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[StoredValue] = ()) -> tuple[StoredValue, ...] | None:
        """Run a statement, and give its first row."""
        with self.lock:
            found: tuple[StoredValue, ...] | None = self._connection.execute(sql, values).fetchone()
            return found

    def run(self, sql: str, values: Sequence[StoredValue] = ()) -> int:
        """Run a statement that writes, and say how many rows it touched."""
        with self.lock:
            return self._connection.execute(sql, values).rowcount

    def make_table(self, one: ObjectSchema) -> None:
        """Make the table of an object."""
        others = "".join(f', "{field.name}"' for field in one.stored if field.name != "Id")
        # A place is never given twice, so that a query that is open cannot take a new record for one that is gone.
        place = "_place INTEGER PRIMARY KEY AUTOINCREMENT"
        self.run(f'CREATE TABLE "{one.name}" ({place}, Id TEXT NOT NULL UNIQUE{others}, {DELETED_AT}, {DELETED_WITH})')
        if one.stamp is not None:
            self.run(f'CREATE INDEX "{one.name}_by_stamp" ON "{one.name}" ({one.stamp}, Id)')
        self.run(f'CREATE INDEX "{one.name}_in_bin" ON "{one.name}" ({DELETED_AT}) WHERE {DELETED_AT} IS NOT NULL')
        self.run(f'CREATE INDEX "{one.name}_with" ON "{one.name}" ({DELETED_WITH}) WHERE {DELETED_WITH} IS NOT NULL')
        for field in one.stored:
            if field.indexed:
                self.make_index(one.name, field)

    def drop_table(self, name: str) -> None:
        """Drop the table of an object with all in it."""
        self.run(f'DROP TABLE "{name}"')

    def make_index(self, table: str, field: FieldSchema) -> None:
        """Make records be found by a field."""
        collation = "" if field.type in IDS or field.type is FieldType.DATETIME else " COLLATE NOCASE"
        self.run(f'CREATE INDEX "{table}_by_{field.name}" ON "{table}" ("{field.name}"{collation})')

    def add_column(self, table: str, field: FieldSchema) -> None:
        """Give a table the column of a new field; it is empty in all records."""
        self.run(f'ALTER TABLE "{table}" ADD COLUMN "{field.name}"')
        if field.indexed:
            self.make_index(table, field)

    def drop_column(self, table: str, field: FieldSchema) -> None:
        """Take a column and its values away."""
        self.run(f'DROP INDEX IF EXISTS "{table}_by_{field.name}"')
        self.run(f'ALTER TABLE "{table}" DROP COLUMN "{field.name}"')

    def insert(self, table: str, values: Mapping[str, StoredValue]) -> None:
        """Insert a record.

        Raises:
            sqlite3.IntegrityError: There is one of that id.
        """
        key = (table, *values)
        sql = self._inserts.get(key)
        if sql is None:
            columns = ", ".join(f'"{name}"' for name in values)
            marks = ", ".join("?" * len(values))
            sql = self._inserts[key] = f'INSERT INTO "{table}" ({columns}) VALUES ({marks})'
        self.run(sql, tuple(values.values()))

    def update(self, table: str, record_id: str, values: Mapping[str, StoredValue]) -> None:
        """Change columns of a record."""
        columns = ", ".join(f'"{name}" = ?' for name in values)
        self.run(f'UPDATE "{table}" SET {columns} WHERE Id = ?', (*values.values(), record_id))

    def find(self, table: str, record_id: str, columns: Sequence[str]) -> dict[str, StoredValue] | None:
        """Give columns of a record, or ``None`` where there is none of that id."""
        named = ", ".join(f'"{name}"' for name in columns)
        found = self.row(f'SELECT {named} FROM "{table}" WHERE Id = ?', (record_id,))
        return None if found is None else dict(zip(columns, found, strict=True))


def _folded(value: StoredValue) -> StoredValue:
    return value.casefold() if isinstance(value, str) else value
