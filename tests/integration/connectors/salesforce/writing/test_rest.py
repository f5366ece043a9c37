"""Rows by REST: each told by its place, locked ones tried again, and nothing said of them twice."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.emulators.salesforce.wire.faults import FAULTS
from hpro_connectors.errors import NetworkError
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state import RunStatus

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.writing.conftest import WritingWorld

WRITTEN, RETRY, REJECTED, GONE, SKIPPED = (
    WriteStatus.WRITTEN,
    WriteStatus.RETRY,
    WriteStatus.REJECTED,
    WriteStatus.GONE,
    WriteStatus.SKIPPED,
)


def test_row_18_a_converted_lead_is_skipped_and_never_a_dead_letter(world: WritingWorld) -> None:
    world.add_leads(5)
    assert world.run().written == 5
    world.org.convert_lead(world.lead_ids[2])
    report = world.run()
    assert (report.to_clear, report.skipped, report.rejected, report.problem_count) == (1, 1, 0, 0)
    assert world.store.dead_letters.list() == []
    (line, *_) = world.store.journal.of_lead(world.lead_ids[2])
    assert line.result is SKIPPED
    lead = next(iter(world.store.load([world.lead_ids[2]])))
    assert lead.record.result is not None
    assert lead.record.result.value == "won"
    assert (world.run().to_write, world.run().to_clear) == (0, 0)


def test_row_27_a_write_whose_answer_is_lost_is_sent_again_and_counts_once(world: WritingWorld) -> None:
    world.add_leads(5)
    rule = world.emulator.faults.add(FAULTS["reset_after"](), path="composite/sobjects", times=2)
    report = world.run()
    assert rule.played == 2
    assert (report.written, report.rejected, report.waiting) == (5, 0, 0)
    assert [entry.status for entry in world.asked()] == [None, None, 200]
    assert [len(world.store.journal.of_lead(one)) for one in world.lead_ids] == [1] * 5
    assert {world.store.journal.of_lead(one)[0].result for one in world.lead_ids} == {WRITTEN}
    assert {world.shown(one) for one in world.lead_ids} == {1, 2, 3, 4, 5}
    assert not any(row.resend for row in world.store.written_rows().values())
    assert (world.run().written, len(world.asked())) == (0, 3)


def test_row_27_where_no_answer_comes_at_all_the_next_pass_heals(world: WritingWorld) -> None:
    world.add_leads(5)
    world.emulator.faults.add(FAULTS["reset_after"](), path="composite/sobjects", times=None)
    with pytest.raises(NetworkError):
        world.run()
    assert all(row.resend for row in world.store.written_rows().values())
    world.emulator.faults.clear()
    assert world.run().written == 5
    lines = world.store.journal.of_lead(world.lead_ids[0])
    assert [line.result for line in lines] == [WRITTEN, None]
    assert lines[0].old == lines[1].old  # a rollback of either goes back to before both
    assert world.run().to_write == 0


def test_row_28_three_of_two_hundred_rows_fail_and_are_told_by_their_place(world: WritingWorld) -> None:
    rows = world.rows(200)
    ids = world.lead_ids
    world.org.delete("Lead", ids[7])
    world.org.rules.lock("Lead", [ids[50]], requests=None)
    world.org.rules.add_validation("Lead", "No scores in March.", {"HPRO_Rank__c": 200.0}, field="HPRO_Rank__c")
    world.use(bulk_above=2000)
    results = world.write(rows)
    assert [result.lead for result in results] == [row.lead for row in rows]
    failed = {place: result for place, result in enumerate(results) if result.status is not WRITTEN}
    assert {place: result.status for place, result in failed.items()} == {7: GONE, 50: RETRY, 199: REJECTED}
    assert (failed[199].code, failed[199].message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No scores in March")
    assert sum(result.status is WRITTEN for result in results) == 197
    assert {world.shown(one) for place, one in enumerate(ids) if place not in failed} == {
        place + 1 for place in range(200) if place not in failed
    }


def test_row_28_what_fails_is_dead_waiting_or_gone_in_the_words_of_the_crm(world: WritingWorld) -> None:
    world.add_leads(6)
    ids = world.lead_ids
    world.org.rules.lock("Lead", [ids[0]], requests=None)
    world.org.rules.add_validation("Lead", "No scores for L1.", {"LastName": "L1"})
    world.org.rules.add_trigger("Lead", "LeadRouting", {"LastName": "L2"})
    report = world.run(max_attempts=2)
    assert (report.written, report.rejected, report.dead, report.waiting) == (3, 3, 2, 1)
    letters = {letter.row.lead.lead_id: letter for letter in world.store.dead_letters.list()}
    assert (letters[ids[1]].code, letters[ids[1]].message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No scores for L1")
    assert letters[ids[2]].code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    report = world.run(max_attempts=2)  # locked all day
    assert (report.dead, report.waiting) == (1, 0)
    assert world.run().to_write == 0
    (run, *_) = world.store.runs.newest(1)
    assert run.status is RunStatus.DONE


def test_row_31_locked_rows_are_tried_again_alone_and_in_smaller_requests(world: WritingWorld) -> None:
    rows = world.rows(200)
    world.use(bulk_above=2000)
    world.org.rules.lock("Lead", world.lead_ids[:100], requests=None, above=20)  # several writers meet in large ones
    connector = world.connector()
    results = connector.write(rows)
    assert {result.status for result in results} == {WRITTEN}
    assert [world.shown(one) for one in world.lead_ids] == list(range(1, 201))
    patches = world.asked(method="PATCH")
    assert len(patches) == 1 + 2 + 8  # 200, then 50 at a time, then 13
    assert connector.limits().rows_written == 200
    assert len(world.sleep.waits) == 2
    assert 0 < world.sleep.waits[0] < world.sleep.waits[1] * 2


def test_row_31_a_storm_of_locks_ends_in_rows_that_wait(world: WritingWorld) -> None:
    world.add_leads(4)
    world.org.rules.lock("Lead", world.lead_ids[:3], requests=None)
    report = world.run(max_attempts=3)
    assert (report.written, report.rejected, report.dead, report.waiting) == (1, 3, 0, 3)
    assert len(world.asked(method="PATCH")) == 1 + 1 + 1 + 3
    (run,) = world.store.runs.newest(1)
    assert run.status is RunStatus.PARTIAL
    world.run(max_attempts=3)
    assert world.run(max_attempts=3).dead == 3
    assert {letter.code for letter in world.store.dead_letters.list()} == {"UNABLE_TO_LOCK_ROW"}
    assert len(set(world.sleep.waits)) == len(world.sleep.waits)  # no two waits alike


@pytest.mark.parametrize("before", ["", "caused by: Rollup.update: " * 20], ids=["soon", "late"])
def test_row_31_a_lock_within_a_trigger_is_a_lock(world: WritingWorld, before: str) -> None:
    [row] = world.rows(1)
    cause = f"{before}System.DmlException: first error: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"
    world.org.rules.add_trigger("Lead", "Rollup", {"LastName": "L0"}, cause=cause)
    [result] = world.write([row])
    assert (result.status, result.code) == (RETRY, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
    assert "UNABLE_TO_LOCK_ROW" in str(result.message)
    assert len(world.asked(method="PATCH")) == 4


@pytest.mark.parametrize("bulk_above", [2, 2000])
def test_words_of_the_org_go_on_in_one_line_without_what_identifies_a_person(
    world: WritingWorld, caplog: pytest.LogCaptureFixture, bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(4)
    words = f"Ask anna.berg@example.com,\nor call +49 30 1234567: {'no scores ' * 60}"
    world.org.rules.add_validation("Lead", words, {"LastName": "L1"})
    with caplog.at_level("INFO"):
        report = world.run()
    [letter], [problem] = world.store.dead_letters.list(), report.problems
    assert str(letter.message).startswith("Ask [masked], or call [masked]: no scores no scores")
    assert len(str(letter.message)) <= 303
    assert str(letter.message) in problem.message
    assert "anna" not in caplog.text


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("score", "held"),
    [
        (100.004, 100.0),
        (Decimal("100.004"), 100.0),
        (Decimal("12.345"), 12.34),
        (Decimal("12.355"), 12.36),
        (-0.001, 0.0),
        (150, 100.0),
        (Decimal("0.005"), 0.0),
        (None, None),
    ],
)
def test_row_32_scores_are_rounded_half_even_and_clipped(
    world: WritingWorld, score: object, held: float | None, *, many: bool
) -> None:
    rows = [row.model_copy(update={"score": score}) for row in world.rows(3)]
    if many:
        world.use(bulk_above=2)
    for one in world.lead_ids:
        world.org.update("Lead", one, {"HPRO_Score__c": 7})
    assert {result.status for result in world.write(rows)} == {WRITTEN}
    assert {world.shown(one, "score") for one in world.lead_ids} == {held}


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("Infinity")])
def test_row_32_what_is_no_number_never_reaches_the_wire(world: WritingWorld, score: object, *, many: bool) -> None:
    rows = world.rows(4)
    rows[1] = rows[1].model_copy(update={"score": score})
    if many:
        world.use(bulk_above=2)
    results = world.write(rows)
    assert [result.status for result in results] == [WRITTEN, REJECTED, WRITTEN, WRITTEN]
    assert results[1].code == "NUMBER_OUTSIDE_VALID_RANGE"
    assert world.shown(world.lead_ids[1]) is None


def test_a_score_never_moves_a_lead_to_another_owner(world: WritingWorld) -> None:
    rows = world.rows(3)
    owner = world.org.get("Lead", world.lead_ids[0])["OwnerId"]
    world.org.rules.assigned_to["Lead"] = world.org.integration_user_id
    assert {result.status for result in world.write(rows)} == {WRITTEN}
    assert {world.org.get("Lead", one)["OwnerId"] for one in world.lead_ids} == {owner}
