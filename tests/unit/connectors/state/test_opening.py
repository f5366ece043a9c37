"""Opening the state file: whatever lies there, one readable error, and nothing is changed."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, Text, insert, select
from sqlalchemy import text as text_clause

from hpro_connectors.errors import MigrationError, StateError, StateLockedError
from hpro_connectors.state import StateStore
from hpro_connectors.state.schema import APPLICATION_ID, LEADS
from hpro_connectors.testing import World
from hpro_sdk.errors import ConfigError, HproError

START = datetime(2026, 1, 1, tzinfo=UTC)


def make(path: Path) -> None:
    StateStore.open(path).close()


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write anywhere; be someone else where that is possible."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_new_file_is_of_this_user_only_and_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with StateStore.open(path) as store:
        assert store.last_pass() is None
        assert [stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()] == [0o600] * len(
            list(tmp_path.iterdir())
        )
    assert [found.name for found in tmp_path.iterdir()] == ["state.db"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with StateStore.open(path, create=False) as store:
        assert store.queue() == []


def newer(path: Path) -> None:
    make(path)
    execute(path, "PRAGMA user_version = 4")


def foreign(path: Path) -> None:
    execute(path, "CREATE TABLE songs (title TEXT)")


def foreign_with_id(path: Path) -> None:
    execute(path, "PRAGMA application_id = 7", "CREATE TABLE songs (title TEXT)")


def text(path: Path) -> None:
    path.write_text("lead,score\nL1,5\n" * 200, encoding="utf-8")


def cut_off(path: Path) -> None:
    make(path)
    path.write_bytes(path.read_bytes()[:5000])


def overwritten(path: Path) -> None:
    make(path)
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("put", "error", "message"),
    [
        (newer, MigrationError, "version 4; this HPRO reads version 3"),
        (foreign, StateError, "another program"),
        (foreign_with_id, StateError, "another program"),
        (text, StateError, "damaged or not a state file"),
        (cut_off, StateError, "damaged or not a state file"),
        (overwritten, StateError, "damaged or not a state file"),
        (Path.mkdir, ConfigError, "it is a folder"),
    ],
)
def test_what_is_no_state_file_is_refused_and_left_alone(
    tmp_path: Path, put: Callable[[Path], None], error: type[HproError], message: str
) -> None:
    path = tmp_path / "state.db"
    put(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(error, match=message) as caught, StateStore.open(path) as store:
        store.queue()
    assert caught.value.hint
    assert str(path) in caught.value.message
    if path.is_file():
        assert path.read_bytes() == before


def test_a_missing_file_or_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        StateStore.open(tmp_path / "nowhere" / "state.db")
    with pytest.raises(ConfigError, match="There is no state file"):
        StateStore.open(tmp_path / "state.db", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_place_that_cannot_be_written_is_named(what: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "state.db"
        make(path)
        path.chmod(0o444 if what == "file" else 0o666)
        folder.chmod(0o555 if what == "folder" else 0o777)
        with as_nobody(), pytest.raises(StateError, match="cannot be written to"):
            StateStore.open(path)
        with as_nobody(), pytest.raises(HproError, match="cannot be written to"):
            StateStore.open((folder if what == "folder" else Path("/")) / "other.db")
        folder.chmod(0o700)


def test_another_writer_is_waited_for_and_then_named(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with StateStore.open(path, busy_timeout_s=0.05) as store:
            assert store.queue() == []  # readers are not held up
            with pytest.raises(StateLockedError, match="Another process") as caught:
                store.set_open([])
            assert caught.value.exit_code == 4
            other.execute("ROLLBACK")
            store.set_open([])


def test_a_pass_on_a_locked_state_ends_with_one_error(world: World, tmp_path: Path) -> None:
    world.fill(2)
    world.store.close()
    world.store = StateStore.open(tmp_path / "state.db", busy_timeout_s=0.05)
    with world.store, closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateLockedError):
            world.run()
        other.execute("ROLLBACK")
        assert world.run().written == 2


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE interactions",
        "ALTER TABLE interactions RENAME COLUMN text TO words",
        "CREATE TRIGGER full BEFORE INSERT ON interactions BEGIN SELECT RAISE(ABORT, 'SECRETTRIGGER'); END",
        "CREATE UNIQUE INDEX once ON interactions (links IS NULL)",
    ],
)
def test_tables_that_are_not_what_they_should_be_end_with_one_error_without_words(
    world: World, tmp_path: Path, damage: str
) -> None:
    world.store.close()
    execute(tmp_path / "state.db", damage)
    world.store = StateStore.open(tmp_path / "state.db")
    world.fill(2)
    world.company.log_interaction("I-secret", "L001", text="SECRETWORDS")
    with world.store, pytest.raises(StateError, match="cannot be used") as caught:
        world.run()
    assert caught.value.hint
    told = "".join(traceback.format_exception(caught.value))
    assert "SECRET" not in told.replace("SECRETTRIGGER", "")
    assert "SECRET" not in str(caught.value)
    assert str(tmp_path / "state.db") in caught.value.message


def test_errors_of_the_database_layer_show_no_parameters(world: World, tmp_path: Path) -> None:
    store = world.store
    words = str(10**12 + 7)  # reckoned: a traceback shows lines of this file
    unknown = Column("nothing", Text)
    with pytest.raises(StateError, match="SQLITE_ERROR") as caught, store.transactions.reading() as connection:
        connection.execute(select(unknown).where(unknown == words).select_from(text_clause("nowhere")))
    with pytest.raises(StateError) as caught, store.transactions.writing() as connection:
        connection.execute(insert(LEADS).values(lead_id=words, modified_at=START, owner_id=object()))
    assert words not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(StateError) as caught, store.transactions.writing() as connection:
        connection.execute(insert(LEADS), [{"lead_id": words, "modified_at": START}, {"lead_id": words}])
    assert words not in "".join(traceback.format_exception(caught.value))
    assert store.standings() == []
    assert str(tmp_path / "state.db") in caught.value.message


@pytest.mark.parametrize("content", [b"x", b"lead,score\nL1,5\n", b"SQLite format 3\x00", b"x" * 511, b"x" * 512])
def test_a_short_file_is_not_taken_for_an_empty_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(StateError, match="damaged or not a state file"):
        StateStore.open(path)
    assert path.read_bytes() == content
    assert [found.name for found in tmp_path.iterdir()] == ["state.db"]
