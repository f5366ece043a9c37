"""`hpro doctor` on an org file: the checks that hold for every CRM, without one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hpro_connectors.cli.doctor import doctor
from hpro_connectors.demo.generated_org import create_generated_org
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.protocol import OrgIdentity
from hpro_connectors.state import StateStore
from hpro_sdk.cli.errors import CliState, run_guarded

TABLE = '[crm.main]\nconnector = "demo"\norg = "org.sqlite"\nstate = "state.sqlite"\nmodels = "models"\n'
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="session")
def org_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("org") / "org.sqlite"
    create_generated_org(path, TEST_DRIVE, 3, 40)
    return path.read_bytes()


@pytest.fixture
def folder(org_file: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "org.sqlite").write_bytes(org_file)
    (tmp_path / "hpro.toml").write_text(TABLE)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(*arguments: str) -> tuple[int, str]:
        def command() -> None:
            with doctor.make_context("doctor", list(arguments), obj=CliState()) as ctx:
                doctor.invoke(ctx)

        code = run_guarded(command, CliState())
        out, err = capsys.readouterr()
        assert err == ""
        return code, out

    return run_command


def bad(run: Run) -> tuple[int, dict[str, str]]:
    """Give the exit code, and what is not as it should be by area."""
    code, out = run("--json")
    found = json.loads(out)["main"]["findings"]
    return code, {one["area"]: f"{one['level']}: {one['seen']}" for one in found if one["level"] != "ok"}


def test_all_is_fine(run: Run, org_file: bytes, folder: Path) -> None:
    before = sorted(folder.iterdir())
    code, out = run()
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("main, ")
    assert [line[11:24].strip() for line in lines[1:-1] if line.startswith("  ok")] == [
        "configuration",
        "org",
        "score fields",
        "funnel",
        "state",
        "model",
    ]
    assert "fits the org" in out
    assert sorted(folder.iterdir()) == before
    assert (folder / "org.sqlite").read_bytes() == org_file


def test_an_org_file_that_is_missing(run: Run, folder: Path) -> None:
    (folder / "org.sqlite").unlink()
    code, found = bad(run)
    assert code == 1
    assert set(found) == {"configuration", "org"}
    assert found["org"].startswith("fatal")


def test_an_org_file_that_is_damaged(run: Run, folder: Path) -> None:
    (folder / "org.sqlite").write_bytes(b"no database" * 1000)
    code, found = bad(run)
    assert code == 1
    assert list(found) == ["org"]


def test_a_place_that_cannot_be(run: Run, folder: Path) -> None:
    (folder / "hpro.toml").write_text(TABLE.replace("state.sqlite", "no/such/place/state.sqlite"))
    code, found = bad(run)
    assert code == 2
    assert "which is no folder" in found["configuration"]


def test_row_44_a_state_of_another_org(run: Run, folder: Path) -> None:
    with StateStore.open(folder / "state.sqlite") as store:
        store.pin(OrgIdentity(org_id="another", name="Another", vendor="demo"), "lead")
    code, found = bad(run)
    assert code == 2
    assert list(found) == ["state"]
    assert "another" in found["state"]


def test_a_model_whose_file_is_gone(run: Run, folder: Path) -> None:
    with StateStore.open(folder / "state.sqlite") as store:
        at = datetime(2026, 3, 1, tzinfo=UTC)
        store.models.install("hpro-1", "model.gguf", "{}", at)
        store.models.use("hpro-1", at, "a test")
    code, found = bad(run)
    assert code == 2
    assert "hpro-1 is gone" in found["model"]


def test_a_stage_without_a_place_and_a_field_that_excludes_nothing(run: Run, folder: Path) -> None:
    (folder / "hpro.toml").write_text(TABLE + 'exclude_field = "gone"\n[crm.main.funnel]\nstages = ["nowhere"]\n')
    code, found = bad(run)
    assert code == 2
    assert set(found) == {"exclusion", "funnel"}


def test_a_name_that_would_steer_the_terminal_is_made_visible(run: Run, folder: Path) -> None:
    (folder / "hpro.toml").write_text(TABLE + '[crm.main.funnel]\nwon = "\\u001b[31mred"\n')
    _, out = run()
    assert "\x1b" not in out
    assert "\\x1b[31mred" in out


def test_no_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "hpro.toml").unlink()

    def command() -> None:
        with doctor.make_context("doctor", [], obj=CliState()) as ctx:
            doctor.invoke(ctx)

    assert run_guarded(command, CliState()) == 2
    assert "hpro config init" in capsys.readouterr().err
