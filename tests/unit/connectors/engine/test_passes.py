"""Passes over a company in memory: what is scored, what is written, and when nothing is."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from hpro_connectors.engine import PassReport, run_pass
from hpro_connectors.errors import SafetyRailError
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.protocol import StageInfo, WriteResult, WriteStatus
from hpro_connectors.state import StateStore
from hpro_connectors.testing import World
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.errors import ModelFitError
from hpro_sdk.lead import OutcomeResult
from hpro_sdk.ranking import rank_leads
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.snapshots import take_snapshot


def quiet(report: PassReport) -> bool:
    return not (report.model_calls or report.scored or report.to_write or report.to_clear or report.problem_count)


def test_the_first_pass_scores_and_writes_every_open_lead(world: World) -> None:
    ids = world.fill(8)
    world.company.change_lead("L002", stage="Talking")
    report = world.run()
    assert (report.changed, report.scored, report.model_calls, report.written, report.open_leads) == (8, 8, 8, 8, 8)
    assert report.as_of == world.clock.now - timedelta(seconds=8)  # each write was a change a second later
    shown = world.company.shown
    assert sorted(shown) == ids
    leads = [lead for lead_id in ids if (lead := world.store.lead(lead_id, MANIFEST.funnel.resolve)) is not None]
    for expected in rank_leads(Scorer(world.engine, MANIFEST, "hpro-test").score(leads, as_of=report.as_of)):
        row = shown[expected.lead_id]
        assert (row.rank, row.stage_rank, row.stage_size, row.band, row.model) == (
            expected.rank,
            expected.stage_rank,
            expected.stage_size,
            expected.band,
            "hpro-test",
        )
        assert row.score is not None
        assert abs(float(row.score) - expected.score) <= 0.005 + 1e-9
        assert (row.trend, row.scored_at) == (Trend.NOT_ENOUGH_INFORMATION, report.as_of)
    assert world.store.last_pass() == report
    assert report.calls == world.connector.limits().calls


def test_a_second_pass_does_nothing_although_our_own_writes_were_changes(world: World) -> None:
    world.fill(8)
    world.run()
    before = dict(world.company.leads)
    report = world.run()
    assert quiet(report)
    assert report.read >= 8  # they did come again
    assert report.changed == report.due == 0
    assert report.unchanged == 8
    assert world.company.leads == before


def test_one_change_is_one_model_call(world: World) -> None:
    world.fill(8)
    world.run()
    world.company.change_lead("L003", fields={"visits": 55})
    report = world.run()
    assert (report.changed, report.scored, report.model_calls) == (1, 1, 1)
    assert world.company.shown["L003"].rank == 1
    world.company.log_interaction("I900", person_ids=("P004",), text="found by the person alone")
    report = world.run()
    assert (report.changed, report.model_calls) == (1, 1)
    assert "found by the person alone" in world.engine.evaluated[-1]
    world.company.edit_interaction("I900", "said better")
    world.run()
    assert "said better" in world.engine.evaluated[-1]
    lead = world.store.lead("L004")
    assert lead is not None
    versions = next(i for i in lead.interactions if i.interaction_id == "I900").text_versions
    assert [version.text for version in versions] == ["found by the person alone", "said better"]
    assert take_snapshot(lead, versions[1].stored_at - timedelta(seconds=1)).interactions[0].text.startswith("found")
    world.company.delete_interaction("I900")
    assert world.run().model_calls == 1
    assert "said better" not in world.engine.evaluated[-1]


def test_silent_days_score_exactly_the_leads_whose_prompt_changed(world: World) -> None:
    ids = world.fill(9)
    for number in range(4, 9):
        world.company.log_interaction(f"old{number}", ids[number], days_ago=400)
    world.run()
    for days in (0.5, 0.6, 2, 30, 1):
        before = {lead_id: prompt_of(world, lead_id) for lead_id in ids}
        world.clock.advance(days=days)
        evaluated = len(world.engine.evaluated)
        report = world.run()
        world.clock.now, later = report.as_of, world.clock.now
        expected = {text for lead_id in ids if (text := prompt_of(world, lead_id)) != before[lead_id]}
        world.clock.now = later
        assert set(world.engine.evaluated[evaluated:]) == expected
        assert report.model_calls == len(expected)
    assert len(world.engine.evaluated) > len(ids)


def prompt_of(world: World, lead_id: str) -> str:
    lead = world.store.lead(lead_id, MANIFEST.funnel.resolve)
    assert lead is not None
    return world.scorer.render(take_snapshot(lead, world.clock.now)).text


def test_another_model_scores_every_lead_again(world: World) -> None:
    world.fill(5)
    world.run()
    world.scorer = Scorer(world.engine, MANIFEST, "hpro-other")
    report = world.run()
    assert (report.changed, report.due, report.scored, report.written) == (0, 5, 5, 5)
    assert {row.model for row in world.company.shown.values()} == {"hpro-other"}
    assert quiet(world.run())


def trend(world: World) -> Trend | None:
    return world.company.shown["L000"].trend


def test_trends_move_without_a_new_score(world: World) -> None:
    world.fill(3)
    world.run()
    world.clock.advance(days=3)
    world.company.change_lead("L000", fields={"visits": 30})
    world.run()
    assert trend(world) is Trend.NOT_ENOUGH_INFORMATION
    world.clock.advance(days=3.9)
    world.run()
    assert trend(world) is Trend.NOT_ENOUGH_INFORMATION
    world.clock.advance(days=0.2)
    world.run()
    assert trend(world) is Trend.IMPROVING
    world.clock.advance(days=3)
    world.run()
    assert trend(world) is Trend.STEADY
    world.company.change_lead("L000", fields={"visits": 0})
    world.run()
    assert trend(world) is Trend.DECLINING


def test_a_dry_run_writes_nothing_and_says_what_it_would(world: World) -> None:
    world.fill(4)
    report = world.run(dry_run=True)
    assert (report.dry_run, report.to_write, report.written) == (True, 4, 0)
    assert world.connector.writes == []
    assert world.run().written == 4


def test_a_bad_lead_stops_no_other(world: World) -> None:
    world.fill(6)
    world.company.create_lead("bad-stage", stage="Nowhere")
    world.company.create_lead("bad-words", fields={"visits": 1})
    world.company.log_interaction("I-bad", "bad-words", text="poison")
    report = world.run()
    assert (report.scored, report.written, report.open_leads) == (6, 6, 6)
    assert {problem.lead_id for problem in report.problems} == {"bad-stage", "bad-words"}
    assert not any("poison" in problem.message for problem in report.problems)
    for _ in range(2):
        again = world.run()
        assert (again.problem_count, again.written, again.model_calls) == (2, 0, 0)
        assert {problem.lead_id for problem in again.problems} == {"bad-stage", "bad-words"}
    world.company.change_lead("bad-words", fields={"visits": 2})
    assert world.run().model_calls == 2  # together, then alone
    assert world.run().model_calls == 0
    world.scorer = Scorer(world.engine, MANIFEST, "hpro-other")
    assert world.run().problem_count == 2
    assert "poison" in world.engine.evaluated[-1]
    assert world.run().model_calls == 0
    world.company.change_lead("bad-stage", stage="Offer")
    world.company.edit_interaction("I-bad", "fine")
    assert world.run().written >= 2
    assert {"bad-stage", "bad-words"} <= set(world.company.shown)


def test_the_queue_is_the_ranking(world: World) -> None:
    world.fill(7)
    world.company.change_lead("L006", stage="Offer")
    world.run()
    queue = world.store.queue()
    assert [row.rank for row in queue] == list(range(1, 8))
    assert [row.lead_id for row in world.store.queue(limit=2)] == [row.lead_id for row in queue[:2]]
    (offer,) = world.store.queue(stage="offer")
    assert (offer.lead_id, offer.stage_rank, offer.stage_size, offer.owner_id) == ("L006", 1, 1, "rep-1")
    assert offer.last_interaction_at == world.company.interactions["I006"].occurred_at
    for row in queue:
        assert row in world.store.queue(band=row.band)


def test_another_org_is_refused_before_anything_is_read(world: World) -> None:
    world.fill(2)
    world.run()
    world.company.identity = world.company.identity.model_copy(update={"org_id": "another-org"})
    writes, reports = len(world.connector.writes), world.store.last_pass()
    with pytest.raises(SafetyRailError, match=r"memory-org.*another-org") as caught:
        world.run()
    assert caught.value.exit_code == 2
    assert len(world.connector.writes) == writes
    assert world.store.last_pass() == reports


@pytest.mark.parametrize(
    "stages",
    [
        ("Talking", "New", "Offer"),
        ("New", "Talking"),
        ("New", "Talking", "Offer", "Unheard"),
    ],
)
def test_a_model_of_another_funnel_is_refused_before_anything_is_read(world: World, stages: tuple[str, ...]) -> None:
    world.fill(2)
    closed = [StageInfo(name="Won", label="Won", result=OutcomeResult.WON)]
    infos = (*(StageInfo(name=name, label=name) for name in stages), *closed)
    world.company.description = world.company.description.model_copy(update={"stages": infos})
    with pytest.raises(ModelFitError) as caught:
        world.run()
    assert caught.value.exit_code == 2
    assert world.connector.writes == []
    assert world.store.standings() == []
    assert world.store.cursor("Lead").cursor is None


def test_a_model_of_another_object_is_refused(world: World) -> None:
    world.fill(1)
    world.scorer = Scorer(world.engine, MANIFEST.model_copy(update={"object_type": "contact"}), "hpro-test")
    with pytest.raises(ModelFitError, match="contact"):
        world.run()


def test_progress_is_told(world: World, tmp_path: Path) -> None:
    world.fill(3)
    world.clock.advance(seconds=300)
    told: dict[str, int] = {}
    with StateStore.open(tmp_path / "other.db") as store:
        run_pass(
            world.connector,
            store,
            world.scorer,
            world.settings,
            progress=lambda what, done: told.__setitem__(what, told.get(what, 0) + done),
        )
    assert told == {"Lead": 3, "Interaction": 3, "History": 3, "score": 3, "write": 3}


def test_scoring_is_told_from_its_beginning_and_in_small_steps(world: World) -> None:
    world.fill(150)
    world.clock.advance(seconds=300)
    told: list[tuple[str, int]] = []
    run_pass(world.connector, world.store, world.scorer, progress=lambda what, done: told.append((what, done)))
    scoring = [done for what, done in told if what == "score"]
    assert scoring[0] == 0
    assert sum(scoring) == 150
    assert max(scoring) <= 64
    # Nothing else is told in between: the bar of scoring stands alone.
    first = told.index(("score", 0))
    assert {what for what, _ in told[first : first + len(scoring)]} == {"score"}


def test_the_stored_report_has_no_words_of_the_crm(world: World, tmp_path: Path) -> None:
    world.fill(4)
    world.company.create_lead("odd", stage="SECRETSTAGE")
    write = world.connector.write

    def refusing(rows: Sequence[ScoreRow]) -> list[WriteResult]:
        answers = {"L001": ("FIELD_INTEGRITY", "SECRETMESSAGE"), "L002": ("SECRET CODE with words", None)}
        return [
            WriteResult(
                lead=row.lead,
                status=WriteStatus.REJECTED,
                code=answers[row.lead.lead_id][0],
                message=answers[row.lead.lead_id][1],
            )
            if row.lead.lead_id in answers
            else write([row])[0]
            for row in rows
        ]

    world.connector.write = refusing  # type: ignore[method-assign]
    report = world.run()
    assert "SECRETMESSAGE" in " ".join(problem.message for problem in report.problems)
    stored = world.store.last_pass()
    assert stored is not None
    assert {(problem.lead_id, problem.code, problem.message) for problem in stored.problems} == {
        ("L001", "FIELD_INTEGRITY", ""),
        ("L002", "rejected", ""),
        ("odd", "UnknownStageError", ""),
    }
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        kept = connection.execute("SELECT report FROM runs").fetchall()
    assert kept
    assert "SECRET" not in str(kept)
