from __future__ import annotations

from dataclasses import replace

import pytest

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.field_schema import (
    FieldSchema,
    FieldType,
    PicklistValue,
    label_of,
    picklist_values,
)
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema, by_name
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.standard.common import audit, identity, reference, text
from tests.unit.connectors.emulators.salesforce.conftest import Ask


def test_a_field_comes_and_goes(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.schema.add_field("Lead", FieldSchema("Kind__c", FieldType.PICKLIST, length=255, picklist=picklist_values("ab")))
    assert ask("SELECT Kind__c FROM Lead") == [(None,)]
    org.update("Lead", lead_id, {"Kind__c": "a"})
    assert ask("SELECT Id FROM Lead WHERE kind__c = 'A'") == [(lead_id,)]
    with pytest.raises(ValueError, match="already"):
        org.schema.add_field("Lead", FieldSchema("KIND__C", FieldType.STRING))
    org.schema.track("Lead", "Kind__c")
    org.schema.remove_field("Lead", "Kind__c")
    with pytest.raises(ApiFault, match="No such column"):
        ask("SELECT Kind__c FROM Lead")
    assert org.schema["Lead"].tracked == set()
    org.schema.add_field("Lead", FieldSchema("Kind__c", FieldType.DOUBLE))
    assert ask("SELECT Kind__c FROM Lead") == [(None,)]


def test_a_new_yes_or_no_has_its_default_in_records_that_are_there(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.schema.add_field("Lead", FieldSchema("Yes__c", FieldType.BOOLEAN, default=True))
    assert ask("SELECT Yes__c FROM Lead") == [(True,)]


@pytest.mark.parametrize(
    ("before", "after", "values"),
    [
        (FieldSchema("F__c", FieldType.DOUBLE, precision=18, scale=2), FieldType.STRING, (5, "5")),
        (FieldSchema("F__c", FieldType.DOUBLE, precision=18, scale=2), FieldType.STRING, (5.25, "5.25")),
        (FieldSchema("F__c", FieldType.STRING, length=80), FieldType.DOUBLE, ("5.25", 5.25)),
        (FieldSchema("F__c", FieldType.STRING, length=80), FieldType.DOUBLE, ("five", None)),
        (FieldSchema("F__c", FieldType.STRING, length=80), FieldType.PICKLIST, ("x", "x")),
        (FieldSchema("F__c", FieldType.DATE), FieldType.STRING, ("2026-01-02", "2026-01-02")),
        (FieldSchema("F__c", FieldType.STRING, length=80), FieldType.BOOLEAN, ("x", False)),
        (FieldSchema("F__c", FieldType.STRING, length=80), FieldType.DATETIME, ("x", None)),
    ],
)
def test_a_field_changes_its_type(
    org: SalesforceOrg, ask: Ask, before: FieldSchema, after: FieldType, values: tuple[object, object]
) -> None:
    org.schema.add_field("Lead", before)
    org.create("Lead", {"LastName": "x", "F__c": values[0]})
    org.schema.change_field("Lead", replace(before, type=after, length=80))
    assert ask("SELECT F__c FROM Lead") == [(values[1],)]


def test_a_picklist_value_is_added(org: SalesforceOrg) -> None:
    status = org.schema["Lead"].fields["Status"]
    org.schema.change_field("Lead", replace(status, picklist=(*status.picklist, PicklistValue("Nurturing"))))
    assert org.schema["Lead"].fields["Status"].picklist[-1].value == "Nurturing"


def test_objects_are_of_one_org(org: SalesforceOrg) -> None:
    org.schema.add_field("Lead", FieldSchema("Only_here__c", FieldType.STRING))
    other = SalesforceOrg(org_id="00DHp0000000002", name="other", clock=org.clock)
    assert "Only_here__c" not in other.schema["Lead"].fields
    other.close()


def test_an_edition_without_an_object(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    for name in ("EmailMessage", "ContentDocument", "ContentVersion", "Opportunity"):
        org.schema.remove_object(name)
    assert "EmailMessage" not in org.schema
    with pytest.raises(ApiFault, match="sObject type 'EmailMessage' is not supported"):
        ask("SELECT Id FROM EmailMessage")
    with pytest.raises(ApiFault, match="The requested resource does not exist"):
        org.describe("EmailMessage", user_id=org.integration_user_id)
    task = org.create("Task", {"Subject": "x", "WhoId": lead_id})
    org.create("ContentNote", {"Title": "x", "Content": b"x"})
    org.delete("Lead", lead_id)
    assert org.get("Task", task)["IsDeleted"] is True
    with pytest.raises(KeyError):
        org.schema.remove_object("Nothing")


def test_a_custom_object(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.schema.add_object(
        ObjectSchema(
            "Visit__c",
            "a00",
            by_name(
                [
                    identity(),
                    text("Name", 80, name_field=True),
                    reference("Lead__c", "Lead", relationship="Lead__r"),
                    *audit(),
                ]
            ),
        )
    )
    made = org.create("Visit__c", {"Name": "x", "Lead__c": lead_id}, user_id=org.integration_user_id)
    assert made.startswith("a00")
    assert ask("SELECT Lead__r.LastName FROM Visit__c") == [("Muster",)]
    assert org.describe("Visit__c", user_id=org.integration_user_id)["custom"] is True
    with pytest.raises(ValueError, match="already"):
        org.schema.add_object(ObjectSchema("visit__C", "a01", {}))


def test_an_object_of_600_fields(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    names = [f"A_quite_long_name_of_a_field_{number}__c" for number in range(600)]
    for name in names:
        org.schema.add_field("Lead", FieldSchema(name, FieldType.STRING, length=255))
    org.update("Lead", lead_id, dict.fromkeys(names, "x"))
    assert ask(f"SELECT Id, {', '.join(names)} FROM Lead") == [(lead_id, *["x"] * 600)]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("AnnualRevenue", "Annual Revenue"),
        ("OwnerId", "Owner ID"),
        ("web_visits__c", "Web Visits"),
        ("HPRO_Score__c", "HPRO Score"),
        ("Id", "Id"),
        ("Name", "Name"),
    ],
)
def test_labels(name: str, label: str) -> None:
    assert label_of(name) == label
