"""Many rows by a Bulk job: what became of each, byte for byte, and no row lost or sent twice whatever happens to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.emulators.salesforce.wire.faults import FAULTS
from hpro_connectors.errors import NetworkError, RunStoppedError, ServerError
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.protocol import WriteResult, WriteStatus
from hpro_connectors.testing import Crash
from hpro_sdk.lead import Band

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.writing.conftest import WritingWorld

WRITTEN, RETRY, REJECTED, GONE, SKIPPED = (
    WriteStatus.WRITTEN,
    WriteStatus.RETRY,
    WriteStatus.REJECTED,
    WriteStatus.GONE,
    WriteStatus.SKIPPED,
)
MODEL = 'Modèle "été"\nzwei, 😀'


def statuses(results: list[WriteResult]) -> list[WriteStatus]:
    return [result.status for result in results]


def jobs_made(world: WritingWorld) -> int:
    return len(world.asked("/jobs/ingest$", "POST"))


def rest_calls(world: WritingWorld) -> int:
    return len(world.asked("composite/sobjects", "PATCH"))


def test_all_values_arrive_and_empty_ones_clear(world: WritingWorld) -> None:
    at = datetime(2026, 3, 1, 11, 59, 58, tzinfo=UTC)
    row = {"score": 12.5, "band": Band.A, "trend": Trend.NOT_ENOUGH_INFORMATION, "model": MODEL, "scored_at": at}
    rows = world.rows(25, **row, stage_rank=3, stage_size=9)
    assert set(statuses(world.write(rows))) == {WRITTEN}
    shown = world.connector().read_back(world.lead_ids)
    assert {lead_id: shown[lead_id] for lead_id in world.lead_ids} == {
        one.lead.lead_id: ScoreRow(**dict(one)) for one in rows
    }
    cleared = [one.model_copy(update={"rank": None, "stage_rank": None, "stage_size": None}) for one in rows]
    assert set(statuses(world.write(cleared))) == {WRITTEN}
    held = world.connector().read_back(world.lead_ids)[world.lead_ids[3]]
    assert held is not None
    assert (held.rank, held.stage_size, held.model, held.score) == (None, None, MODEL, rows[3].score)
    assert (jobs_made(world), rest_calls(world)) == (2, 0)
    assert world.emulator.ingest.held == ()
    assert not world.is_noted()


def test_row_29_failed_and_unprocessed_rows_are_told_apart_byte_for_byte(world: WritingWorld) -> None:
    rows = world.rows(30, model=MODEL)
    ids = world.lead_ids
    world.org.delete("Lead", ids[1])
    world.org.convert_lead(ids[2])
    world.org.rules.add_validation("Lead", 'Nein: "3",\nnie, é 😀.', {"LastName": "L3"}, field="HPRO_Model__c")
    world.emulator.ingest.unprocessed = 4
    results = world.write(rows)
    assert [result.lead for result in results] == [row.lead for row in rows]
    assert statuses(results) == [WRITTEN, GONE, SKIPPED, REJECTED, *[WRITTEN] * 22, *[RETRY] * 4]
    assert (results[3].code, results[3].message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", 'Nein: "3", nie, é 😀')
    assert results[2].code == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert {world.shown(one, "model") for one in (ids[0], *ids[4:26])} == {MODEL}
    assert {world.shown(one, "model") for one in ids[26:]} == {None}
    assert rest_calls(world) == 0


def test_row_29_unprocessed_rows_are_queued_again(world: WritingWorld) -> None:
    world.add_leads(30)
    world.emulator.ingest.unprocessed = 4
    report = world.run()
    assert (report.written, report.rejected, report.dead, report.waiting) == (26, 4, 0, 4)
    assert world.run().written == 4
    assert sorted(str(world.shown(one)) for one in world.lead_ids) == sorted(f"{rank}.0" for rank in range(1, 31))
    assert world.run().to_write == 0


def test_row_30_locked_rows_of_a_job_are_tried_again_by_rest(world: WritingWorld) -> None:
    rows = world.rows(30)
    world.org.rules.lock("Lead", world.lead_ids[:5], requests=1)
    assert set(statuses(world.write(rows))) == {WRITTEN}
    assert (jobs_made(world), rest_calls(world)) == (1, 1)


@pytest.mark.parametrize("how", ["failed", "aborted", "failed at once"])
def test_row_30_what_a_job_that_did_not_complete_left_is_written_by_rest(world: WritingWorld, how: str) -> None:
    rows = world.rows(30)
    seen = world.count_updates()
    ingest = world.emulator.ingest
    ingest.fails_after = 0 if how == "failed at once" else 10
    if how == "aborted":
        ingest.aborts_next = True
    else:
        ingest.fail_next = "InternalServerError : Unexpected exception"
    assert set(statuses(world.write(rows))) == {WRITTEN}
    assert [world.shown(one) for one in world.lead_ids] == list(range(1, 31))
    assert set(seen.values()) == {1}  # what the job wrote is not sent again
    assert (jobs_made(world), rest_calls(world)) == (1, 1)
    assert ingest.held == ()
    assert not world.is_noted()


def test_row_30_a_large_rest_comes_in_parts_that_a_failure_cannot_undo(world: WritingWorld) -> None:
    world.add_leads(450)
    world.use(bulk_above=400)
    seen = world.count_updates()
    world.emulator.ingest.fail_next, world.emulator.ingest.fails_after = "odd", 40
    world.emulator.faults.add(FAULTS["unavailable"](), path="composite/sobjects", nth=2)
    report = world.run()
    assert (report.written, report.waiting, report.problem_count) == (450, 0, 0)
    assert set(seen.values()) == {1}
    assert rest_calls(world) == 3 + 1
    assert not world.is_noted()
    assert world.run().to_write == 0


@pytest.mark.parametrize("how", ["no batches left", "no such resource", "not for this object"])
def test_row_30_where_no_job_can_be_made_rest_does_it(world: WritingWorld, how: str) -> None:
    world.add_leads(30)
    if how == "no batches left":
        world.emulator.limits.batches.add(15_000)
    else:
        name = "uri_too_long" if how == "no such resource" else "api_disabled"
        world.emulator.faults.add(
            FAULTS[name](), path="jobs/ingest", method="POST"
        ) if how != "no such resource" else None
        if how == "no such resource":
            world.org.schema["Lead"].bulk = False
    report = world.run()
    assert (report.written, report.problem_count) == (30, 0)
    assert rest_calls(world) == 1
    world.emulator.forgive()


def test_row_30_a_job_that_takes_too_long_goes_on_without_us_and_is_found(world: WritingWorld) -> None:
    rows = world.rows(30)
    world.emulator.ingest.rows_per_poll = 0
    with pytest.raises(RunStoppedError, match="still at work") as caught:
        world.write(rows)
    assert caught.value.exit_code == 3
    assert len(world.asked("/jobs/ingest/", "GET")) < 100
    assert world.is_noted()
    seen = world.count_updates()
    world.emulator.ingest.rows_per_poll = 7
    assert set(statuses(world.write(rows))) == {WRITTEN}
    assert (jobs_made(world), rest_calls(world)) == (1, 0)
    assert set(seen.values()) == {1}
    assert not world.is_noted()


def test_row_30_a_job_of_more_than_a_day_is_aborted(world: WritingWorld) -> None:
    rows = world.rows(30)
    world.emulator.ingest.rows_per_poll = 0
    with pytest.raises(RunStoppedError):
        world.write(rows)
    world.clock.advance(timedelta(hours=24))
    assert set(statuses(world.write(rows))) == {WRITTEN}
    assert (jobs_made(world), rest_calls(world)) == (1, 1)
    assert world.emulator.ingest.held == ()
    assert not world.is_noted()


def interrupted(world: WritingWorld, rows: list[ScoreRow]) -> None:
    """Write rows, and die while the job is waited for."""
    wait = world.sleep

    def die(_seconds: float) -> None:
        raise Crash

    world.sleep = die  # type: ignore[assignment]
    with pytest.raises(Crash):
        world.write(rows)
    world.sleep = wait
    assert world.is_noted()


@pytest.mark.parametrize("meanwhile", [False, True])
def test_row_30_a_killed_process_is_followed_by_one_that_finds_the_job(world: WritingWorld, *, meanwhile: bool) -> None:
    rows = world.rows(30, model=MODEL)
    seen = world.count_updates()
    interrupted(world, rows)
    if meanwhile:
        world.emulator.ingest.finish()
    connector = world.connector()
    assert (connector.prepare_write(30, 200), connector.prepare_write(700, 200)) == (200, 700)  # all at once
    assert set(statuses(connector.write(rows))) == {WRITTEN}
    connector.finish()
    assert (jobs_made(world), rest_calls(world)) == (1, 0)
    assert set(seen.values()) == {1}
    assert [world.shown(one) for one in world.lead_ids] == list(range(1, 31))
    assert not world.is_noted()


def test_row_30_values_of_before_never_overtake_newer_ones(world: WritingWorld) -> None:
    rows = world.rows(30)
    interrupted(world, rows)
    newer = [row.model_copy(update={"rank": 100 + place}) if place < 3 else row for place, row in enumerate(rows)]
    seen = world.count_updates()
    assert set(statuses(world.write(newer))) == {WRITTEN}
    world.emulator.ingest.finish()
    assert [world.shown(one) for one in world.lead_ids] == [100, 101, 102, *range(4, 31)]
    assert (jobs_made(world), rest_calls(world)) == (1, 1)
    assert sorted(seen.values()) == [1] * 27 + [2] * 3


def test_row_30_what_somebody_else_changed_since_is_written_again(world: WritingWorld) -> None:
    rows = world.rows(30)
    interrupted(world, rows)
    world.emulator.ingest.finish()
    world.org.update("Lead", world.lead_ids[4], {"HPRO_Rank__c": 99}, user_id=None)
    assert set(statuses(world.write(rows))) == {WRITTEN}
    assert world.shown(world.lead_ids[4]) == 5
    assert (jobs_made(world), rest_calls(world)) == (1, 1)


def test_row_30_a_job_that_never_began_is_aborted(world: WritingWorld) -> None:
    rows = world.rows(30)
    world.emulator.faults.add(FAULTS["reset_after"](), path="/batches", method="PUT")
    connector = world.connector()
    with pytest.raises(NetworkError):
        connector.write(rows)
    assert world.is_noted()
    seen = world.count_updates()
    assert set(statuses(connector.write(rows))) == {WRITTEN}  # as the guard does it
    connector.finish()
    assert set(seen.values()) == {1}
    assert (jobs_made(world), rest_calls(world)) == (2, 0)
    assert world.emulator.ingest.held == ()


def test_row_30_a_job_that_is_gone_is_forgotten(world: WritingWorld) -> None:
    rows = world.rows(30)
    interrupted(world, rows)
    world.emulator.ingest.forget_all()
    assert set(statuses(world.write(rows))) == {WRITTEN}
    assert jobs_made(world) == 2
    assert not world.is_noted()


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/jobs/ingest$", "POST"),
        ("/batches$", "PUT"),
        ("/jobs/ingest/[^/]+$", "PATCH"),
        ("/jobs/ingest/[^/]+$", "GET"),
        ("/failedResults$", "GET"),
        ("/successfulResults$", "GET"),
        ("/unprocessedrecords$", "GET"),
        ("/jobs/ingest/[^/]+$", "DELETE"),
    ],
)
@pytest.mark.parametrize(
    "fault", ["reset", "reset_after", "truncated", "maintenance_200", "unavailable", "expire_sessions"]
)
def test_row_30_any_request_of_a_job_may_fail_once(world: WritingWorld, path: str, method: str, fault: str) -> None:
    world.add_leads(25)
    world.emulator.faults.add(FAULTS[fault](), path=path, method=method)
    report = world.run()
    assert (report.written, report.waiting, report.problem_count) == (25, 0, 0)
    assert sorted(str(world.shown(one)) for one in world.lead_ids) == sorted(f"{rank}.0" for rank in range(1, 26))
    assert not world.is_noted()
    assert world.run().to_write == 0
    world.emulator.forgive()


def test_results_that_are_cut_short_are_read_again_and_never_believed(world: WritingWorld) -> None:
    rows = world.rows(30)
    world.emulator.faults.add(FAULTS["truncated"](), path="successfulResults", times=None)
    connector = world.connector()
    for _ in range(2):
        with pytest.raises((NetworkError, ServerError)):
            connector.write(rows)
    world.emulator.faults.clear()
    assert set(statuses(connector.write(rows))) == {WRITTEN}
    assert jobs_made(world) == 1


def test_the_file_that_notes_a_job_is_its_owners_alone_and_of_one_org(world: WritingWorld) -> None:
    rows = world.rows(30)
    interrupted(world, rows)
    place = world.folder / "write-job.json"
    assert place.stat().st_mode & 0o777 == 0o600
    place.write_text(place.read_text().replace(world.org.org_id, "00DHp0000000002MAA"))
    assert set(statuses(world.write(rows))) == {WRITTEN}
    assert jobs_made(world) == 2
    place.write_text("{")
    assert set(statuses(world.write(rows))) == {WRITTEN}


def test_where_a_job_cannot_be_noted_none_is_used(world: WritingWorld) -> None:
    rows = world.rows(30)
    world.use(write_job=world.folder / "no such folder" / "job.json")
    assert set(statuses(world.write(rows))) == {WRITTEN}
    assert rest_calls(world) == 1
    assert [job.state.value for job in world.emulator.ingest.held] == ["Aborted"]
