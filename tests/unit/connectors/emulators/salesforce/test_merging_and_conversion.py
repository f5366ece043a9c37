from __future__ import annotations

from datetime import timedelta

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.first_day import LeadStatus, OpportunityStage
from hpro_connectors.emulators.salesforce.org.ids import make_id
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.unit.connectors.emulators.salesforce.conftest import Ask, fault

BEFORE = "2026-03-02T09:00:00.000+0000"
LATER = "2026-03-02T10:00:00.000+0000"


@pytest.fixture
def timeline(org: SalesforceOrg, clock: EmulatorClock, lead_id: str) -> dict[str, str]:
    """What was entered about the lead, by object; an hour has gone by since."""
    task = org.create("Task", {"Subject": "x", "WhoId": lead_id, "TaskSubtype": "Email"})
    mail = org.create("EmailMessage", {"Subject": "x", "ActivityId": task})
    note = org.create("ContentNote", {"Title": "x", "Content": b"x"})
    made = {
        "Task": task,
        "EmailMessage": mail,
        "EmailMessageRelation": org.create("EmailMessageRelation", {"EmailMessageId": mail, "RelationId": lead_id}),
        "Event": org.create("Event", {"Subject": "x", "WhoId": lead_id, "StartDateTime": "2026-03-02T10:00:00Z"}),
        "Note": org.create("Note", {"Title": "x", "ParentId": lead_id}),
        "ContentNote": note,
        "ContentDocumentLink": org.create(
            "ContentDocumentLink", {"LinkedEntityId": lead_id, "ContentDocumentId": note}
        ),
    }
    clock.advance(timedelta(hours=1))
    return made


LINKS = {
    "Task": "WhoId",
    "Event": "WhoId",
    "Note": "ParentId",
    "ContentDocumentLink": "LinkedEntityId",
    "EmailMessageRelation": "RelationId",
}


def links(org: SalesforceOrg, timeline: dict[str, str]) -> set[tuple[object, object]]:
    """Where the timeline leads, and when that was stamped."""
    found = [(org.get(name, timeline[name]), link) for name, link in LINKS.items()]
    return {(record[link], record["SystemModstamp"]) for record, link in found}


def test_the_loser_s_timeline_goes_to_the_survivor(
    org: SalesforceOrg, ask: Ask, lead_id: str, timeline: dict[str, str]
) -> None:
    survivor = org.create("Lead", {"LastName": "kept", "CreatedDate": "2026-01-01T00:00:00Z"})
    org.merge("Lead", survivor, lead_id)
    assert ask("SELECT Id, SystemModstamp, LastModifiedDate FROM Lead") == [(survivor, LATER, LATER)]
    assert ask("SELECT Id, MasterRecordId, SystemModstamp FROM Lead WHERE IsDeleted = true", deleted=True) == [
        (lead_id, survivor, LATER)
    ]
    assert links(org, timeline) == {(survivor, LATER)}
    assert ask("SELECT IsDeleted FROM Task") == [(False,)]
    assert ask("SELECT MasterRecord.LastName FROM Lead WHERE IsDeleted = true", deleted=True) == [("kept",)]


