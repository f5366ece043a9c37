"""``hpro fields export``: what it writes, prints and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpro_sdk.cli import main

SCORE = "force-app/main/default/objects/Lead/fields/HPRO_Score__c.field-meta.xml"


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "project"
    assert main(["fields", "export", str(folder)]) == 0
    capsys.readouterr()
    return folder


def test_export_says_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "project"
    assert main(["fields", "export", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "file\tbefore"
    assert f"{SCORE}\tmissing" in out.splitlines()
    assert err == f"{folder}: 31 files, 31 written.\n"
    assert (folder / SCORE).is_file()


def test_exporting_again_writes_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields", "export", str(project)]) == 0
    assert capsys.readouterr() == ("", f"{project}: 31 files, 0 written.\n")


def test_check_of_an_equal_folder_is_silent(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields", "export", str(project), "--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_ends_with_1_names_what_differs_and_writes_nothing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / SCORE).write_text("edited")
    (project / "sfdx-project.json").unlink()
    assert main(["fields", "export", str(project), "--check"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == ["file\tstate", f"{SCORE}\tdifferent", "sfdx-project.json\tmissing"]
    assert err == f"{project} is not as this version of HPRO writes it.\n"
    assert (project / SCORE).read_text() == "edited"
    assert not (project / "sfdx-project.json").exists()


def test_check_as_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / SCORE).unlink()
    assert main(["fields", "export", str(project), "--check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [{"file": SCORE, "state": "missing"}]
    assert main(["fields", "export", str(project), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"file": SCORE, "before": "missing"}]
    assert main(["fields", "export", str(project), "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_check_of_no_folder_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields", "export", str(tmp_path / "nowhere"), "--check"]) == 2
    assert "There is no folder" in capsys.readouterr().err


def test_a_dry_run_says_what_would_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "project"
    assert main(["fields", "export", str(folder), "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert f"{SCORE}\tmissing" in out.splitlines()
    assert err == f"{folder}: 31 files, 31 would be written.\n"
    assert not folder.exists()


def test_one_object_leaves_the_files_of_the_others_and_says_so(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fields", "export", str(project), "--object", "Lead"]) == 0
    out, err = capsys.readouterr()
    assert "force-app/main/default/permissionsets/HPRO_Viewer.permissionset-meta.xml\tdifferent" in out.splitlines()
    assert out.count("\tleft over\n") == 16
    assert err.splitlines() == [
        f"{project}: 15 files, 2 written.",
        "Delete what is left over (16 files), or it is deployed too.",
    ]


def test_another_project_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sfdx-project.json").write_text('{"name": "theirs"}')
    assert main(["fields", "export", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"Error: {tmp_path} holds another Salesforce project. Name a folder of its own.\n"
