"""``hpro status``: what is printed, and the exit code that a monitor goes by."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hpro_connectors.cli.status import status
from hpro_connectors.engine.settings import utc_now
from hpro_connectors.state import MarkName
from hpro_connectors.state.status import OrgStatus
from hpro_connectors.testing import World
from hpro_sdk.cli.errors import CliState, run_guarded

MAIN = '[crm.main]\nconnector = "demo"\norg = "org.sqlite"\nstate = "state.db"\n'
NORTH = '[crm.north]\nconnector = "demo"\norg = "north.sqlite"\nstate = "north.db"\n'
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hpro.toml").write_text(MAIN)

    def run_command(*arguments: str) -> int:
        def command() -> None:
            with status.make_context("status", list(arguments), obj=CliState()) as ctx:
                status.invoke(ctx)

        return run_guarded(command, CliState())

    return run_command


@pytest.fixture
def passed(world: World) -> World:
    """An org that was passed over a moment ago."""
    world.fill(3)
    world.settings = dataclasses.replace(world.settings, now=utc_now)
    world.run()
    return world


def test_a_healthy_org(run: Run, passed: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "Healthy: main, Memory (memory-org)"
    assert "UTC, less than a minute ago (run 1, done)" in lines[1]
    assert [line.split(":")[0] for line in lines[1:]] == [
        "Last pass",
        "Open leads",
        "Rows to send",
        "Dead letters",
        "Model",
    ]


def test_stale_scores(run: Run, passed: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--max-age", "0.000001s") == 1
    assert "Stale: the last whole pass began" in capsys.readouterr().out
    assert run("--max-age", "soon") == 2
    assert "no length of time" in capsys.readouterr().err


def test_words_of_others_cannot_steer_the_terminal(run: Run, passed: World, capsys: pytest.CaptureFixture[str]) -> None:
    passed.store.marks.set(MarkName.PAUSED, None, "a person\x1b[31m")
    assert run() == 1
    out = capsys.readouterr().out
    assert "Not healthy: main" in out
    assert "Paused: passes do not write (a person\\x1b[31m). `hpro resume` lets them." in out


def test_an_org_that_was_never_passed_over(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 1
    assert "Not healthy: main, an org not seen yet" in capsys.readouterr().out
    assert not (tmp_path / "state.db").exists()  # asking makes nothing


def test_several_orgs_and_one_that_cannot_be_read(
    run: Run, passed: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hpro.toml").write_text(MAIN + NORTH)
    assert run("--crm", "main") == 0
    capsys.readouterr()
    assert run() == 1
    out, _ = capsys.readouterr()
    assert "Healthy: main" in out
    assert "Not healthy: north" in out
    (tmp_path / "north.db").write_text("no database")
    assert run() == 1
    out, err = capsys.readouterr()
    assert "Healthy: main" in out
    assert err.startswith("Error: north: The state file")
    assert run("--crm", "north") == 1
    assert capsys.readouterr().err.startswith("Error: The state file")


def test_json(run: Run, passed: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hpro.toml").write_text(MAIN + NORTH)
    assert run("--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert sorted(told) == ["main", "north"]
    assert OrgStatus.model_validate(told["main"]).healthy
    assert OrgStatus.model_validate(told["north"]).stale
