"""Lists on a narrow terminal: what a person copies stays in one piece."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from hpro_connectors.cli.columns import print_columns
from hpro_connectors.state import RunKind, RunStatus, StateStore
from hpro_sdk.cli import main

AT = datetime(2026, 9, 1, 6, tzinfo=UTC)
LEAD = "00QSm00000000iaMAA"


def shown(
    width: int, rows: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    print_columns(("lead", "stage", "what was said"), rows, title="Leads", whole=("lead",))
    return [line.rstrip() for line in click.unstyle(capsys.readouterr().out).splitlines()]


@pytest.mark.parametrize("width", [30, 40, 80])
def test_an_id_is_never_broken(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(width, [(LEAD, "negotiation", "the rest of a row gives way")], monkeypatch, capsys)
    assert any(line.startswith(f"{LEAD} ") for line in lines)
    assert all(len(line) <= width for line in lines)


def test_columns_move_together_before_a_cell_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = (LEAD, "negotiation", "a test drive")
    natural = len(LEAD) + len("negotiation") + len("what was said")
    assert shown(natural + 4, [row], monkeypatch, capsys)[-1] == "  ".join(row)
    assert shown(natural + 3, [row], monkeypatch, capsys)[-1] == " ".join(row)


def test_runs_give_their_reasons_below_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hpro.toml").write_text('[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n', "utf-8")
    (tmp_path / "hpro-state").mkdir(mode=0o700)
    with StateStore.open(tmp_path / "hpro-state" / "main.sqlite") as store:
        run_id = store.runs.begin(RunKind.PASS, AT)
        store.runs.end(run_id, RunStatus.FAILED, AT, code="SchemaDriftError", reason="Lead has no field HPRO_Score__c.")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["runs"]) == 0
    lines = [line.rstrip() for line in click.unstyle(capsys.readouterr().out).splitlines()]
    assert "2026-09-01 06:00:00  failed" in lines[-2]
    assert lines[-1] == f"Run {run_id}: Lead has no field HPRO_Score__c."
    assert max(map(len, lines)) <= 80
