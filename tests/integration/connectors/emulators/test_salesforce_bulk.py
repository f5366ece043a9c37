"""Bulk 2.0 query jobs of simple-salesforce against the emulator: states, locators, bytes, ends."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from simple_salesforce.api import Salesforce
from simple_salesforce.bulk2 import Operation, SFBulk2Type
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceOperationError,
    SalesforceResourceNotFound,
)

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.limits import RESULT_MB

if TYPE_CHECKING:
    from tests.integration.connectors.emulators.conftest import AddLeads

SOQL = "SELECT Id, LastName FROM Lead"


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _bulk(salesforce: Salesforce) -> SFBulk2Type:
    found = cast("Any", salesforce).bulk2.Lead  # the library knows only at run time what it is
    assert isinstance(found, SFBulk2Type)
    return found


def _client(salesforce: Salesforce) -> Any:  # noqa: ANN401  # the library gives it no types worth the name
    return _bulk(salesforce)._client


def _texts(salesforce: Salesforce, *, max_records: int = 50_000) -> list[str]:
    return [str(text) for text in _bulk(salesforce).query(SOQL, max_records=max_records, wait=0)]


def _done(salesforce: Salesforce, soql: str, operation: Operation = Operation.query) -> str:
    client = _client(salesforce)
    job_id = str(client.create_job(operation, soql)["id"])
    while client.get_job(job_id, is_query=True)["state"] != "JobComplete":
        pass
    return job_id


def test_the_clients_own_query_gives_all_rows(salesforce: Salesforce, add_leads: AddLeads) -> None:
    ids = add_leads(25)
    pages = _texts(salesforce, max_records=10)
    assert [len(_rows(page)) for page in pages] == [10, 10, 5]
    assert sorted(row["Id"] for page in pages for row in _rows(page)) == sorted(ids)


def test_an_order_is_ignored_but_for_which_rows_a_limit_takes(salesforce: Salesforce, add_leads: AddLeads) -> None:
    ids = add_leads(25)
    job_id = _done(salesforce, f"{SOQL} ORDER BY LastName LIMIT 10")
    told = _client(salesforce).get_query_results(job_id)
    found = [row["Id"] for row in _rows(told["records"])]
    assert found != ids[:10]
    assert sorted(found) == sorted(ids[:10])


def test_the_clients_own_download_gives_files(salesforce: Salesforce, add_leads: AddLeads, tmp_path: Path) -> None:
    add_leads(5)
    parts = _bulk(salesforce).download(SOQL, str(tmp_path), max_records=3, wait=0)
    texts = [Path(str(part["file"])).read_text("utf-8") for part in parts]
    assert [len(_rows(text)) for text in texts] == [3, 2]


def test_a_job_goes_through_its_states_by_being_looked_at(
    emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
) -> None:
    add_leads(2)
    emulator.jobs.delay_polls = 2
    client = _client(salesforce)
    made = client.create_job(Operation.query, SOQL)
    assert made["id"].startswith("750")
    assert (made["state"], made["operation"], made["object"]) == ("UploadComplete", "query", "Lead")
    told = [client.get_job(made["id"], is_query=True) for _ in range(4)]
    assert [one["state"] for one in told] == ["InProgress", "InProgress", "JobComplete", "JobComplete"]
    assert told[-1]["numberRecordsProcessed"] == 2


def test_results_begin_at_any_locator_and_may_be_read_again(salesforce: Salesforce, add_leads: AddLeads) -> None:
    add_leads(10)
    client, job_id = _client(salesforce), _done(salesforce, SOQL)
    first = client.get_query_results(job_id, max_records=4)
    second = client.get_query_results(job_id, first["locator"], 4)
    assert client.get_query_results(job_id, first["locator"], 4) == second
    last = client.get_query_results(job_id, second["locator"], 4)
    assert [page["number_of_records"] for page in (first, second, last)] == [4, 4, 2]
    assert last["locator"] == ""
    assert len({row["Id"] for page in (first, second, last) for row in _rows(page["records"])}) == 10


def test_an_answer_may_be_smaller_than_asked(
    emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
) -> None:
    add_leads(10)
    emulator.jobs.most_rows = 3
    page = _client(salesforce).get_query_results(_done(salesforce, SOQL))
    assert page["number_of_records"] == 3
    assert page["locator"]


def test_values_are_utf_8_in_quotes_as_the_bulk_api_writes_them(salesforce: Salesforce, org: SalesforceOrg) -> None:
    text = 'Zoë 😀\r\nsaid "yes", \u202e\u05db\u05df\nend'
    lead_id = org.create(
        "Lead", {"LastName": "Ada", "Company": "A", "Description": text, "AnnualRevenue": 12, "NumberOfEmployees": 7}
    )
    columns = "Id, Description, AnnualRevenue, NumberOfEmployees, IsConverted, CreatedDate, Owner.Username, City"
    page = _client(salesforce).get_query_results(_done(salesforce, f"SELECT {columns} FROM Lead"))["records"]
    assert page.startswith('"Id","Description",')
    username = org.get("User", str(org.get("Lead", lead_id)["OwnerId"]))["Username"]
    assert _rows(page) == [
        {
            "Id": lead_id,
            "Description": text,
            "AnnualRevenue": "12.0",
            "NumberOfEmployees": "7",
            "IsConverted": "false",
            "CreatedDate": "2026-03-01T12:00:00.000Z",
            "Owner.Username": username,
            "City": "",
        }
    ]


def test_no_rows_is_a_header_and_no_locator(salesforce: Salesforce) -> None:
    page = _client(salesforce).get_query_results(_done(salesforce, SOQL))
    assert page == {"locator": "", "number_of_records": 0, "records": '"Id","LastName"\n'}


def test_query_all_gives_deleted_rows_too(salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads) -> None:
    gone, _ = add_leads(2)
    org.delete("Lead", gone)
    client = _client(salesforce)
    live = client.get_query_results(_done(salesforce, SOQL))
    both = client.get_query_results(_done(salesforce, SOQL, Operation.query_all))
    assert (live["number_of_records"], both["number_of_records"]) == (1, 2)


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        ("SELECT Id, Address FROM Lead", "Selecting compound data not supported in Bulk Query"),
        ("SELECT Id FROM LeadStatus", "is not supported by the Bulk API"),
        ("SELECT COUNT() FROM Lead", "Aggregate Relationships not supported"),
        ("SELECT Nope__c FROM Lead", "No such column 'Nope__c' on entity 'Lead'"),
        ("SELECT Id FROM Lead WHERE", "unexpected"),
    ],
)
def test_what_the_bulk_api_does_not_take(
    emulator: SalesforceEmulator, salesforce: Salesforce, soql: str, words: str
) -> None:
    with pytest.raises(SalesforceMalformedRequest, match=words):
        _client(salesforce).create_job(Operation.query, soql)
    assert emulator.jobs.made == 0


def test_a_job_may_fail(emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads) -> None:
    add_leads(1)
    emulator.jobs.fail_next = "InternalServerError: out of luck"
    with pytest.raises(SalesforceOperationError, match="out of luck"):
        _texts(salesforce)
    assert len(_texts(salesforce)) == 1


def test_results_are_counted_once_and_the_job_after_they_fill_their_storage_is_refused(
    emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
) -> None:
    add_leads(3)
    job_id = _done(salesforce, SOQL)
    client = _client(salesforce)
    size = {len(client.get_query_results(job_id)["records"].encode()) for _ in range(2)}
    used = emulator.limits.result_bytes.used
    assert size == {used}
    emulator.limits.result_bytes.add(RESULT_MB * 1_000_000 - used)
    with pytest.raises(SalesforceMalformedRequest, match="DailyBulkV2QueryFileStorageMB"):
        client.create_job(Operation.query, SOQL)
    assert emulator.jobs.made == 1


def test_a_job_is_aborted_and_deleted(salesforce: Salesforce, add_leads: AddLeads) -> None:
    add_leads(1)
    client = _client(salesforce)
    job_id = client.create_job(Operation.query, SOQL)["id"]
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        client.get_query_results(job_id)
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        salesforce.restful(f"jobs/query/{job_id}", method="DELETE")
    assert client.abort_job(job_id, is_query=True)["state"] == "Aborted"
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        client.abort_job(job_id, is_query=True)
    assert salesforce.restful(f"jobs/query/{job_id}", method="DELETE") is None
    with pytest.raises(SalesforceResourceNotFound):
        client.get_job(job_id, is_query=True)


def test_jobs_are_listed_newest_first(salesforce: Salesforce, clock: EmulatorClock) -> None:
    first = _done(salesforce, SOQL)
    clock.advance(timedelta(minutes=1))
    second = _done(salesforce, SOQL)
    told = salesforce.restful("jobs/query")
    assert told is not None
    assert [job["id"] for job in told["records"]] == [second, first]


def test_jobs_and_results_are_gone_after_seven_days(
    salesforce: Salesforce, add_leads: AddLeads, clock: EmulatorClock
) -> None:
    add_leads(1)
    job_id = _done(salesforce, SOQL)
    clock.advance(timedelta(days=7))
    assert salesforce.restful(f"jobs/query/{job_id}") is not None  # signs in again
    assert _client(salesforce).get_query_results(job_id)["number_of_records"] == 1
    clock.advance(timedelta(seconds=1))
    for path in (f"jobs/query/{job_id}", f"jobs/query/{job_id}/results"):
        with pytest.raises(SalesforceResourceNotFound):
            salesforce.restful(path)


@pytest.mark.parametrize("locator", ["x", "MTA", "LTE", "999999999"])
def test_a_locator_that_nobody_gave_is_refused(salesforce: Salesforce, add_leads: AddLeads, locator: str) -> None:
    add_leads(3)
    job_id = _done(salesforce, SOQL)
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_LOCATOR"):
        salesforce.restful(f"jobs/query/{job_id}/results", params={"locator": locator})


def test_a_job_sees_the_org_as_it_is_when_it_begins_to_work(salesforce: Salesforce, add_leads: AddLeads) -> None:
    client = _client(salesforce)
    job_id = client.create_job(Operation.query, SOQL)["id"]
    add_leads(1)
    client.get_job(job_id, is_query=True)
    add_leads(1)
    assert client.get_job(job_id, is_query=True)["state"] == "JobComplete"
    assert client.get_query_results(job_id)["number_of_records"] == 1


def test_other_line_ends_and_delimiters(salesforce: Salesforce, add_leads: AddLeads) -> None:
    [lead_id] = add_leads(1)
    job = salesforce.restful(
        "jobs/query",
        method="POST",
        json={"operation": "query", "query": SOQL, "columnDelimiter": "PIPE", "lineEnding": "CRLF"},
    )
    assert job is not None
    client = _client(salesforce)
    while client.get_job(job["id"], is_query=True)["state"] != "JobComplete":
        pass
    page = client.get_query_results(job["id"])["records"]
    assert page == f'"Id"|"LastName"\r\n"{lead_id}"|"Lead 0000"\r\n'


def test_the_journal_knows_what_a_job_is_about(
    emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
) -> None:
    add_leads(1)
    _texts(salesforce)
    calls = emulator.journal.matching("jobs/query")
    assert {entry.text for entry in calls} == {SOQL}
    assert {entry.object_name for entry in calls} == {"Lead"}
