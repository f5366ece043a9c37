"""Fields of ours and of the company: missing, hidden, not writable, something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hpro_connectors.config import load_config
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, PicklistValue
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.orgs import connected
from hpro_connectors.protocol import Backfill

from .conftest import Doctor, install

USER = "hpro@00dhp0000000001.example"


def permission_set(org: SalesforceOrg, object_name: str) -> str:
    """Give the id of the only record of an object that has to do with permission sets."""
    rows = org.run_query(f"SELECT Id FROM {object_name}", user_id=org.admin_user_id).rows
    return str(rows[0][0])


class TestOurFields:
    def test_row_01_a_hidden_field_is_named_with_the_permission_set(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_field("Lead", "HPRO_Score__c", user_id=org.integration_user_id)
        finding = examine.only("problem", 2)
        assert finding["area"] == "score fields"
        assert "HPRO_Score__c" in finding["seen"]
        assert "field-level security" in finding["seen"]
        assert "HPRO_Band__c" not in finding["seen"]
        assert "HPRO_Connector" in finding["remedy"]

    def test_row_01_reading_goes_on_without_the_field(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_field("Lead", "HPRO_Score__c", user_id=org.integration_user_id)
        (name, crm) = load_config().crm_named(None)
        assert name == "main"
        with connected(crm, writes=False) as connector:
            pages = connector.read("Lead", Backfill(end=connector.server_time()))
            assert sum(len(page.upserts) for page in pages) == 176

    def test_row_01_a_set_that_is_not_assigned(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.delete("PermissionSetAssignment", permission_set(org, "PermissionSetAssignment"))
        _, bad = examine.bad()
        (finding,) = [one for one in bad if one["area"] == "score fields"]
        assert finding["remedy"].startswith(f"Assign the permission set HPRO_Connector, which the org has, to {USER}")

    def test_row_01_a_set_that_lacks_the_field(self, examine: Doctor, org: SalesforceOrg) -> None:
        rows = org.run_query(
            "SELECT Id FROM FieldPermissions WHERE Field = 'Lead.HPRO_Rank__c'", user_id=org.admin_user_id
        ).rows
        org.delete("FieldPermissions", str(rows[0][0]))
        finding = examine.only("problem", 2)
        assert "has no field HPRO_Rank__c," in finding["seen"]
        assert "does not hold HPRO_Rank__c" in finding["remedy"]

    def test_row_01_a_user_who_may_not_ask_what_the_set_holds(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_field("Lead", "HPRO_Score__c", user_id=org.integration_user_id)
        org.access.hide_object("PermissionSet", user_id=org.integration_user_id)
        finding = examine.only("problem", 2)
        assert "HPRO_Connector" in finding["remedy"]
        assert "hpro fields install" in finding["remedy"]

    def test_row_02_a_field_that_may_only_be_read(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.make_read_only("Lead", "HPRO_Band__c", user_id=org.integration_user_id)
        finding = examine.only("problem", 2)
        assert finding["area"] == "score fields"
        assert "may read HPRO_Band__c of Lead and not write" in finding["seen"]
        assert "HPRO_Connector" in finding["remedy"]

    def test_row_02_a_set_that_lets_a_field_only_be_read(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.make_read_only("Lead", "HPRO_Band__c")
        finding = examine.only("problem", 2)
        assert finding["remedy"] == (
            "In Setup, open the permission set HPRO_Connector, Object Settings, and tick Edit Access of HPRO_Band__c."
        )

    def test_row_02_records_that_may_only_be_read(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.make_object_read_only("Lead", user_id=org.integration_user_id)
        code, bad = examine.bad()
        assert code == 2
        assert "may not edit records of Lead" in bad[-1]["seen"]
        assert "HPRO_Connector" in bad[-1]["remedy"]

    @pytest.mark.parametrize(
        ("field", "difference"),
        [
            (FieldSchema("HPRO_Score__c", FieldType.STRING, length=80), "type string, not double"),
            (FieldSchema("HPRO_Score__c", FieldType.DOUBLE, precision=3, scale=0), "0 behind it, not 3 and 2"),
            (FieldSchema("HPRO_Model__c", FieldType.STRING, length=20), "20 characters, not 80"),
            (
                FieldSchema("HPRO_Band__c", FieldType.PICKLIST, picklist=(PicklistValue("A"),), restricted=True),
                "lacks B, C, D",
            ),
        ],
    )
    def test_row_45_a_field_that_is_something_else(
        self, examine: Doctor, org: SalesforceOrg, field: FieldSchema, difference: str
    ) -> None:
        org.schema.change_field("Lead", field)
        finding = examine.only("problem", 2)
        assert field.name in finding["seen"]
        assert difference in finding["seen"]
        assert "hpro fields install" in finding["remedy"]

    def test_a_formula_in_place_of_a_field(self, examine: Doctor, org: SalesforceOrg) -> None:
        before = org.schema["Lead"].fields["HPRO_Rank__c"]
        org.schema.remove_field("Lead", "HPRO_Rank__c")
        org.schema.add_field("Lead", replace(before, expression="1", createable=False, updateable=False))
        assert "It is a formula" in examine.only("problem", 2)["seen"]


class TestAnOrgWithoutOurFields:
    @pytest.fixture
    def org(self, bare_org: SalesforceOrg) -> SalesforceOrg:
        return bare_org

    def test_all_are_named_and_how_to_get_them(self, examine: Doctor) -> None:
        finding = examine.only("problem", 2)
        assert finding["seen"].count("HPRO_") == 8
        assert "The org has no permission set HPRO_Connector" in finding["remedy"]
        assert "hpro fields install" in finding["remedy"]
        assert "hpro fields export" in finding["remedy"]

    def test_after_they_are_installed_all_is_fine(self, examine: Doctor, org: SalesforceOrg) -> None:
        install(org)
        assert examine.run()[0] == 0


class TestConfiguredFields:
    def test_row_01_a_hidden_one(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.schema.add_field("Lead", FieldSchema("Seats__c", FieldType.DOUBLE, precision=9, scale=0))
        org.access.hide_field("Lead", "Seats__c", user_id=org.integration_user_id)
        examine.configure('fields = ["Industry", "Seats__c", "Gone__c"]')
        finding = examine.only("problem", 2)
        assert finding["area"] == "fields"
        assert "Lead has no field Seats__c, Gone__c, or field-level security hides them" in finding["seen"]
        assert USER in finding["remedy"]

    def test_one_that_cannot_be_read(self, examine: Doctor) -> None:
        examine.configure('fields = ["Industry", "Address", "HPRO_Score__c"]')
        finding = examine.only("problem", 2)
        assert "Address, HPRO_Score__c cannot be read" in finding["seen"]

    def test_two_of_one_name(self, examine: Doctor) -> None:
        examine.configure('fields = ["Industry", "Rating"]', "[crm.main.field_names]", 'Industry = "Rating"')
        assert "both be called 'Rating'" in examine.only("problem", 2)["seen"]

    def test_those_that_are_read_are_counted(self, examine: Doctor) -> None:
        examine.configure('fields = ["Industry", "Rating"]')
        assert examine.ok("fields") == "2 fields of Lead are read, as hpro.toml names them."

    def test_an_exclusion_field(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.schema.add_field("Lead", FieldSchema("Skip__c", FieldType.BOOLEAN, default=False, nillable=False))
        examine.configure('exclude_field = "skip"', "[crm.main.field_names]", 'Skip__c = "skip"')
        assert "skip" in examine.ok("exclusion")

    def test_an_exclusion_field_that_is_no_checkbox(self, examine: Doctor) -> None:
        examine.configure('exclude_field = "Industry"')
        finding = examine.only("problem", 2)
        assert finding["area"] == "exclusion"
        assert "no checkbox" in finding["seen"]

    def test_an_exclusion_field_that_is_not_there(self, examine: Doctor) -> None:
        examine.configure('exclude_field = "Skip__c"')
        assert "Skip__c" in examine.only("problem", 2)["seen"]

    def test_a_stage_that_does_not_exist_among_the_lost_ones(self, examine: Doctor) -> None:
        examine.configure('lost_stages = ["Nowhere"]')
        code, bad = examine.bad()
        assert code == 2
        assert {one["level"] for one in bad} == {"problem"}
        assert all("Nowhere" in one["seen"] for one in bad)
        assert len(bad) == 1

    def test_an_object_that_is_hidden(self, examine: Doctor, org: SalesforceOrg, emulator: SalesforceEmulator) -> None:
        org.access.hide_object("Lead", user_id=org.integration_user_id)
        finding = examine.only("problem", 2)
        assert "does not see the object Lead" in finding["seen"]
        assert "HPRO_Connector" in finding["remedy"]
