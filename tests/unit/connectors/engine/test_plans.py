"""Plans: what they hold, and that applying one writes what a person saw and nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import count

import pytest
from sqlalchemy import func, select, update

from hpro_connectors.engine import ApplyReport, apply_plan, current_stop, make_plan
from hpro_connectors.errors import NetworkError
from hpro_connectors.state import MarkName, Plan, PlanStatus, RunKind
from hpro_connectors.state.schema import PLAN_ROWS, WRITTEN_ROWS
from hpro_connectors.testing import Crash, CrashPlace, CrashPoint, World
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import Band
from hpro_sdk.scoring.scorer import Scorer


def plan(world: World) -> Plan:
    world.clock.advance(seconds=300)
    made, _ = make_plan(world.connector, world.store, world.scorer, world.settings)
    return made


def apply(world: World, plan_id: int, *, dry_run: bool = False) -> ApplyReport:
    world.clock.advance(seconds=300)
    settings = dataclasses.replace(world.settings, dry_run=dry_run)
    return apply_plan(world.connector, world.store, world.scorer, plan_id, settings=settings)


def sent(world: World, since: int = 0) -> set[str]:
    return {row.lead.lead_id for row in world.connector.writes[since:]}


def status(world: World, plan_id: int) -> PlanStatus:
    made = world.store.plans.get(plan_id)
    assert made is not None
    return made.status


def test_a_plan_says_what_would_be_written_and_why(world: World) -> None:
    world.fill(8)
    world.run()
    shown = dict(world.company.shown)
    assert shown["L000"].band is Band.D
    world.company.change_lead("L000", fields={"visits": 60})
    world.company.change_lead("L003", stage="Lost")
    world.company.create_lead("new", fields={"visits": -5})
    world.clock.advance(seconds=300)
    made, report = make_plan(world.connector, world.store, world.scorer, world.settings)
    assert made.status is PlanStatus.OPEN
    assert (made.reasons["band"], made.reasons["clear"], made.reasons["new"]) == (1, 1, 1)
    assert made.rows == sum(made.reasons.values()) == report.to_write + report.to_clear
    assert made.band_changes == {"D to A": 1}
    assert (report.dry_run, report.written) == (True, 0)
    assert world.company.shown == shown
    sample = world.store.plans.sample(made.plan_id, 100)
    assert len(sample) == made.rows
    assert (sample[0].row.lead.lead_id, sample[0].reason, sample[0].row.rank) == ("L000", "band", 1)
    assert sample[0].before == shown["L000"]
    assert (sample[-1].row.lead.lead_id, sample[-1].clears, sample[-1].row.rank) == ("L003", True, None)
    (new,) = [row for row in sample if row.row.lead.lead_id == "new"]
    assert new.before is None
    assert [row.row.rank for row in sample[:-1]] == sorted(row.row.rank or 0 for row in sample[:-1])
    assert world.store.plans.sample(made.plan_id, 2) == sample[:2]
    (run,) = world.store.runs.newest(1)
    assert (run.kind, run.run_id) == (RunKind.PLAN, made.run_id)


def test_applying_writes_the_leads_of_the_plan_and_no_other(world: World) -> None:
    world.fill(6)
    world.run()
    world.company.change_lead("L000", fields={"visits": 60})
    world.company.change_lead("L002", stage="Lost")
    made = plan(world)
    planned = {row.row.lead.lead_id for row in world.store.plans.sample(made.plan_id, 100)}
    world.company.create_lead("later", fields={"visits": 70})
    before = len(world.connector.writes)
    done = apply(world, made.plan_id)
    assert sent(world, before) == planned
    assert "later" not in planned
    assert (done.skipped, done.report.to_clear, done.report.cleared) == (0, 1, 1)
    assert done.report.written == done.report.to_write == made.rows - 1
    assert done.report.reasons == made.reasons
    # As they are by now: the new lead passed all of them in rank, which is no reason to skip them.
    assert world.company.shown["L000"].rank == 2
    assert status(world, made.plan_id) is PlanStatus.APPLIED
    assert world.run().written >= 1
    assert world.company.shown["later"].rank == 1
    assert world.run().to_write == 0


def show_something_else(world: World) -> None:
    """What reading notes when it sees that our fields were changed."""
    with world.store.transactions.writing() as connection:
        connection.execute(update(WRITTEN_ROWS).where(WRITTEN_ROWS.c.lead_id == "L003").values(resend=True))


@pytest.mark.parametrize(
    "move",
    [
        pytest.param(lambda world: world.company.change_lead("L003", fields={"visits": 3.9}), id="score"),
        pytest.param(lambda world: world.company.change_lead("L003", fields={"visits": 90}), id="band"),
        pytest.param(lambda world: world.company.change_lead("L003", stage="Talking"), id="stage"),
        pytest.param(lambda world: world.company.change_lead("L003", stage="Lost"), id="closed"),
        pytest.param(lambda world: world.company.delete_lead("L003"), id="deleted"),
        pytest.param(lambda world: world.company.merge_leads("L003", "L000"), id="merged"),
        pytest.param(show_something_else, id="drift"),
    ],
)
def test_rows_that_moved_since_are_skipped(world: World, move: Callable[[World], None]) -> None:
    world.settings = dataclasses.replace(world.settings, score_epsilon=1.0)
    world.fill(6)
    world.run()
    for lead_id in ("L003", "L004"):
        world.company.change_lead(lead_id, fields={"visits": 7})
    made = plan(world)
    planned = {row.row.lead.lead_id for row in world.store.plans.sample(made.plan_id, 100)}
    assert {"L003", "L004"} <= planned
    move(world)
    before = len(world.connector.writes)
    done = apply(world, made.plan_id)
    assert done.skipped == 1
    assert sent(world, before) == planned - {"L003"}
    assert done.report.to_write == made.rows - 1
    world.run()
    assert world.run().to_write == 0  # the next pass wrote what it needed


def test_a_score_that_moved_by_less_than_epsilon_is_written_as_it_is_now(world: World) -> None:
    world.settings = dataclasses.replace(world.settings, score_epsilon=1.0)
    world.fill(3)
    made = plan(world)
    planned = {row.row.lead.lead_id: row.row for row in world.store.plans.sample(made.plan_id, 100)}
    world.company.change_lead("L001", fields={"visits": 1.1})
    done = apply(world, made.plan_id)
    assert (done.skipped, done.report.written) == (0, 3)
    assert world.company.shown["L001"].score != planned["L001"].score


def test_a_lead_that_was_to_be_cleared_and_is_ranked_again_is_skipped(world: World) -> None:
    world.fill(3)
    world.run()
    world.company.change_lead("L001", stage="Lost")
    made = plan(world)
    assert made.reasons["clear"] == 1
    world.company.change_lead("L001", stage="New")
    before = len(world.connector.writes)
    done = apply(world, made.plan_id)
    assert done.skipped >= 1
    assert "L001" not in sent(world, before)


def test_what_a_pass_wrote_meanwhile_is_skipped(world: World) -> None:
    world.fill(3)
    made = plan(world)
    assert world.run().written == 3
    done = apply(world, made.plan_id)
    assert (done.skipped, done.report.written, done.report.to_write) == (3, 0, 0)


def refused(world: World, plan_id: int, match: str) -> None:
    before = (len(world.connector.writes), world.store.runs.newest(1))
    with pytest.raises(ConfigError, match=match) as caught:
        apply(world, plan_id)
    assert caught.value.exit_code == 2
    assert before == (len(world.connector.writes), world.store.runs.newest(1))


def test_a_plan_is_applied_once(world: World) -> None:
    world.fill(3)
    made = plan(world)
    apply(world, made.plan_id)
    refused(world, made.plan_id, "applied already")


def test_a_plan_that_nobody_made_is_refused(world: World) -> None:
    world.fill(1)
    refused(world, 7, "no plan 7")


def test_a_plan_of_another_model_is_refused(world: World) -> None:
    world.fill(3)
    made = plan(world)
    world.scorer = Scorer(world.engine, MANIFEST, "hpro-other")
    refused(world, made.plan_id, "hpro-test; the model in use is hpro-other")
    assert status(world, made.plan_id) is PlanStatus.OPEN


def test_nothing_is_applied_during_a_pause(world: World) -> None:
    world.fill(3)
    made = plan(world)
    world.store.marks.set(MarkName.PAUSED, world.clock.now, "run 4 was rolled back")
    refused(world, made.plan_id, "run 4 was rolled back")
    world.store.marks.clear(MarkName.PAUSED)
    assert apply(world, made.plan_id).report.written == 3


def test_a_newer_plan_replaces_an_open_one_and_takes_another_number(world: World) -> None:
    world.fill(3)
    first = plan(world)
    world.company.create_lead("new", fields={"visits": 50})
    second = plan(world)
    assert second.plan_id != first.plan_id
    assert world.store.plans.sample(first.plan_id, 10) == []
    refused(world, first.plan_id, "replaced by a newer one")
    assert apply(world, second.plan_id).report.written == 4
    third = plan(world)
    assert third.plan_id not in {first.plan_id, second.plan_id}
    assert status(world, second.plan_id) is PlanStatus.APPLIED


def test_a_dry_run_applies_nothing(world: World) -> None:
    world.fill(3)
    made = plan(world)
    done = apply(world, made.plan_id, dry_run=True)
    assert (done.report.dry_run, done.report.to_write, done.report.written) == (True, 3, 0)
    assert world.connector.writes == []
    assert status(world, made.plan_id) is PlanStatus.OPEN
    assert not world.store.plans.is_confirmed("hpro-test")
    assert world.store.outbox.size() == 0
    assert apply(world, made.plan_id).report.written == 3


def test_a_plan_with_nothing_in_it_can_be_applied(world: World) -> None:
    world.fill(2)
    world.run()
    made = plan(world)
    assert (made.rows, made.band_changes) == (0, {})
    done = apply(world, made.plan_id)
    assert (done.skipped, done.report.to_write) == (0, 0)
    assert world.store.plans.is_confirmed("hpro-test")


def test_a_plan_needs_an_org_that_was_read_and_scored(world: World) -> None:
    world.fill(2)
    world.settings = dataclasses.replace(world.settings, stop=lambda: True)
    with pytest.raises(ConfigError, match="no plan yet"):
        plan(world)


def test_an_apply_that_is_cut_off_is_healed_by_the_next_pass(world: World) -> None:
    world.fill(6)
    world.settings = dataclasses.replace(world.settings, rails=True)
    made = plan(world)
    batches = count()

    def cut(_rows: object) -> None:
        if next(batches) == 1:
            raise NetworkError("The line is down.")

    world.connector.after_write = cut
    with pytest.raises(NetworkError):
        apply(world, made.plan_id)
    world.connector.after_write = lambda _rows: None
    refused(world, made.plan_id, "applied already")
    assert world.run().written == 3
    assert sorted(world.company.shown) == [f"L{number:03}" for number in range(6)]
    assert world.run().to_write == 0


def test_a_crash_while_applying_leaves_plan_stop_and_confirmation_of_one_mind(world: World) -> None:
    world.fill(3)
    world.settings = dataclasses.replace(world.settings, rails=True)
    world.run()
    made = plan(world)
    for number in count():
        with pytest.raises(Crash), CrashPoint(world.store.transactions, number, CrashPlace.AFTER):
            apply(world, made.plan_id)
        is_applied = status(world, made.plan_id) is PlanStatus.APPLIED
        assert world.store.plans.is_confirmed("hpro-test") is is_applied
        assert (current_stop(world.store) is None) is is_applied
        if is_applied:
            break
    assert number > 5
    assert world.store.outbox.size() == 3
    assert world.run().written == 3


def test_rows_of_an_applied_plan_are_kept_to_look_at(world: World) -> None:
    world.fill(3)
    made = plan(world)
    apply(world, made.plan_id)
    with world.store.transactions.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(PLAN_ROWS)) == 3
