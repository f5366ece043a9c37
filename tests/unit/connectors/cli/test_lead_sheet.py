"""All that is known of one lead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hpro_connectors.cli.lead_sheet import lead_sheet_json, print_lead_sheet, read_lead_sheet
from hpro_connectors.cli.places import Places
from hpro_connectors.demo import org_admin
from hpro_connectors.demo.generated_org import advance
from hpro_connectors.demo.scored_org import PassOutcome, ScoredOrg
from hpro_connectors.protocol import Page
from hpro_sdk.cli.output import to_json
from hpro_sdk.errors import DataError
from hpro_sdk.scoring.scorer import Scorer

MODEL = Path("m.gguf")


@pytest.fixture
def scored(demo: tuple[Places, ScoredOrg, PassOutcome], scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> ScoredOrg:
    monkeypatch.setattr("hpro_connectors.cli.lead_sheet.load_scorer", lambda _path: scorer)
    return demo[1]


@pytest.fixture
def best(demo: tuple[Places, ScoredOrg, PassOutcome]) -> str:
    return demo[2].queue[0].lead_id


def sheet_of(scored: ScoredOrg, lead_id: str) -> str:
    sheet = read_lead_sheet(scored.store, lead_id, MODEL, scored.org.clock())
    assert lead_id in to_json(lead_sheet_json(sheet))
    return "" if sheet.prompt is None else sheet.prompt.note


def test_the_prompt_is_the_one_that_was_scored(
    scored: ScoredOrg, best: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = read_lead_sheet(scored.store, best, MODEL, scored.org.clock())
    assert sheet.standing is not None
    assert sheet.prompt is not None
    assert sheet.prompt.note == ""
    assert sheet.prompt.text in scored.scorer._engine.evaluated  # type: ignore[attr-defined]
    print_lead_sheet(sheet)
    out = capsys.readouterr().out
    assert out.startswith(f"{best}: rank 1, score {sheet.standing.score:.2f}, band ")
    assert sheet.prompt.text.rstrip("\n") in out
    assert f"{sheet.history[-1].score:.2f}" in out


def test_scores_of_all_passes_are_listed(scored: ScoredOrg, best: str) -> None:
    org_admin.edit_field(scored.org, best, "web_visits", 77)
    advance(scored.org, 1)
    scored.run()
    history = read_lead_sheet(scored.store, best, MODEL, scored.org.clock()).history
    assert len(history) == 2
    assert history[1].scored_at == scored.org.clock()
    assert sheet_of(scored, best) == ""


def test_a_record_that_changed_since_is_said_to_have(scored: ScoredOrg, best: str) -> None:
    (stored,) = scored.store.load([best])
    later = stored.record.model_copy(update={"fields": {**stored.record.fields, "web_visits": 999}})
    scored.store.store_page(Page(upserts=(later,), complete=True), "lead", "lead", None)
    assert sheet_of(scored, best) == "The record has changed since: this is no longer the prompt that was scored."


def test_another_model_is_said_to_be_one(scored: ScoredOrg, best: str, scorer: Scorer) -> None:
    scorer.model_id = "hpro-other"
    assert sheet_of(scored, best) == "It was scored by hpro-arithmetic; this is what hpro-other would have seen."


def test_a_lead_that_is_won_cannot_be_compared(
    scored: ScoredOrg, best: str, capsys: pytest.CaptureFixture[str]
) -> None:
    org_admin.move_stage(scored.org, best, "won")
    scored.run()
    sheet = read_lead_sheet(scored.store, best, MODEL, scored.org.clock())
    assert sheet.standing is None
    assert sheet.prompt is not None
    assert "no longer open" in sheet.prompt.note
    print_lead_sheet(sheet)
    assert "is not ranked" in capsys.readouterr().out


def test_a_deleted_lead_has_scores_and_no_text(
    scored: ScoredOrg, best: str, capsys: pytest.CaptureFixture[str]
) -> None:
    org_admin.delete_lead(scored.org, best)
    scored.run()
    sheet = read_lead_sheet(scored.store, best, MODEL, scored.org.clock())
    assert sheet.history
    assert sheet.prompt is None
    print_lead_sheet(sheet)
    assert "erased" in capsys.readouterr().out


def test_text_of_a_lead_cannot_steer_the_terminal(
    scored: ScoredOrg, best: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = read_lead_sheet(scored.store, best, MODEL, scored.org.clock())
    assert sheet.prompt is not None
    print_lead_sheet(replace(sheet, lead_id="x\x1b[2J", prompt=replace(sheet.prompt, text="a\x1b]0;b\x07\n")))
    assert "\x1b" not in capsys.readouterr().out


def test_an_unknown_lead_is_one_line(scored: ScoredOrg) -> None:
    with pytest.raises(DataError, match="There is no lead 'nobody'") as caught:
        sheet_of(scored, "nobody")
    assert "\n" not in str(caught.value)


def test_without_a_model_there_is_no_prompt_of_an_org_that_is_not_invented(
    scored: ScoredOrg, best: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpro_connectors.cli.lead_sheet.is_demo_org", lambda _org_id: False)
    sheet = read_lead_sheet(scored.store, best, None, scored.org.clock())
    assert sheet.prompt is None
    assert "--model" in sheet.missing
