"""All that is known of one lead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hpro_connectors.cli.lead_sheet import LeadSheet, lead_sheet_json, print_lead_sheet, read_lead_sheet
from hpro_connectors.cli.places import Places
from hpro_connectors.cli.problems import problem_lines
from hpro_connectors.demo import org_admin
from hpro_connectors.demo.generated_org import advance
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.scored_org import PassOutcome, ScoredOrg, open_scored_org
from hpro_connectors.protocol import Page
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.cli.output import to_json
from hpro_sdk.errors import ConfigError, HproError, ModelLoadError
from hpro_sdk.scoring.scorer import Scorer

MODEL = Path("m.gguf")


@pytest.fixture
def scored(demo: tuple[Places, ScoredOrg, PassOutcome], scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> ScoredOrg:
    monkeypatch.setattr("hpro_connectors.cli.lead_sheet.load_scorer", lambda _path: scorer)
    return demo[1]


def use_opaque_stages(places: Places) -> None:
    """Let the org call its stages by ids and label them with the funnel's names, as some CRMs do."""
    with Org.open(places.org) as org, org.transaction() as connection:
        connection.execute("UPDATE stage SET label = name")
        connection.execute("UPDATE stage SET name = 's' || position")
        for table in ("lead", "stage_history"):
            connection.execute(f"UPDATE {table} SET stage = (SELECT name FROM stage WHERE label = {table}.stage)")


def move_to_unknown_stage(org: Org, lead_id: str) -> None:
    """Put a lead where neither the org nor the model knows it, as after an import by hand."""
    org_admin.edit_field(org, lead_id, "web_visits", 5)
    with org.transaction() as connection:
        connection.execute("UPDATE lead SET stage = 'limbo' WHERE lead_id = ?", (lead_id,))


@pytest.fixture
def best(demo: tuple[Places, ScoredOrg, PassOutcome]) -> str:
    return demo[2].queue[0].lead_id


def read(scored: ScoredOrg, lead_id: str, model: Path | None = MODEL) -> LeadSheet:
    last = scored.store.last_pass()
    assert last is not None
    return read_lead_sheet(scored.store, lead_id, model, last, description=scored.description, where=" --dir a")


def sheet_of(scored: ScoredOrg, lead_id: str) -> str:
    sheet = read(scored, lead_id)
    assert lead_id in to_json(lead_sheet_json(sheet))
    return "" if sheet.prompt is None else sheet.prompt.note


def test_the_prompt_is_the_one_that_was_scored(
    scored: ScoredOrg, best: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = read(scored, best)
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
    history = read(scored, best).history
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
    sheet = read(scored, best)
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
    sheet = read(scored, best)
    assert sheet.history
    assert sheet.prompt is None
    print_lead_sheet(sheet)
    assert "erased" in capsys.readouterr().out


def test_text_of_a_lead_cannot_steer_the_terminal(
    scored: ScoredOrg, best: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = read(scored, best)
    assert sheet.prompt is not None
    print_lead_sheet(replace(sheet, lead_id="x\x1b[2J", prompt=replace(sheet.prompt, text="a\x1b]0;b\x07\n")))
    assert "\x1b" not in capsys.readouterr().out


def test_an_unknown_lead_is_one_line(scored: ScoredOrg) -> None:
    with pytest.raises(ConfigError, match=r"There is no lead 'nobody'.*`hpro leads --dir a --top 100`") as caught:
        sheet_of(scored, "nobody")
    assert "\n" not in str(caught.value)


def test_without_a_model_there_is_no_prompt_of_an_org_that_is_not_invented(
    scored: ScoredOrg, best: str, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpro_connectors.cli.lead_sheet.is_demo_org", lambda _org_id: False)
    monkeypatch.setattr("hpro_connectors.cli.lead_sheet.bundled_model_path", lambda: MODEL)
    sheet = read(scored, best, None)
    assert sheet.prompt is not None  # the bundled model is the one that scored it
    assert sheet.prompt.note == ""
    scorer.model_id = "hpro-bundled"
    sheet = read(scored, best, None)
    assert sheet.prompt is None
    assert "hpro-arithmetic" in sheet.missing
    assert "--model" in sheet.missing


def _fail(error: HproError) -> Callable[[Path], Scorer]:
    def load(_path: Path) -> Scorer:
        raise error

    return load


@pytest.mark.parametrize("error", [ModelLoadError("It is damaged."), ConfigError("It is not there.")])
def test_without_a_model_everything_else_is_shown(
    scored: ScoredOrg,
    best: str,
    error: HproError,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("hpro_connectors.cli.lead_sheet.load_scorer", _fail(error))
    sheet = read(scored, best)
    assert sheet.standing is not None
    assert sheet.history
    print_lead_sheet(sheet)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{best}: rank 1, ")
    assert lines[-1] == f"There is no prompt to show: {error}"


def test_a_model_of_another_funnel_costs_the_prompt_alone(
    scored: ScoredOrg, best: str, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = Scorer(scorer._engine, MANIFEST, "hpro-foreign")
    monkeypatch.setattr("hpro_connectors.cli.lead_sheet.load_scorer", lambda _path: foreign)
    sheet = read(scored, best)
    assert sheet.standing is not None
    assert sheet.prompt is None
    assert "stage" in sheet.missing
    assert "\n" not in sheet.missing


def test_stages_that_the_model_knows_by_their_label_are_shown_as_it_saw_them(
    places: Places, scorer: Scorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpro_connectors.cli.lead_sheet.load_scorer", lambda _path: scorer)
    use_opaque_stages(places)
    with open_scored_org(*places, scorer) as opaque:
        row = opaque.run().queue[0]
        sheet = read(opaque, row.lead_id)
    assert sheet.prompt is not None, sheet.missing
    assert sheet.prompt.note == ""
    assert f"stage: {row.stage}" in sheet.prompt.text


def test_what_the_last_pass_could_not_score_is_told(
    scored: ScoredOrg, best: str, capsys: pytest.CaptureFixture[str]
) -> None:
    move_to_unknown_stage(scored.org, best)
    report = scored.run().report
    assert report.problem_count == 1
    sheet = read(scored, best)
    assert sheet.prompt is None
    assert "'limbo'" in sheet.missing
    print_lead_sheet(sheet)
    out = capsys.readouterr().out
    assert "The last pass had a problem with it: UnknownStageError." in out
    told, partial = problem_lines(report)
    assert told.startswith("The stage 'limbo' is not part of the funnel.")
    assert told.endswith("(1 lead)")
    assert partial.startswith("Partial: 1 lead could not be scored")
