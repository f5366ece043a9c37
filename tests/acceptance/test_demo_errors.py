"""Every wrong turn with the demo: one line, the right exit code, and what was there stays."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

HPRO = Path(sys.executable).with_name("hpro")
SMALL = ("--leads", "150")


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
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert done.stdout == ""
    return lines[0]


def content(folder: Path) -> dict[str, bytes]:
    """Give all files; of those that a process had open, SQLite's log may come and go."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))]
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(files)}


def test_a_table_without_a_model_of_its_own_is_not_scored(imported_org: Path) -> None:
    before = content(imported_org)
    line = error_line(hpro("demo", "--org", "leads.org.sqlite", cwd=imported_org), 2)
    assert "--model" in line
    assert "--demo-model" in line
    assert content(imported_org) == before


def test_an_org_that_was_scored_is_not_replaced_by_a_table(imported_org: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.org.sqlite").write_bytes((imported_org / "leads.org.sqlite").read_bytes())
    done = hpro("demo", "--org", "mine.org.sqlite", "--demo-model", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    before = content(tmp_path)
    table = [imported_org / "leads.csv", "--mapping", imported_org / "leads.toml", "--out", "mine.org.sqlite"]
    assert "mine.org.state.sqlite" in error_line(hpro("import", *table, cwd=tmp_path), 2)
    assert content(tmp_path) == before
    (tmp_path / "mine.org.state.sqlite").unlink()
    before = content(tmp_path)
    assert "was scored" in error_line(hpro("import", *table, cwd=tmp_path), 2)
    assert content(tmp_path) == before
    assert hpro("import", *table[:3], "--out", "other.sqlite", cwd=tmp_path).returncode == 0
    assert hpro("import", *table[:3], "--out", "other.sqlite", cwd=tmp_path).returncode == 0


def test_a_model_of_another_funnel_changes_nothing(demo_work: Path, imported_org: Path, saas_model: Path) -> None:
    for folder, org in ((demo_work, "hpro-demo/org.sqlite"), (imported_org, "leads.org.sqlite")):
        before = content(folder)
        assert "model" in error_line(hpro("demo", "--org", org, "--model", saas_model, cwd=folder), 2)
        assert content(folder) == before
    before = content(demo_work)
    assert "model" in error_line(hpro("demo", *SMALL, "--model", saas_model, cwd=demo_work), 2)
    assert content(demo_work) == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["demo", "--company", "saas"], 2, "train_bundled_model.py --company saas"),
        (["demo", "--model", "none.gguf"], 2, "none.gguf"),
        (["demo", "--model", "said.txt"], 1, "said.txt"),
        (["demo", "--dir", "no/where"], 2, "no"),
        (["demo", "--dir", "said.txt"], 2, "said.txt"),
        (["demo", "--org", "none.sqlite"], 2, "none.sqlite"),
        (["demo", "--org", "said.txt"], 2, "said.txt"),
        (["demo", "--org", "hpro-demo"], 2, "hpro-demo"),
        (["demo", "--org", "hpro-demo/org.sqlite", "--days", "3"], 2, "--days"),
        (["demo", "--org", "hpro-demo/state.sqlite"], 2, "not an org"),
        (["demo", "--demo-model", "--model", "said.txt"], 2, "two models"),
        (["demo", "--org", "."], 2, "is a folder"),
        (["demo", "--org", "/"], 2, "is a folder"),
        (["leads", "--org", "."], 2, "is a folder"),
        (["leads", "--org", "hpro-demo"], 2, "is a folder"),
        (["leads", "show", "L000001", "--org", ".."], 2, "is a folder"),
        (["import", "none.csv", "--mapping", "none.toml", "--out", "/"], 2, "is a folder"),
        (["import", "none.csv", "--mapping", "none.toml", "--out", "."], 2, "is a folder"),
        (["import", "/", "--mapping", "none.toml"], 2, "none.toml"),
        (["import", "none.csv", "--mapping", "none.toml", "--out", "hpro-demo/org.sqlite"], 2, "state.sqlite"),
        (["leads", "--dir", "else where"], 2, "`hpro demo --dir 'else where'`"),
        (["leads", "--org", "none.sqlite"], 2, "hpro demo --org none.sqlite"),
        (["leads", "--stage", "moon"], 2, "negotiation"),
        (["leads", "show", "nobody"], 2, "nobody"),
        (["leads", "show", "--org", "hpro-demo/org.sqlite", "--", "-1"], 2, "--org hpro-demo/org.sqlite --top"),
        (["leads", "show", "L000001", "--dir", "elsewhere"], 2, "`hpro demo --dir elsewhere`"),
        (["import", "none.csv", "--mapping", "none.toml"], 2, "none.toml"),
        (["import", "said.txt", "--mapping", "said.txt"], 2, "said.txt"),
    ],
)
def test_a_wrong_turn_is_one_line_and_changes_nothing(
    demo_work: Path, arguments: list[str], code: int, words: str
) -> None:
    before = content(demo_work)
    assert words in error_line(hpro(*arguments, cwd=demo_work), code)
    assert content(demo_work) == before


