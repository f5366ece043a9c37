"""What can be written through the emulator: collections, custom fields, and who may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceRefusedRequest

from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.integration.connectors.emulators.conftest import change_of, patched, sobject

if TYPE_CHECKING:
    from tests.integration.connectors.emulators.conftest import AddLeads


class TestCollections:
    def test_each_record_has_a_result_at_its_own_place(
        self, salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
    ) -> None:
        good, gone, other = add_leads(3)
        org.delete("Lead", gone)
        results = patched(
            salesforce,
            [
                change_of(good, City="Ulm"),
                change_of(gone, City="Ulm"),
                change_of(other, Nope="x"),
                change_of(good, City="Bonn"),
            ],
        )
        assert results[0] == {"id": good, "success": True, "errors": []}
        assert [result["success"] for result in results] == [True, False, False, False]
        assert "id" not in results[1]
        codes = [result["errors"][0]["statusCode"] for result in results[1:]]
        assert codes == ["ENTITY_IS_DELETED", "INVALID_FIELD", "DUPLICATE_VALUE"]
        assert org.get("Lead", good)["City"] == "Ulm"

    def test_all_or_none_takes_back_what_was_done(
        self, salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
    ) -> None:
        good, bad = add_leads(2)
        results = patched(salesforce, [change_of(good, City="Ulm"), change_of(bad, Nope="x")], all_or_none=True)
        codes = [result["errors"][0]["statusCode"] for result in results]
        assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_FIELD"]
        assert org.get("Lead", good)["City"] is None

    def test_a_field_that_the_user_may_not_change_is_refused_row_by_row(
        self, salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
    ) -> None:
        org.access.make_read_only("Lead", "Industry", user_id=org.integration_user_id)
        [result] = patched(salesforce, [change_of(add_leads(1)[0], Industry="Energy")])
        assert result["errors"][0]["statusCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
        assert result["errors"][0]["fields"] == ["Industry"]

    def test_more_than_200_records_are_refused_whole(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
    ) -> None:
        ids = add_leads(201)
        assert len(patched(salesforce, [change_of(one, City="Ulm") for one in ids[:200]])) == 200
        assert not emulator.violations
        with pytest.raises(SalesforceMalformedRequest, match="EXCEEDED_ID_LIMIT"):
            patched(salesforce, [change_of(one, City="Bonn") for one in ids])
        assert [violation.what for violation in emulator.violations] == ["more records in one call than are allowed"]

    def test_records_are_made_and_read_by_id(self, salesforce: Salesforce) -> None:
        lead = {"attributes": {"type": "Lead"}}
        body = {"records": [{**lead, "LastName": "A", "Company": "B"}, {**lead, "LastName": "C"}]}
        made = salesforce.restful("composite/sobjects", method="POST", json=body)
        assert isinstance(made, list)
        assert [one["success"] for one in made] == [True, False]
        missing = "00QHp0000000099MAA"
        params = {"ids": f"{made[0]['id']},{missing}", "fields": "LastName"}
        found = salesforce.restful("composite/sobjects/Lead", params=params)
        assert isinstance(found, list)
        assert (found[0]["LastName"], found[1]) == ("A", None)

    @pytest.mark.parametrize("body", [{}, {"records": []}, {"records": "x"}])
    def test_a_body_without_records_is_refused(self, salesforce: Salesforce, body: dict[str, object]) -> None:
        with pytest.raises(SalesforceMalformedRequest):
            salesforce.restful("composite/sobjects", method="PATCH", json=body)

    def test_a_body_that_is_no_json_is_refused(self, salesforce: Salesforce) -> None:
        with pytest.raises(SalesforceMalformedRequest, match="JSON_PARSER_ERROR"):
            salesforce.restful("composite/sobjects", method="PATCH", data="{")


NUMBER: dict[str, object] = {"type": "Number", "label": "HPRO Score", "precision": 5, "scale": 2}


class TestCustomFields:
    def _make(self, admin: Salesforce, metadata: dict[str, object] = NUMBER, name: str = "HPRO_Score__c") -> Any:  # noqa: ANN401
        data = {"FullName": f"Lead.{name}", "Metadata": metadata}
        return admin.toolingexecute("sobjects/CustomField/", method="POST", data=data)

    def _fields(self, salesforce: Salesforce) -> dict[str, Any]:
        return {field["name"]: field for field in sobject(salesforce, "Lead").describe()["fields"]}

    def test_nobody_sees_a_new_field_until_a_permission_set_says_so(
        self, admin: Salesforce, salesforce: Salesforce, org: SalesforceOrg
    ) -> None:
        made = self._make(admin)
        assert made["success"] is True
        assert made["id"].startswith("00N")
        assert "HPRO_Score__c" not in self._fields(salesforce)
        assert "HPRO_Score__c" not in self._fields(admin)
        permission_set = sobject(admin, "PermissionSet").create({"Name": "HPRO_Connector", "Label": "HPRO Connector"})
        sobject(admin, "FieldPermissions").create(
            {
                "ParentId": permission_set["id"],
                "SobjectType": "Lead",
                "Field": "Lead.HPRO_Score__c",
                "PermissionsRead": True,
                "PermissionsEdit": True,
            }
        )
        assert "HPRO_Score__c" not in self._fields(salesforce)
        sobject(admin, "PermissionSetAssignment").create(
            {"PermissionSetId": permission_set["id"], "AssigneeId": org.integration_user_id}
        )
        field = self._fields(salesforce)["HPRO_Score__c"]
        assert (field["type"], field["precision"], field["scale"], field["updateable"]) == ("double", 5, 2, True)
        assert "HPRO_Score__c" not in self._fields(admin)

    def test_a_picklist_has_its_values(self, admin: Salesforce, org: SalesforceOrg) -> None:
        values = [{"fullName": name, "label": name, "default": False} for name in ("A", "B")]
        metadata: dict[str, object] = {
            "type": "Picklist",
            "label": "HPRO Band",
            "valueSet": {"restricted": False, "valueSetDefinition": {"sorted": False, "value": values}},
        }
        self._make(admin, metadata, "HPRO_Band__c")
        field = org.schema["Lead"].fields["HPRO_Band__c"]
        assert [value.value for value in field.picklist] == ["A", "B"]
        assert not field.restricted

    def test_the_same_field_twice_is_refused(self, admin: Salesforce) -> None:
        self._make(admin)
        with pytest.raises(SalesforceMalformedRequest, match="DUPLICATE_DEVELOPER_NAME"):
            self._make(admin)

    @pytest.mark.parametrize(
        "metadata",
        [
            {"type": "Number", "label": "x"},
            {"type": "Number", "label": "x", "precision": 3, "scale": 4},
            {"type": "Text", "label": "x"},
            {"type": "Picklist", "label": "x"},
            {"type": "Magic", "label": "x"},
            {"type": "DateTime"},
        ],
    )
    def test_metadata_that_lacks_something_is_refused(self, admin: Salesforce, metadata: dict[str, object]) -> None:
        with pytest.raises(SalesforceMalformedRequest):
            self._make(admin, metadata)
        assert "HPRO_Score__c" not in self._fields(admin)

    def test_only_an_admin_makes_fields(self, salesforce: Salesforce) -> None:
        with pytest.raises(SalesforceRefusedRequest, match="INSUFFICIENT_ACCESS"):
            self._make(salesforce)

    def test_a_field_is_taken_away_again(self, admin: Salesforce, org: SalesforceOrg) -> None:
        field_id = self._make(admin)["id"]
        told = admin.toolingexecute(f"sobjects/CustomField/{field_id}")
        assert told["FullName"] == "Lead.HPRO_Score__c"
        admin.toolingexecute(f"sobjects/CustomField/{field_id}", method="DELETE")
        assert "HPRO_Score__c" not in org.schema["Lead"].fields
