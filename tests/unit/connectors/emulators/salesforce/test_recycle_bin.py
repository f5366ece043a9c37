from __future__ import annotations

from datetime import timedelta

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.unit.connectors.emulators.salesforce.conftest import Ask, fault

LATER = "2026-03-02T10:00:00.000+0000"


@pytest.fixture
def belongings(org: SalesforceOrg, lead_id: str) -> dict[str, str]:
    """Everything that may belong to a lead, by object."""
    org.schema.track("Lead", "Status")
    org.update("Lead", lead_id, {"Status": "Working - Contacted"})
    task = org.create("Task", {"Subject": "x", "WhoId": lead_id, "TaskSubtype": "Email"})
    mail = org.create("EmailMessage", {"Subject": "x", "ActivityId": task})
    note = org.create("ContentNote", {"Title": "x", "Content": b"x"})
    return {
        "Task": task,
        "Event": org.create("Event", {"Subject": "x", "WhoId": lead_id, "ActivityDate": "2026-03-02"}),
        "EmailMessage": mail,
        "EmailMessageRelation": org.create("EmailMessageRelation", {"EmailMessageId": mail, "RelationId": lead_id}),
        "Note": org.create("Note", {"Title": "x", "ParentId": lead_id}),
        "ContentDocumentLink": org.create(
            "ContentDocumentLink", {"LinkedEntityId": lead_id, "ContentDocumentId": note}
        ),
        "LeadHistory": str(org.run_query("SELECT Id FROM LeadHistory", user_id=None).rows[0][0]),
    }


def deleted_of(org: SalesforceOrg, belongings: dict[str, str]) -> set[object]:
    return {org.get(name, record_id)["IsDeleted"] for name, record_id in belongings.items()}


def test_a_lead_takes_with_it_what_belongs_to_it(
    org: SalesforceOrg, ask: Ask, clock: EmulatorClock, lead_id: str, belongings: dict[str, str]
) -> None:
    clock.advance(timedelta(hours=1))
    org.delete("Lead", lead_id, user_id=org.integration_user_id)
    assert deleted_of(org, belongings) == {True}
    assert ask("SELECT Id FROM Lead") == []
    assert ask("SELECT Id, IsDeleted, SystemModstamp FROM Lead", deleted=True) == [(lead_id, True, LATER)]
    for name in ("Task", "Event", "EmailMessage", "Note"):
        assert ask(f"SELECT Id FROM {name}") == []
        assert ask(f"SELECT Id, SystemModstamp FROM {name}", deleted=True) == [(belongings[name], LATER)]
    assert ask("SELECT Id FROM LeadHistory") == []
    assert ask("SELECT Id, IsDeleted FROM LeadHistory", deleted=True) == [(belongings["LeadHistory"], True)]
    assert ask("SELECT IsDeleted FROM ContentNote") == [(False,)]


def test_a_lead_comes_back_with_what_went_with_it(
    org: SalesforceOrg, ask: Ask, clock: EmulatorClock, lead_id: str, belongings: dict[str, str]
) -> None:
    org.delete("Event", belongings["Event"])
    org.delete("Lead", lead_id)
    clock.advance(timedelta(hours=1))
    org.undelete("Lead", lead_id)
    assert ask("SELECT Id, SystemModstamp, LastModifiedDate FROM Lead") == [
        (lead_id, LATER, "2026-03-02T09:00:00.000+0000")
    ]
    assert org.get("Event", belongings.pop("Event"))["IsDeleted"] is True
    assert deleted_of(org, belongings) == {False}
    assert ask("SELECT SystemModstamp FROM Task") == [(LATER,)]
    now = clock.now()
    for name in ("Lead", "Task"):
        assert org.deleted(name, now - timedelta(hours=1), now + timedelta(hours=1))["deletedRecords"] == []


def test_what_went_with_a_lead_does_not_come_back_alone(
    org: SalesforceOrg, lead_id: str, belongings: dict[str, str]
) -> None:
    org.delete("Lead", lead_id)
    assert fault(lambda: org.undelete("Task", belongings["Task"])).code == "UNDELETE_FAILED"
    org.undelete("Lead", lead_id)
    assert fault(lambda: org.undelete("Lead", lead_id)).code == "UNDELETE_FAILED"


def test_a_record_is_deleted_once(org: SalesforceOrg, lead_id: str) -> None:
    org.delete("Lead", lead_id)
    assert fault(lambda: org.delete("Lead", lead_id)).code == "ENTITY_IS_DELETED"


