"""What an org does with what is written to it: rules, triggers, locks, assignment, and what a user may not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest

from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.integration.connectors.emulators.conftest import change_of, patched

if TYPE_CHECKING:
    from tests.integration.connectors.emulators.conftest import AddLeads

PATH = "composite/sobjects"


def _codes(results: list[dict[str, Any]]) -> list[str | None]:
    return [None if one["success"] else one["errors"][0]["statusCode"] for one in results]


def test_a_validation_rule_refuses_in_its_own_words(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    ids = add_leads(3)
    org.update("Lead", ids[1], {"Industry": "Energy"})
    org.rules.add_validation("Lead", "No city for energy.", lambda lead: lead["Industry"] == "Energy", field="City")
    org.rules.add_validation("Lead", "Not Ulm.", {"City": "Ulm"})
    results = patched(salesforce, [change_of(one, City="Bonn") for one in ids[:2]] + [change_of(ids[2], City="Ulm")])
    assert _codes(results) == [None, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    assert results[1]["errors"][0] == {
        "statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "message": "No city for energy.",
        "fields": ["City"],
    }
    assert org.get("Lead", ids[2])["City"] is None
    with pytest.raises(SalesforceMalformedRequest, match=r"Not Ulm\."):
        salesforce.restful(f"sobjects/Lead/{ids[2]}", method="PATCH", json={"City": "Ulm"})
    with pytest.raises(SalesforceMalformedRequest, match=r"Not Ulm\."):
        salesforce.restful("sobjects/Lead", method="POST", json={"LastName": "A", "Company": "B", "City": "Ulm"})


def test_a_trigger_that_fails_takes_its_record_back(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    good, bad = add_leads(2)
    org.rules.add_trigger("Lead", "LeadRouting", lambda lead: lead["LastName"] == "Lead 0001")
    results = patched(salesforce, [change_of(good, City="Ulm"), change_of(bad, City="Ulm")])
    assert _codes(results) == [None, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"]
    assert results[1]["errors"][0]["message"].startswith("LeadRouting: execution of AfterUpdate")
    assert org.get("Lead", bad)["City"] is None


def test_locked_rows_are_free_after_so_many_requests_or_in_small_ones(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    ids = add_leads(3)
    org.rules.lock("Lead", ids[:1], requests=2)
    records = [change_of(one, City="Ulm") for one in ids]
    locked = ["UNABLE_TO_LOCK_ROW", None, None]
    assert [
        _codes(patched(salesforce, records[1:])),
        *(_codes(patched(salesforce, records)) for _ in range(3)),
    ] == [
        [None, None],
        locked,
        locked,
        [None, None, None],
    ]
    org.rules.lock("Lead", requests=None, above=2)
    assert set(_codes(patched(salesforce, records))) == {"UNABLE_TO_LOCK_ROW"}
    assert _codes(patched(salesforce, records[:2])) == [None, None]
    org.rules.unlock()
    assert _codes(patched(salesforce, records)) == [None, None, None]


@pytest.mark.parametrize("said", [None, "TRUE", "FALSE"])
def test_an_assignment_rule_moves_leads_unless_the_client_forbids_it(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads, said: str | None
) -> None:
    [lead_id] = add_leads(1)
    before = org.get("Lead", lead_id)["OwnerId"]
    org.rules.assigned_to["Lead"] = org.integration_user_id
    headers = {} if said is None else {"Sforce-Auto-Assign": said}
    patched(salesforce, [change_of(lead_id, City="Ulm")], headers=headers)
    assert (org.get("Lead", lead_id)["OwnerId"] == before) is (said == "FALSE")


def test_each_refusal_has_its_code_and_none_its_id(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads, emulator: SalesforceEmulator
) -> None:
    org.schema.add_field("Lead", FieldSchema("Fit__c", FieldType.DOUBLE, precision=5, scale=2))
    org.schema.add_field("Lead", FieldSchema("Note__c", FieldType.STRING, length=5))
    grades = FieldSchema("Grade__c", FieldType.PICKLIST, picklist=picklist_values("AB"), restricted=True)
    org.schema.add_field("Lead", grades)
    org.schema.add_field("Lead", FieldSchema("Formula__c", FieldType.DOUBLE, precision=5, updateable=False))
    ids = add_leads(9)
    org.delete("Lead", ids[0])
    org.convert_lead(ids[1])
    org.purge("Lead", ids[2])
    org.rules.make_read_only(ids[3])
    results = patched(
        salesforce,
        [
            change_of(ids[0], City="Ulm"),
            change_of(ids[1], City="Ulm"),
            change_of(ids[2], City="Ulm"),
            change_of(ids[3], City="Ulm"),
            change_of(ids[4], Fit__c=1000),
            change_of(ids[5], Note__c="sixsix"),
            change_of(ids[6], Grade__c="C"),
            change_of(ids[7], Formula__c=1),
            change_of("no id", City="Ulm"),
            change_of(ids[8], Fit__c=1.005),
        ],
    )
    assert _codes(results) == [
        "ENTITY_IS_DELETED",
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "INVALID_CROSS_REFERENCE_KEY",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "STRING_TOO_LONG",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "MALFORMED_ID",
        None,
    ]
    assert all("id" not in one for one in results[:-1])
    assert org.get("Lead", ids[8])["Fit__c"] == 1.01
    org.rules.are_converted_leads_editable = True
    assert _codes(patched(salesforce, [change_of(ids[1], City="Ulm")])) == [None]
    org.rules.is_storage_full = True
    assert _codes(patched(salesforce, [change_of(ids[8], City="Ulm")])) == ["STORAGE_LIMIT_EXCEEDED"]
    assert not emulator.violations


def test_a_body_that_cannot_be_read_writes_none_of_its_records(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    good, bad = add_leads(2)
    with pytest.raises(SalesforceMalformedRequest, match="JSON_PARSER_ERROR"):
        patched(salesforce, [change_of(good, City="Ulm"), change_of(bad, AnnualRevenue="much")])
    data = f'{{"records": [{{"attributes": {{"type": "Lead"}}, "id": "{good}", "AnnualRevenue": NaN}}]}}'
    with pytest.raises(SalesforceMalformedRequest, match="JSON_PARSER_ERROR"):
        salesforce.restful(PATH, method="PATCH", data=data)
    assert org.get("Lead", good)["City"] is None


def test_more_than_ten_changes_of_the_kind_are_refused_whole(salesforce: Salesforce, add_leads: AddLeads) -> None:
    records = []
    for lead_id in add_leads(6):
        records += [change_of(lead_id, City="Ulm"), {"attributes": {"type": "Contact"}, "id": "003Hp0000000001MAA"}]
    assert len(patched(salesforce, records[:10])) == 10
    with pytest.raises(SalesforceMalformedRequest, match="chunks"):
        patched(salesforce, records)


def test_a_field_that_some_automation_puts_back_keeps_its_value_without_a_word(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    [lead_id] = add_leads(1)
    org.rules.ignore("Lead", "City")
    assert _codes(patched(salesforce, [change_of(lead_id, City="Ulm", Street="Hauptstr. 1")])) == [None]
    assert (org.get("Lead", lead_id)["City"], org.get("Lead", lead_id)["Street"]) == (None, "Hauptstr. 1")
