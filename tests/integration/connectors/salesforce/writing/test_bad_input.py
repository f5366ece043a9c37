"""What an org may do to what is written to it: a dead letter or a stop, in its own words, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.cli.pass_output import exit_code_of, print_pass
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values
from hpro_connectors.emulators.salesforce.org.write_rules import Record
from hpro_connectors.errors import ConnectorError, FatalError, QuotaExhaustedError, SafetyRailError, SchemaDriftError
from hpro_connectors.state.dead_letters import DeadLetterStatus
from hpro_connectors.testing import ManualClock, ManualSleep

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.writing.conftest import WritingWorld

Change = Callable[["WritingWorld"], None]

LEADS = 30
BATCH = 10
BAND = "HPRO_Band__c"
BY_REST, BY_JOB = 2000, 20
both_ways = pytest.mark.parametrize("bulk_above", [BY_REST, BY_JOB], ids=["REST", "Bulk"])


def change_field(field: FieldSchema) -> Change:
    return lambda world: world.org.schema.change_field("Lead", field)


OPEN_BAND = FieldSchema(BAND, FieldType.PICKLIST, length=40, picklist=picklist_values("ABCD"))
CLASHES = {
    "another type": (FieldSchema(BAND, FieldType.DOUBLE, precision=5), "of type double, not picklist"),
    "a closed picklist": (
        FieldSchema(BAND, FieldType.PICKLIST, length=40, picklist=picklist_values("AB"), restricted=True),
        "restricted and lacks C, D",
    ),
    "too short": (FieldSchema("HPRO_Model__c", FieldType.STRING, length=3), "takes 3 characters, not 80"),
}
GOOD = {BAND: OPEN_BAND, "HPRO_Model__c": FieldSchema("HPRO_Model__c", FieldType.STRING, length=80)}
clashes = pytest.mark.parametrize(("field", "words"), CLASHES.values(), ids=CLASHES)


class Once:
    """Does something when it is called first."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._acts = [act]

    def __call__(self) -> None:
        while self._acts:
            self._acts.pop()()


