"""The Salesforce project in the source tree is what the installed command writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMITTED = Path(__file__).resolve().parents[2] / "connectors" / "salesforce"


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_project_in_the_tree_is_what_the_command_writes(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("hpro")), "fields", "export"]
    check = [*command, str(COMMITTED), "--check"]
    checked = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    subprocess.run([*command, "project"], cwd=tmp_path, capture_output=True, check=True)
    assert files_in(COMMITTED) == files_in(tmp_path / "project")
