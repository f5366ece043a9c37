from __future__ import annotations

import json

import pytest
from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, PicklistValue
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

FIELD_ATTRIBUTES = {
    "aggregatable",
    "aiPredictionField",
    "autoNumber",
    "byteLength",
    "calculated",
    "calculatedFormula",
    "cascadeDelete",
    "caseSensitive",
    "compoundFieldName",
    "controllerName",
    "createable",
    "custom",
    "defaultValue",
    "defaultValueFormula",
    "defaultedOnCreate",
    "dependentPicklist",
    "deprecatedAndHidden",
    "digits",
    "displayLocationInDecimal",
    "encrypted",
    "externalId",
    "extraTypeInfo",
    "filterable",
    "filteredLookupInfo",
    "formulaTreatNullNumberAsZero",
    "groupable",
    "highScaleNumber",
    "htmlFormatted",
    "idLookup",
    "inlineHelpText",
    "label",
    "length",
    "mask",
    "maskType",
    "name",
    "nameField",
    "namePointing",
    "nillable",
    "permissionable",
    "picklistValues",
    "polymorphicForeignKey",
    "precision",
    "queryByDistance",
    "referenceTargetField",
    "referenceTo",
    "relationshipName",
    "relationshipOrder",
    "restrictedDelete",
    "restrictedPicklist",
    "scale",
    "searchPrefilterable",
    "soapType",
    "sortable",
    "type",
    "unique",
    "updateable",
    "writeRequiresMasterRead",
}


def fields_of(org: SalesforceOrg, name: str) -> dict[str, dict[str, JsonValue]]:
    fields = org.describe(name, user_id=org.integration_user_id)["fields"]
    assert isinstance(fields, list)
    return {str(one["name"]): one for one in fields if isinstance(one, dict)}


def test_every_object_is_described(org: SalesforceOrg) -> None:
    listed = org.describe_global(user_id=org.integration_user_id)["sobjects"]
    assert isinstance(listed, list)
    names = [one["name"] for one in listed if isinstance(one, dict)]
    assert names == sorted(one.name for one in org.schema)
    for summary in listed:
        assert isinstance(summary, dict)
        whole = org.describe(str(summary["name"]), user_id=org.integration_user_id)
        json.dumps(whole)
        assert {key: whole[key] for key in summary if key != "urls"} == {
            key: value for key, value in summary.items() if key != "urls"
        }
        for one in fields_of(org, str(summary["name"])).values():
            assert set(one) == FIELD_ATTRIBUTES


def test_fields_of_a_lead(org: SalesforceOrg) -> None:
    fields = fields_of(org, "Lead")
    assert fields["Id"] | {"type": "id", "length": 18, "nillable": False, "updateable": False} == fields["Id"]
    assert fields["FirstName"]["compoundFieldName"] == fields["Salutation"]["compoundFieldName"] == "Name"
    assert fields["City"]["compoundFieldName"] == "Address"
    assert (fields["Address"]["type"], fields["Address"]["filterable"]) == ("address", False)
    assert (fields["Name"]["nameField"], fields["Name"]["updateable"]) == (True, False)
    owner = fields["OwnerId"]
    assert (owner["type"], owner["referenceTo"], owner["relationshipName"]) == ("reference", ["Group", "User"], "Owner")
    assert owner["polymorphicForeignKey"] is True
    assert (fields["AnnualRevenue"]["type"], fields["AnnualRevenue"]["precision"]) == ("currency", 18)
    employees = fields["NumberOfEmployees"]
    assert (employees["type"], employees["digits"], employees["label"]) == ("int", 9, "Employees")
    assert (fields["Description"]["type"], fields["Description"]["length"]) == ("textarea", 32_000)
    assert fields["Description"]["filterable"] is False
    statuses = fields["Status"]["picklistValues"]
    assert isinstance(statuses, list)
    assert statuses[0] == {
        "active": True,
        "defaultValue": True,
        "label": "Open - Not Contacted",
        "validFor": None,
        "value": "Open - Not Contacted",
    }
    assert fields["SystemModstamp"]["type"] == "datetime"
    assert fields["IsConverted"]["type"] == "boolean"
    assert fields["MasterRecordId"]["referenceTo"] == ["Lead"]


def test_the_object_itself(org: SalesforceOrg) -> None:
    lead = org.describe("lead", user_id=org.integration_user_id, api_version="60.0")
    assert (lead["name"], lead["keyPrefix"], lead["label"], lead["labelPlural"]) == ("Lead", "00Q", "Lead", "Leads")
    assert (lead["mergeable"], lead["custom"]) == (True, False)
    urls = lead["urls"]
    assert isinstance(urls, dict)
    assert urls["sobject"] == "/services/data/v60.0/sobjects/Lead"
    children = lead["childRelationships"]
    assert isinstance(children, list)
    found = {(one["childSObject"], one["field"]) for one in children if isinstance(one, dict)}
    assert {("Task", "WhoId"), ("LeadHistory", "LeadId"), ("Note", "ParentId")} <= found


def test_a_custom_field(org: SalesforceOrg) -> None:
    org.schema.add_field(
        "Lead",
        FieldSchema(
            "web_visits__c", FieldType.DOUBLE, precision=5, scale=2, help_text="Counted by us.", external_id=True
        ),
    )
    found = fields_of(org, "Lead")["web_visits__c"]
    wanted = {"custom": True, "label": "Web Visits", "precision": 5, "scale": 2, "inlineHelpText": "Counted by us."}
    assert found | wanted == found
    assert (found["externalId"], found["idLookup"], found["nillable"], found["permissionable"]) == (True,) * 4


def test_an_object_that_is_not_there(org: SalesforceOrg) -> None:
    with pytest.raises(ApiFault) as caught:
        org.describe("Nothing", user_id=org.integration_user_id)
    assert (caught.value.status, caught.value.code) == (404, "NOT_FOUND")
    assert caught.value.message == "The requested resource does not exist"


def test_a_picklist_says_which_values_may_still_be_chosen(org: SalesforceOrg) -> None:
    values = (PicklistValue("a", "Label of a"), PicklistValue("b", active=False))
    org.schema.add_field("Lead", FieldSchema("Kind__c", FieldType.PICKLIST, picklist=values, restricted=True))
    found = fields_of(org, "Lead")["Kind__c"]
    listed = found["picklistValues"]
    assert isinstance(listed, list)
    assert [(one["value"], one["label"], one["active"]) for one in listed if isinstance(one, dict)] == [
        ("a", "Label of a", True),
        ("b", "b", False),
    ]
    assert found["restrictedPicklist"] is True