class SleepDuring(ManualSleep):
    """Waits, and lets something happen meanwhile."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__(ManualClock())
        self._act = act

    def __call__(self, seconds: float) -> None:
        self._act()
        super().__call__(seconds)


def in_mid_run(world: WritingWorld, change: Change) -> dict[str, object]:
    """Give settings of a pass that writes by small batches, and in which something changes.

    By REST that is after the first batch, by a Bulk job while the job is at work.
    """
    change_once = Once(lambda: change(world))

    def stop() -> bool:
        if any(entry.status == 200 for entry in world.asked("composite/sobjects", "PATCH")):
            change_once()
        return False

    world.sleep = SleepDuring(change_once)
    return {"write_batch": BATCH, "stop": stop}


def stopped(world: WritingWorld, kind: type[ConnectorError], **passes: object) -> ConnectorError:
    """Run a pass that stops, and give what it says."""
    with pytest.raises(kind) as caught:
        world.run(**passes)
    assert caught.value.hint
    assert world.store.dead_letters.list() == []
    return caught.value


def check_all_written(world: WritingWorld, *, due: int = LEADS) -> None:
    """Run the next pass: it writes what was due, and the one after it nothing."""
    report = world.run()
    assert (report.written, report.rejected, report.dead, report.waiting) == (due, 0, 0, 0)
    assert sorted(float(str(world.shown(one))) for one in world.lead_ids) == list(range(1, len(world.lead_ids) + 1))
    assert world.run().to_write == 0
    assert not world.is_noted()


@both_ways
@clashes
def test_a_field_of_the_same_name_that_is_something_else_stops_before_the_first_row(
    world: WritingWorld, field: FieldSchema, words: str, bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(LEADS)
    change_field(field)(world)
    for _ in range(2):
        error = stopped(world, SchemaDriftError)
        assert error.exit_code == 2
        assert words in error.message
        assert "Rename it in the org" in str(error.hint)
    assert world.asked() == []
    change_field(GOOD[field.name])(world)
    check_all_written(world)


@both_ways
@clashes
def test_a_field_that_becomes_something_else_in_mid_run_stops_and_buries_nothing(
    world: WritingWorld, field: FieldSchema, words: str, bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(LEADS)
    world.emulator.strict = False  # a value that does not fit is refused as a body that is no JSON is
    error = stopped(world, SchemaDriftError, **in_mid_run(world, change_field(field)))
    assert error.exit_code == 2
    assert words in error.message
    assert "Rename it in the org" in str(error.hint)
    change_field(GOOD[field.name])(world)
    world.run()
    for one in world.lead_ids:
        assert world.shown(one, "band") in set("ABCD")
        assert world.shown(one, "model") == "hpro-test"
    assert sorted(float(str(world.shown(one))) for one in world.lead_ids) == list(range(1, LEADS + 1))
    assert world.store.dead_letters.list() == []
    assert world.run().to_write == 0


@both_ways
def test_an_open_picklist_without_our_values_takes_them(world: WritingWorld, bulk_above: int) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(LEADS)
    change_field(FieldSchema(BAND, FieldType.PICKLIST, length=40, picklist=picklist_values("XY")))(world)
    check_all_written(world)
    assert {world.shown(one, "band") for one in world.lead_ids} <= set("ABCD")


def fill(world: WritingWorld) -> None:
    world.org.rules.is_storage_full = True


def use_up(world: WritingWorld) -> None:
    world.emulator.limits.daily_requests = world.emulator.limits.requests.used


@both_ways
@pytest.mark.parametrize(
    ("change", "words"), [(fill, "storage limit exceeded"), (use_up, "TotalRequests Limit exceeded")]
)
def test_an_org_over_its_storage_or_api_limit_stops_with_exit_5(
    world: WritingWorld, change: Change, words: str, bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(LEADS)
    seen = world.count_updates()
    error = stopped(world, QuotaExhaustedError, **in_mid_run(world, change))
    assert error.exit_code == 5
    assert words in error.message
    assert "run again" in str(error.hint)
    written = BATCH if bulk_above == BY_REST else 0
    assert len([one for one in world.lead_ids if world.shown(one) is not None]) in {written, LEADS}
    world.org.rules.is_storage_full = False
    world.emulator.limits.daily_requests = 100_000
    check_all_written(world, due=LEADS - written)
    assert set(seen.values()) == {1}


def refuse_by_rule(world: WritingWorld, refuses: Callable[[Record], bool]) -> str:
    world.org.rules.add_validation("Lead", "No scores in March.", refuses, field="HPRO_Rank__c")
    return "FIELD_CUSTOM_VALIDATION_EXCEPTION: No scores in March"


def fail_by_trigger(world: WritingWorld, refuses: Callable[[Record], bool]) -> str:
    world.org.rules.add_trigger("Lead", "LeadRouting", refuses)
    return "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: LeadRouting: execution of AfterUpdate caused by: System.NullPointer"


@both_ways
@pytest.mark.parametrize("refuse", [refuse_by_rule, fail_by_trigger], ids=["validation rule", "trigger"])
def test_a_validation_rule_or_trigger_that_refuses_a_score_makes_a_dead_letter_of_that_row_alone(
    world: WritingWorld,
    capsys: pytest.CaptureFixture[str],
    refuse: Callable[[WritingWorld, Callable[[Record], bool]], str],
    bulk_above: int,
) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(LEADS)
    holds = True
    words = refuse(world, lambda lead: holds and lead["LastName"] in {"L3", "L17"})
    report = world.run()
    assert (report.written, report.rejected, report.dead, report.waiting) == (LEADS - 2, 2, 2, 0)
    assert exit_code_of(report) == 3
    letters = world.store.dead_letters.list()
    assert {letter.row.lead.lead_id for letter in letters} == {world.lead_ids[3], world.lead_ids[17]}
    assert all(f"{letter.code}: {letter.message}".startswith(words) for letter in letters)
    assert all(words in problem.message for problem in report.problems)
    print_pass("main", report)
    told = capsys.readouterr().err
    assert words in told
    assert "2 new dead letters: `hpro deadletter list`" in told
    assert "`hpro deadletter replay`" in told
    assert {world.shown(world.lead_ids[number], "band") for number in (3, 17)} == {None}  # nothing half written
    world.emulator.journal.clear()
    report = world.run()
    assert (report.to_write, exit_code_of(report), world.asked()) == (0, 0, [])
    holds = False
    assert world.store.dead_letters.set_status(DeadLetterStatus.REPLAY) == 2
    check_all_written(world, due=2)
    assert world.store.dead_letters.list() == []


@both_ways
def test_a_lead_that_is_locked_for_a_while_waits_and_is_written_when_it_is_free(
    world: WritingWorld, bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(LEADS)
    world.org.rules.lock("Lead", [world.lead_ids[5]], requests=None)
    report = world.run()
    assert (report.written, report.dead, report.waiting, exit_code_of(report)) == (LEADS - 1, 0, 1, 3)
    assert "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access" in report.problems[0].message
    world.org.rules.unlock()
    check_all_written(world, due=1)


@both_ways
def test_a_lead_that_is_locked_all_day_becomes_a_dead_letter_and_is_written_when_a_person_says_so(
    world: WritingWorld, bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(LEADS)
    world.org.rules.lock("Lead", [world.lead_ids[5]], requests=None)
    reports = [world.run() for _ in range(20)]  # one each quarter of an hour
    assert [report.written for report in reports] == [LEADS - 1] + [0] * 19
    assert sum(report.dead for report in reports) == 1
    assert sum(report.rejected for report in reports) == world.passes.max_attempts
    assert exit_code_of(reports[-1]) == 0
    [letter] = world.store.dead_letters.list()
    assert (letter.row.lead.lead_id, letter.code) == (world.lead_ids[5], "UNABLE_TO_LOCK_ROW")
    world.org.rules.unlock()
    assert world.run().to_write == 0
    world.store.dead_letters.set_status(DeadLetterStatus.REPLAY)
    check_all_written(world, due=1)


def hide(world: WritingWorld) -> None:
    world.org.access.hide_field("Lead", BAND, user_id=world.org.integration_user_id)


def make_read_only(world: WritingWorld) -> None:
    world.org.access.make_read_only("Lead", BAND, user_id=world.org.integration_user_id)


def close_object(world: WritingWorld) -> None:
    world.org.access.make_object_read_only("Lead", user_id=world.org.integration_user_id)


def give_back(world: WritingWorld) -> None:
    user = world.org.integration_user_id
    world.org.access.show_field("Lead", BAND, user_id=user)
    world.org.access.make_editable("Lead", BAND, user_id=user)


@both_ways
@pytest.mark.parametrize("change", [hide, make_read_only])
def test_a_permission_that_is_taken_away_in_mid_run_stops_with_exit_2(
    world: WritingWorld, change: Change, bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(LEADS)
    seen = world.count_updates()
    error = stopped(world, FatalError, **in_mid_run(world, change))
    assert error.exit_code == 2
    assert BAND in error.message
    assert "HPRO_Connector" in str(error.hint)
    written = BATCH if bulk_above == BY_REST else 0
    assert len(world.store.written_rows()) - sum(row.resend for row in world.store.written_rows().values()) == written
    assert len([one for one in world.lead_ids if world.shown(one) is not None]) == written
    give_back(world)
    check_all_written(world, due=LEADS - written)
    assert set(seen.values()) == {1}


def test_a_refreshed_test_org_with_another_id_is_refused_and_read_anew_into_another_state(
    world: WritingWorld, make_world: Callable[[Path, str], WritingWorld], tmp_path: Path
) -> None:
    world.add_leads(LEADS)
    assert world.run().written == LEADS
    known = (world.store.queue(), world.store.written_rows(), world.store.cursor("Lead"))
    refreshed = make_world(tmp_path / "refreshed", "00DHp0000000002MAA")
    refreshed.settings = world.settings  # the files beside the state are those of the org of before
    refreshed.add_leads(LEADS)
    refreshed.clock.set(world.clock.now())
    own, refreshed.store = refreshed.store, world.store
    refreshed.emulator.journal.clear()
    error = stopped(refreshed, SafetyRailError)
    assert error.exit_code == 2
    assert world.org.org_id in error.message
    assert refreshed.org.org_id in error.message
    assert "another state file" in str(error.hint)
    assert refreshed.asked() == []
    assert {refreshed.shown(one) for one in refreshed.lead_ids} == {None}
    assert (world.store.queue(), world.store.written_rows(), world.store.cursor("Lead")) == known
    refreshed.store = own
    check_all_written(refreshed)
    assert world.run().to_write == 0
