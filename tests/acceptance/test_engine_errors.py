"""Every wrong turn with the engine: one line with the remedy, the right exit code, and state and CRM as they were."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hpro_connectors.config import load_config
from hpro_connectors.demo import org_admin
from hpro_connectors.demo.org import Org
from hpro_connectors.state import StateStore
from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.scorer import Scorer

HPRO = Path(sys.executable).with_name("hpro")
STATE = Path("hpro-state/main.sqlite")
MODELS = Path("hpro-state/main-models")
RUN = ("run", "--once")
ALL = (RUN, ("serve",), ("plan",), ("apply", "--plan", "1"), ("rollback", "--run", "3"), ("status",), ("runs",))
NOW = datetime(2026, 11, 2, tzinfo=UTC)
KEPT = ("org", "leads", "interactions", "stage_changes", "cursors", "scores", "score_history", "written_rows", "outbox")
KEPT_TOO = ("plans", "writes", "models", "model_uses", "confirmed_models", "dead_letters")


def hpro(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HPRO, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def error_line(done: subprocess.CompletedProcess[str], code: int) -> str:
    """Give the one line of a command that failed as it should."""
    assert done.returncode == code, (done.args, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("Error: ")
    assert done.stdout == ""
    return lines[0]


def known(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Give what the state knows, but for runs and the lease."""
    with closing(sqlite3.connect(f"{(folder / STATE).as_uri()}?mode=ro", uri=True)) as connection:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in (*KEPT, *KEPT_TOO)}


class Before:
    """What must stay as it is: the org, byte by byte, and what the state knows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.org = (folder / "org.sqlite").read_bytes()
        self.known = known(folder)

    def check(self) -> None:
        assert (self.folder / "org.sqlite").read_bytes() == self.org
        assert known(self.folder) == self.known


def write_much(folder: Path) -> None:
    """Let people write four megabytes."""
    with StateStore.open(folder / STATE) as store, Org.open(folder / "org.sqlite") as org:
        ids = [row.lead_id for row in store.queue(limit=20)]
        for number in range(100):
            org_admin.add_note(org, ids[number % len(ids)], f"{number} " + "words " * 7_000)


WITH_LITTLE_ROOM = """
import resource, sys
from hpro_sdk.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


