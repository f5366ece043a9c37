"""Safety rails: what a person must look at before anything is written, and how a stop ends."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from hpro_connectors.engine import ApplyReport, StopCode, apply_plan, current_stop, make_plan
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state import MarkName, PlanStatus, RunStatus
from hpro_connectors.state.dead_letters import DeadLetterStatus
from hpro_connectors.testing import World
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.errors import ConfigError
from hpro_sdk.scoring.scorer import Scorer


@pytest.fixture
def railed(world: World) -> World:
    world.settings = dataclasses.replace(world.settings, rails=True)
    return world


def plan(world: World) -> int:
    world.clock.advance(seconds=300)
    made, _ = make_plan(world.connector, world.store, world.scorer, world.settings)
    return made.plan_id


def apply(world: World, plan_id: int) -> ApplyReport:
    world.clock.advance(seconds=300)
    return apply_plan(world.connector, world.store, world.scorer, plan_id, settings=world.settings)


def confirm(world: World) -> ApplyReport:
    return apply(world, plan(world))


def move_bands(world: World, count: int) -> None:
    """Bring some of the worst leads to the best band."""
    for row in world.store.queue()[-count:]:
        world.company.change_lead(row.lead_id, fields={"visits": 90})


def test_the_first_run_of_a_model_writes_nothing(railed: World) -> None:
    railed.fill(4)
    report = railed.run()
    assert (report.scored, report.open_leads, report.to_write, report.written) == (4, 4, 4, 0)
    assert report.stop_code == "new_model"
    assert "hpro plan" in (report.stop_reason or "")
    assert railed.connector.writes == []
    assert railed.store.outbox.size() == 0
    (run,) = railed.store.runs.newest(1)
    assert (run.status, run.code, run.reason) == (RunStatus.STOPPED, "new_model", report.stop_reason)


def test_reading_and_scoring_go_on_after_a_stop(railed: World) -> None:
    railed.fill(4)
    railed.run()
    railed.company.change_lead("L001", fields={"visits": 50})
    report = railed.run()
    assert (report.changed, report.scored, report.written, report.stop_code) == (1, 1, 0, "new_model")
    assert railed.store.queue()[0].lead_id == "L001"
    assert railed.connector.writes == []


def test_the_rail_keeps_ranks_from_being_taken_off_too(world: World) -> None:
    world.fill(3)
    world.run()
    world.settings = dataclasses.replace(world.settings, rails=True)
    world.company.change_lead("L001", stage="Lost")
    before = len(world.connector.writes)
    report = world.run()
    assert (report.to_clear, report.cleared, report.stop_code) == (1, 0, "new_model")
    assert len(world.connector.writes) == before


def test_only_a_plan_made_after_the_stop_ends_it(railed: World) -> None:
    railed.fill(4)
    early = plan(railed)
    stopped = railed.run().run_id
    with pytest.raises(ConfigError, match=f"before run {stopped} stopped") as caught:
        apply(railed, early)
    assert caught.value.exit_code == 2
    assert railed.connector.writes == []
    assert not railed.store.plans.is_confirmed("hpro-test")
    late = plan(railed)
    done = apply(railed, late)
    assert (done.skipped, done.report.written, done.report.stop_code) == (0, 4, None)
    assert current_stop(railed.store) is None
    assert railed.store.plans.is_confirmed("hpro-test")
    railed.company.change_lead("L001", fields={"visits": 1.5})
    assert railed.run().written >= 1


def test_a_clock_that_was_set_back_keeps_no_stop_alive(railed: World) -> None:
    railed.fill(2)
    early = plan(railed)
    railed.settings = dataclasses.replace(railed.settings, now=lambda: railed.clock.now + timedelta(days=999))
    railed.run()
    railed.settings = dataclasses.replace(railed.settings, now=lambda: railed.clock.now)
    with pytest.raises(ConfigError, match="before run"):
        apply(railed, early)
    assert confirm(railed).report.written == 2


def test_a_plan_that_no_stop_asked_for_confirms_the_model(railed: World) -> None:
    railed.fill(2)
    assert confirm(railed).report.written == 2
    railed.company.create_lead("new", fields={"visits": 5})
    assert railed.run().written == 3


def test_another_model_must_be_confirmed_again(railed: World) -> None:
    railed.fill(3)
    confirm(railed)
    first = railed.scorer
    railed.scorer = Scorer(railed.engine, MANIFEST, "hpro-other")
    before = len(railed.connector.writes)
    report = railed.run()
    assert (report.scored, report.stop_code, len(railed.connector.writes)) == (3, "new_model", before)
    assert "hpro-other" in (report.stop_reason or "")
    railed.scorer = first
    assert railed.run().stop_code == "new_model"  # a stop lasts until a person confirms
    assert confirm(railed).report.stop_code is None
    assert railed.run().stop_code is None


def test_up_to_thirty_percent_of_the_bands_may_change(railed: World) -> None:
    railed.fill(10)
    confirm(railed)
    move_bands(railed, 3)
    report = railed.run()
    assert (report.stop_code, report.reasons["band"]) == (None, 3)
    assert report.written == report.to_write


def test_more_than_thirty_percent_of_the_bands_stop_everything(railed: World) -> None:
    railed.fill(10)
    confirm(railed)
    move_bands(railed, 4)
    railed.company.create_lead("new", fields={"visits": 3})
    before = len(railed.connector.writes)
    report = railed.run()
    assert report.stop_code == "band_changes"
    assert "4 of the 10" in (report.stop_reason or "")
    assert len(railed.connector.writes) == before
    stop = current_stop(railed.store)
    assert stop is not None
    assert (stop.code, stop.run_id, stop.at) == (StopCode.BAND_CHANGES, report.run_id, railed.clock.now)
    assert railed.run().stop_code == "band_changes"
    done = confirm(railed)
    assert (done.skipped, done.report.stop_code) == (0, None)
    assert len({row.lead.lead_id for row in railed.connector.writes[before:]}) == 11
    assert railed.run().stop_code is None


def test_a_stop_ends_itself_for_nothing(railed: World) -> None:
    """Not even when the bands go back: a person was called, and looks."""
    railed.fill(10)
    confirm(railed)
    worst = [row.lead_id for row in railed.store.queue()[-4:]]
    visits = {lead_id: railed.company.leads[lead_id].fields["visits"] for lead_id in worst}
    move_bands(railed, 4)
    railed.run()
    for lead_id in worst:
        railed.company.change_lead(lead_id, fields={"visits": visits[lead_id]})
    assert railed.run().stop_code == "band_changes"
    done = confirm(railed)
    assert (done.report.to_write, done.report.stop_code) == (0, None)
    assert railed.run().stop_code is None


def test_bands_that_wait_as_dead_letters_stop_no_later_pass(railed: World) -> None:
    railed.fill(10)
    confirm(railed)
    worst = {row.lead_id: WriteStatus.REJECTED for row in railed.store.queue()[-4:]}
    move_bands(railed, 4)
    railed.run()
    railed.connector.answers = worst
    assert confirm(railed).report.dead == 4
    railed.company.create_lead("new", fields={"visits": 0.5})
    report = railed.run()
    assert (report.stop_code, report.reasons) == (None, {"new": 1})
    assert railed.company.shown["new"].rank is not None
    railed.store.dead_letters.set_status(DeadLetterStatus.REPLAY)
    assert railed.run().stop_code == "band_changes"  # now four bands would change


def test_a_pause_keeps_a_pass_from_writing(railed: World) -> None:
    railed.fill(4)
    confirm(railed)
    railed.store.marks.set(MarkName.PAUSED, railed.clock.now, "somebody asked for it")
    railed.company.change_lead("L000", fields={"visits": 50})
    before = len(railed.connector.writes)
    report = railed.run()
    assert (report.scored, report.stop_code, report.stop_reason) == (1, "paused", "somebody asked for it")
    assert len(railed.connector.writes) == before
    railed.store.marks.clear(MarkName.PAUSED)
    assert railed.run().written >= 1


def test_without_rails_nothing_stops(world: World) -> None:
    world.fill(10)
    assert world.run().written == 10
    move_bands(world, 8)
    report = world.run()
    assert (report.stop_code, report.written) == (None, report.to_write)


def test_a_dry_run_stops_nobody(railed: World) -> None:
    railed.fill(3)
    assert railed.run(dry_run=True).stop_code is None
    assert current_stop(railed.store) is None
    made = plan(railed)
    assert current_stop(railed.store) is None
    found = railed.store.plans.get(made)
    assert found is not None
    assert found.status is PlanStatus.OPEN
