"""What goes wrong on the wire, as the unmodified client sees it, and what the emulator's own handles do."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceError,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceOperationError,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS, TRANSIENT, api_error, transient_faults
from hpro_connectors.emulators.salesforce.wire.strictness import StrictModeError
from tests.integration.connectors.emulators.conftest import HOST

if TYPE_CHECKING:
    from tests.integration.connectors.emulators.conftest import AddLeads

SOQL = "SELECT Id FROM Lead"


class TestFaultsOnTheWire:
    @pytest.mark.parametrize(
        ("name", "seen"),
        [
            ("reset", requests.ConnectionError),
            ("reset_after", requests.ConnectionError),
            ("truncated", requests.exceptions.ChunkedEncodingError),
            ("maintenance_200", requests.exceptions.JSONDecodeError),
            ("maintenance_503", SalesforceGeneralError),
            ("server_error", SalesforceGeneralError),
            ("unauthorized_dict", KeyError),
            ("unauthorized_html", requests.exceptions.JSONDecodeError),
            ("uri_too_long", SalesforceGeneralError),
        ],
    )
    def test_the_client_sees_each_and_the_next_call_is_fine(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, name: str, seen: type[Exception]
    ) -> None:
        rule = emulator.faults.add(FAULTS[name](), path="/query")
        with pytest.raises(seen):
            salesforce.query(SOQL)
        assert rule.played == 1
        assert salesforce.query(SOQL)["totalSize"] == 0
        assert [entry.fault is None for entry in emulator.journal.matching("/query")] == [False, True]

    def test_a_hang_ends_with_the_clients_patience(self, emulator: SalesforceEmulator, salesforce: Salesforce) -> None:
        emulator.faults.add(FAULTS["hang"](), text="FROM Lead")
        with pytest.raises(requests.ReadTimeout):
            salesforce.query(SOQL, timeout=0.2)

    def test_an_answer_that_is_lost_was_applied_all_the_same(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
    ) -> None:
        [lead_id] = add_leads(1)
        body = {"records": [{"attributes": {"type": "Lead"}, "id": lead_id, "City": "Ulm"}]}
        emulator.faults.add(FAULTS["reset_after"](), method="PATCH")
        with pytest.raises(requests.ConnectionError):
            salesforce.restful("composite/sobjects", method="PATCH", json=body)
        assert org.get("Lead", lead_id)["City"] == "Ulm"

    def test_a_session_ends_in_the_middle_and_the_client_renews_it(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
    ) -> None:
        ids = add_leads(25)
        emulator.queries.page_size = 10
        emulator.faults.add(FAULTS["expire_sessions"](), path=r"/query/01g", nth=1, times=2)
        found = [record["Id"] for record in salesforce.query_all_iter(f"{SOQL} ORDER BY LastName")]
        assert found == ids
        assert emulator.sessions.issued == 3

    def test_a_cursor_ends_in_the_middle(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
    ) -> None:
        add_leads(25)
        emulator.queries.page_size = 10
        emulator.faults.add(FAULTS["expire_cursors"](), path=r"/query/01g", nth=2)
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
            salesforce.query_all(SOQL)

    @pytest.mark.parametrize(
        ("name", "seen", "words"),
        [
            ("fail_bulk_job", SalesforceOperationError, "Unexpected exception"),
            ("forget_bulk_jobs", SalesforceResourceNotFound, "NOT_FOUND"),
        ],
    )
    def test_a_bulk_job_fails_or_is_gone(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, name: str, seen: type[Exception], words: str
    ) -> None:
        emulator.faults.add(FAULTS[name](), path="/jobs/query/750")
        bulk: Any = salesforce.bulk2
        with pytest.raises(seen, match=words):
            list(bulk.Lead.query(SOQL, wait=0))

    @pytest.mark.parametrize(
        ("name", "state", "words"),
        [("fail_ingest_job", "Failed", "InternalServerError"), ("abort_ingest_job", "Aborted", "")],
    )
    def test_an_ingest_job_fails_or_is_aborted_and_the_next_one_is_fine(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, name: str, state: str, words: str
    ) -> None:
        lead_id = emulator.org.create("Lead", {"LastName": "Muster", "Company": "Muster AG"})
        rule = emulator.faults.add(FAULTS[name](), path=r"/jobs/ingest/750\w+/?$", method="GET")
        told = self._ingest(salesforce, lead_id, "Ulm")
        assert (told["state"], rule.played) == (state, 1)
        assert told.get("errorMessage", "").partition(":")[0] == words
        assert emulator.org.get("Lead", lead_id)["City"] is None
        assert self._ingest(salesforce, lead_id, "Bonn")["state"] == "JobComplete"
        assert emulator.org.get("Lead", lead_id)["City"] == "Bonn"

    def _call(self, salesforce: Salesforce, path: str, **how: Any) -> dict[str, Any]:  # noqa: ANN401
        return dict(salesforce.restful(path, **how) or {})

    def _ingest(self, salesforce: Salesforce, lead_id: str, city: str) -> dict[str, Any]:
        body = {"object": "Lead", "operation": "update"}
        path = f"jobs/ingest/{self._call(salesforce, 'jobs/ingest', method='POST', json=body)['id']}"
        headers = {"Authorization": f"Bearer {salesforce.session_id}", "Content-Type": "text/csv"}
        data = f"Id,City\n{lead_id},{city}\n".encode()
        assert salesforce.session.put(f"{salesforce.base_url}{path}/batches", data=data, headers=headers).ok
        salesforce.restful(path, method="PATCH", json={"state": "UploadComplete"})
        while (told := self._call(salesforce, path))["state"] not in {"JobComplete", "Failed", "Aborted"}:
            pass
        return told

    def test_each_fault_that_another_try_mends_is_mended_by_one(
        self, emulator: SalesforceEmulator, session: requests.Session
    ) -> None:
        rule = emulator.faults.add(*transient_faults(), share=0.5, seed=7)
        salesforce = Salesforce(session_id=emulator.session_id(), instance_url=HOST, session=session)
        done = 0
        for _ in range(200):
            try:
                done += salesforce.query(SOQL)["done"]
            except (SalesforceError, requests.RequestException):
                continue
        assert (done, rule.played) == (200 - rule.played, 200 - done)
        assert 60 < rule.played < 140
        assert len({entry.fault for entry in emulator.journal.entries if entry.fault}) == len(TRANSIENT)

    def test_every_fault_by_name_can_be_played(self, emulator: SalesforceEmulator, salesforce: Salesforce) -> None:
        for name in FAULTS:
            emulator.faults.clear()
            rule = emulator.faults.add(FAULTS[name](), path="/limits")
            with contextlib.suppress(Exception):  # whatever the library makes of it
                salesforce.limits(timeout=0.2)
            assert rule.played == 1, name

    def test_an_error_of_the_api_may_be_any(self, emulator: SalesforceEmulator, salesforce: Salesforce) -> None:
        emulator.faults.add(api_error(400, "QUERY_TOO_COMPLICATED", "Query is too complicated"))
        with pytest.raises(SalesforceMalformedRequest, match="QUERY_TOO_COMPLICATED"):
            salesforce.query(SOQL)


class TestStrictMode:
    @pytest.mark.parametrize(
        ("ask", "what"),
        [
            ({"url": "/query", "params": {"q": "x" * 16_384}}, "a URL of"),
            ({"url": "/limits", "headers": {"Authorization": ""}}, "no Authorization"),
            (
                {"url": "/query", "params": {"q": SOQL}, "headers": {"Sforce-Query-Options": "batchSize=100"}},
                "page size",
            ),
            ({"url": "/limits", "params": {"access_token": "x"}}, "a secret in the URL"),
            ({"url": "/query", "params": {"q": "SELECT"}}, "a malformed query"),
            (
                {
                    "url": "/sobjects/Lead/deleted",
                    "params": {"start": "2026-01-01T00:00:00Z", "end": "2026-02-15T00:00:00Z"},
                },
                "more than 30 days",
            ),
            (
                {
                    "method": "POST",
                    "url": "/jobs/query",
                    "json": {"operation": "query", "query": "SELECT Address FROM Lead"},
                },
                "a compound field in a Bulk query",
            ),
            (
                {"method": "PATCH", "url": "/composite/sobjects", "data": '{"records":[]}'},
                "a body of type nothing",
            ),
        ],
    )
    def test_a_request_that_goes_too_far_fails_the_test(
        self, org: SalesforceOrg, ask: dict[str, Any], what: str
    ) -> None:
        emulator = SalesforceEmulator(org, strict=True)
        emulator.start()
        url = f"{emulator.url}/services/data/v59.0{ask['url']}"
        headers = {"Authorization": f"Bearer {emulator.session_id()}", **ask.get("headers", {})}
        more = {name: ask[name] for name in ("params", "json", "data") if name in ask}
        requests.request(ask.get("method", "GET"), url, headers=headers, timeout=5, **more)
        with pytest.raises(StrictModeError, match=what):
            emulator.__exit__(None, None, None)

    def test_one_record_twice_in_one_call_goes_too_far(self, org: SalesforceOrg, add_leads: AddLeads) -> None:
        record: dict[str, Any] = {"attributes": {"type": "Lead"}, "id": add_leads(1)[0], "City": "Ulm"}
        with SalesforceEmulator(org, strict=True) as emulator:
            headers = {"Authorization": f"Bearer {emulator.session_id()}"}
            url = f"{emulator.url}/services/data/v59.0/composite/sobjects"
            requests.patch(url, json={"records": [record, record]}, headers=headers, timeout=5)
            assert [violation.what for violation in emulator.violations] == ["one record twice in one call"]
            emulator.forgive()

    def test_what_the_client_does_by_itself_is_fine(self, org: SalesforceOrg, add_leads: AddLeads) -> None:
        add_leads(3)
        with SalesforceEmulator(org, strict=True) as emulator:
            session = requests.Session()
            headers = {"Authorization": f"Bearer {emulator.session_id()}"}
            for path in ("query?q=SELECT+Id+FROM+Lead", "limits", "sobjects/Lead/describe"):
                assert session.get(f"{emulator.url}/services/data/v59.0/{path}", headers=headers, timeout=5).ok
            session.close()

    def test_an_error_in_the_test_itself_is_not_hidden(self, org: SalesforceOrg) -> None:
        emulator = SalesforceEmulator(org, strict=True)
        emulator.start()
        requests.get(f"{emulator.url}/services/data/v59.0/limits", timeout=5)
        emulator.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
        with pytest.raises(StrictModeError):
            emulator.check()

    def test_without_strict_mode_it_is_only_noted(self, emulator: SalesforceEmulator) -> None:
        requests.get(f"{emulator.url}/services/data/v59.0/limits", timeout=5)
        assert str(emulator.violations[0]) == "request 1, GET /services/data/v59.0/limits: no Authorization"


def test_a_mistake_of_the_emulator_itself_fails_the_test(org: SalesforceOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = SalesforceEmulator(org)
    emulator.start()
    monkeypatch.setattr(emulator.limits, "as_json", lambda: 1 / 0)
    headers = {"Authorization": f"Bearer {emulator.session_id()}"}
    answer = requests.get(f"{emulator.url}/services/data/v59.0/limits", headers=headers, timeout=5)
    assert answer.json()[0]["errorCode"] == "UNKNOWN_EXCEPTION"
    with pytest.raises(RuntimeError, match="the emulator failed"):
        emulator.__exit__(None, None, None)


class TestHandles:
    @pytest.fixture
    def handle(self, emulator: SalesforceEmulator) -> str:
        return f"{emulator.url}/emulator"

    def test_stats_and_journal_say_what_went_on(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, handle: str
    ) -> None:
        salesforce.query(SOQL)
        stats = requests.get(f"{handle}/stats", timeout=5).json()
        assert (stats["requests"], stats["counted_requests"], stats["sign_ins"]) == (2, 1, 1)
        assert stats["org_id"] == emulator.org.org_id
        entries = requests.get(f"{handle}/journal", params={"path": "query$|query/$"}, timeout=5).json()
        assert [entry["labels"]["text"] for entry in entries] == [SOQL]
        after = {"after": entries[0]["number"]}
        assert requests.get(f"{handle}/journal", params=after, timeout=5).json() == []

    def test_faults_are_added_and_taken_away(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, handle: str
    ) -> None:
        rule: dict[str, Any] = {"fault": "api_error", "status": 403, "code": "API_DISABLED_FOR_ORG", "path": "/query"}
        assert requests.post(f"{handle}/faults", json=rule, timeout=5).status_code == 201
        with pytest.raises(SalesforceRefusedRequest, match="API_DISABLED_FOR_ORG"):
            salesforce.query(SOQL)
        [told] = requests.get(f"{handle}/faults", timeout=5).json()["rules"]
        assert (told["faults"], told["played"]) == (["403 API_DISABLED_FOR_ORG"], 1)
        assert requests.delete(f"{handle}/faults", timeout=5).status_code == 204
        assert emulator.faults.rules == ()

    @pytest.mark.parametrize(
        "rule",
        [
            "{",
            '{"fault": "magic"}',
            '{"fault": "reset", "nth": 0}',
            '{"fault": "reset", "nht": 1}',
            '{"fault": "reset", "path": "("}',
            '{"fault": "reset", "text": "("}',
            "[]",
        ],
    )
    def test_a_wrong_rule_is_refused(self, emulator: SalesforceEmulator, handle: str, rule: str) -> None:
        answer = requests.post(f"{handle}/faults", data=rule, timeout=5)
        assert answer.status_code == 400
        assert answer.json()["error"]
        assert emulator.faults.rules == ()
        assert requests.get(f"{handle}/journal", params={"path": "("}, timeout=5).status_code == 400

    def test_days_go_by(self, emulator: SalesforceEmulator, handle: str, clock: EmulatorClock) -> None:
        before = clock.now()
        told = requests.post(f"{handle}/advance", params={"days": "7"}, timeout=5).json()
        assert datetime.fromisoformat(told["clock"]) == clock.now() == before + timedelta(days=7)

    def test_days_may_go_by_in_a_company(self, org: SalesforceOrg) -> None:
        gone: list[int] = []
        with SalesforceEmulator(org, on_advance=gone.append) as emulator:
            requests.post(f"{emulator.url}/emulator/advance?days=3", timeout=5)
        assert gone == [3]

    def test_sessions_end_and_all_begins_anew(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads, handle: str
    ) -> None:
        add_leads(5)
        requests.post(f"{handle}/expire-sessions", timeout=5)
        emulator.queries.page_size = 2
        following = salesforce.query(SOQL)["nextRecordsUrl"]
        assert emulator.sessions.issued == 2
        emulator.faults.add(FAULTS["quota"](), times=None)
        stats = requests.post(f"{handle}/reset", timeout=5).json()
        assert (stats["requests"], stats["counted_requests"], stats["open_cursors"]) == (0, 0, 0)
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
            salesforce.query_more(following, identifier_is_url=True)
        assert salesforce.query("SELECT COUNT() FROM Lead")["totalSize"] == 5

    def test_what_was_to_go_wrong_next_is_forgotten_with_all_counts(
        self, emulator: SalesforceEmulator, salesforce: Salesforce, handle: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_new = requests.post(f"{handle}/reset", timeout=5).json()
        salesforce.query(SOQL)  # signs in again
        bulk: Any = salesforce.bulk2
        list(bulk.Lead.query(SOQL, wait=0))
        body = {"object": "Lead", "operation": "update"}
        made = dict(salesforce.restful("jobs/ingest", method="POST", json=body) or {})
        for action in ("fail_bulk_job", "fail_ingest_job", "abort_ingest_job"):
            emulator.act(action)
        emulator.ingest.unprocessed = emulator.ingest.fails_after = 1
        with monkeypatch.context() as broken:
            broken.setattr(emulator.limits, "as_json", lambda: 1 / 0)
            with pytest.raises(SalesforceError):
                salesforce.limits()
        assert emulator.crashes
        assert requests.post(f"{handle}/reset", timeout=5).json() == as_new
        assert emulator.crashes == ()
        assert (as_new["sign_ins"], as_new["query_jobs"], as_new["ingest_jobs"]) == (0, 0, 0)
        assert (emulator.jobs.fail_next, emulator.ingest.fail_next, emulator.ingest.aborts_next) == (None, None, False)
        assert (emulator.ingest.unprocessed, emulator.ingest.fails_after) == (0, 0)
        again = dict(salesforce.restful("jobs/ingest", method="POST", json=body) or {})
        assert again["id"] != made["id"]  # who still has the old id does not meet another job

    @pytest.mark.parametrize(
        ("method", "path", "headers", "status"),
        [
            ("GET", "nope", {}, 404),
            ("GET", "reset", {}, 405),
            ("POST", "advance", {}, 400),
            ("POST", "reset", {"Origin": "https://evil.example"}, 403),
            ("POST", "reset", {"Host": "evil.example"}, 403),
        ],
    )
    def test_other_requests_are_refused(
        self, handle: str, method: str, path: str, headers: dict[str, str], status: int
    ) -> None:
        assert requests.request(method, f"{handle}/{path}", headers=headers, timeout=5).status_code == status