@pytest.mark.parametrize("arguments", [["--company", "bakery"], ["--leads", "0"], ["--days", "0"], ["--seed", "x"]])
def test_a_value_that_makes_no_sense_is_a_matter_of_usage(tmp_path: Path, arguments: list[str]) -> None:
    done = hpro("demo", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert arguments[0] in done.stderr
    assert list(tmp_path.iterdir()) == []


def _corrupt(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100 : len(data) // 2] = b"\xa5" * (len(data) // 2 - 100)
    path.write_bytes(data)


def _replace_by_text(path: Path) -> None:
    path.write_text("these are my own notes", "utf-8")


@pytest.mark.parametrize("spoil", [_corrupt, _replace_by_text])
@pytest.mark.parametrize("name", ["org.sqlite", "state.sqlite"])
def test_a_damaged_file_is_said_to_be_and_kept(demo_copy: Path, name: str, spoil: Callable[[Path], None]) -> None:
    spoil(demo_copy / "hpro-demo" / name)
    before = content(demo_copy)
    line = error_line(hpro("demo", *SMALL, cwd=demo_copy), 2)
    assert f"hpro-demo/{name}" in line
    assert "--dir" in line
    assert content(demo_copy) == before
    if name == "state.sqlite":
        assert name in error_line(hpro("leads", cwd=demo_copy), 1)
    else:
        code = 1 if spoil is _corrupt else 2
        assert name in error_line(hpro("demo", "--org", "hpro-demo/org.sqlite", cwd=demo_copy), code)
    assert content(demo_copy) == before


def test_a_damaged_state_beside_an_org_leaves_the_org_alone(demo_copy: Path) -> None:
    (demo_copy / "hpro-demo" / "state.sqlite").rename(demo_copy / "hpro-demo" / "org.state.sqlite")
    _corrupt(demo_copy / "hpro-demo" / "org.state.sqlite")
    before = content(demo_copy)
    assert "org.state.sqlite" in error_line(hpro("demo", "--org", "hpro-demo/org.sqlite", cwd=demo_copy), 1)
    assert content(demo_copy) == before


@pytest.mark.parametrize("name", ["org.sqlite", "state.sqlite"])
def test_a_file_in_use_is_busy(demo_copy: Path, name: str) -> None:
    before = content(demo_copy)
    with closing(sqlite3.connect(demo_copy / "hpro-demo" / name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert name in error_line(hpro("demo", *SMALL, cwd=demo_copy), 4)
        if name == "org.sqlite":  # without a state there is something to write
            (demo_copy / "hpro-demo" / "state.sqlite").unlink()
            del before["hpro-demo/state.sqlite"]
        assert name in error_line(hpro("demo", "--org", "hpro-demo/org.sqlite", cwd=demo_copy), 4)
    assert {name: data for name, data in content(demo_copy).items() if "org.state" not in name} == before


def test_an_org_of_ones_own_is_never_replaced(imported_org: Path, tmp_path: Path) -> None:
    (tmp_path / "hpro-demo").mkdir()
    (tmp_path / "hpro-demo" / "org.sqlite").write_bytes((imported_org / "leads.org.sqlite").read_bytes())
    before = content(tmp_path)
    assert "not the org of an earlier demo" in error_line(hpro("demo", *SMALL, cwd=tmp_path), 2)
    assert content(tmp_path) == before


AS_SOMEONE_ELSE = """
import contextlib, io, os, sys
from hpro_sdk.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    assert main(["demo", "--leads", "40", "--dir", sys.argv[1]]) == 0
if os.geteuid() == 0:
    os.seteuid(65534)
sys.exit(main(sys.argv[2:]))
"""
"""Root may write anywhere; someone else may not even read Python's library here, so all of it is loaded before."""


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder that may not be written."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def test_a_folder_that_may_not_be_written(demo_work: Path, read_only: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", AS_SOMEONE_ELSE, str(tmp_path / "warm"), *arguments]
        return subprocess.run(command, cwd=read_only, capture_output=True, text=True, check=False)

    assert "hpro-demo cannot be made" in error_line(run("demo", *SMALL), 2)
    assert "org.sqlite" in error_line(run("demo", *SMALL, "--dir", "."), 2)
    assert list(read_only.iterdir()) == []
    read_only.chmod(0o755)
    (read_only / "org.sqlite").write_bytes((demo_work / "hpro-demo" / "org.sqlite").read_bytes())
    read_only.chmod(0o555)
    before = content(read_only)
    assert "org.sqlite" in error_line(run("demo", "--org", "org.sqlite"), 2)
    assert content(read_only) == before


def test_a_killed_demo_leaves_the_earlier_one(demo_copy: Path) -> None:
    before = content(demo_copy)
    process = subprocess.Popen(
        [HPRO, "demo", "--leads", "100000"], cwd=demo_copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(4)
    process.terminate()
    process.wait(20)
    kept = {name: data for name, data in content(demo_copy).items() if not name.endswith((".part", ".part-journal"))}
    assert kept == before
