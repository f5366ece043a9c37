"""Queries of simple-salesforce against the emulator: pages, cursors, deleted records, describe, limits, versions."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.integration.connectors.emulators.conftest import HOST, sobject

if TYPE_CHECKING:
    from tests.integration.connectors.emulators.conftest import AddLeads

ALL_LEADS = "SELECT Id, LastName FROM Lead ORDER BY LastName"


def _code(raised: pytest.ExceptionInfo[Any]) -> str:
    return str(raised.value.content[0]["errorCode"])


class TestPages:
    def test_a_long_answer_has_pages_of_2000_and_says_where_the_next_one_is(
        self, salesforce: Salesforce, add_leads: AddLeads
    ) -> None:
        ids = add_leads(2_001)
        first = salesforce.query(ALL_LEADS)
        assert (first["totalSize"], first["done"], len(first["records"])) == (2_001, False, 2_000)
        assert first["nextRecordsUrl"].startswith("/services/data/v59.0/query/01g")
        assert first["nextRecordsUrl"].endswith("-2000")
        last = salesforce.query_more(first["nextRecordsUrl"], identifier_is_url=True)
        assert (last["done"], [record["Id"] for record in last["records"]]) == (True, ids[2_000:])
        assert "nextRecordsUrl" not in last

    def test_a_client_may_ask_for_smaller_pages_and_get_smaller_ones_yet(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
    ) -> None:
        ids = add_leads(450)
        headers = {"Sforce-Query-Options": "batchSize=200"}
        assert len(salesforce.query(ALL_LEADS, headers=headers)["records"]) == 200
        emulator.queries.page_size = 7
        assert [record["Id"] for record in salesforce.query_all_iter(ALL_LEADS, headers=headers)] == ids
        assert len(salesforce.query(ALL_LEADS, headers=headers)["records"]) == 7

    def test_the_same_page_may_be_asked_for_again(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
    ) -> None:
        add_leads(30)
        emulator.queries.page_size = 10
        following = salesforce.query(ALL_LEADS)["nextRecordsUrl"]
        once = salesforce.query_more(following, identifier_is_url=True)
        emulator.sessions.expire_all()
        assert salesforce.query_more(following, identifier_is_url=True) == once

    def test_cursors_end_after_two_days(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads, clock: EmulatorClock
    ) -> None:
        add_leads(30)
        emulator.queries.page_size = 10
        following = salesforce.query(ALL_LEADS)["nextRecordsUrl"]
        clock.advance(timedelta(days=2))
        assert salesforce.query_more(following, identifier_is_url=True)["records"]
        clock.advance(timedelta(seconds=1))
        with pytest.raises(SalesforceMalformedRequest) as raised:
            salesforce.query_more(following, identifier_is_url=True)
        assert _code(raised) == "INVALID_QUERY_LOCATOR"

    def test_who_opens_an_eleventh_cursor_loses_the_oldest(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
    ) -> None:
        add_leads(3)
        emulator.queries.page_size = 2
        followings = [salesforce.query(ALL_LEADS)["nextRecordsUrl"] for _ in range(11)]
        assert salesforce.query_more(followings[1], identifier_is_url=True)["done"]
        with pytest.raises(SalesforceMalformedRequest) as raised:
            salesforce.query_more(followings[0], identifier_is_url=True)
        assert _code(raised) == "INVALID_QUERY_LOCATOR"

    def test_a_cursor_is_nobody_elses(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, session: requests.Session, add_leads: AddLeads
    ) -> None:
        add_leads(3)
        emulator.queries.page_size = 2
        following = salesforce.query(ALL_LEADS)["nextRecordsUrl"]
        admin = Salesforce(
            session_id=emulator.session_id(emulator.org.admin_user_id), instance_url=HOST, session=session
        )
        with pytest.raises(SalesforceMalformedRequest):
            admin.query_more(following, identifier_is_url=True)

    @pytest.mark.parametrize("locator", ["x", "01gHp0000000001MAA-1", "01gHp0000000001MAA", "-5"])
    def test_a_locator_that_nobody_gave_is_refused(self, salesforce: Salesforce, locator: str) -> None:
        with pytest.raises(SalesforceMalformedRequest) as raised:
            salesforce.query_more(locator)
        assert _code(raised) == "INVALID_QUERY_LOCATOR"


class TestRecords:
    def test_records_have_attributes_and_parents(self, salesforce: Salesforce, org: SalesforceOrg) -> None:
        lead_id = org.create("Lead", {"LastName": "Zoë 😀", "Company": "A"})
        task_id = org.create("Task", {"Subject": "Call", "WhoId": lead_id, "OwnerId": org.admin_user_id})
        lone_id = org.create("Task", {"Subject": "Lone"})
        found = salesforce.query("SELECT Id, Owner.Username, WhoId, Who.Name FROM Task ORDER BY Subject")["records"]
        assert found[0]["attributes"] == {"type": "Task", "url": f"/services/data/v59.0/sobjects/Task/{task_id}"}
        assert found[0]["Owner"]["Username"] == org.get("User", org.admin_user_id)["Username"]
        assert found[0]["Who"]["Name"] == "Zoë 😀"
        assert (found[1]["Id"], found[1]["WhoId"], found[1]["Who"]) == (lone_id, None, None)

    def test_counting_gives_a_number_and_no_records(self, salesforce: Salesforce, add_leads: AddLeads) -> None:
        add_leads(3)
        assert salesforce.query("SELECT COUNT() FROM Lead") == {"totalSize": 3, "done": True, "records": []}

    def test_deleted_records_are_in_query_all_only(
        self, salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
    ) -> None:
        gone, kept = add_leads(2)
        org.delete("Lead", gone)
        soql = "SELECT Id, IsDeleted FROM Lead ORDER BY LastName"
        assert [record["Id"] for record in salesforce.query(soql)["records"]] == [kept]
        both = salesforce.query(soql, include_deleted=True)["records"]
        assert [(record["Id"], record["IsDeleted"]) for record in both] == [(gone, True), (kept, False)]

    @pytest.mark.parametrize(
        ("soql", "code"),
        [
            ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY"),
            ("", "MALFORMED_QUERY"),
            ("SELECT Nope__c FROM Lead", "INVALID_FIELD"),
            ("SELECT Id FROM Nope__c", "INVALID_TYPE"),
        ],
    )
    def test_a_wrong_query_is_answered_in_the_crms_words(self, salesforce: Salesforce, soql: str, code: str) -> None:
        with pytest.raises(SalesforceMalformedRequest) as raised:
            salesforce.query(soql)
        assert _code(raised) == code

    def test_one_record_is_made_read_changed_and_deleted(self, salesforce: Salesforce) -> None:
        made = sobject(salesforce).create({"LastName": "Ada", "Company": "A"})
        assert made["success"] is True
        assert sobject(salesforce).get(made["id"])["LastName"] == "Ada"
        assert sobject(salesforce).update(made["id"], {"LastName": "Eva"}) == 204
        only = salesforce.restful(f"sobjects/Lead/{made['id']}", params={"fields": "LastName"})
        assert only == {
            "attributes": {"type": "Lead", "url": f"/services/data/v59.0/sobjects/Lead/{made['id']}"},
            "LastName": "Eva",
            "Id": made["id"],
        }
        assert sobject(salesforce).delete(made["id"]) == 204
        with pytest.raises(SalesforceResourceNotFound):
            sobject(salesforce).get(made["id"])

    def test_the_body_of_a_note_is_its_content(self, salesforce: Salesforce, org: SalesforceOrg) -> None:
        note_id = org.create("ContentNote", {"Title": "Note", "Content": "<p>Grüße</p>".encode()})
        assert sobject(salesforce, "ContentNote").get_base64(note_id, "Content") == "<p>Grüße</p>".encode()


class TestDescribe:
    def test_all_objects_and_one_of_them(self, salesforce: Salesforce) -> None:
        everything = salesforce.describe()
        assert everything is not None
        assert {"Lead", "Task"} <= {one["name"] for one in everything["sobjects"]}
        fields = {field["name"]: field for field in sobject(salesforce).describe()["fields"]}
        assert fields["SystemModstamp"]["type"] == "datetime"
        assert sobject(salesforce).metadata()["objectDescribe"]["keyPrefix"] == "00Q"

    def test_a_hidden_field_is_nowhere(self, salesforce: Salesforce, org: SalesforceOrg) -> None:
        org.access.hide_field("Lead", "Industry", user_id=org.integration_user_id)
        assert "Industry" not in {field["name"] for field in sobject(salesforce).describe()["fields"]}
        with pytest.raises(SalesforceMalformedRequest) as raised:
            salesforce.query("SELECT Industry FROM Lead")
        assert _code(raised) == "INVALID_FIELD"

    def test_an_object_that_is_not_there(self, salesforce: Salesforce) -> None:
        with pytest.raises(SalesforceResourceNotFound) as raised:
            salesforce.restful("sobjects/Nope/describe")
        assert _code(raised) == "NOT_FOUND"


class TestReplication:
    def test_deleted_and_updated_records_of_a_time(
        self, salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads, clock: EmulatorClock
    ) -> None:
        gone, changed = add_leads(2)
        clock.advance(timedelta(hours=1))
        start = clock.now()
        clock.advance(timedelta(hours=1))
        org.delete("Lead", gone)
        org.update("Lead", changed, {"City": "Ulm"})
        clock.advance(timedelta(hours=1))
        told = sobject(salesforce).deleted(start, clock.now())
        assert [one["id"] for one in told["deletedRecords"]] == [gone]
        assert changed in sobject(salesforce).updated(start, clock.now())["ids"]

    def test_an_object_that_the_user_does_not_see_tells_nothing(
        self, salesforce: Salesforce, org: SalesforceOrg, clock: EmulatorClock
    ) -> None:
        org.access.hide_object("Lead", user_id=org.integration_user_id)
        with pytest.raises(SalesforceResourceNotFound):
            sobject(salesforce).deleted(clock.now() - timedelta(days=1), clock.now())

    def test_a_date_without_a_zone_is_refused(self, salesforce: Salesforce) -> None:
        with pytest.raises(SalesforceMalformedRequest):
            sobject(salesforce).deleted(datetime(2026, 1, 1), datetime(2026, 1, 2))  # noqa: DTZ001  # what is tried


class TestLimits:
    def test_every_answer_tells_the_time_and_what_is_left(
        self, emulator: SalesforceEmulator, session: requests.Session, clock: EmulatorClock
    ) -> None:
        clock.advance(timedelta(days=3))
        header = {"Authorization": f"Bearer {emulator.session_id()}"}
        paths = ("/services/data/v59.0/limits", "/services/data/v59.0/nope", "/services/data", "/services/oauth2/token")
        for path in paths:
            answer = session.get(HOST + path, headers=header)
            assert parsedate_to_datetime(answer.headers["Date"]) == clock.now()
            assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")

    def test_calls_are_counted_over_24_hours_and_then_refused(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, clock: EmulatorClock
    ) -> None:
        emulator.limits.daily_requests = 3
        for used in (1, 2):
            salesforce.query("SELECT Id FROM Lead")
            usage = salesforce.api_usage["api-usage"]
            assert (usage.used, usage.total) == (used, 3)
        told = salesforce.limits()
        assert told["DailyApiRequests"] == {"Max": 3, "Remaining": 0}
        with pytest.raises(SalesforceRefusedRequest) as raised:
            salesforce.query("SELECT Id FROM Lead")
        assert _code(raised) == "REQUEST_LIMIT_EXCEEDED"
        assert "TotalRequests" in str(raised.value)
        clock.advance(timedelta(hours=24))
        assert salesforce.query("SELECT Id FROM Lead")["totalSize"] == 0


class TestVersions:
    def test_they_are_named_without_signing_in(self, session: requests.Session) -> None:
        told = session.get(f"{HOST}/services/data/").json()
        assert {"label": "Winter '24", "url": "/services/data/v59.0", "version": "59.0"} in told
        assert told[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}

    @pytest.mark.parametrize(("version", "status"), [("30.0", 410), ("69.0", 404), ("59.1", 404)])
    def test_others_are_not_there(
        self, emulator: SalesforceEmulator, session: requests.Session, version: str, status: int
    ) -> None:
        header = {"Authorization": f"Bearer {emulator.session_id()}"}
        assert session.get(f"{HOST}/services/data/v{version}/limits", headers=header).status_code == status

    def test_a_method_that_a_resource_does_not_know(self, salesforce: Salesforce) -> None:
        with pytest.raises(SalesforceGeneralError) as raised:
            salesforce.restful("limits", method="DELETE")
        assert _code(raised) == "METHOD_NOT_ALLOWED"

    def test_a_url_that_is_too_long(self, salesforce: Salesforce) -> None:
        with pytest.raises(SalesforceGeneralError) as raised:
            salesforce.query(f"SELECT Id FROM Lead WHERE LastName = '{'x' * 16_400}'")
        assert raised.value.status == 414
