"""``--config`` and ``--crm`` as commands share them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from hpro_connectors.cli.config_options import config_options, load_crm
from hpro_sdk.cli.errors import CliState, run_guarded

CONFIG = """
[crm.main]
connector = "demo"
org = "org.sqlite"
[crm.north]
connector = "demo"
org = "north.sqlite"
[log]
format = "json"
level = "info"
"""


@click.command()
@config_options
@click.option("--max-seconds", type=float)
def work(config_path: Path | None, crm_name: str | None, max_seconds: float | None) -> None:
    """Say which CRM was chosen."""
    config, name, crm = load_crm(config_path, crm_name, {"schedule.max_seconds": max_seconds})
    click.echo(f"{name} {crm.state.name} {config.schedule.max_seconds}")
    logging.getLogger("hpro_connectors.tests").info("working")


Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hpro.toml").write_text(CONFIG)

    def run_command(*arguments: str, verbosity: int = 0) -> int:
        state = CliState(verbosity)

        def command() -> None:
            with work.make_context("work", list(arguments), obj=state) as ctx:
                work.invoke(ctx)

        return run_guarded(command, state)

    return run_command


def test_a_crm_is_chosen(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--crm", "north", "--max-seconds", "3") == 0
    out, err = capsys.readouterr()
    assert out == "north north.sqlite 3.0\n"
    assert '"message": "working"' in err  # as [log] says: information, in JSON


def test_several_crms_and_none_chosen(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert "several CRMs: main, north. Name one with --crm NAME." in capsys.readouterr().err


def test_a_file_of_another_name(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.toml").write_text(CONFIG.partition("[crm.north]")[0])
    assert run("--config", "other.toml") == 0
    out, err = capsys.readouterr()
    assert out == "main main.sqlite None\n"
    assert err == ""
    assert run("--config", "absent.toml") == 2


def test_the_flag_for_more_words_counts(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.toml").write_text(CONFIG.partition("[crm.north]")[0])
    assert run("--config", "other.toml", verbosity=1) == 0
    assert '"message": "working"' in capsys.readouterr().err
