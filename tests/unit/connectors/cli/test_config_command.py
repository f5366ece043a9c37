"""``hpro config``: what it writes, prints and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from hpro_connectors.config import load_config
from hpro_sdk.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def configured(folder: Path) -> Path:
    (folder / "org.sqlite").touch()
    assert main(["config", "init", "--org", "org.sqlite"]) == 0
    return folder / "hpro.toml"


def test_init_writes_what_it_was_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--connector", "demo", "--name", "north", "--org", "data/org.sqlite", "--exclude-field", "opted_out"]
    assert main(["config", "init", *flags, "--cron", "0 6 * * mon-fri", "--timezone", "Asia/Tokyo"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "Wrote hpro.toml." in err
    assert f"Note: the org file {folder / 'data' / 'org.sqlite'} does not exist." in err
    config = load_config()
    name, crm = config.crm_named(None)
    assert (name, crm.connector, crm.exclude_field) == ("north", "demo", "opted_out")
    assert (config.schedule.cron, config.schedule.timezone) == ("0 6 * * mon-fri", "Asia/Tokyo")
    assert 'org = "data/org.sqlite"' in (folder / "hpro.toml").read_text()


def test_init_names_the_org_as_seen_from_the_file(folder: Path) -> None:
    (folder / "etc").mkdir()
    assert main(["config", "init", "--org", "etc/org.sqlite", "--out", "etc/hpro.toml"]) == 0
    assert 'org = "org.sqlite"' in (folder / "etc" / "hpro.toml").read_text()
    assert main(["config", "init", "--org", "org.sqlite", "--out", "etc/hpro.toml", "--force"]) == 0
    assert f'org = "{folder / "org.sqlite"}"' in (folder / "etc" / "hpro.toml").read_text()


def test_init_replaces_only_with_force(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = configured.read_text()
    assert main(["config", "init", "--org", "other.sqlite"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert configured.read_text() == before
    assert main(["config", "init", "--org", "other.sqlite", "--force"]) == 0
    assert "other.sqlite" in configured.read_text()


def test_init_dry_run_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "init", "--org", "org.sqlite", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert list(folder.iterdir()) == []
    assert "[crm.main]" in out
    assert main(["config", "init", "--org", "org.sqlite"]) == 0
    assert (folder / "hpro.toml").read_text() == out


@pytest.mark.parametrize(
    "flags",
    [
        ["--name", "Not A Name"],
        ["--cron", "0 6 * * 1"],
        ["--cron", "0 6 * * *", "--every-minutes", "5"],
        ["--timezone", "Nowhere"],
        ["--out", "absent/hpro.toml"],
    ],
)
def test_init_refuses_and_leaves_nothing(flags: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "init", "--org", "org.sqlite", *flags]) == 2
    assert capsys.readouterr().err.startswith("Error: ")
    assert list(folder.iterdir()) == []


def test_init_without_a_terminal_asks_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "init"]) == 2
    assert "--org" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_init_asks_on_a_terminal(folder: Path) -> None:
    ours, theirs = os.openpty()
    code = "import sys\nfrom hpro_sdk.cli import main\nsys.exit(main(['config', 'init']))"
    with subprocess.Popen([sys.executable, "-c", code], stdin=theirs, stdout=PIPE, stderr=PIPE, text=True) as process:
        os.write(ours, b"north\nmy org.sqlite\n30\n")
        out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, err
    assert out == ""
    assert "A short name for the CRM [main]" in err
    config = load_config()
    assert config.crm_named(None)[0] == "north"
    assert config.schedule.every_minutes == 30
    assert 'org = "my org.sqlite"' in (folder / "hpro.toml").read_text()


def test_check(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out == f"{configured}: crm.main (demo): ok\n"
    (configured.parent / "org.sqlite").unlink()
    assert main(["config", "check", "--config", str(configured)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "crm.main: the org file" in err


def test_check_of_a_typo(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configured.write_text(configured.read_text().replace("# lag_s", "lga_s"))
    assert main(["config", "check"]) == 2
    err = capsys.readouterr().err
    assert "sync.lga_s: unknown key. Did you mean lag_s?" in err
    assert err.count("\n") == 1


def test_show_as_a_table(configured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HPRO_SYNC__LAG_S", "7")
    monkeypatch.setenv("HPRO_CRM__MAIN__TRAINING__LEAVE_OUT", '["Größe"]')
    assert main(["config", "show"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "key\tvalue\tfrom"
    assert "sync.lag_s\t7.0\tenvironment (HPRO_SYNC__LAG_S)" in lines
    assert 'crm.main.training.leave_out\t["Größe"]\tenvironment (HPRO_CRM__MAIN__TRAINING__LEAVE_OUT)' in lines
    assert f"crm.main.org\t{configured.parent / 'org.sqlite'}\tfile" in lines
    assert "privacy.retention_days\t\tdefault" in lines
    assert "schedule.catch_up\ttrue\tdefault" in lines


def test_show_as_json(configured: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HPRO_SYNC__LAG_S", "7")
    assert main(["config", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["path"] == str(configured)
    values = {row["key"]: row for row in shown["values"]}
    assert values["sync.lag_s"] == {
        "key": "sync.lag_s",
        "value": 7.0,
        "from": "environment",
        "place": "HPRO_SYNC__LAG_S",
    }
    assert values["crm.main.connector"]["place"] == str(configured)
    assert values["crm.main.training.leave_out"]["value"] == []


def test_schema_and_path(configured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["crm"]
    assert main(["config", "path"]) == 0
    assert capsys.readouterr().out == f"{configured}\n"
    configured.unlink()
    assert main(["config", "path"]) == 2
    assert "hpro config init" in capsys.readouterr().err


def test_help_of_a_command_loads_nothing_heavy(folder: Path) -> None:
    code = (
        "import sys\nfrom hpro_sdk.cli import main\nassert main(['config', '--help']) == 0\n"
        "print(sorted({'pydantic_settings', 'keyring', 'apscheduler', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
