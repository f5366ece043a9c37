"""Taking a run back: what stood in the CRM before it stands there again, and stays until a person resumes."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest

from hpro_connectors.engine import PassReport, StopCode, current_stop, roll_back
from hpro_connectors.errors import NetworkError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state import MarkName, RunKind, RunStatus
from hpro_connectors.testing import World
from hpro_sdk.errors import ConfigError


def take_back(world: World, run_id: int, *, dry_run: bool = False) -> PassReport:
    world.clock.advance(seconds=300)
    settings = dataclasses.replace(world.settings, dry_run=dry_run)
    return roll_back(world.connector, world.store, run_id, settings)


def resume(world: World) -> None:
    world.store.marks.clear(MarkName.PAUSED)


def empty(world: World, lead_id: str) -> ScoreRow:
    return ScoreRow(lead=world.company.key(lead_id))


def last_run(world: World) -> int:
    (run,) = world.store.runs.newest(1)
    return run.run_id


def lose_the_answer(world: World) -> int:
    """Run a pass whose first batch the CRM takes without an answer; give its number."""

    def cut(_rows: object) -> None:
        raise NetworkError("The line is down.")

    world.connector.after_write = cut
    with pytest.raises(NetworkError):
        world.run()
    world.connector.after_write = lambda _rows: None
    return last_run(world)


def test_the_old_values_come_back_and_leads_written_first_are_cleared(world: World) -> None:
    world.fill(6)
    world.run()
    before = dict(world.company.shown)
    world.company.change_lead("L000", fields={"visits": 60}, stage="Talking")
    world.company.change_lead("L005", stage="Lost")
    world.company.create_lead("new", fields={"visits": 70})
    bad = world.run()
    changed = {lead_id for lead_id, row in world.company.shown.items() if row != before.get(lead_id)}
    assert {"L000", "L005", "new"} <= changed
    report = take_back(world, bad.run_id)
    assert (report.to_write, report.written) == (len(changed), len(changed))
    assert report.reasons == {"rollback": len(changed)}
    assert world.company.shown == before | {"new": empty(world, "new")}
    written = {lead_id: row.row for lead_id, row in world.store.written_rows().items()}
    assert written == world.company.shown
    assert not any(row.resend for row in world.store.written_rows().values())
    (run,) = world.store.runs.newest(1)
    assert (run.kind, run.status) == (RunKind.ROLLBACK, RunStatus.DONE)


def test_writing_pauses_until_a_person_resumes(world: World) -> None:
    world.fill(4)
    bad = world.run()
    take_back(world, bad.run_id)
    stop = current_stop(world.store)
    assert stop is not None
    assert stop.code is StopCode.PAUSED
    assert f"run {bad.run_id}" in stop.reason
    before = len(world.connector.writes)
    report = world.run()
    assert (report.stop_code, report.to_write, report.written) == ("paused", 4, 0)
    assert len(world.connector.writes) == before
    resume(world)
    assert world.run().written == 4
    assert [world.company.shown[row.lead_id].rank for row in world.store.queue()] == [1, 2, 3, 4]
    assert world.run().to_write == 0


def test_an_older_run_is_taken_back_whatever_came_later(world: World) -> None:
    world.fill(4)
    world.run()
    before = world.company.shown["L000"]
    world.company.change_lead("L000", fields={"visits": 60})
    bad = world.run()
    world.company.change_lead("L000", fields={"visits": 70})
    world.run()
    take_back(world, bad.run_id)
    assert world.company.shown["L000"] == before


def test_a_run_whose_answer_was_lost_can_be_taken_back(world: World) -> None:
    world.fill(4)
    bad = lose_the_answer(world)
    assert len(world.company.shown) == 3  # the CRM took them
    report = take_back(world, bad)
    assert report.written == 3
    assert all(row == empty(world, lead_id) for lead_id, row in world.company.shown.items())
    resume(world)
    assert world.run().written == 4


@pytest.mark.parametrize("arrived", [True, False])
def test_the_run_that_sent_again_what_was_lost_restores_what_stood_before_both(world: World, arrived: bool) -> None:
    world.fill(3)
    world.run()
    before = dict(world.company.shown)
    world.company.change_lead("L000", fields={"visits": 60})
    first = lose_the_answer(world)
    if not arrived:
        world.company.shown = dict(before)
    world.connector.answers = {"L000": WriteStatus.REJECTED}  # between them, one more that changed nothing
    world.run()
    world.connector.answers = {}
    world.company.change_lead("L000", fields={"visits": 61})
    second = world.run().run_id
    assert world.company.shown["L000"] != before["L000"]
    take_back(world, second)
    assert world.company.shown["L000"] == before["L000"]
    resume(world)
    world.run()
    assert world.company.shown["L000"] != before["L000"]
    take_back(world, first)
    assert world.company.shown == before
    lines = world.store.journal.of_lead("L000")
    assert lines[-1].old is None
    assert [line.result for line in lines if line.run_id == first] == [None]


def test_rows_that_a_run_sent_twice_go_back_to_what_stood_before_the_first_time(world: World) -> None:
    world.fill(2)
    world.run()
    before = dict(world.company.shown)
    world.company.change_lead("L000", fields={"visits": 60})
    world.connector.answers = {"L000": WriteStatus.RETRY}
    world.connector.after_write = lambda _rows: world.connector.answers.clear()
    now = world.clock.now

    def passing() -> datetime:
        nonlocal now
        now += timedelta(seconds=40)
        return now

    settings = world.settings
    world.settings = dataclasses.replace(settings, now=passing)
    bad = world.run()
    world.settings = settings
    assert len(world.store.journal.of_lead("L000")) == 3
    take_back(world, bad.run_id)
    assert world.company.shown == before


def test_rows_that_were_refused_in_the_run_are_left_alone(world: World) -> None:
    world.fill(3)
    world.connector.answers = {"L001": WriteStatus.REJECTED}
    bad = world.run()
    world.connector.answers = {}
    before = len(world.connector.writes)
    take_back(world, bad.run_id)
    assert {row.lead.lead_id for row in world.connector.writes[before:]} == {"L000", "L002"}


def test_leads_that_were_deleted_since_are_left_alone(world: World) -> None:
    world.fill(3)
    bad = world.run()
    world.company.delete_lead("L001")
    world.run()
    before = len(world.connector.writes)
    report = take_back(world, bad.run_id)
    assert report.gone == 0
    assert {row.lead.lead_id for row in world.connector.writes[before:]} == {"L000", "L002"}


def test_a_rollback_that_was_cut_off_is_run_again(world: World) -> None:
    world.fill(4)
    bad = world.run()
    world.connector.answers = {"L001": WriteStatus.RETRY}
    report = take_back(world, bad.run_id)
    assert (report.written, report.rejected, report.waiting) == (3, 1, 1)
    world.connector.answers = {}
    before = len(world.connector.writes)
    assert world.run().stop_code == "paused"
    assert len(world.connector.writes) == before
    report = take_back(world, bad.run_id)
    assert (report.written, report.waiting) == (4, 0)
    assert all(row == empty(world, lead_id) for lead_id, row in world.company.shown.items())


def test_what_is_left_of_a_rollback_is_not_sent_after_a_resume(world: World) -> None:
    world.fill(4)
    bad = world.run()
    shown = dict(world.company.shown)
    world.connector.answers = dict.fromkeys(world.company.leads, WriteStatus.RETRY)
    assert take_back(world, bad.run_id).waiting == 4
    world.connector.answers = {}
    resume(world)
    before = len(world.connector.writes)
    report = world.run()
    assert (report.to_write, report.waiting, len(world.connector.writes)) == (0, 0, before)
    assert world.company.shown == shown


def test_a_dry_run_takes_nothing_back(world: World) -> None:
    world.fill(3)
    bad = world.run()
    shown = dict(world.company.shown)
    report = take_back(world, bad.run_id, dry_run=True)
    assert (report.dry_run, report.to_write, report.written, report.waiting) == (True, 3, 0, 0)
    assert world.company.shown == shown
    assert current_stop(world.store) is None


def test_a_run_that_is_unknown_or_wrote_nothing_pauses_nothing(world: World) -> None:
    world.fill(2)
    world.run()
    quiet = world.run()
    with pytest.raises(ConfigError, match="no run 99"):
        take_back(world, 99)
    with pytest.raises(ConfigError, match="wrote nothing") as caught:
        take_back(world, quiet.run_id)
    assert caught.value.exit_code == 2
    assert current_stop(world.store) is None
