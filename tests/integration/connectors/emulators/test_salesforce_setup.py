"""The setup of the emulated org, as the unmodified simple-salesforce finds it: fields, permission sets, their rules."""

from __future__ import annotations

from typing import Any

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceRefusedRequest

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.integration.connectors.emulators.conftest import sobject

NUMBER = {"type": "Number", "label": "Seats", "precision": 9, "scale": 0, "description": "Of the tender"}


@pytest.fixture
def set_id(admin: Salesforce) -> str:
    return str(sobject(admin, "PermissionSet").create({"Name": "Test", "Label": "Test"})["id"])


def _tooling(admin: Salesforce, soql: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = admin.toolingexecute("query/", params={"q": soql})["records"]
    return records


class TestToolingQueries:
    def test_they_see_every_custom_field_whoever_may_read_it(self, admin: Salesforce, org: SalesforceOrg) -> None:
        made = admin.toolingexecute(
            "sobjects/CustomField/", method="POST", data={"FullName": "Lead.Seats__c", "Metadata": NUMBER}
        )
        org.schema.add_field("Lead", FieldSchema("acme__Seats__c", FieldType.STRING, length=9))
        org.schema.add_field("Contact", FieldSchema("Seats__c", FieldType.STRING, length=9))
        soql = "SELECT Id, DeveloperName, NamespacePrefix FROM CustomField WHERE TableEnumOrId = 'Lead' ORDER BY Id"
        own, package = _tooling(admin, soql)
        assert (own["Id"], own["DeveloperName"], own["NamespacePrefix"]) == (made["id"], "Seats", None)
        assert own["attributes"]["type"] == "CustomField"
        assert own["attributes"]["url"].endswith(f"/tooling/sobjects/CustomField/{made['id']}")
        assert (package["DeveloperName"], package["NamespacePrefix"]) == ("Seats", "acme")
        assert len(_tooling(admin, f"{soql.partition(' ORDER')[0]} AND NamespacePrefix = null")) == 1

    def test_a_definition_is_told_of_one_field_at_a_time(self, admin: Salesforce, org: SalesforceOrg) -> None:
        for name in ("A__c", "B__c"):
            org.schema.add_field("Lead", FieldSchema(name, FieldType.PICKLIST, picklist=picklist_values("xy")))
        (one,) = _tooling(admin, "SELECT FullName, Metadata FROM CustomField WHERE DeveloperName = 'A'")
        assert one["FullName"] == "Lead.A__c"
        assert one["Metadata"]["type"] == "Picklist"
        values = one["Metadata"]["valueSet"]["valueSetDefinition"]["value"]
        assert [value["valueName"] for value in values] == ["x", "y"]
        with pytest.raises(SalesforceMalformedRequest, match="no more than one row"):
            _tooling(admin, "SELECT Metadata FROM CustomField WHERE TableEnumOrId = 'Lead'")

    def test_other_objects_and_wrong_columns(self, admin: Salesforce) -> None:
        assert _tooling(admin, "SELECT Username FROM User WHERE Username LIKE 'admin%'")
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
            _tooling(admin, "SELECT Nope FROM CustomField")
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_TYPE"):
            admin.query("SELECT Id FROM CustomField")

    def test_nobody_else_may_ask(self, salesforce: Salesforce) -> None:
        with pytest.raises(SalesforceRefusedRequest, match="INSUFFICIENT_ACCESS"):
            _tooling(salesforce, "SELECT Id FROM CustomField")


class TestCustomFields:
    def test_a_definition_comes_back_as_it_was_made(self, admin: Salesforce) -> None:
        data = {"FullName": "Lead.Seats__c", "Metadata": NUMBER}
        made = admin.toolingexecute("sobjects/CustomField/", method="POST", data=data)
        told = admin.toolingexecute(f"sobjects/CustomField/{made['id']}")
        assert {key: told["Metadata"][key] for key in NUMBER} == NUMBER
        assert (told["Metadata"]["length"], told["Metadata"]["valueSet"]) == (None, None)

    def test_any_custom_field_can_be_read_and_deleted_with_all_that_was_said_of_it(
        self, admin: Salesforce, org: SalesforceOrg, set_id: str
    ) -> None:
        org.schema.add_field("Lead", FieldSchema("Seats__c", FieldType.DOUBLE, precision=9))
        values = {"ParentId": set_id, "SobjectType": "Lead", "Field": "Lead.Seats__c", "PermissionsRead": True}
        sobject(admin, "FieldPermissions").create(values)
        (found,) = _tooling(admin, "SELECT Id FROM CustomField WHERE DeveloperName = 'Seats'")
        admin.toolingexecute(f"sobjects/CustomField/{found['Id']}", method="DELETE")
        assert org.schema["Lead"].find("Seats__c") is None
        assert admin.query("SELECT COUNT() FROM FieldPermissions")["totalSize"] == 0
        assert _tooling(admin, "SELECT Id FROM CustomField WHERE DeveloperName = 'Seats'") == []
        data = {"FullName": "Lead.Seats__c", "Metadata": NUMBER}
        assert admin.toolingexecute("sobjects/CustomField/", method="POST", data=data)["id"] != found["Id"]


class TestPermissions:
    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"Field": "Lead.Nope__c"}, "bad value for restricted picklist field: Lead.Nope__c"),
            ({"Field": "Contact.Phone"}, "bad value for restricted picklist field: Contact.Phone"),
            ({"Field": "Lead.LastName"}, "bad value for restricted picklist field: Lead.LastName"),
            ({"SobjectType": "Nope", "Field": "Nope.X"}, "bad value for restricted picklist field: Nope"),
            ({"PermissionsRead": False}, "Permission Edit Lead.Phone depends on permission"),
        ],
    )
    def test_what_field_permissions_need(
        self, admin: Salesforce, set_id: str, values: dict[str, object], words: str
    ) -> None:
        fine = {"SobjectType": "Lead", "Field": "Lead.Phone", "PermissionsRead": True, "PermissionsEdit": True}
        with pytest.raises(SalesforceMalformedRequest, match=words):
            sobject(admin, "FieldPermissions").create({"ParentId": set_id, **fine, **values})
        made = sobject(admin, "FieldPermissions").create({"ParentId": set_id, **fine})
        with pytest.raises(SalesforceMalformedRequest, match="depends on permission"):
            sobject(admin, "FieldPermissions").update(made["id"], {"PermissionsRead": False})
        with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_VALUE"):
            sobject(admin, "FieldPermissions").create({"ParentId": set_id, **fine})

    def test_what_object_permissions_need(self, admin: Salesforce, set_id: str) -> None:
        def make(name: str, *rights: str) -> None:
            granted = {f"Permissions{right}": True for right in rights}
            sobject(admin, "ObjectPermissions").create({"ParentId": set_id, "SobjectType": name, **granted})

        for name, rights, words in (
            ("Lead", ("Edit",), "Permission Edit Lead depends on permission.s.: Read Lead"),
            ("Lead", ("ViewAllRecords",), "Permission Read All Lead depends on permission.s.: Read Lead"),
            ("Contact", ("Read",), "Permission Read Contact depends on permission.s.: Read Account"),
            ("Nope", ("Read",), "bad value for restricted picklist field: Nope"),
        ):
            with pytest.raises(SalesforceMalformedRequest, match=words):
                make(name, *rights)
        make("Account", "Read")
        with pytest.raises(SalesforceMalformedRequest, match=r"Read All Contact depends on .*Read All Account"):
            make("Contact", "Read", "ViewAllRecords")
        make("Contact", "Read")

    def test_a_set_that_somebody_has_cannot_be_deleted(
        self, admin: Salesforce, org: SalesforceOrg, set_id: str
    ) -> None:
        given = sobject(admin, "PermissionSetAssignment").create(
            {"PermissionSetId": set_id, "AssigneeId": org.integration_user_id}
        )
        sobject(admin, "ObjectPermissions").create({"ParentId": set_id, "SobjectType": "Lead", "PermissionsRead": True})
        with pytest.raises(SalesforceMalformedRequest, match="DELETE_FAILED"):
            sobject(admin, "PermissionSet").delete(set_id)
        sobject(admin, "PermissionSetAssignment").delete(given["id"])
        sobject(admin, "PermissionSet").delete(set_id)
        assert admin.query("SELECT COUNT() FROM ObjectPermissions")["totalSize"] == 0

    def test_nobody_but_an_admin_writes_or_deletes_any_of_it(
        self, admin: Salesforce, salesforce: Salesforce, set_id: str
    ) -> None:
        with pytest.raises(SalesforceRefusedRequest, match="INSUFFICIENT_ACCESS_OR_READONLY"):
            sobject(salesforce, "PermissionSet").create({"Name": "Mine", "Label": "Mine"})
        with pytest.raises(SalesforceRefusedRequest, match="INSUFFICIENT_ACCESS_OR_READONLY"):
            sobject(salesforce, "PermissionSet").update(set_id, {"Label": "Mine"})
        with pytest.raises(SalesforceRefusedRequest, match="INSUFFICIENT_ACCESS_OR_READONLY"):
            sobject(salesforce, "PermissionSet").delete(set_id)
        assert sobject(admin, "PermissionSet").get(set_id)["Label"] == "Test"


def test_the_list_of_resources_says_who_is_signed_in(salesforce: Salesforce, org: SalesforceOrg) -> None:
    told = salesforce.restful("")
    assert isinstance(told, dict)
    assert told["identity"].endswith(f"/id/{org.org_id}/{org.integration_user_id}")
