"""What the source tree may and may not contain."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDERS = ("hpro_sdk", "connectors", "quantize", "tests", "benchmarks", ".ci")
LINES_LIMIT = 400
TEXT = {".py", ".md", ".toml", ".json", ".yaml", ".yml", ".txt", ".sh", ".cfg", ".ini", ""}

# put together from pieces, so that this file does not hold what it forbids
FORBIDDEN = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"]


def source_files() -> list[Path]:
    inside = [path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*")]
    files = [path for path in [*REPOSITORY.iterdir(), *inside] if path.is_file() and path.suffix in TEXT]
    return sorted(path for path in files if "__pycache__" not in path.parts and path.name not in {".git", "LICENSE"})


def test_there_are_files_to_look_at() -> None:
    assert REPOSITORY / "pyproject.toml" in source_files()
    assert Path(__file__).resolve() in source_files()


def test_no_python_file_is_too_long() -> None:
    lengths = {
        str(path.relative_to(REPOSITORY)): len(path.read_text(encoding="utf-8").splitlines())
        for path in source_files()
        if path.suffix == ".py"
    }
    assert {name: lines for name, lines in lengths.items() if lines > LINES_LIMIT} == {}


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_forbidden_word(word: str) -> None:
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}"
        for path in source_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if word in line
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["connectors", "quantize", "tests"])
def test_folder_is_no_package(folder: str) -> None:
    assert not (REPOSITORY / folder / "__init__.py").exists()


def test_no_tests_folder_is_a_package() -> None:
    assert not list((REPOSITORY / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("name", ["connectors", "quantize"])
def test_foreign_package_of_that_name_wins(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("FOREIGN = True\n")
    done = subprocess.run(
        [sys.executable, "-c", f"import {name}; assert {name}.FOREIGN"],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
