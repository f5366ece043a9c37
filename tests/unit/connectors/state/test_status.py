"""How an org stands: fresh or stale, stopped, paused, running, failed, and what is said about it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from hpro_connectors.engine import run_pass
from hpro_connectors.engine.rollback import roll_back
from hpro_connectors.errors import NetworkError
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state import MarkName, RunKind, RunStatus
from hpro_connectors.state.lease import Lease
from hpro_connectors.state.status import (
    OrgStatus,
    duration_words,
    last_whole_pass,
    status_before_the_first_pass,
    status_of,
)
from hpro_connectors.testing import World

DAY = timedelta(hours=26)


def status(world: World, max_age: timedelta = DAY) -> OrgStatus:
    return status_of(world.store, world.clock.now, max_age)


def test_before_the_first_pass_an_org_is_stale(world: World) -> None:
    found = status(world)
    assert (found.stale, found.healthy, found.last_pass, found.org, found.model) == (True, False, None, None, None)
    assert found.reasons == (
        "Stale: no pass has read and scored everything yet. Run `hpro run --once`, or leave `hpro serve` running.",
    )
    assert not found.notes
    without_a_file = status_before_the_first_pass(world.clock.now)
    assert found == without_a_file


def test_after_a_pass_it_is_healthy_until_that_is_too_long_ago(world: World) -> None:
    world.fill(3)
    world.run()
    began = world.store.runs.newest(1)[0].started_at
    world.clock.now = began + DAY
    found = status(world)
    assert found.healthy
    assert not found.reasons
    assert not found.notes
    assert found.last_pass is not None
    assert found.last_pass.started_at == began
    assert found.last_pass.age_s == DAY.total_seconds()
    assert (found.leads_open, found.outbox, found.dead_letters, found.model) == (3, 0, 0, "hpro-test")
    assert found.org == world.company.identity.org_id
    world.clock.advance(seconds=60)
    stale = status(world)
    assert (stale.stale, stale.healthy) == (True, False)
    (reason,) = stale.reasons
    assert reason == (
        "Stale: the last whole pass began 1 d 2 h ago, more than 1 d 2 h. "
        "Run `hpro run --once`, or leave `hpro serve` running."
    )
    assert status(world, timedelta(days=2)).healthy


def test_a_stop_of_a_safety_rail_is_told_with_its_reason_and_the_remedy_once(world: World) -> None:
    world.fill(3)
    world.settings = dataclasses.replace(world.settings, rails=True)
    world.run()
    found = status(world)
    assert (found.stale, found.healthy) == (False, False)
    assert found.last_pass is not None
    assert found.last_pass.status is RunStatus.STOPPED
    assert found.stopped is not None
    assert found.stopped.since == world.clock.now
    (reason,) = found.reasons
    assert reason == (
        f"Stopped: a safety rail keeps passes from writing since {world.clock.now:%Y-%m-%d %H:%M} UTC "
        "(nobody has confirmed the first writes of the model hpro-test). "
        "Look at it with `hpro plan`, then confirm it with `hpro apply --plan ID`."
    )


def test_a_rollback_pauses(world: World) -> None:
    world.fill(3)
    first = world.run()
    roll_back(world.connector, world.store, first.run_id, world.settings)
    found = status(world)
    assert not found.healthy
    assert found.paused is not None
    (reason,) = found.reasons
    assert reason == (
        f"Paused: passes do not write since {world.clock.now:%Y-%m-%d %H:%M} UTC "
        f"(run {first.run_id} was rolled back). `hpro resume` lets them."
    )


@pytest.mark.parametrize("value", [None, "12 of 100 leads", '["odd"]', '{"leads": 12}'])
def test_missing_leads_wait_for_a_person(world: World, value: str | None) -> None:
    world.run()
    world.store.marks.set(MarkName.MISSING, world.clock.now, value)
    found = status(world)
    assert not found.healthy
    assert found.missing is not None
    assert found.missing.reason == value
    (reason,) = found.reasons
    assert "--confirm-missing" in reason


def test_several_reasons_are_all_told(world: World) -> None:
    for name in (MarkName.STOPPED, MarkName.PAUSED, MarkName.MISSING):
        world.store.marks.set(name)
    assert [reason.partition(":")[0] for reason in status(world).reasons] == ["Stale", "Stopped", "Paused", "Missing"]


def test_a_failed_run_is_told_until_a_pass_comes_through(world: World) -> None:
    world.fill(3)
    world.run()

    def fail(*_: object) -> None:
        raise NetworkError("The CRM cannot be reached.")

    world.connector.before_page = fail
    with pytest.raises(NetworkError):
        world.run()
    found = status(world)
    assert found.healthy
    assert found.last_failure is not None
    assert (found.last_failure.code, found.last_failure.status) == ("NetworkError", RunStatus.FAILED)
    failed = f"Run {found.last_failure.run_id} failed (NetworkError: The CRM cannot be reached.)."
    assert found.notes == (f"{failed} The next pass goes on from there.",)
    (reason,) = status(world, timedelta(seconds=1)).reasons
    assert failed in reason
    assert not status(world, timedelta(seconds=1)).notes
    world.connector.before_page = lambda _stream, _number: None
    world.run()
    assert status(world).last_failure is None


def test_a_run_that_was_cut_off_is_told(world: World) -> None:
    run_id = world.store.runs.begin(RunKind.PASS, world.clock.now)
    world.store.runs.begin(RunKind.PASS, world.clock.now)
    found = status(world)
    assert found.last_failure is not None
    assert found.last_failure.status is RunStatus.INTERRUPTED
    assert f"Run {run_id} was cut off." in found.reasons[0]


def test_a_run_is_running_only_while_a_process_holds_the_org(world: World) -> None:
    world.store.runs.begin(RunKind.PASS, world.clock.now)
    assert status(world).running is None
    with Lease.acquire(
        world.store.path, now=lambda: world.clock.now, owner="box:77:a", wait=lambda ended, _s: ended.wait()
    ):
        found = status(world)
        assert found.running is not None
        assert found.running.process == "process 77 on box"
        assert found.running.kind is RunKind.PASS
        world.clock.advance(seconds=60)
        assert status(world).running is None
    assert status(world).running is None


def test_what_the_crm_refused_and_what_waits_is_counted(world: World) -> None:
    ids = world.fill(4)
    world.connector.answers = {ids[0]: WriteStatus.REJECTED, ids[1]: WriteStatus.RETRY}
    world.run()
    found = status(world)
    assert (found.dead_letters, found.outbox, found.healthy) == (1, 1, True)
    assert found.notes == ("The CRM refused 1 row; see `hpro deadletter list`.",)


def test_only_whole_passes_that_were_no_dry_runs_count(world: World) -> None:
    world.fill(3)
    first = world.run()
    world.run(dry_run=True)
    world.settings = dataclasses.replace(world.settings, stop=lambda: True)
    world.run()
    found = last_whole_pass(world.store)
    assert found is not None
    assert found.run_id == first.run_id
    assert [run.run_id for run in world.store.runs.newest(9)] == [3, 2, 1]


def test_a_pass_without_a_model_counts_and_says_so(world: World) -> None:
    world.fill(3)
    world.clock.advance(seconds=300)
    run_pass(world.connector, world.store, None, world.settings)
    found = status(world)
    assert found.healthy
    assert found.model is None
    assert found.notes == ("No model is in use: passes only read. Train one with `hpro model train`.",)


def test_it_goes_through_json_and_back(world: World) -> None:
    world.fill(3)
    world.run()
    world.store.marks.set(MarkName.PAUSED, world.clock.now, "a person")
    found = status(world)
    assert OrgStatus.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(0), "less than a minute"),
        (timedelta(minutes=3, seconds=59), "3 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=1, minutes=5), "1 h 5 min"),
        (timedelta(days=2, minutes=5), "2 d"),
        (timedelta(days=1200, hours=3), "1,200 d 3 h"),
    ],
)
def test_lengths_of_time_in_words(length: timedelta, words: str) -> None:
    assert duration_words(length) == words
