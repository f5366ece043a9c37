"""What becomes of rows on their way to the CRM: sent, refused, put off, found gone, and never lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from hpro_connectors.engine import PassReport, run_pass
from hpro_connectors.errors import FatalError, RecordRejectedError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import FieldInfo, WriteResult, WriteStatus
from hpro_connectors.state import RunStatus
from hpro_connectors.state.dead_letters import DeadLetterStatus
from hpro_connectors.testing import World
from hpro_sdk.field_kind import FieldKind

WORDS = "Amount must not be empty"


def answer(world: World, answers: Mapping[str, WriteStatus], code: str | None = None) -> None:
    """Have the CRM answer rows of some leads with a status, and its words, and write the others."""
    write = type(world.connector).write.__get__(world.connector)

    def answering(rows: Sequence[ScoreRow]) -> list[WriteResult]:
        world.connector.answers = dict(answers)
        return [
            result.model_copy(update={"code": code, "message": WORDS}) if result.lead.lead_id in answers else result
            for result in write(rows)
        ]

    world.connector.write = answering  # type: ignore[method-assign]


def change(world: World, **settings: object) -> None:
    world.settings = dataclasses.replace(world.settings, **settings)  # type: ignore[arg-type]


def run_now(world: World) -> PassReport:
    return run_pass(world.connector, world.store, world.scorer, world.settings)


def sent(world: World, since: int = 0) -> list[str]:
    return [row.lead.lead_id for row in world.connector.writes[since:]]


def test_a_refused_row_is_a_dead_letter_in_the_words_of_the_crm(world: World) -> None:
    world.fill(3)
    answer(world, {"L001": WriteStatus.REJECTED}, "FIELD_INTEGRITY")
    report = world.run()
    assert (report.written, report.rejected, report.dead, report.waiting, report.problem_count) == (2, 1, 1, 0, 1)
    (letter,) = world.store.dead_letters.list()
    assert (letter.row.lead.lead_id, letter.code, letter.message) == ("L001", "FIELD_INTEGRITY", WORDS)
    assert (letter.attempts, letter.run_id, letter.status) == (1, report.run_id, DeadLetterStatus.PARKED)
    assert letter.first_at == letter.last_at == world.clock.now
    row = world.connector.writes[1]
    assert (letter.row, letter.stage) == (row, "new")
    (run,) = world.store.runs.newest(1)
    assert run.status is RunStatus.PARTIAL


def test_a_dead_letter_is_sent_again_only_when_row_or_description_change_or_a_person_asks(world: World) -> None:
    change(world, score_epsilon=1.0)
    world.fill(20)
    answer(world, {"L015": WriteStatus.REJECTED})
    world.run()

    def is_tried() -> bool:
        before = len(world.connector.writes)
        world.run()
        return "L015" in sent(world, before)

    assert not is_tried()
    world.company.change_lead("L015", fields={"visits": 15.01})  # by less than epsilon
    assert not is_tried()
    world.company.change_lead("L015", fields={"visits": 3})
    assert is_tried()
    assert not is_tried()
    extra = FieldInfo(name="HPRO_Score", label="HPRO Score", kind=FieldKind.NUMBER, writable=True)
    fields = (*world.company.description.fields, extra)
    world.company.description = world.company.description.model_copy(update={"fields": fields})
    assert is_tried()
    world.company.description = world.company.description.model_copy(update={"fields": fields[::-1]})
    assert not is_tried()  # the order of fields says nothing
    world.store.dead_letters.set_status(DeadLetterStatus.REPLAY, ["L015"])
    assert is_tried()
    (letter,) = world.store.dead_letters.list()
    assert (letter.attempts, letter.status) == (4, DeadLetterStatus.PARKED)
    assert letter.first_at < letter.last_at
    world.store.dead_letters.set_status(DeadLetterStatus.DROPPED)
    assert (world.store.dead_letters.list(), world.store.dead_letters.count()) == ([], 0)
    assert len(world.store.dead_letters.list(dropped=True)) == 1
    assert not is_tried()
    answer(world, {})
    assert not is_tried()
    world.company.change_lead("L015", fields={"visits": 30})
    assert is_tried()
    assert world.store.dead_letters.list(dropped=True) == []
    assert world.company.shown["L015"].rank == 1


def test_a_dead_letter_stands_in_the_way_of_no_other_row_of_its_lead(world: World) -> None:
    world.fill(3)
    world.run()
    answer(world, {"L002": WriteStatus.REJECTED})
    world.company.change_lead("L002", fields={"visits": 30})
    assert world.run().dead == 1
    answer(world, {})
    world.company.change_lead("L002", stage="Lost")
    report = world.run()
    assert (report.to_clear, report.cleared) == (1, 1)
    assert world.company.shown["L002"].rank is None
    assert world.store.dead_letters.list() == []


def test_a_refused_clear_waits_and_the_lead_may_come_back(world: World) -> None:
    world.fill(2)
    world.run()
    answer(world, {"L001": WriteStatus.REJECTED})
    world.company.change_lead("L001", stage="Lost")
    assert (world.run().dead, world.run().to_clear) == (1, 0)
    answer(world, {})
    world.company.change_lead("L001", stage="Talking")
    assert world.run().written >= 1
    assert world.company.shown["L001"].stage_size == 1
    assert world.store.dead_letters.list() == []


def test_a_replay_that_needs_no_write_by_now_is_settled(world: World) -> None:
    world.fill(2)
    world.run()
    answer(world, {"L001": WriteStatus.REJECTED})
    world.company.change_lead("L001", fields={"visits": 30})
    world.run()
    world.company.change_lead("L001", fields={"visits": 1})
    assert world.run().to_write == 0
    world.store.dead_letters.set_status(DeadLetterStatus.REPLAY)
    assert world.run().to_write == 0
    assert world.store.dead_letters.list() == []


def test_a_row_that_is_put_off_waits_longer_each_time_and_then_is_a_dead_letter(world: World) -> None:
    change(world, max_attempts=3)
    world.fill(2)
    answer(world, {"L000": WriteStatus.RETRY}, "UNABLE_TO_LOCK_ROW")
    report = world.run()
    assert (report.written, report.rejected, report.dead, report.waiting) == (1, 1, 0, 1)
    for attempt, (least, most) in enumerate([(15, 30), (30, 60)], start=1):
        (row,) = world.store.outbox.due(world.clock.now + timedelta(seconds=most), 10)
        assert row.attempts == attempt
        assert world.store.outbox.due(world.clock.now + timedelta(seconds=least - 1), 10) == []
        before = len(world.connector.writes)
        world.clock.advance(seconds=least - 1)
        report = run_now(world)
        assert (report.to_write, report.waiting, report.rejected, len(world.connector.writes)) == (1, 1, 0, before)
        world.clock.advance(seconds=most)
        report = run_now(world)
        assert sent(world, before) == ["L000"]
    assert (report.dead, report.waiting) == (1, 0)
    (letter,) = world.store.dead_letters.list()
    assert (letter.code, letter.attempts) == ("UNABLE_TO_LOCK_ROW", 3)
    assert world.run().to_write == 0


def test_a_row_that_was_put_off_keeps_its_back_off_and_gets_its_newest_values(world: World) -> None:
    world.fill(2)
    answer(world, {"L000": WriteStatus.RETRY})
    world.run()
    world.company.change_lead("L000", fields={"visits": 50})
    world.clock.advance(seconds=150)
    answer(world, {"L000": WriteStatus.RETRY})
    before = len(world.connector.writes)
    run_now(world)
    assert sent(world, before).count("L000") == 1
    assert world.connector.writes[before].rank == 1
    (row,) = world.store.outbox.due(world.clock.now + timedelta(hours=1), 10)
    assert (row.attempts, row.row.rank) == (2, 1)
    answer(world, {})
    assert world.run().written == 1
    assert world.store.outbox.size() == 0


def test_a_row_nobody_wants_any_more_leaves_the_outbox(world: World) -> None:
    world.fill(2)
    world.run()
    answer(world, {"L000": WriteStatus.RETRY})
    world.company.change_lead("L000", fields={"visits": 0.5})
    assert world.run().waiting == 1
    world.company.change_lead("L000", fields={"visits": 0})
    before = len(world.connector.writes)
    assert (world.run().waiting, len(world.connector.writes)) == (0, before)


def test_what_waits_for_a_deleted_lead_goes_with_it(world: World) -> None:
    world.fill(3)
    answer(world, {"L000": WriteStatus.RETRY, "L001": WriteStatus.REJECTED})
    world.run()
    world.company.delete_lead("L000")
    world.company.merge_leads("L001", "L002")
    before = len(world.connector.writes)
    report = world.run()
    assert (report.waiting, report.gone) == (0, 0)
    assert world.store.dead_letters.list(dropped=True) == []
    assert set(sent(world, before)) <= {"L002"}


def test_a_row_that_a_clock_put_off_for_a_year_is_sent_when_the_clock_is_right_again(world: World) -> None:
    world.fill(1)
    wrong = timedelta(days=365)
    change(world, now=lambda: world.clock.now + wrong)
    answer(world, {"L000": WriteStatus.RETRY})
    assert world.run().waiting == 1
    wrong = timedelta(0)
    answer(world, {})
    assert world.run().written == 1


def test_a_row_that_is_taken_at_last_is_no_problem_of_its_run(world: World) -> None:
    world.fill(3)
    now = world.clock.now

    def passing() -> datetime:
        nonlocal now
        now += timedelta(seconds=40)
        return now

    change(world, now=passing)
    world.connector.answers = {"L001": WriteStatus.RETRY}
    world.connector.after_write = lambda _rows: world.connector.answers.clear()
    report = world.run()
    assert (report.to_write, report.written, report.rejected, report.problem_count) == (3, 3, 0, 0)
    assert sent(world) == ["L002", "L001", "L000", "L001"]
    (run,) = world.store.runs.newest(1)
    assert run.status is RunStatus.DONE


def refuse_batches_with(world: World, *bad: str) -> None:
    def refuse(rows: Sequence[ScoreRow]) -> None:
        if found := [row.lead.lead_id for row in rows if row.lead.lead_id in bad]:
            raise RecordRejectedError(WORDS, vendor_code="VALIDATION", record_id=found[0])

    world.connector.before_write = refuse


@pytest.mark.parametrize("bad", [("L000",), ("L006",), ("L001", "L002"), tuple(f"L{n:03}" for n in range(8))])
def test_a_batch_that_is_refused_whole_is_halved_until_the_bad_row_stands_alone(
    world: World, bad: tuple[str, ...]
) -> None:
    change(world, write_batch=8)
    world.fill(8)
    refuse_batches_with(world, *bad)
    calls = world.connector.limits().calls
    report = world.run()
    assert (report.written, report.rejected, report.dead) == (8 - len(bad), len(bad), len(bad))
    letters = world.store.dead_letters.list()
    assert {letter.row.lead.lead_id for letter in letters} == set(bad)
    assert {(letter.code, letter.message) for letter in letters} == {("VALIDATION", WORDS)}
    assert set(world.company.shown) == {f"L{n:03}" for n in range(8)} - set(bad)
    assert len(sent(world)) == len(set(sent(world)))  # no row twice
    if len(bad) == 1:
        assert world.connector.limits().calls - calls < 30
    assert world.run().to_write == 0


def asked(times: int) -> Callable[[], bool]:
    """Say yes after so many noes."""
    left = [times]

    def stop() -> bool:
        left[0] -= 1
        return left[0] < 0

    return stop


@pytest.mark.parametrize("noes", range(1, 6))
def test_a_stop_while_a_batch_is_halved_loses_no_row(world: World, noes: int) -> None:
    change(world, write_batch=8)
    world.fill(8)
    world.run(dry_run=True)  # reads and scores, so that only writing is asked
    refuse_batches_with(world, "L003")
    usual = world.settings.stop
    change(world, stop=Noes(world, noes))
    report = world.run()
    assert report.ended_early
    assert report.waiting == 8 - report.written - report.dead
    assert report.waiting > 0
    change(world, stop=usual)
    world.run()
    assert set(world.company.shown) == {f"L{n:03}" for n in range(8)} - {"L003"}
    assert world.store.outbox.size() == 0
    assert world.run().to_write == 0


class Noes:
    """Say no until the CRM was asked to write, and then so many times more."""

    def __init__(self, world: World, noes: int) -> None:
        self._stop = asked(noes)
        self._writes = False
        before = world.connector.before_write

        def begun(rows: Sequence[ScoreRow]) -> None:
            self._writes = True
            before(rows)

        world.connector.before_write = begun

    def __call__(self) -> bool:
        return self._writes and self._stop()


def test_a_stop_between_batches_leaves_the_rest_to_the_next_pass(world: World) -> None:
    world.fill(8)
    usual = world.settings.stop
    change(world, stop=Noes(world, 0))
    report = world.run()
    assert (report.ended_early, report.written, report.waiting) == (True, 3, 5)
    change(world, stop=usual)
    assert world.run().written == 5
    assert sorted(sent(world)) == [f"L{n:03}" for n in range(8)]


def test_an_unknown_failure_stops_the_write_and_the_next_pass_heals(world: World) -> None:
    world.fill(8)
    batches = iter([None, ValueError("secret words")])

    def fail(_rows: object) -> None:
        if error := next(batches):
            raise error

    world.connector.before_write = fail
    with pytest.raises(FatalError, match="ValueError") as caught:
        world.run()
    assert "secret" not in str(caught.value)
    assert sent(world) == ["L007", "L006", "L005"]
    assert world.store.outbox.size() == 5
    (run,) = world.store.runs.newest(1)
    assert (run.status, run.code) == (RunStatus.FAILED, "FatalError")
    world.connector.before_write = lambda _rows: None
    assert world.run().written == 5
    assert sorted(world.company.shown) == [f"L{n:03}" for n in range(8)]


def test_a_connector_that_gives_too_few_answers_is_not_believed(world: World) -> None:
    world.fill(3)
    write = world.connector.write
    world.connector.write = lambda rows: write(rows)[:-1]  # type: ignore[method-assign]
    with pytest.raises(FatalError, match="one result a row"):
        world.run()
    assert all(row.resend for row in world.store.written_rows().values())
    world.connector.write = write  # type: ignore[method-assign]
    assert world.run().written == 3
    assert not any(row.resend for row in world.store.written_rows().values())


def test_a_record_that_takes_no_writes_is_left_alone(world: World) -> None:
    world.fill(3)
    answer(world, {"L001": WriteStatus.SKIPPED})
    report = world.run()
    assert (report.written, report.skipped, report.rejected, report.waiting) == (2, 1, 0, 0)
    assert world.run().to_write == 0


def test_a_record_that_is_gone_is_erased(world: World) -> None:
    world.fill(3)
    answer(world, {"L001": WriteStatus.GONE})
    report = world.run()
    assert (report.written, report.gone, report.rejected, report.waiting) == (2, 1, 0, 0)
    assert world.store.lead("L001") is None
    assert [row.lead_id for row in world.store.queue()] == ["L002", "L000"]
    answer(world, {})
    before = len(world.connector.writes)
    world.run()
    assert "L001" not in sent(world, before)


@pytest.fixture
def changed(world: World) -> World:
    """A world in which there is one row to write for each of the most usual reasons."""
    change(world, score_epsilon=1.0)
    world.fill(10)
    world.run()
    world.company.change_lead("L009", stage="Lost")
    world.company.create_lead("N001", fields={"visits": -20})
    world.company.change_lead("L000", fields={"visits": 30})
    return world


def test_the_most_urgent_rows_go_first(changed: World) -> None:
    before = len(changed.connector.writes)
    report = changed.run()
    assert report.reasons["clear"] == report.reasons["new"] == report.reasons["band"] == 1
    assert sent(changed, before)[:3] == ["L009", "N001", "L000"]
    assert changed.connector.writes[before].rank is None
    rest = changed.connector.writes[before + 3 :]
    assert [row.rank for row in rest] == sorted(row.rank or 0 for row in rest)