def test_the_bin_is_emptied_after_15_days(
    org: SalesforceOrg, ask: Ask, clock: EmulatorClock, lead_id: str, belongings: dict[str, str]
) -> None:
    org.delete("Lead", lead_id)
    clock.advance(timedelta(days=15))
    assert org.empty_recycle_bin() == 0
    assert len(ask("SELECT Id FROM Lead", deleted=True)) == 1
    clock.advance(timedelta(seconds=1))
    assert ask("SELECT Id FROM Lead", deleted=True) == []  # by itself, whoever moved the clock
    for name, record_id in belongings.items():
        assert fault(lambda name=name, record_id=record_id: org.get(name, record_id)).code == "NOT_FOUND"  # type: ignore[misc]
    assert fault(lambda: org.undelete("Lead", lead_id)).code == "NOT_FOUND"


def test_advancing_empties_the_bin(org: SalesforceOrg, lead_id: str) -> None:
    org.delete("Lead", lead_id)
    other = org.create("Lead", {"LastName": "y"})
    org.advance(timedelta(days=10))
    org.delete("Lead", other)
    org.advance(timedelta(days=6))
    assert fault(lambda: org.get("Lead", lead_id)).code == "NOT_FOUND"
    assert org.get("Lead", other)["IsDeleted"] is True
    org.advance(timedelta(days=16))
    assert fault(lambda: org.get("Lead", other)).code == "NOT_FOUND"


def test_a_purged_record_is_gone_without_a_word(
    org: SalesforceOrg, ask: Ask, clock: EmulatorClock, lead_id: str, belongings: dict[str, str]
) -> None:
    now = clock.now()
    clock.advance(timedelta(hours=1))
    org.purge("Lead", lead_id)
    for name in ("Lead", "Task", "EmailMessage", "Note", "LeadHistory"):
        assert ask(f"SELECT Id FROM {name}", deleted=True) == []
    assert org.deleted("Lead", now, clock.now())["deletedRecords"] == []
    assert org.deleted("Task", now, clock.now())["deletedRecords"] == []
    assert fault(lambda: org.purge("Lead", lead_id)).code == "NOT_FOUND"


def test_a_deleted_record_may_be_purged(org: SalesforceOrg, ask: Ask, clock: EmulatorClock, lead_id: str) -> None:
    begun = clock.now()
    org.delete("Lead", lead_id)
    org.purge("Lead", lead_id)
    assert ask("SELECT Id FROM Lead", deleted=True) == []
    assert org.deleted("Lead", begun, begun + timedelta(hours=1))["deletedRecords"] == []


@pytest.mark.parametrize("in_bin", [False, True])
def test_a_hard_deleted_record_is_gone_and_told_with_what_belongs_to_it(
    org: SalesforceOrg, ask: Ask, clock: EmulatorClock, lead_id: str, belongings: dict[str, str], *, in_bin: bool
) -> None:
    begun = clock.now()
    clock.advance(timedelta(hours=1))
    if in_bin:
        org.delete("Lead", lead_id)
    org.hard_delete("Lead", lead_id)
    clock.advance(timedelta(hours=1))
    for name in ("Lead", "Task", "Event", "EmailMessage", "Note", "LeadHistory"):
        assert ask(f"SELECT Id FROM {name}", deleted=True) == []
    told = [{"id": lead_id, "deletedDate": LATER}]
    assert org.deleted("Lead", begun, clock.now())["deletedRecords"] == told
    for name in ("Task", "Event", "EmailMessage", "Note"):
        told = [{"id": belongings[name], "deletedDate": LATER}]
        assert org.deleted(name, begun, clock.now())["deletedRecords"] == told
    assert fault(lambda: org.undelete("Lead", lead_id)).code == "NOT_FOUND"
    assert fault(lambda: org.hard_delete("Lead", lead_id)).code == "NOT_FOUND"


def test_a_log_that_lags_says_how_far_it_goes(org: SalesforceOrg, clock: EmulatorClock, lead_id: str) -> None:
    begun = clock.now()
    clock.advance(timedelta(hours=1))
    org.delete("Lead", lead_id)
    org.let_deletion_log_lag(timedelta(minutes=30))
    told = org.deleted("Lead", begun, clock.now())
    assert (told["deletedRecords"], told["latestDateCovered"]) == ([], "2026-03-02T09:30:00.000+0000")
    clock.advance(timedelta(minutes=30))
    told = org.deleted("Lead", begun, clock.now())
    assert told["deletedRecords"] == [{"id": lead_id, "deletedDate": LATER}]
    assert told["latestDateCovered"] == LATER


