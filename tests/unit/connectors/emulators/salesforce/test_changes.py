from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values
from hpro_connectors.emulators.salesforce.org.ids import make_id
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_sdk.errors import ConfigError
from tests.unit.connectors.emulators.salesforce.conftest import Ask, fault

STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp")
PERSON = {"LastName": "Muster", "Company": "Muster AG"}


def stamps(org: SalesforceOrg, object_name: str, record_id: str) -> list[object]:
    record = org.get(object_name, record_id)
    return [str(record[name])[11:19] for name in STAMPS]


def test_a_new_record_is_stamped_and_owned(org: SalesforceOrg) -> None:
    by_system = org.get("Lead", org.create("Lead", PERSON))
    assert [by_system[name] for name in STAMPS] == ["2026-03-02T09:00:00.000+0000"] * 3
    assert by_system["OwnerId"] == by_system["CreatedById"] == org.admin_user_id
    by_user = org.get("Lead", org.create("Lead", PERSON, user_id=org.integration_user_id))
    assert by_user["OwnerId"] == by_user["CreatedById"] == by_user["LastModifiedById"] == org.integration_user_id
    assert by_user["Status"] == "Open - Not Contacted"
    assert (by_user["IsDeleted"], by_user["IsConverted"], by_user["IsUnreadByOwner"]) == (False, False, True)


def test_the_org_itself_may_say_when_something_was_made(org: SalesforceOrg) -> None:
    long_ago = datetime(2025, 1, 1, tzinfo=UTC)
    made = org.create("Lead", {**PERSON, "CreatedDate": long_ago, "SystemModstamp": "2025-01-02T00:00:00Z"})
    record = org.get("Lead", made)
    assert [record[name] for name in STAMPS] == [
        "2025-01-01T00:00:00.000+0000",
        "2026-03-02T09:00:00.000+0000",
        "2025-01-02T00:00:00.000+0000",
    ]
    refused = fault(lambda: org.create("Lead", {**PERSON, "CreatedDate": long_ago}, user_id=org.admin_user_id))
    assert (refused.code, refused.fields) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ("CreatedDate",))


def test_a_change_moves_stamps_and_a_touch_only_the_system_s(
    org: SalesforceOrg, clock: EmulatorClock, lead_id: str
) -> None:
    clock.advance(timedelta(hours=1))
    org.update("Lead", lead_id, {"Title": "CEO"}, user_id=org.integration_user_id)
    assert stamps(org, "Lead", lead_id) == ["09:00:00", "10:00:00", "10:00:00"]
    assert org.get("Lead", lead_id)["LastModifiedById"] == org.integration_user_id
    clock.advance(timedelta(hours=1))
    org.touch("Lead", lead_id)
    assert stamps(org, "Lead", lead_id) == ["09:00:00", "10:00:00", "11:00:00"]
    org.update("Lead", lead_id, {})
    assert stamps(org, "Lead", lead_id) == ["09:00:00", "11:00:00", "11:00:00"]


def test_an_id_may_be_given(org: SalesforceOrg) -> None:
    given = make_id("00Q", 3, instance="Zz")
    assert org.create("Lead", PERSON, record_id=given[:15]) == given
    assert fault(lambda: org.create("Lead", PERSON, record_id=given)).code == "DUPLICATE_VALUE"
    assert fault(lambda: org.create("Lead", PERSON, record_id=make_id("003", 1))).code == "MALFORMED_ID"


def test_the_next_id_passes_over_one_that_was_given(org: SalesforceOrg) -> None:
    for number in (1, 2, 4):
        org.create("Lead", PERSON, record_id=make_id("00Q", number, instance="Hp"))
    assert [org.create("Lead", PERSON)[5:15] for _ in range(2)] == ["0000000003", "0000000005"]


