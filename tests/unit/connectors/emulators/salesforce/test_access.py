from __future__ import annotations

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.unit.connectors.emulators.salesforce.conftest import Ask, fault

SCORE = FieldSchema("HPRO_Score__c", FieldType.DOUBLE, precision=5, scale=2)


def described(org: SalesforceOrg, user_id: str | None = None) -> dict[str, dict[str, JsonValue]]:
    fields = org.describe("Lead", user_id=user_id or org.integration_user_id)["fields"]
    assert isinstance(fields, list)
    return {str(one["name"]): one for one in fields if isinstance(one, dict)}


def grant(org: SalesforceOrg, *, edit: bool = True, field: str = "Lead.HPRO_Score__c") -> tuple[str, str]:
    permission_set = org.create("PermissionSet", {"Name": "HPRO", "Label": "HPRO"}, user_id=org.admin_user_id)
    permission = org.create(
        "FieldPermissions",
        {
            "ParentId": permission_set,
            "SobjectType": "Lead",
            "Field": field,
            "PermissionsRead": True,
            "PermissionsEdit": edit,
        },
        user_id=org.admin_user_id,
    )
    assignment = org.create(
        "PermissionSetAssignment",
        {"PermissionSetId": permission_set, "AssigneeId": org.integration_user_id},
        user_id=org.admin_user_id,
    )
    return permission, assignment


