from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.filling import set_clock
from hpro_connectors.demo.org import Org, OrgDefinition, creating_org
from hpro_connectors.demo.org_admin import add_note
from hpro_connectors.demo.org_errors import DamagedOrgError
from hpro_connectors.demo.org_schema import to_microseconds, to_moment
from hpro_connectors.errors import ConnectorError, PermissionDeniedError, StateLockedError
from hpro_sdk.errors import ConfigError, DataError, HproError

MakeOrg = Callable[..., Path]


def test_an_org_says_what_it_was_made_of(tmp_path: Path, definition: OrgDefinition) -> None:
    with creating_org(tmp_path / "new.org", definition):
        assert not (tmp_path / "new.org").exists()
    with Org.open(tmp_path / "new.org", writable=False) as org:
        assert org.definition() == definition
        assert org.clock() == definition.clock
    assert [path.name for path in tmp_path.iterdir()] == ["new.org"]


def test_an_interrupted_creation_leaves_nothing(tmp_path: Path, definition: OrgDefinition) -> None:
    def interrupted() -> None:
        with creating_org(tmp_path / "new.org", definition) as org:
            set_clock(org, datetime(2027, 1, 1, tzinfo=UTC))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_creation_leaves_the_old_org(make_org: MakeOrg, definition: OrgDefinition) -> None:
    path = make_org()
    before = path.read_bytes()
    with pytest.raises(RuntimeError), creating_org(path, definition):
        raise RuntimeError
    assert path.read_bytes() == before


def test_an_org_is_replaced_by_a_new_one(make_org: MakeOrg, definition: OrgDefinition) -> None:
    path = make_org()
    with creating_org(path, definition):
        pass
    with Org.open(path) as org, org.reading() as connection:
        assert connection.execute("SELECT count(*) FROM lead").fetchone()[0] == 0


def test_a_left_over_journal_does_not_get_into_a_new_org(make_org: MakeOrg, definition: OrgDefinition) -> None:
    path = make_org()
    # A process that dies in the middle of a large transaction leaves its journal behind.
    script = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN');"
        "c.executemany('INSERT INTO merge_log VALUES (?, ?, 1)', [('x' * 900, 'y')] * 5000); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert path.with_name(f"{path.name}-journal").exists()
    path.unlink()
    with creating_org(path, definition):
        pass
    with Org.open(path) as org:
        assert org.definition() == definition


def _missing(path: Path) -> None:
    path.unlink()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _text(path: Path) -> None:
    path.write_text("lead_id,name\n1,Ann\n" * 100)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE lead (lead_id)")
    connection.close()


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def _older(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 0")
    connection.close()


def _scrambled(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def _emptied(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM org")
    connection.close()


@pytest.mark.parametrize(
    ("harm", "error", "exit_code", "words"),
    [
        (_missing, ConfigError, 2, "There is no org"),
        (_folder, ConfigError, 2, "is a folder"),
        (_text, ConfigError, 2, "not an org"),
        (_empty, ConfigError, 2, "not an org"),
        (_foreign, ConfigError, 2, "not an org"),
        (_newer, ConfigError, 2, "version 99"),
        (_older, ConfigError, 2, "version 0"),
        (_scrambled, DataError, 1, "damaged"),
        (_cut, DataError, 1, "damaged"),
        (_emptied, DataError, 1, "damaged"),
    ],
)
def test_what_cannot_be_opened_is_told_in_one_line_and_left_alone(
    make_org: MakeOrg, harm: Callable[[Path], None], error: type[HproError], exit_code: int, words: str
) -> None:
    path = make_org()
    harm(path)
    before = path.read_bytes() if path.is_file() else None
    for writable in (False, True):
        with pytest.raises(error, match=words) as caught:
            Org.open(path, writable=writable)
        assert caught.value.exit_code == exit_code
        assert caught.value.hint
        assert "\n" not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize("harm", [_folder, _text, _empty, _foreign])
def test_a_file_that_is_no_org_is_never_replaced(
    make_org: MakeOrg, definition: OrgDefinition, harm: Callable[[Path], None]
) -> None:
    path = make_org()
    harm(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(ConfigError), creating_org(path, definition):
        pytest.fail("the body must not run")
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize("harm", [_missing, _newer, _scrambled, _emptied])
def test_a_damaged_org_can_be_made_anew(
    make_org: MakeOrg, definition: OrgDefinition, harm: Callable[[Path], None]
) -> None:
    path = make_org()
    harm(path)
    with creating_org(path, definition):
        pass
    with Org.open(path) as org:
        assert org.definition() == definition


def test_damage_that_shows_late_is_told_too(make_org: MakeOrg) -> None:
    path = make_org()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE org SET simulator = '{'")
    connection.close()
    with Org.open(path) as org, pytest.raises(DamagedOrgError) as caught:
        org.definition()
    assert isinstance(caught.value, ConnectorError)


def test_a_read_only_org_is_read_and_not_written(make_org: MakeOrg) -> None:
    path = make_org()
    before = path.read_bytes()
    with Org.open(path, writable=False) as org:
        org.definition()
        with pytest.raises(PermissionDeniedError) as caught:
            add_note(org, "l1", "x")
    assert caught.value.exit_code == 2
    assert path.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_without_write_permission_is_read_and_not_written(make_org: MakeOrg, definition: OrgDefinition) -> None:
    path = make_org()
    path.chmod(0o400)
    with Org.open(path) as org:
        org.definition()
        with pytest.raises(PermissionDeniedError):
            add_note(org, "l1", "x")
    with pytest.raises(ConfigError, match="read-only"), creating_org(path, definition):
        pass


def test_a_locked_org_is_busy(make_org: MakeOrg, definition: OrgDefinition) -> None:
    path = make_org()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StateLockedError) as caught:
        Org.open(path, busy_timeout_s=0)
    assert caught.value.exit_code == 4
    with pytest.raises(StateLockedError), creating_org(path, definition):
        pass
    other.execute("ROLLBACK")
    with Org.open(path, busy_timeout_s=0) as org:
        other.execute("BEGIN IMMEDIATE")
        org.definition()
        with pytest.raises(StateLockedError):
            add_note(org, "l1", "x")
    other.close()


def test_half_a_character_is_refused(org: Org) -> None:
    with pytest.raises(DataError, match="half a character"):
        add_note(org, "l1", "\ud800")
    with pytest.raises(DataError, match="half a character"):
        DemoConnector(org).read_back(["\ud800"])


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_kept_to_the_microsecond(moment: datetime) -> None:
    assert to_moment(to_microseconds(moment)) == moment


KILLED_WHILE_IT_WRITES = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")  # so that pages reach the file before the end
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE org SET clock = clock + 1")
connection.execute("CREATE TABLE ballast AS SELECT zeroblob(1000000) AS zeros")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_half_done_is_undone_by_whoever_reads(
    tmp_path: Path, definition: OrgDefinition
) -> None:
    with creating_org(tmp_path / "new.org", definition):
        pass
    command = [sys.executable, "-c", KILLED_WHILE_IT_WRITES, str(tmp_path / "new.org")]
    assert subprocess.run(command, check=False).returncode < 0
    assert (tmp_path / "new.org-journal").exists()
    with Org.open(tmp_path / "new.org", writable=False) as org:
        assert org.clock() == definition.clock