@pytest.mark.parametrize(
    ("values", "code", "words", "fields"),
    [
        ({"Company": "x"}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ("LastName",)),
        ({**PERSON, "Foo__c": 1}, "INVALID_FIELD", "No such column 'Foo__c' on sobject of type Lead", ()),
        (
            {**PERSON, "Name": "x"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: Name.",
            ("Name",),
        ),
        ({**PERSON, "Id": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: Id.", ("Id",)),
        ({**PERSON, "IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", "fields: IsConverted.", ("IsConverted",)),
        ({**PERSON, "FirstName": "x" * 41}, "STRING_TOO_LONG", "First Name: data value too large: x", ("FirstName",)),
        (
            {**PERSON, "Email": "nonsense"},
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: nonsense",
            ("Email",),
        ),
        ({**PERSON, "AnnualRevenue": 1e18}, "NUMBER_OUTSIDE_VALID_RANGE", "outside of valid range", ("AnnualRevenue",)),
        ({**PERSON, "AnnualRevenue": "much"}, "JSON_PARSER_ERROR", "instance of double from VALUE_STRING", ()),
        ({**PERSON, "AnnualRevenue": float("nan")}, "JSON_PARSER_ERROR", "instance of double", ()),
        ({**PERSON, "NumberOfEmployees": 1.5}, "JSON_PARSER_ERROR", "instance of int from VALUE_NUMBER_FLOAT", ()),
        ({**PERSON, "DoNotCall": 1}, "JSON_PARSER_ERROR", "instance of boolean from VALUE_NUMBER_INT", ()),
        ({**PERSON, "Title": 1}, "JSON_PARSER_ERROR", "instance of string from VALUE_NUMBER_INT", ()),
        ({**PERSON, "Title": "half \ud83d"}, "JSON_PARSER_ERROR", "instance of string", ()),
        ({**PERSON, "EmailBouncedDate": "2026-01-01"}, "JSON_PARSER_ERROR", "instance of datetime", ()),
        ({**PERSON, "EmailBouncedDate": "2026-01-01T00:00:00"}, "JSON_PARSER_ERROR", "instance of datetime", ()),
        (
            {**PERSON, "GeocodeAccuracy": "Moon"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Moon",
            ("GeocodeAccuracy",),
        ),
        ({**PERSON, "OwnerId": "nobody"}, "MALFORMED_ID", "id value of incorrect type: nobody", ("OwnerId",)),
        (
            {**PERSON, "OwnerId": make_id("005", 99)},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference",
            ("OwnerId",),
        ),
    ],
)
def test_what_a_user_may_not_make(
    org: SalesforceOrg, values: dict[str, object], code: str, words: str, fields: tuple[str, ...]
) -> None:
    caught = fault(lambda: org.create("Lead", values, user_id=org.integration_user_id))
    assert (caught.status, caught.code, caught.fields) == (400, code, fields)
    assert words in caught.message
    assert org.run_query("SELECT COUNT() FROM Lead", user_id=None).count == 0


def test_a_reference_to_another_object_is_refused_even_of_the_org_itself(org: SalesforceOrg, lead_id: str) -> None:
    assert fault(lambda: org.create("Note", {"ParentId": org.org_id})).code == "FIELD_INTEGRITY_EXCEPTION"
    org.update("Lead", lead_id, {"OwnerId": make_id("00G", 1)})  # a queue, of which the org holds no records
    assert org.get("Lead", lead_id)["OwnerId"] == make_id("00G", 1)


def test_a_reference_to_a_deleted_record_is_refused(org: SalesforceOrg, lead_id: str) -> None:
    org.delete("Lead", lead_id)
    caught = fault(lambda: org.create("Task", {"WhoId": lead_id}, user_id=org.integration_user_id))
    assert (caught.code, caught.fields) == ("ENTITY_IS_DELETED", ("WhoId",))


def test_what_a_user_may_not_change(org: SalesforceOrg, lead_id: str) -> None:
    user = org.integration_user_id

    def change(values: dict[str, object], record_id: str = lead_id, object_name: str = "Lead") -> ApiFault:
        return fault(lambda: org.update(object_name, record_id, values, user_id=user))

    assert change({"LastName": None}).code == "REQUIRED_FIELD_MISSING"
    assert change({"SystemModstamp": "2026-01-01T00:00:00Z"}).code == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert change({"Title": "x"}, make_id("00Q", 77)).code == "NOT_FOUND"
    assert change({"Title": "x"}, make_id("003", 1)).code == "NOT_FOUND"
    assert change({"Title": "x"}, "nonsense").status == 404
    assert change({"Title": "x"}, object_name="Nothing").status == 404
    status = org.run_query("SELECT Id FROM LeadStatus LIMIT 1", user_id=None).rows[0][0]
    assert change({"MasterLabel": "x"}, str(status), "LeadStatus").code == "INSUFFICIENT_ACCESS_OR_READONLY"
    assert fault(lambda: org.create("LeadStatus", {}, user_id=user)).code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    org.convert_lead(lead_id)
    converted = change({"Title": "x"})
    assert (converted.code, converted.message) == ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    org.update("Lead", lead_id, {"Title": "the org itself may"})
    org.delete("Lead", lead_id)
    deleted = change({"Title": "x"})
    assert (deleted.status, deleted.code) == (404, "ENTITY_IS_DELETED")


def test_numbers_are_rounded_to_the_scale_of_their_field(org: SalesforceOrg, lead_id: str) -> None:
    org.schema.add_field("Lead", FieldSchema("Score__c", FieldType.DOUBLE, precision=5, scale=2))
    for value, kept in ((99.994, 99.99), (12.345, 12.35), (-0.005, -0.01), ("7.5", 7.5), (0, 0.0), (None, None)):
        org.update("Lead", lead_id, {"Score__c": value})
        assert org.get("Lead", lead_id)["Score__c"] == kept
    assert fault(lambda: org.update("Lead", lead_id, {"Score__c": 1000})).code == "NUMBER_OUTSIDE_VALID_RANGE"


def test_texts_are_trimmed_and_empty_ones_are_null(org: SalesforceOrg, lead_id: str) -> None:
    org.update("Lead", lead_id, {"Title": "  CEO \n", "City": "", "Description": " as typed \n\x00"})
    record = org.get("Lead", lead_id)
    assert (record["Title"], record["City"], record["Description"]) == ("CEO", None, " as typed \n\x00")


def test_restricted_picklists_of_many_values(org: SalesforceOrg, lead_id: str) -> None:
    kind = FieldType.MULTIPICKLIST
    org.schema.add_field("Lead", FieldSchema("Likes__c", kind, picklist=picklist_values("abc"), restricted=True))
    org.update("Lead", lead_id, {"Likes__c": "a;c"})
    caught = fault(lambda: org.update("Lead", lead_id, {"Likes__c": "a;d"}))
    assert caught.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_a_task_that_is_completed_is_closed(org: SalesforceOrg, clock: EmulatorClock, lead_id: str) -> None:
    task = org.create("Task", {"Subject": "Call", "WhoId": lead_id, "ActivityDate": "2026-03-05"})
    assert [org.get("Task", task)[name] for name in ("IsClosed", "CompletedDateTime", "WhoCount", "WhatCount")] == [
        False,
        None,
        1,
        0,
    ]
    clock.advance(timedelta(hours=1))
    org.update("Task", task, {"Status": "Completed"})
    clock.advance(timedelta(hours=1))
    org.update("Task", task, {"Description": "more"})
    found = org.get("Task", task)
    assert (found["IsClosed"], found["CompletedDateTime"]) == (True, "2026-03-02T10:00:00.000+0000")
    lead = org.get("Lead", lead_id)
    assert lead["LastActivityDate"] == "2026-03-05"
    assert lead["SystemModstamp"] == "2026-03-02T09:00:00.000+0000"  # an activity is no change of the lead
    org.update("Task", task, {"Status": "In Progress"})
    assert org.get("Task", task)["CompletedDateTime"] is None


def test_times_of_an_event_follow_from_each_other(org: SalesforceOrg, lead_id: str) -> None:
    start = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
    event = org.create("Event", {"Subject": "x", "WhoId": lead_id, "StartDateTime": start, "DurationInMinutes": 45})

    def times() -> list[object]:
        names = ("ActivityDateTime", "EndDateTime", "DurationInMinutes", "ActivityDate", "EndDate")
        return [org.get("Event", event)[name] for name in names]

    begins = "2026-03-05T23:30:00.000+0000"
    assert times() == [begins, "2026-03-06T00:15:00.000+0000", 45, "2026-03-05", "2026-03-06"]
    org.update("Event", event, {"EndDateTime": "2026-03-05T23:40:00Z"})
    assert times() == [begins, "2026-03-05T23:40:00.000+0000", 10, "2026-03-05", "2026-03-05"]
    org.update("Event", event, {"DurationInMinutes": 60})
    assert times()[1:3] == ["2026-03-06T00:30:00.000+0000", 60]


def test_an_opportunity_follows_its_stage(org: SalesforceOrg) -> None:
    made = org.create(
        "Opportunity", {"Name": "x", "StageName": "Prospecting", "Amount": 200, "CloseDate": "2026-04-01"}
    )

    def told() -> list[object]:
        return [org.get("Opportunity", made)[name] for name in ("IsClosed", "IsWon", "Probability", "ExpectedRevenue")]

    assert told() == [False, False, 10.0, 20.0]
    org.update("Opportunity", made, {"StageName": "Closed Won"})
    assert told() == [True, True, 100.0, 200.0]
    org.update("Opportunity", made, {"StageName": "Closed Lost", "Amount": None})
    assert told() == [True, False, 0.0, None]
    assert org.get("Opportunity", made)["ForecastCategory"] == "Omitted"


def test_a_transaction_keeps_all_or_nothing(org: SalesforceOrg, ask: Ask) -> None:
    def failing() -> None:
        with org.transaction():
            org.create("Lead", PERSON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert ask("SELECT Id FROM Lead") == []
    with org.transaction():
        kept = org.create("Lead", PERSON)
        with pytest.raises(ApiFault):
            org.convert_lead(kept, status="Nothing")
        with pytest.raises(ApiFault):
            org.create("Lead", {"Foo": 1})
    assert ask("SELECT Id FROM Lead") == [(kept,)]
    assert ask("SELECT COUNT(Id) FROM Account") == [(0,)]


def test_a_record_that_lives_is_found_and_another_is_not(org: SalesforceOrg, lead_id: str) -> None:
    found = org.find("Lead", lead_id[:15])
    assert found == org.get("Lead", lead_id)
    assert found is not None
    assert found["Name"] == "Eva Muster"
    assert org.find("Lead", make_id("00Q", 99)) is None
    assert org.find("Lead", "nonsense") is None
    org.delete("Lead", lead_id)
    assert org.find("Lead", lead_id) is None
    assert org.get("Lead", lead_id)["IsDeleted"] is True
    assert fault(lambda: org.get("Lead", lead_id, user_id=org.integration_user_id)).code == "ENTITY_IS_DELETED"


def test_an_org_in_a_file(tmp_path: Path, clock: EmulatorClock) -> None:
    path = tmp_path / "org.sqlite"
    org = SalesforceOrg(org_id="00DHp0000000001EAA", name="x", clock=clock, path=path)
    with org.transaction():
        made = org.create("Lead", PERSON)
    assert org.get("Lead", made)["LastName"] == "Muster"
    org.close()
    with pytest.raises(ConfigError, match="not empty"):
        SalesforceOrg(org_id="00DHp0000000001EAA", name="x", clock=clock, path=path)


def test_an_org_needs_an_id_of_an_org(clock: EmulatorClock) -> None:
    with pytest.raises(ValueError, match="no id of an org"):
        SalesforceOrg(org_id="00Q000000000001", name="x", clock=clock)


def test_the_org_knows_itself(org: SalesforceOrg, ask: Ask) -> None:
    assert ask("SELECT Id, Name, IsSandbox FROM Organization") == [(org.org_id, "Muster AG", False)]
    assert [row[0] for row in ask("SELECT Id FROM User ORDER BY Id")] == list(org.access.users)
    assert ask("SELECT MasterLabel FROM LeadStatus WHERE IsConverted = true") == [("Closed - Converted",)]