def test_a_hidden_field_is_as_one_that_is_not_there(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    user = org.integration_user_id
    org.access.hide_field("Lead", "Title", user_id=user)
    assert "Title" not in described(org)
    assert "Title" in described(org, org.admin_user_id)
    hidden = fault(lambda: ask("SELECT Title FROM Lead"))
    absent = fault(lambda: ask("SELECT Titel FROM Lead"))
    assert hidden.code == absent.code == "INVALID_FIELD"
    assert hidden.message.replace("Title", "Titel") == absent.message
    assert fault(lambda: ask("SELECT Id FROM Lead WHERE Title = 'x'")).code == "INVALID_FIELD"
    assert fault(lambda: ask("SELECT Id FROM Lead ORDER BY Title")).code == "INVALID_FIELD"
    assert fault(lambda: org.update("Lead", lead_id, {"Title": "x"}, user_id=user)).code == "INVALID_FIELD"
    assert "Title" not in org.get("Lead", lead_id, user_id=user)
    assert "Title" in org.get("Lead", lead_id)
    org.access.show_field("Lead", "Title", user_id=user)
    assert ask("SELECT Title FROM Lead") == [(None,)]


def test_parts_of_an_address_are_hidden_with_it(org: SalesforceOrg) -> None:
    org.access.hide_field("Lead", "Address")
    assert not {"Address", "City", "Street", "Latitude"} & described(org).keys()


def test_a_hidden_object_is_as_one_that_is_not_there(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    user = org.integration_user_id
    org.access.hide_object("Lead", user_id=user)
    assert fault(lambda: ask("SELECT Id FROM Lead")).code == "INVALID_TYPE"
    assert fault(lambda: ask("SELECT Lead.Status FROM LeadHistory")).message.count("Didn't understand relationship")
    assert fault(lambda: org.describe("Lead", user_id=user)).status == 404
    assert fault(lambda: org.get("Lead", lead_id, user_id=user)).status == 404
    listed = org.describe_global(user_id=user)["sobjects"]
    assert isinstance(listed, list)
    assert "Lead" not in [one["name"] for one in listed if isinstance(one, dict)]
    assert fault(lambda: org.update("Lead", lead_id, {}, user_id=user)).code == "INSUFFICIENT_ACCESS_OR_READONLY"
    org.access.show_object("Lead", user_id=user)
    assert ask("SELECT Id FROM Lead") == [(lead_id,)]


def test_a_field_that_may_be_read_only(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    user = org.integration_user_id
    org.access.make_read_only("Lead", "Title", user_id=user)
    assert (described(org)["Title"]["createable"], described(org)["Title"]["updateable"]) == (False, False)
    caught = fault(lambda: org.update("Lead", lead_id, {"Title": "x", "City": "y"}, user_id=user))
    assert (caught.code, caught.fields) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ("Title",))
    assert "check the security settings" in caught.message
    assert ask("SELECT Title, City FROM Lead") == [(None, "Bonn")]
    org.access.make_editable("Lead", "Title", user_id=user)
    org.update("Lead", lead_id, {"Title": "x"}, user_id=user)


def test_an_object_that_may_be_read_only(org: SalesforceOrg, lead_id: str) -> None:
    user = org.integration_user_id
    org.access.make_object_read_only("Lead", user_id=user)
    whole = org.describe("Lead", user_id=user)
    assert [whole[name] for name in ("createable", "updateable", "deletable", "queryable")] == [
        False,
        False,
        False,
        True,
    ]
    assert described(org)["Title"]["updateable"] is False
    for call in (
        lambda: org.create("Lead", {"LastName": "x", "Company": "x"}, user_id=user),
        lambda: org.update("Lead", lead_id, {"Title": "x"}, user_id=user),
        lambda: org.delete("Lead", lead_id, user_id=user),
    ):
        assert fault(call).code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_field_of_the_tooling_api_is_seen_by_nobody_at_first(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.schema.add_field("Lead", SCORE, visible=False)
    for user in (org.admin_user_id, org.integration_user_id):
        assert "HPRO_Score__c" not in described(org, user)
        caught = fault(lambda user=user: ask("SELECT HPRO_Score__c FROM Lead", user_id=user))  # type: ignore[misc]
        assert "No such column 'HPRO_Score__c' on entity 'Lead'" in caught.message
    permission, _ = grant(org)
    assert described(org)["HPRO_Score__c"]["updateable"] is True
    assert "HPRO_Score__c" not in described(org, org.admin_user_id)
    org.update("Lead", lead_id, {"HPRO_Score__c": 12.345}, user_id=org.integration_user_id)
    assert ask("SELECT HPRO_Score__c FROM Lead") == [(12.35,)]
    org.update("FieldPermissions", permission, {"PermissionsEdit": False}, user_id=org.admin_user_id)
    assert described(org)["HPRO_Score__c"]["updateable"] is False


def test_taking_the_assignment_away_hides_the_field_again(org: SalesforceOrg) -> None:
    org.schema.add_field("Lead", SCORE, visible=False)
    _, assignment = grant(org)
    assert "HPRO_Score__c" in described(org)
    org.delete("PermissionSetAssignment", assignment, user_id=org.admin_user_id)
    assert "HPRO_Score__c" not in described(org)


def test_a_permission_set_goes_with_what_it_says(org: SalesforceOrg, ask: Ask) -> None:
    org.schema.add_field("Lead", SCORE, visible=False)
    grant(org)
    (row,) = ask("SELECT Id FROM PermissionSet WHERE Name = 'HPRO'")
    org.delete("PermissionSet", str(row[0]))
    assert "HPRO_Score__c" not in described(org)
    assert ask("SELECT Id FROM FieldPermissions") == []
    assert ask("SELECT Id FROM PermissionSetAssignment") == []


def test_hiding_a_field_takes_back_what_permission_sets_said(org: SalesforceOrg) -> None:
    org.schema.add_field("Lead", SCORE, visible=False)
    grant(org)
    org.access.hide_field("Lead", "HPRO_Score__c")
    assert "HPRO_Score__c" not in described(org)


def test_permissions_are_given_once_and_of_fields_that_exist(org: SalesforceOrg) -> None:
    org.schema.add_field("Lead", SCORE, visible=False)
    grant(org)
    (permission_set,) = org.run_query("SELECT Id FROM PermissionSet", user_id=None).rows[0]

    def permit(field: str) -> ApiFault:
        values = {"ParentId": permission_set, "SobjectType": "Lead", "Field": field, "PermissionsRead": True}
        return fault(lambda: org.create("FieldPermissions", values, user_id=org.admin_user_id))

    assert permit("Lead.HPRO_Score__c").code == "DUPLICATE_VALUE"
    assert permit("Lead.Nothing__c").code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert permit("Lead.LastName").code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    again = {"Name": "hpro", "Label": "x"}
    assert fault(lambda: org.create("PermissionSet", again, user_id=org.admin_user_id)).code == "DUPLICATE_VALUE"
    assignment = {"PermissionSetId": permission_set, "AssigneeId": org.integration_user_id}
    assert fault(lambda: org.create("PermissionSetAssignment", assignment)).code == "DUPLICATE_VALUE"


def test_changes_of_a_hidden_field_are_not_shown(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    for field in ("Status", "OwnerId"):
        org.schema.track("Lead", field)
    org.update("Lead", lead_id, {"Status": "Working - Contacted", "OwnerId": org.integration_user_id})
    assert {row[0] for row in ask("SELECT Field FROM LeadHistory")} == {"Status", "Owner"}
    org.access.hide_field("Lead", "OwnerId", user_id=org.integration_user_id)
    assert {row[0] for row in ask("SELECT Field FROM LeadHistory")} == {"Status"}
    assert len(ask("SELECT Field FROM LeadHistory", user_id=org.admin_user_id)) == 3


def test_fields_are_told_of_with_whether_they_are_tracked(org: SalesforceOrg, ask: Ask) -> None:
    org.schema.track("Lead", "Status")
    soql = (
        "SELECT QualifiedApiName, IsFieldHistoryTracked FROM FieldDefinition"
        " WHERE EntityDefinition.QualifiedApiName = 'Lead' AND IsFieldHistoryTracked = true"
    )
    assert ask(soql) == [("Status", True)]
    org.access.hide_field("Lead", "Status", user_id=org.integration_user_id)
    assert ask(soql) == []
    assert ask(soql, user_id=org.admin_user_id) == [("Status", True)]
    org.schema.track("Lead", "Status", on=False)
    assert ask(soql, user_id=org.admin_user_id) == []
    assert ask("SELECT Label FROM EntityDefinition WHERE QualifiedApiName = 'OpportunityStage'") == [
        ("Opportunity Stage",)
    ]