def test_deleted_records_are_told(org: SalesforceOrg, clock: EmulatorClock, lead_id: str) -> None:
    begun = clock.now()
    clock.advance(timedelta(hours=1))
    org.delete("Lead", lead_id)
    clock.advance(timedelta(hours=1))
    assert org.deleted("Lead", begun, clock.now() + timedelta(days=1)) == {
        "deletedRecords": [{"id": lead_id, "deletedDate": LATER}],
        "earliestDateAvailable": "2026-01-31T11:00:00.000+0000",
        "latestDateCovered": "2026-03-02T11:00:00.000+0000",
    }
    assert org.deleted("Lead", begun, begun + timedelta(minutes=59))["deletedRecords"] == []
    assert org.deleted("Contact", begun, clock.now())["deletedRecords"] == []


def test_updated_records_are_told(org: SalesforceOrg, clock: EmulatorClock, lead_id: str) -> None:
    begun = clock.now()
    gone = org.create("Lead", {"LastName": "x"})
    clock.advance(timedelta(hours=1))
    org.delete("Lead", gone)
    later = org.create("Lead", {"LastName": "y"})
    assert org.updated("Lead", begun, clock.now())["ids"] == [lead_id, later]
    assert org.updated("Lead", begun + timedelta(seconds=1), clock.now())["ids"] == [later]
    assert org.updated("Lead", begun, clock.now())["latestDateCovered"] == LATER


def test_what_is_no_longer_known_cannot_be_asked(org: SalesforceOrg, clock: EmulatorClock, lead_id: str) -> None:
    begun = clock.now()

    def refused(start: timedelta, end: timedelta = timedelta(days=100)) -> str:
        caught = fault(lambda: org.deleted("Lead", begun + start, begun + end))
        assert (caught.status, caught.code) == (400, "INVALID_REPLICATION_DATE")
        return caught.message

    org.deleted("Lead", begun - timedelta(days=30), clock.now())  # nothing was forgotten yet
    org.delete("Lead", lead_id)
    org.advance(timedelta(days=16))
    assert "before org replication enabled" in refused(timedelta(0))
    org.deleted("Lead", begun + timedelta(days=2), clock.now())
    org.purge_deletion_log()
    assert "before" in refused(timedelta(days=15))
    clock.advance(timedelta(days=40))
    assert "cannot be more than 30 days ago" in refused(timedelta(days=20))
    assert "at least one minute" in refused(timedelta(days=50), timedelta(days=50, seconds=59))


def test_some_objects_are_not_replicated(org: SalesforceOrg, clock: EmulatorClock) -> None:
    for name in ("LeadHistory", "LeadStatus", "Nothing"):
        call = lambda name=name: org.updated(name, clock.now(), clock.now() + timedelta(hours=1))  # noqa: E731
        assert fault(call).code == "NOT_FOUND"


def test_a_user_may_not_delete_everything(org: SalesforceOrg) -> None:
    status = str(org.run_query("SELECT Id FROM LeadStatus LIMIT 1", user_id=None).rows[0][0])
    refused = fault(lambda: org.delete("LeadStatus", status, user_id=org.integration_user_id))
    assert refused.code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_old_activities_are_archived(org: SalesforceOrg, ask: Ask, clock: EmulatorClock, lead_id: str) -> None:
    def task(day: str | None, status: str) -> str:
        return org.create("Task", {"Subject": "x", "WhoId": lead_id, "ActivityDate": day, "Status": status})

    closed, opened, undated = (
        task("2026-03-02", "Completed"),
        task("2026-03-02", "Not Started"),
        task(None, "Completed"),
    )
    recent = task("2026-03-20", "Completed")
    event = org.create("Event", {"Subject": "x", "WhoId": lead_id, "StartDateTime": "2026-03-02T10:00:00Z"})
    stamp = org.get("Task", closed)["SystemModstamp"]
    assert len(ask("SELECT Id FROM Task")) == 4
    org.advance(timedelta(days=366))
    assert ask("SELECT Id FROM Task ORDER BY Id") == [(opened,), (recent,)]
    assert ask("SELECT Id FROM Task WHERE IsArchived = true ORDER BY Id", deleted=True) == [(closed,), (undated,)]
    assert len(ask("SELECT Id FROM Task", deleted=True)) == 4
    assert ask("SELECT Id FROM Event") == []
    assert ask("SELECT Id, IsArchived, IsDeleted FROM Event", deleted=True) == [(event, True, False)]
    assert org.get("Task", closed)["SystemModstamp"] == stamp  # nothing tells of it
    assert org.get("Task", closed)["IsArchived"] is True