def test_the_loser_s_history_goes_with_it(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.schema.track("Lead", "Status")
    org.update("Lead", lead_id, {"Status": "Working - Contacted"})
    org.merge("Lead", org.create("Lead", {"LastName": "kept"}), lead_id)
    assert ask("SELECT LeadId FROM LeadHistory WHERE Field = 'Status'") == []
    assert ask("SELECT LeadId, IsDeleted FROM LeadHistory WHERE Field = 'Status'", deleted=True) == [(lead_id, True)]


def test_contacts_and_accounts_merge_too(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    became = org.convert_lead(lead_id)
    account, contact = org.create("Account", {"Name": "kept"}), org.create("Contact", {"LastName": "kept"})
    org.merge("Contact", contact, became.contact_id)
    org.merge("Account", account, became.account_id)
    assert ask("SELECT ConvertedContactId, ConvertedAccountId FROM Lead") == [(contact, account)]
    assert ask("SELECT ContactId FROM OpportunityContactRole") == [(contact,)]
    assert ask("SELECT AccountId, ContactId FROM Opportunity") == [(account, contact)]
    assert org.get("Contact", became.contact_id)["MasterRecordId"] == contact


def test_what_does_not_merge(org: SalesforceOrg, lead_id: str) -> None:
    other = org.create("Lead", {"LastName": "y"})
    assert fault(lambda: org.merge("Lead", lead_id, lead_id)).code == "INVALID_OPERATION"
    task = org.create("Task", {"Subject": "x"})
    again = org.create("Task", {"Subject": "x"})
    assert fault(lambda: org.merge("Task", task, again)).code == "INVALID_OPERATION"
    org.delete("Lead", other)
    assert fault(lambda: org.merge("Lead", lead_id, other)).code == "ENTITY_IS_DELETED"
    assert fault(lambda: org.merge("Lead", make_id("00Q", 99), lead_id)).code == "NOT_FOUND"


def test_a_loser_that_comes_back_has_no_master(org: SalesforceOrg, lead_id: str) -> None:
    org.merge("Lead", org.create("Lead", {"LastName": "kept"}), lead_id)
    org.undelete("Lead", lead_id)
    assert org.get("Lead", lead_id)["MasterRecordId"] is None


def test_a_converted_lead(org: SalesforceOrg, ask: Ask, lead_id: str, timeline: dict[str, str]) -> None:
    became = org.convert_lead(lead_id)
    lead = org.get("Lead", lead_id)
    wanted = {
        "IsConverted": True,
        "ConvertedDate": "2026-03-02",
        "ConvertedAccountId": became.account_id,
        "ConvertedContactId": became.contact_id,
        "ConvertedOpportunityId": became.opportunity_id,
        "Status": "Closed - Converted",
        "SystemModstamp": LATER,
        "LastModifiedDate": LATER,
        "IsDeleted": False,
    }
    assert {name: lead[name] for name in wanted} == wanted
    assert links(org, timeline) == {(became.contact_id, LATER)}
    assert ask("SELECT WhatId, AccountId FROM Task") == [(became.opportunity_id, became.account_id)]
    assert ask("SELECT SystemModstamp FROM EmailMessage") == [(BEFORE,)]  # it hangs at the task, which was stamped
    assert ask("SELECT LastModifiedDate FROM ContentNote") == [(BEFORE,)]  # only its link was
    assert ask("SELECT Name, Account.Name, MailingCity FROM Contact") == [("Eva Muster", "Muster AG", "Bonn")]
    assert ask("SELECT Name, StageName, Account.Name, ContactId FROM Opportunity") == [
        ("Muster AG-", "Prospecting", "Muster AG", became.contact_id)
    ]
    assert ask("SELECT ContactId, IsPrimary FROM OpportunityContactRole") == [(became.contact_id, True)]
    assert ask("SELECT ConvertedOpportunity.StageName FROM Lead") == [("Prospecting",)]


def test_a_conversion_into_what_is_there(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    account, contact = org.create("Account", {"Name": "a"}), org.create("Contact", {"LastName": "c"})
    unrelated = org.create("Task", {"Subject": "x", "WhoId": contact})
    became = org.convert_lead(lead_id, with_opportunity=False, account_id=account, contact_id=contact)
    assert (became.account_id, became.contact_id, became.opportunity_id) == (account, contact, None)
    assert ask("SELECT COUNT(Id) FROM Opportunity") == [(0,)]
    assert ask("SELECT AccountId FROM Contact") == [(account,)]
    assert org.get("Task", unrelated)["AccountId"] is None


def test_ids_of_what_a_lead_becomes_may_be_given(org: SalesforceOrg, lead_id: str) -> None:
    ids = {"Account": make_id("001", 7), "Contact": make_id("003", 7), "Opportunity": make_id("006", 7)}
    became = org.convert_lead(lead_id, record_ids=ids, opportunity_name="A deal")
    assert [became.account_id, became.contact_id, became.opportunity_id] == list(ids.values())
    assert org.get("Opportunity", ids["Opportunity"])["Name"] == "A deal"


def test_what_cannot_be_converted(org: SalesforceOrg, lead_id: str) -> None:
    assert fault(lambda: org.convert_lead(lead_id, status="Working - Contacted")).code == "INVALID_STATUS"
    org.convert_lead(lead_id)
    assert fault(lambda: org.convert_lead(lead_id)).code == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert fault(lambda: org.convert_lead(make_id("00Q", 99))).code == "NOT_FOUND"


def test_statuses_and_stages_of_a_company(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.set_lead_statuses([LeadStatus("new", default=True), LeadStatus("lost"), LeadStatus("won", converted=True)])
    org.set_opportunity_stages([OpportunityStage("talks", 30), OpportunityStage("done", 100, closed=True, won=True)])
    assert ask("SELECT MasterLabel, SortOrder, IsConverted, IsDefault FROM LeadStatus ORDER BY SortOrder") == [
        ("new", 1, False, True),
        ("lost", 2, False, False),
        ("won", 3, True, False),
    ]
    assert org.get("Lead", org.create("Lead", {"LastName": "x"}))["Status"] == "new"
    became = org.convert_lead(lead_id, status="won")
    assert became.opportunity_id is not None
    assert org.get("Opportunity", became.opportunity_id)["StageName"] == "talks"
    org.update("Opportunity", became.opportunity_id, {"StageName": "done"})
    assert org.get("Opportunity", became.opportunity_id)["IsWon"] is True
    fields = org.describe("Lead", user_id=org.integration_user_id)["fields"]
    assert isinstance(fields, list)
    (status,) = [one for one in fields if isinstance(one, dict) and one["name"] == "Status"]
    values = status["picklistValues"]
    assert isinstance(values, list)
    assert [one["value"] for one in values if isinstance(one, dict)] == ["new", "lost", "won"]
