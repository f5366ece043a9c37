"""Deleting, merging, converting and coming back, as an org tells of it on the wire, and what the state knows then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.engine import PassReport
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.settings import OutcomeRule
from hpro_connectors.state.rows import StoredLead
from hpro_sdk.lead import OutcomeResult

AllTold = Callable[[int], list[str]]
ID_LIST = "^SELECT Id FROM"
"""How a query begins that lists all ids to compare them."""


class World(Protocol):
    """What is used of the world in conftest.py."""

    org: SalesforceOrg
    clock: EmulatorClock
    emulator: SalesforceEmulator
    lead_ids: list[str]

    def add_lead(self, number: int) -> str: ...
    def wait(self, **time: float) -> None: ...
    def use(self, **settings: object) -> None: ...
    def connector(self, *, as_admin: bool = False) -> SalesforceConnector: ...
    def read(self, *, confirm_missing: bool = False) -> PassReport: ...
    def let_the_overlap_pass(self) -> None: ...
    def lead(self, lead_id: str) -> StoredLead | None: ...
    def told(self, lead_id: str) -> list[str]: ...
    def asked(self) -> list[str]: ...


def _living(world: World, lead_id: str) -> StoredLead:
    lead = world.lead(lead_id)
    assert lead is not None
    return lead


def test_a_first_load_knows_everything_of_every_lead(world: World, all_told: AllTold) -> None:
    world.read()
    for number, lead_id in enumerate(world.lead_ids):
        assert world.told(lead_id) == all_told(number)
        assert _living(world, lead_id).record.stage == "Open - Not Contacted"
        assert _living(world, lead_id).stage_changes == ()  # whether their stage was tracked then, nothing says
    later = world.add_lead(9)
    world.read()
    assert [change.stage for change in _living(world, later).stage_changes] == ["Open - Not Contacted"]


def test_row_14_a_deleted_lead_is_gone_with_its_texts(world: World, all_told: AllTold) -> None:
    world.read()
    world.org.delete("Lead", world.lead_ids[0])
    world.read()
    assert world.lead(world.lead_ids[0]) is None
    assert world.told(world.lead_ids[1]) == all_told(1)


def test_row_16_a_lead_that_comes_back_has_all_that_it_had(world: World, all_told: AllTold) -> None:
    world.org.update("Lead", world.lead_ids[0], {"Status": "Working - Contacted"})
    world.read()
    before = _living(world, world.lead_ids[0])
    world.org.delete("Lead", world.lead_ids[0])
    world.read()
    assert world.lead(world.lead_ids[0]) is None
    world.wait(days=1)
    world.org.undelete("Lead", world.lead_ids[0])
    world.read()
    after = _living(world, world.lead_ids[0])
    assert world.told(world.lead_ids[0]) == all_told(0)
    assert after.stage_changes == before.stage_changes
    assert after.record.fields == before.record.fields


def test_row_17_what_a_merged_lead_had_is_the_masters(world: World, all_told: AllTold) -> None:
    world.read()
    loser, master = world.lead_ids[:2]
    world.org.merge("Lead", master, loser)
    world.read()
    assert world.lead(loser) is None
    assert world.told(master) == sorted([*all_told(0), *all_told(1)])


@pytest.mark.parametrize("in_one_window", [True, False])
def test_row_17_a_master_may_be_merged_itself(world: World, all_told: AllTold, *, in_one_window: bool) -> None:
    world.read()
    first, second, third = world.lead_ids[:3]
    world.org.merge("Lead", second, first)
    if not in_one_window:
        world.read()
    world.wait(seconds=1)
    world.org.merge("Lead", third, second)
    world.read()
    assert world.lead(first) is None
    assert world.lead(second) is None
    assert world.told(third) == sorted([*all_told(0), *all_told(1), *all_told(2)])


def test_row_15_a_hard_deleted_lead_is_gone_with_its_texts_though_no_ids_are_compared(
    world: World, all_told: AllTold
) -> None:
    world.read()
    world.let_the_overlap_pass()
    world.org.hard_delete("Lead", world.lead_ids[0])
    world.emulator.journal.clear()
    world.read()
    assert world.emulator.journal.matching(text=ID_LIST) == ()
    assert world.lead(world.lead_ids[0]) is None
    assert world.told(world.lead_ids[1]) == all_told(1)


@pytest.mark.parametrize(
    ("name", "text"), [("Task", "Call"), ("Event", "Visit"), ("EmailMessage", "Offer\nFor you."), ("Note", "Budget")]
)
def test_row_15_a_hard_deleted_interaction_is_forgotten_though_no_ids_are_compared(
    world: World, all_told: AllTold, name: str, text: str
) -> None:
    world.read()
    world.let_the_overlap_pass()
    found = world.org.run_query(f"SELECT Id FROM {name} ORDER BY CreatedDate, Id LIMIT 1", user_id=None).rows
    world.org.hard_delete(name, str(found[0][0]))
    world.emulator.journal.clear()
    world.read()
    assert world.emulator.journal.matching(text=ID_LIST) == ()
    (gone,) = [one for one in all_told(0) if one.startswith(text)]
    left = all_told(0)
    left.remove(gone)
    assert world.told(world.lead_ids[0]) == left
    assert world.told(world.lead_ids[1]) == all_told(1)


def test_row_15_a_deletion_that_the_log_covers_an_hour_later_is_heard_of_then(world: World) -> None:
    world.read()
    world.let_the_overlap_pass()
    world.org.let_deletion_log_lag(timedelta(hours=1))
    world.org.hard_delete("Lead", world.lead_ids[0])
    world.emulator.journal.clear()
    known = []
    for _ in range(6):
        world.wait(minutes=15)
        world.read()
        known.append(world.lead(world.lead_ids[0]) is not None)
    assert known == [True, True, False, False, False, False]
    assert world.emulator.journal.matching(text=ID_LIST) == ()


def test_row_15_where_the_log_lags_for_hours_ids_are_compared(world: World) -> None:
    world.read()
    world.let_the_overlap_pass()
    world.org.let_deletion_log_lag(timedelta(hours=3))
    world.org.hard_delete("Lead", world.lead_ids[0])
    assert world.read(confirm_missing=True).deleted == 1
    assert world.lead(world.lead_ids[0]) is None


def test_of_an_object_that_is_not_replicated_no_deletions_are_asked(world: World) -> None:
    world.org.schema["Note"].replicateable = False
    world.read()
    world.asked()
    world.read()
    asked = {path for path in world.asked() if path.endswith("/deleted")}
    assert asked == {f"sobjects/{name}/deleted" for name in ("Lead", "Task", "Event", "EmailMessage")}


def test_row_15_a_log_that_was_purged_leads_to_a_comparison_of_all_ids(world: World) -> None:
    world.read()
    world.read()
    world.org.purge("Lead", world.lead_ids[0])  # without a word
    world.wait(minutes=30)
    world.org.purge_deletion_log()
    world.emulator.journal.clear()
    report = world.read(confirm_missing=True)  # one of four is more than is taken for deleted otherwise
    assert report.deleted == 1
    assert world.emulator.journal.matching(text=ID_LIST)
    assert world.lead(world.lead_ids[0]) is None
    assert world.read().deleted == 0
    connector = world.connector()
    now = connector.server_time()
    pages = list(connector.read("Lead", Window(start=now - timedelta(hours=1), end=now)))
    assert [page.deletions_lost for page in pages] == [*[False] * (len(pages) - 1), True]
    quiet = list(connector.read("Lead", Window(start=now - timedelta(seconds=30), end=now)))
    assert not any(page.tombstones for page in quiet)


def test_after_a_conversion_the_timeline_stays_one(world: World, all_told: AllTold) -> None:
    world.read()
    lead_id = world.lead_ids[0]
    conversion = world.org.convert_lead(lead_id)
    world.wait(minutes=1)
    world.org.create("Task", {"Subject": "Handed over", "WhoId": conversion.contact_id, "TaskSubtype": "Call"})
    world.read()
    lead = _living(world, lead_id)
    assert lead.record.person_id == conversion.contact_id
    assert lead.record.account_id == conversion.account_id
    assert lead.record.result is OutcomeResult.WON
    assert world.told(lead_id) == sorted([*all_told(0), "Handed over"])
    assert [change.stage for change in lead.stage_changes][-1] == "Closed - Converted"


def test_a_lead_converted_before_the_first_load_has_its_timeline_too(world: World, all_told: AllTold) -> None:
    conversion = world.org.convert_lead(world.lead_ids[0])
    world.org.create("Event", {"Subject": "Signing", "WhoId": conversion.contact_id, "DurationInMinutes": 5})
    world.read()
    assert world.told(world.lead_ids[0]) == sorted([*all_told(0), "Signing"])


def test_a_won_opportunity_wins_its_lead_though_the_lead_never_changed(world: World) -> None:
    world.use(outcome=OutcomeRule.OPPORTUNITY)
    lead_id = world.lead_ids[0]
    conversion = world.org.convert_lead(lead_id)
    world.read()
    assert _living(world, lead_id).record.result is OutcomeResult.OPEN
    modified_at = _living(world, lead_id).record.modified_at
    world.let_the_overlap_pass()
    assert conversion.opportunity_id is not None
    world.org.update("Opportunity", conversion.opportunity_id, {"StageName": "Closed Won"})
    world.read()
    record = _living(world, lead_id).record
    assert record.result is OutcomeResult.WON
    assert record.modified_at == modified_at


def test_a_lead_was_won_when_its_opportunity_was_closed_and_not_on_the_planned_day(world: World) -> None:
    world.use(outcome=OutcomeRule.OPPORTUNITY)
    conversion = world.org.convert_lead(world.lead_ids[0])
    assert conversion.opportunity_id is not None
    planned = (world.org.clock.now() + timedelta(days=90)).date().isoformat()
    world.wait(days=2)
    closed_at = world.org.clock.now().replace(microsecond=0)
    world.org.update("Opportunity", conversion.opportunity_id, {"StageName": "Closed Won", "CloseDate": planned})
    world.wait(days=2)
    world.org.update("Opportunity", conversion.opportunity_id, {"Amount": 100})
    world.read()
    assert _living(world, world.lead_ids[0]).record.result_at == closed_at


def test_a_mail_to_two_leads_is_told_of_both(world: World) -> None:
    first, second = world.lead_ids[:2]
    task_id = world.org.create("Task", {"WhoId": first, "Subject": "Email: Both", "TaskSubtype": "Email"})
    mail_id = world.org.create("EmailMessage", {"Subject": "Both", "TextBody": "Of you.", "ActivityId": task_id})
    for one in (first, second):
        relation = {"EmailMessageId": mail_id, "RelationId": one, "RelationType": "ToAddress"}
        world.org.create("EmailMessageRelation", relation)
    world.read()
    for one in (first, second):
        assert sum("Of you." in text for text in world.told(one)) == 1


def test_archived_activities_are_part_of_a_first_load(world: World, all_told: AllTold) -> None:
    world.org.update("Task", str(_tasks(world)[0]), {"Status": "Completed"})
    world.wait(days=500)
    assert len(world.org.run_query("SELECT Id FROM Event", user_id=None).rows) == 0
    world.read()
    for number, lead_id in enumerate(world.lead_ids):
        assert world.told(lead_id) == all_told(number)


def _tasks(world: World) -> list[object]:
    return [row[0] for row in world.org.run_query("SELECT Id FROM Task ORDER BY Id", user_id=None).rows]
