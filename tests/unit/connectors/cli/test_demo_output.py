"""The words of the demo."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hpro_connectors.cli.demo_output import closeness_words, pass_words, print_next
from hpro_connectors.cli.demo_run import PassStep
from hpro_connectors.cli.picture import scores_by_stage
from hpro_connectors.cli.places import Places, places_in
from hpro_connectors.cli.problems import problem_lines
from hpro_connectors.cli.queue_table import print_queue
from hpro_connectors.demo.closeness import Closeness
from hpro_connectors.demo.scored_org import PassOutcome, ScoredOrg
from hpro_connectors.fields import Trend
from hpro_connectors.state import PassReport, QueueRow
from hpro_connectors.state.pass_report import Problem
from hpro_sdk.lead import Band

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
ROW = QueueRow(1, "L1", 50.126, Band.B, Trend.NOT_ENOUGH_INFORMATION, "new", 3, 120, NOON, None)


def test_a_pass_ends_with_calls_and_writes() -> None:
    report = PassReport(
        as_of=NOON, model_id="m", read=1234, scored=5, open_leads=9, model_calls=4, written=3, cleared=2
    )
    assert pass_words(1, report) == (
        "Pass 1, 2026-09-01: 1,234 records read, 5 of 9 leads scored, 0.0 s, 4 model calls, 5 writes"
    )
    assert pass_words(3, PassReport(as_of=NOON, model_id="m")).endswith(" 0 model calls, 0 writes")
    one = PassReport(as_of=NOON, model_id="m", read=1, scored=1, open_leads=1, model_calls=1, cleared=1)
    assert pass_words(None, one) == (
        "Pass, 2026-09-01: 1 record read, 1 of 1 lead scored, 0.0 s, 1 model call, 1 write"
    )


def test_closeness_in_words() -> None:
    assert closeness_words(Closeness(440, 0.7788, 0.84)) == (
        "Of two open leads of which one will be won, the ranking puts the right one first in 78 % of cases; a coin "
        "would in 50 %, and the best that anyone could do with this org's records is 84 %: that is 82 % of the way "
        "(440 open leads)."
    )
    assert "no better than the coin" in closeness_words(Closeness(400, 0.47, 0.84))
    assert "So few leads" not in closeness_words(Closeness(100, 0.7, 0.84))
    assert "So few leads" in closeness_words(Closeness(99, 0.7, 0.84))
    assert "Too few leads" in closeness_words(None)


def test_a_row_of_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    unknown = replace(ROW, stage=None, stage_rank=None, stage_size=None, last_interaction_at=None, trend=Trend.STEADY)
    print_queue([ROW, unknown], NOON, title="not shown")
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == ["1", "L1", "50.13", "B", "-", "new", "3 of 120", "today"]
    assert lines[2] == ["1", "L1", "50.13", "B", "steady", "", "", ""]


def test_the_list_fits_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    print_queue([replace(ROW, lead_id="L000001", stage="negotiation", trend=Trend.IMPROVING)], NOON, title="Leads")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "Leads"
    assert len(lines) == 3
    assert "improving  negotiation  3 of 120" in lines[2]


def test_what_is_next_can_be_typed(
    demo: tuple[Places, ScoredOrg, PassOutcome], capsys: pytest.CaptureFixture[str]
) -> None:
    _, scored, outcome = demo
    odd = replace(outcome, queue=(replace(ROW, lead_id="a b\x1b"),))
    steps = [PassStep(1, scored.identity, odd, scores_by_stage(odd.queue, ()), None, 0)]
    print_next(places_in(Path("hpro-demo")), steps, None, generated=True)
    out = capsys.readouterr().out
    assert "  hpro leads  " in out
    assert "hpro leads show 'a b\\x1b'  " in out
    print_next(Places(Path("my org.sqlite"), Path("s")), steps, Path("m.gguf"), generated=False)
    out = capsys.readouterr().out
    assert "hpro leads --org 'my org.sqlite'" in out
    assert "--model m.gguf" in out
    odd = replace(outcome, queue=(replace(ROW, lead_id="-7"),))
    print_next(places_in(Path("a")), [replace(steps[0], outcome=odd)], None, generated=True)
    assert "hpro leads show --dir a -- -7  " in capsys.readouterr().out


def test_the_problems_of_a_pass_are_told_by_their_kind() -> None:
    assert problem_lines(PassReport(as_of=NOON, model_id="m")) == []
    problems = [
        *(Problem(lead_id=f"L{n}", code="X", message=f"Lead L{n}: no such stage") for n in range(3)),
        *(Problem(lead_id=f"N{n}", code="X", message=f"No number for lead N{n} in it.") for n in range(2)),
        *(Problem(lead_id=f"K{n}", code=f"TROUBLE_{n}") for n in range(4)),
    ]
    report = PassReport(as_of=NOON, model_id="m", problem_count=9, problems=tuple(problems))
    lines = problem_lines(report)
    assert lines[:3] == ["no such stage (3 leads)", "No number for a lead in it. (2 leads)", "TROUBLE_0 (1 lead)"]
    assert len(lines) == 6
    assert lines[-1] == "Partial: 9 leads could not be scored or written; --json lists them."
