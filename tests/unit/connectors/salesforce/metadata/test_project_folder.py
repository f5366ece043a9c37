"""Writing the project into a folder, and comparing one with it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import pytest

from hpro_connectors.salesforce.metadata import FileState, compare_project, project_files, write_project
from hpro_sdk.errors import ConfigError, OutputError

FILES = project_files()
PROJECT = PurePosixPath("sfdx-project.json")
SCORE = PurePosixPath("force-app/main/default/objects/Lead/fields/HPRO_Score__c.field-meta.xml")


def content(folder: Path) -> dict[PurePosixPath, str]:
    return {
        PurePosixPath(file.relative_to(folder).as_posix()): file.read_bytes().decode()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_a_new_folder_holds_the_project_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    differences = write_project(folder, FILES)
    assert {one.path for one in differences} == set(FILES)
    assert {one.state for one in differences} == {FileState.MISSING}
    assert content(folder) == dict(FILES)
    assert compare_project(folder, FILES) == ()


def test_writing_again_touches_no_file(tmp_path: Path) -> None:
    write_project(tmp_path, FILES)
    before = {path: (tmp_path / path).stat().st_ino for path in FILES}
    assert write_project(tmp_path, FILES) == ()
    assert {path: (tmp_path / path).stat().st_ino for path in FILES} == before


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    write_project(tmp_path, FILES)
    (tmp_path / SCORE).write_text("edited")
    (tmp_path / PROJECT).unlink()
    assert compare_project(tmp_path, FILES) == ((SCORE, FileState.DIFFERENT), (PROJECT, FileState.MISSING))
    write_project(tmp_path, FILES)
    assert content(tmp_path) == dict(FILES)


def test_line_ends_count(tmp_path: Path) -> None:
    write_project(tmp_path, FILES)
    (tmp_path / SCORE).write_bytes(FILES[SCORE].replace("\n", "\r\n").encode())
    assert compare_project(tmp_path, FILES) == ((SCORE, FileState.DIFFERENT),)


def test_a_file_of_ours_that_is_no_longer_part_of_it_is_left_and_named(tmp_path: Path) -> None:
    write_project(tmp_path, FILES)
    old = PurePosixPath("force-app/main/default/objects/Lead/fields/HPRO_Grade__c.field-meta.xml")
    theirs = PurePosixPath("force-app/main/default/objects/Lead/fields/Region__c.field-meta.xml")
    for path in (old, theirs):
        (tmp_path / path).write_text("kept")
    assert write_project(tmp_path, FILES) == ((old, FileState.LEFT_OVER),)
    assert content(tmp_path) == {**FILES, old: "kept", theirs: "kept"}


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    assert len(write_project(folder, FILES, dry_run=True)) == len(FILES)
    assert not folder.exists()


@pytest.mark.parametrize("project", ['{"name": "theirs"}', '{"packageDirectories": []}', "[]", "not JSON", "\x00"])
def test_another_project_is_left_alone(project: str, tmp_path: Path) -> None:
    (tmp_path / PROJECT).write_text(project)
    for dry_run in (True, False):
        with pytest.raises(ConfigError, match="another Salesforce project"):
            write_project(tmp_path, FILES, dry_run=dry_run)
    assert content(tmp_path) == {PROJECT: project}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="is a file"):
        write_project(tmp_path / "file", FILES)


def test_a_file_in_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "list-views").write_text("in the way")
    with pytest.raises(ConfigError, match="list-views"):
        write_project(folder, FILES)
    assert list(folder.iterdir()) == [folder / "list-views"]


def full_disk(fits: int) -> Callable[[Path, bytes], int]:
    """Make a way to write that lets some files through, then half of one."""
    write = Path.write_bytes
    left = iter(range(fits))

    def write_bytes(path: Path, data: bytes) -> int:
        if next(left, None) is not None:
            return write(path, data)
        write(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    return write_bytes


@pytest.mark.parametrize("fits", [0, 1, 17, len(FILES) - 1])
@pytest.mark.parametrize("earlier", [{}, {SCORE: "edited", PurePosixPath("README.md"): "theirs"}])
def test_a_full_disk_leaves_what_was_there(
    fits: int, earlier: Mapping[PurePosixPath, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, text in earlier.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    folders = {file for file in tmp_path.rglob("*") if file.is_dir()}
    monkeypatch.setattr(Path, "write_bytes", full_disk(fits))
    with pytest.raises(OutputError, match="No space left"):
        write_project(tmp_path, FILES)
    assert content(tmp_path) == dict(earlier)
    assert {file for file in tmp_path.rglob("*") if file.is_dir()} == folders
