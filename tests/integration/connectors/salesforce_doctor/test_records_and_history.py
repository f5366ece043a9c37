"""Which records, interactions and history the user sees, and what was won and lost of it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from hpro_connectors.config import load_config
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.first_day import LeadStatus
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.orgs import connected
from hpro_connectors.protocol import Backfill, LeadRecord
from hpro_sdk.lead import OutcomeResult

from .conftest import Doctor, add_lead

_AGAINST_THE_CRM = ('lost_stages = ["Closed - Converted"]', 'won_stages = ["Open - Not Contacted"]')


class TestStreams:
    def test_row_23_an_object_that_the_edition_lacks(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.schema.remove_object("EmailMessage")
        finding = examine.only("warning", 3)
        assert "no object EmailMessage" in finding["seen"]
        assert "Enhanced Email" in finding["remedy"]

    def test_one_that_is_named_stops_every_pass(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_object("Event", user_id=org.integration_user_id)
        examine.configure('interactions = ["Task", "Event"]')
        code, bad = examine.bad()
        assert code == 2
        assert [one["area"] for one in bad] == ["interactions"]
        assert "hpro.toml names Event" in bad[0]["seen"]

    def test_only_those_that_are_wanted_are_looked_at(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_object("Event", user_id=org.integration_user_id)
        examine.configure('interactions = ["Task"]')
        assert examine.bad() == (0, [])

    def test_a_hidden_text(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_field("Task", "Description", user_id=org.integration_user_id)
        assert "does not see Description of Task" in examine.only("warning", 3)["seen"]

    @pytest.mark.parametrize("name", ["ContentDocumentLink", "EmailMessageRelation"])
    def test_a_helper_that_is_hidden(self, examine: Doctor, org: SalesforceOrg, name: str) -> None:
        org.access.hide_object(name, user_id=org.integration_user_id)
        assert f"no object {name}" in examine.only("warning", 3)["seen"]


class TestVisibility:
    @pytest.fixture
    def private(self, org: SalesforceOrg) -> SalesforceOrg:
        """An org whose leads are private where nothing else is said."""
        org.schema.add_field("Organization", FieldSchema("DefaultLeadAccess", FieldType.STRING, length=40))
        org.update("Organization", org.org_id, {"DefaultLeadAccess": "None"})
        return org

    def revoke_view_all(self, org: SalesforceOrg) -> None:
        rows = org.run_query("SELECT Id FROM ObjectPermissions", user_id=org.admin_user_id).rows
        org.update("ObjectPermissions", str(rows[0][0]), {"PermissionsViewAllRecords": False})

    def test_view_all_shows_all(self, examine: Doctor, private: SalesforceOrg) -> None:
        assert "which are all" in examine.ok("records")

    def test_without_it_sharing_hides_some(self, examine: Doctor, private: SalesforceOrg) -> None:
        self.revoke_view_all(private)
        finding = examine.only("warning", 3)
        assert "sees 176 records of Lead, and not all" in finding["seen"]
        assert "View All of Lead" in finding["remedy"]

    def test_public_records_need_no_right(self, examine: Doctor, private: SalesforceOrg) -> None:
        self.revoke_view_all(private)
        private.update("Organization", private.org_id, {"DefaultLeadAccess": "ReadEditTransfer"})
        assert "which are all" in examine.ok("records")

    def test_an_org_that_does_not_say(self, examine: Doctor, org: SalesforceOrg) -> None:
        self.revoke_view_all(org)
        assert "does not say whether these are all" in examine.ok("records")

    def test_reps_without_names(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_object("User", user_id=org.integration_user_id)
        finding = examine.only("warning", 3)
        assert "reps have no names" in finding["seen"]
        assert org.integration_user_id in examine.ok("sign-in")


class TestHistory:
    def test_tracking_that_is_off(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.schema.track("Lead", "Status", on=False)
        finding = examine.only("warning", 3)
        assert finding["area"] == "history"
        assert "History tracking of Status is off" in finding["seen"]
        assert "HPRO's own passes only" in finding["seen"]
        assert "Set History Tracking, tick Status" in finding["remedy"]

    def test_a_history_that_is_hidden(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_object("LeadHistory", user_id=org.integration_user_id)
        assert "no object LeadHistory" in examine.only("warning", 3)["seen"]

    def test_a_user_who_may_not_ask(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_object("FieldDefinition", user_id=org.integration_user_id)
        finding = examine.only("warning", 3)
        assert "holds changes of Status" in finding["seen"]
        assert "View Setup and Configuration" in finding["remedy"]

    def test_a_user_who_may_not_ask_where_nothing_was_recorded(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.access.hide_object("FieldDefinition", user_id=org.integration_user_id)
        examine.configure('stage_field = "Rating"')
        _, bad = examine.bad()
        (finding,) = [one for one in bad if one["area"] == "history"]
        assert "shows no change of Rating" in finding["seen"]
        assert "View Setup and Configuration" in finding["remedy"]

    def test_a_history_that_has_not_begun(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.schema.track("Opportunity", "StageName")
        for field in org.schema["Lead"].fields.copy():
            if field.startswith("HPRO_"):
                org.schema.add_field("Opportunity", org.schema["Lead"].fields[field])
        examine.configure('scored_object = "Opportunity"')
        _, bad = examine.bad()
        (finding,) = [one for one in bad if one["area"] == "history"]
        assert "nothing was recorded yet" in finding["seen"]


class TestOutcomes:
    def statuses(self, org: SalesforceOrg) -> None:
        names = ("New", "Talking", "Sold", "Dead")
        org.set_lead_statuses([LeadStatus(name, converted=False, default=name == "New") for name in names])

    def test_row_19_a_custom_status_that_means_won(self, examine: Doctor, org: SalesforceOrg) -> None:
        self.statuses(org)
        with org.transaction():
            for number in range(300):
                add_lead(org, 1000 + number, Status=("Sold", "Dead", "Talking")[number % 3])
        examine.configure('outcome = "status"', 'won_stages = ["Sold"]', 'lost_stages = ["Dead"]')
        code, findings = examine.findings()
        (outcomes,) = [one for one in findings if (one["area"], one["level"]) == ("outcomes", "ok")]
        assert "100 won, 100 lost, 276 open" in outcomes["seen"]
        assert "Sold 100 (won)" in outcomes["seen"]
        (training,) = [one for one in findings if one["area"] == "training"]
        assert training["level"] == "warning"
        assert "100 won leads are few" in training["seen"]
        assert "won_stages and lost_stages" in training["remedy"]
        assert code == 3

    def test_row_19_stages_that_are_no_longer_listed(self, examine: Doctor, org: SalesforceOrg) -> None:
        self.statuses(org)
        examine.configure('won_stages = ["Sold"]', 'lost_stages = ["Dead"]')
        _, bad = examine.bad()
        (finding,) = [one for one in bad if "no longer lists" in one["seen"]]
        assert "176 leads" in finding["seen"]
        assert "Working - Contacted" in finding["seen"]

    def test_too_few_to_train_on(self, examine: Doctor, org: SalesforceOrg) -> None:
        examine.configure('outcome = "opportunity"')
        finding = examine.only("warning", 3)
        assert finding["area"] == "training"
        assert "0 and 176" in finding["seen"]

    def test_no_stage_that_means_lost(self, examine: Doctor, org: SalesforceOrg) -> None:
        with org.transaction():
            for (lead_id,) in org.run_query(
                "SELECT Id FROM Lead WHERE Status = 'Closed - Not Converted'", user_id=org.admin_user_id
            ).rows:
                org.delete("Lead", str(lead_id))
        org.set_lead_statuses(
            [
                LeadStatus("Open - Not Contacted", default=True),
                LeadStatus("Working - Contacted"),
                LeadStatus("Closed - Converted", converted=True),
            ]
        )
        assert "no stage counts as lost" in examine.only("warning", 3)["seen"]

    @pytest.mark.parametrize(
        "named", [(), ('lost_stages = ["Closed - Converted"]', 'won_stages = ["Open - Not Contacted"]')]
    )
    @pytest.mark.parametrize("rule", ["converted", "opportunity", "status"])
    def test_counts_are_those_of_reading(
        self, examine: Doctor, org: SalesforceOrg, rule: str, named: tuple[str, ...]
    ) -> None:
        add_lead(org, 1000)
        opportunities = org.run_query("SELECT Id FROM Opportunity", user_id=org.admin_user_id).rows
        for place, (opportunity_id,) in enumerate(opportunities):
            if place % 3:
                stage = "Closed Won" if place % 3 == 1 else "Closed Lost"
                org.update("Opportunity", str(opportunity_id), {"StageName": stage})
        org.advance(timedelta(minutes=5))
        examine.configure(f'outcome = "{rule}"', *named)
        _, crm = load_config().crm_named(None)
        found: Counter[OutcomeResult] = Counter()
        with connected(crm, writes=False) as connector:
            results = {stage.name: stage.result for stage in connector.describe().stages}
            for page in connector.read("Lead", Backfill(end=connector.server_time())):
                for record in page.upserts:
                    assert isinstance(record, LeadRecord)
                    found[record.result or results[str(record.stage)]] += 1
        won, lost, open_ = (found[one] for one in (OutcomeResult.WON, OutcomeResult.LOST, OutcomeResult.OPEN))
        assert min(won, lost, open_) > 0
        assert f"{won} won, {lost} lost, {open_} open" in examine.ok("outcomes")

    def test_excluded_leads_are_not_counted(self, examine: Doctor, org: SalesforceOrg) -> None:
        org.schema.add_field("Lead", FieldSchema("Skip__c", FieldType.BOOLEAN, default=False, nillable=False))
        for number in range(7):
            add_lead(org, 2000 + number, Skip__c=True)
        examine.configure('exclude_field = "Skip__c"')
        assert "125 won, 1 lost, 50 open" in examine.ok("outcomes")

    def test_an_empty_org(self, examine: Doctor, org: SalesforceOrg) -> None:
        with org.transaction():
            for (lead_id,) in org.run_query("SELECT Id FROM Lead", user_id=org.admin_user_id).rows:
                org.delete("Lead", str(lead_id))
        _, bad = examine.bad()
        assert "0 records of Lead: nothing is read or scored" in bad[0]["seen"]


class TestFunnel:
    def test_a_stage_without_a_place(self, examine: Doctor) -> None:
        examine.configure("[crm.main.funnel]", 'stages = ["Working - Contacted"]')
        finding = examine.only("problem", 2)
        assert finding["area"] == "funnel"
        assert "have no place in the funnel: Open - Not Contacted" in finding["seen"]