def with_room(room: int, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITH_LITTLE_ROOM, str(room), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_row_43_a_full_disk_moves_no_cursor_past_what_was_stored(applied_copy: Path) -> None:
    write_much(applied_copy)
    before = Before(applied_copy)
    room = (applied_copy / STATE).stat().st_size + 100_000
    line = error_line(with_room(room, applied_copy, *RUN), 1)
    assert str(STATE) in line
    assert "full" in line
    after = known(applied_copy)
    # The page of leads had room, and was stored with its cursor; that of the interactions had not.
    assert after["interactions"] == before.known["interactions"]
    assert [row for row in after["cursors"] if row[0] != "lead"] == [
        row for row in before.known["cursors"] if row[0] != "lead"
    ]
    assert after["written_rows"] == before.known["written_rows"]
    assert (applied_copy / "org.sqlite").read_bytes() == before.org
    assert hpro(*RUN, "--stage", "read", cwd=applied_copy).returncode == 0
    assert len(known(applied_copy)["interactions"]) == len(before.known["interactions"]) + 100


def test_row_43_a_full_disk_at_the_first_run_is_made_up_for_by_the_next_one(unread_copy: Path) -> None:
    for room in (0, 20_000, 400_000):
        assert "hpro-state" in error_line(with_room(room, unread_copy, *RUN, "--stage", "read"), 1)
    done = hpro(*RUN, "--stage", "read", cwd=unread_copy)
    assert done.returncode == 0, done.stderr
    with StateStore.open(unread_copy / STATE) as store, Org.open(unread_copy / "org.sqlite") as org:
        with org.reading() as connection:
            live = connection.execute("SELECT lead_id FROM lead WHERE is_deleted = 0 ORDER BY lead_id").fetchall()
        assert store.lead_ids() == [row[0] for row in live]


def test_row_43_a_state_that_somebody_writes_to_is_busy(applied_copy: Path) -> None:
    before = Before(applied_copy)
    with closing(sqlite3.connect(applied_copy / STATE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for arguments in (RUN, ("pause",)):
            assert str(STATE) in error_line(hpro(*arguments, cwd=applied_copy), 4)
    before.check()


def test_an_org_that_somebody_writes_to_is_busy(applied_copy: Path) -> None:
    with Org.open(applied_copy / "org.sqlite") as org:
        org_admin.edit_field(org, "L000001", "hpro_score", 1)
    before = Before(applied_copy)
    with closing(sqlite3.connect(applied_copy / "org.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "org.sqlite" in error_line(hpro(*RUN, cwd=applied_copy), 4)
    before.check()


AS_SOMEONE_ELSE = """
import contextlib, io, os, sys
from hpro_sdk.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    assert main(["run", "--once", "--config", sys.argv[1]]) == 0
if os.geteuid() == 0:
    os.seteuid(65534)
sys.exit(main(sys.argv[2:]))
"""
"""Root may write anywhere; someone else may not even read Python's library here, so all of it is loaded before."""


@pytest.fixture
def read_only(applied_work: Path) -> Iterator[Path]:
    """A copy of the folder in which nothing may be written, where everybody may read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "work"
        shutil.copytree(applied_work, folder)
        places = [Path(name), folder, *folder.rglob("*")]
        for place in places:
            place.chmod(0o555 if place.is_dir() else 0o444)
        yield folder
        for place in places:
            place.chmod(0o755 if place.is_dir() else 0o644)


def test_row_43_what_may_not_be_written_is_said(read_only: Path, applied_copy: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", AS_SOMEONE_ELSE, str(applied_copy / "hpro.toml"), *arguments]
        return subprocess.run(command, cwd=read_only, capture_output=True, text=True, check=False)

    before = Before(read_only)
    for arguments in (RUN, (*RUN, "--dry-run"), ("pause",)):
        assert str(STATE) in error_line(run(*arguments), 1)
    (read_only / STATE).chmod(0o666)  # the folder still may not be
    assert "permission" in error_line(run("pause"), 1)
    before.check()


def _corrupt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100 : len(data) // 2] = b"\xa5" * (len(data) // 2 - 100)
    path.write_bytes(data)


def _replace_by_text(path: Path) -> None:
    path.write_text("these are my own notes", "utf-8")


def _make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()


def _replace_by_another_programs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (number)")
        connection.commit()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_corrupt, "damaged"),
        (_replace_by_text, "damaged"),
        (_make_newer, "version 99"),
        (_replace_by_another_programs, "another program"),
    ],
)
def test_a_state_that_is_none_is_said_to_be_and_kept(
    applied_copy: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(applied_copy / STATE)
    org, state = (applied_copy / "org.sqlite").read_bytes(), (applied_copy / STATE).read_bytes()
    for arguments in ALL:
        line = error_line(hpro(*arguments, cwd=applied_copy), 1)
        assert words in line
        assert str(STATE) in line
    assert (applied_copy / "org.sqlite").read_bytes() == org
    assert (applied_copy / STATE).read_bytes() == state


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[crm.main]\nconnector = "demo"\norg = "org.sqlite"\ntoken = "s3cret-Value"\n', "crm.main.token"),
        ('[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n[writing]\nbatch_row = 7\n', "writing.batch_row"),
        ('[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n[writing]\nbatch_rows = "s3cret-Value"\n', "batch_rows"),
        ('[crm.main]\nconnector = "s3cret-Value"\norg = "org.sqlite"\n', "connector"),
        ('[crm.main\nconnector = "demo"\n', "hpro.toml"),
        ("", "crm"),
    ],
)
def test_a_wrong_configuration_is_said_without_what_it_holds(applied_copy: Path, text: str, words: str) -> None:
    before = Before(applied_copy)
    (applied_copy / "hpro.toml").write_text(text, "utf-8")
    line = error_line(hpro(*RUN, cwd=applied_copy), 2)
    assert "hpro.toml" in line
    assert words in line
    assert "s3cret" not in line
    assert error_line(hpro("serve", cwd=applied_copy), 2) == line
    before.check()


def test_no_configuration_and_no_such_crm(applied_copy: Path, tmp_path: Path) -> None:
    assert "hpro config init" in error_line(hpro(*RUN, cwd=tmp_path), 2)
    assert "main" in error_line(hpro(*RUN, "--crm", "other", cwd=applied_copy), 2)


def test_row_44_a_state_of_another_org_is_refused(applied_copy: Path, imported_org: Path) -> None:
    shutil.copy(imported_org / "leads.org.sqlite", applied_copy / "org.sqlite")
    before = Before(applied_copy)
    for arguments in (RUN, ("serve",), ("plan",), ("apply", "--plan", "1"), ("rollback", "--run", "3")):
        line = error_line(hpro(*arguments, cwd=applied_copy), 2)
        assert "hpro-demo-test-drive" in line
        assert "import-" in line
    before.check()


def test_a_crm_that_cannot_be_reached_is_said(applied_copy: Path) -> None:
    before = Before(applied_copy)
    (applied_copy / "org.sqlite").rename(applied_copy / "away.sqlite")
    for arguments in (RUN, ("serve",), ("plan",)):
        assert "org.sqlite" in error_line(hpro(*arguments, cwd=applied_copy), 2)
    assert "org.sqlite" in error_line(hpro("config", "check", cwd=applied_copy), 2)
    (applied_copy / "away.sqlite").rename(applied_copy / "org.sqlite")
    before.check()


def install_bundled(folder: Path) -> str:
    """Make the bundled model one of the org's own; give its id."""
    crm = load_config(folder / "hpro.toml").crm["main"]
    shutil.copy(bundled_model_path(), crm.models / "own.gguf")
    model_id = Scorer.load(bundled_model_path(), threads=1).model_id
    with StateStore.open(crm.state) as store:
        store.models.install(model_id, "own.gguf", "{}", NOW)
        store.models.use(model_id, NOW, "a test")
    return model_id


def test_a_model_that_vanished_between_two_passes(applied_copy: Path) -> None:
    model_id = install_bundled(applied_copy)
    done = hpro(*RUN, cwd=applied_copy)
    assert done.returncode == 0, done.stderr
    with Org.open(applied_copy / "org.sqlite") as org:
        org_admin.edit_field(org, "L000001", "hpro_score", 1)
    before = Before(applied_copy)
    (applied_copy / MODELS / "own.gguf").rename(applied_copy / "away.gguf")
    for arguments in (RUN, ("serve",), ("plan",)):
        line = error_line(hpro(*arguments, cwd=applied_copy), 2)
        assert model_id in line
        assert "own.gguf" in line
        assert "hpro model use" in line
    before.check()


def test_a_model_file_that_is_another_one_now(applied_copy: Path, saas_model: Path) -> None:
    model_id = install_bundled(applied_copy)
    before = Before(applied_copy)
    for make in (lambda path: shutil.copy(saas_model, path), _replace_by_text):
        make(applied_copy / MODELS / "own.gguf")
        for arguments in (RUN, ("plan",)):
            assert "own.gguf" in error_line(hpro(*arguments, cwd=applied_copy), 1)
    assert model_id in str(before.known["models"])
    before.check()


def test_a_plan_of_another_model(applied_copy: Path, saas_model: Path) -> None:
    with Org.open(applied_copy / "org.sqlite") as org:
        org_admin.edit_field(org, "L000001", "hpro_score", 1)
    assert hpro("plan", cwd=applied_copy).returncode == 0
    with StateStore.open(applied_copy / STATE) as store, store.transactions.writing() as connection:
        connection.exec_driver_sql("UPDATE plans SET model_id = 'hpro-0000000000000000'")
    before = Before(applied_copy)
    line = error_line(hpro("apply", "--plan", "2", cwd=applied_copy), 2)
    assert "hpro-0000000000000000" in line
    assert "hpro plan" in line
    before.check()
