"""The other sides of an examination: contacts and opportunities, the state of another org, the clock, a second CRM."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from hpro_connectors.config import load_config
from hpro_connectors.config.salesforce import SalesforceCrm
from hpro_connectors.config.tables import BudgetConfig
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.orgs.salesforce import connection_of, settings_of
from hpro_connectors.protocol import OrgIdentity
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.doctor import Surroundings, examine_salesforce
from hpro_connectors.state import StateStore

from .conftest import Doctor


def pin(examine: Doctor, org_id: str, object_type: str = "lead") -> None:
    """Have the state be of an org."""
    (examine.folder / "hpro-state").mkdir(mode=0o700)
    with StateStore.open(examine.folder / "hpro-state" / "main.sqlite") as store:
        store.pin(OrgIdentity(org_id=org_id, name="Before", vendor="salesforce"), object_type)


class TestState:
    def test_row_44_a_state_of_another_org(self, examine: Doctor) -> None:
        pin(examine, "00DHp0000000009MAA")
        finding = examine.only("problem", 2)
        assert finding["area"] == "state"
        assert "00DHp0000000009MAA" in finding["seen"]
        assert "credentials of that org" in finding["remedy"]

    def test_row_44_a_state_of_another_object(self, examine: Doctor, org: SalesforceOrg) -> None:
        pin(examine, org.org_id, "contact")
        assert "'contact' records" in examine.only("problem", 2)["seen"]

    def test_row_44_is_found_even_where_fields_are_missing(self, examine: Doctor) -> None:
        pin(examine, "00DHp0000000009MAA")
        examine.configure('fields = ["Gone__c"]')
        assert {one["area"] for one in examine.bad()[1]} == {"fields", "state"}

    def test_a_state_of_this_org(self, examine: Doctor, org: SalesforceOrg) -> None:
        pin(examine, org.org_id)
        assert examine.ok("state") == "The state is of this org."
        assert "no model yet" in examine.ok("model")

    def test_a_file_that_is_no_state(self, examine: Doctor) -> None:
        (examine.folder / "hpro-state").mkdir(mode=0o700)
        (examine.folder / "hpro-state" / "main.sqlite").write_bytes(b"no database at all" * 100)
        assert examine.only("problem", 2)["area"] == "state"


class TestOtherObjects:
    @pytest.mark.parametrize("name", ["Contact", "Opportunity"])
    def test_each_scored_object_can_be_examined(self, examine: Doctor, org: SalesforceOrg, name: str) -> None:
        for column, field in org.schema["Lead"].fields.items():
            if column.startswith("HPRO_"):
                org.schema.add_field(name, field)
        examine.configure(f'scored_object = "{name}"', 'stage_field = "LeadSource"' if name == "Contact" else "")
        code, findings = examine.findings()
        assert not [one for one in findings if one["level"] in {"problem", "fatal"}]
        assert code == 3  # few outcomes
        assert f"all 8 score fields of {name}" in examine.ok("score fields")

    def test_a_contact_without_a_stage(self, examine: Doctor) -> None:
        examine.configure('scored_object = "Contact"')
        _, bad = examine.bad()
        assert "no open stage" in next(one for one in bad if one["area"] == "funnel")["seen"]


class TestClock:
    @pytest.mark.parametrize(("minutes", "level"), [(0, "ok"), (-1, "ok"), (30, "warning"), (-90, "warning")])
    def test_this_machine_is_compared_with_the_crm(
        self, examine: Doctor, org: SalesforceOrg, minutes: int, level: str
    ) -> None:
        crm = load_config().crm["main"]
        assert isinstance(crm, SalesforceCrm)
        now = org.clock.now() + timedelta(minutes=minutes)
        client = SalesforceClient(connection_of(crm))
        surroundings = Surroundings(crm.api_version, BudgetConfig(), lambda: now)
        try:
            examined = examine_salesforce(client, settings_of(crm), surroundings)
        finally:
            client.close()
        (finding,) = [one for one in examined.findings if one.area == "clock"]
        assert finding.level.value == level
        assert (f"{abs(minutes)} minutes" in finding.seen) == (level == "warning")


class TestSeveralCrms:
    @pytest.fixture(autouse=True)
    def _two(self, examine: Doctor) -> None:
        with (examine.folder / "hpro.toml").open("a") as file:
            file.write('[crm.north]\nconnector = "demo"\norg = "missing.sqlite"\n')

    def test_all_are_examined_and_the_worst_counts(self, examine: Doctor) -> None:
        code, out, _ = examine.run("--json")
        found = json.loads(out)
        assert {name: one["exit_code"] for name, one in found.items()} == {"main": 0, "north": 1}
        assert code == 1

    def test_one_can_be_named(self, examine: Doctor) -> None:
        code, out, _ = examine.run("main", "--json")
        assert code == 0
        assert list(json.loads(out)) == ["main"]

    def test_one_that_does_not_exist(self, examine: Doctor) -> None:
        code, _, err = examine.run("south")
        assert code == 2
        assert "there is main, north" in err
