from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hpro_sdk._files import write_private
from hpro_sdk.errors import ConfigError


def test_only_the_owner_reads_what_is_written_whatever_stood_there(tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    file.write_text("open to all", "utf-8")
    file.chmod(0o644)
    write_private(file, "“é”")
    assert file.read_text("utf-8") == "“é”"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["jobs.json"]


def test_what_stands_there_stays_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        write_private(tmp_path / "gone" / "jobs.json", "{}")
    (tmp_path / "jobs.json").mkdir()
    with pytest.raises(ConfigError, match="is a folder"):
        write_private(tmp_path / "jobs.json", "{}")
