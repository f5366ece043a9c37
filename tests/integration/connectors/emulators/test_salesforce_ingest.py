"""Bulk 2.0 ingest jobs of simple-salesforce against the emulator: states, rows, bytes, ends."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

if TYPE_CHECKING:
    from tests.integration.connectors.emulators.conftest import AddLeads

UPDATE: dict[str, object] = {"object": "Lead", "operation": "update", "contentType": "CSV", "lineEnding": "LF"}
ODD = 'Zoë 😀\nsaid "yes", twice'


def _job(salesforce: Salesforce, method: str = "GET", path: str = "", **options: Any) -> Any:  # noqa: ANN401
    return salesforce.restful(f"jobs/ingest{path}", method=method, **options)


def _upload(salesforce: Salesforce, job_id: str, content: bytes, kind: str = "text/csv") -> int:
    url = f"{salesforce.base_url}jobs/ingest/{job_id}/batches"
    headers = {"Authorization": f"Bearer {salesforce.session_id}", "Content-Type": kind}
    return salesforce.session.put(url, data=content, headers=headers).status_code


def _text(salesforce: Salesforce, job_id: str, what: str) -> requests.Response:
    url = f"{salesforce.base_url}jobs/ingest/{job_id}/{what}"
    return salesforce.session.get(url, headers={"Authorization": f"Bearer {salesforce.session_id}"})


def _rows(salesforce: Salesforce, job_id: str, what: str) -> list[dict[str, str]]:
    text = _text(salesforce, job_id, what).content.decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _closed(salesforce: Salesforce, content: bytes) -> str:
    job_id = str(_job(salesforce, "POST", json=UPDATE)["id"])
    assert _upload(salesforce, job_id, content) == 201
    assert _job(salesforce, "PATCH", f"/{job_id}", json={"state": "UploadComplete"})["state"] == "UploadComplete"
    return job_id


def _done(salesforce: Salesforce, content: bytes) -> tuple[str, dict[str, Any]]:
    job_id = _closed(salesforce, content)
    while (told := _job(salesforce, path=f"/{job_id}"))["state"] not in {"JobComplete", "Failed", "Aborted"}:
        pass
    return job_id, told


def test_a_job_goes_from_open_to_complete(
    emulator: SalesforceEmulator, salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    [lead_id] = add_leads(1)
    emulator.ingest.delay_polls = 2
    made = _job(salesforce, "POST", json=UPDATE)
    job_id = made["id"]
    assert job_id.startswith("750")
    assert (made["state"], made["object"], made["operation"]) == ("Open", "Lead", "update")
    assert made["contentUrl"] == f"services/data/v{salesforce.sf_version}/jobs/ingest/{job_id}/batches"
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        _job(salesforce, "PATCH", f"/{job_id}", json={"state": "UploadComplete"})  # nothing was uploaded
    data = f"Id,City\n{lead_id},Ulm\n".encode()
    assert [_upload(salesforce, job_id, data, kind="text/plain"), _upload(salesforce, job_id, data)] == [400, 201]
    assert _upload(salesforce, job_id, data) == 400  # once only
    assert org.get("Lead", lead_id)["City"] is None
    with pytest.raises(SalesforceMalformedRequest, match="INVALIDJOBSTATE"):
        _job(salesforce, "DELETE", f"/{job_id}")
    _job(salesforce, "PATCH", f"/{job_id}", json={"state": "UploadComplete"})
    assert _text(salesforce, job_id, "successfulResults").status_code == 400
    told = [_job(salesforce, path=f"/{job_id}") for _ in range(4)]
    assert [one["state"] for one in told] == ["InProgress", "InProgress", "JobComplete", "JobComplete"]
    assert (told[-1]["numberRecordsProcessed"], told[-1]["numberRecordsFailed"]) == (1, 0)
    assert org.get("Lead", lead_id)["City"] == "Ulm"
    with pytest.raises(SalesforceMalformedRequest, match="Closing already JobComplete"):
        _job(salesforce, "PATCH", f"/{job_id}", json={"state": "UploadComplete"})
    assert [one["id"] for one in _job(salesforce)["records"]] == [job_id]
    assert _job(salesforce, "DELETE", f"/{job_id}") is None
    with pytest.raises(SalesforceResourceNotFound):
        _job(salesforce, path=f"/{job_id}")


def test_results_repeat_what_was_sent_byte_for_byte(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    good, gone = add_leads(2)
    org.delete("Lead", gone)
    quoted = ODD.replace('"', '""')
    content = f'Id,Description,City\n{good},"{quoted}",Ulm\n{gone},"{quoted}",\n'.encode()
    job_id, told = _done(salesforce, content)
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (2, 1)
    answer = _text(salesforce, job_id, "successfulResults")
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.content == (
        f'"sf__Id","sf__Created","Id","Description","City"\n"{good}","false","{good}","{quoted}","Ulm"\n'.encode()
    )
    [failed] = _rows(salesforce, job_id, "failedResults")
    assert failed == {
        "sf__Id": "",
        "sf__Error": "ENTITY_IS_DELETED:entity is deleted:--",
        "Id": gone,
        "Description": ODD,
        "City": "",
    }
    assert _text(salesforce, job_id, "unprocessedrecords").content == b'"Id","Description","City"\n'
    assert org.get("Lead", good)["Description"] == ODD


def test_an_empty_cell_changes_nothing_and_the_word_for_null_empties(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    one, other = add_leads(2)
    for lead_id in (one, other):
        org.update("Lead", lead_id, {"City": "Ulm", "AnnualRevenue": 3})
    _done(salesforce, f"Id,City,AnnualRevenue\n{one},,#N/A\n{other},#N/A,12\n".encode())
    assert (org.get("Lead", one)["City"], org.get("Lead", one)["AnnualRevenue"]) == ("Ulm", None)
    assert (org.get("Lead", other)["City"], org.get("Lead", other)["AnnualRevenue"]) == (None, 12)


def test_an_error_names_its_fields_and_one_record_comes_once(
    salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    one, other = add_leads(2)
    org.rules.add_validation("Lead", "Not: Ulm", {"City": "Ulm"}, field="City")
    job_id, _ = _done(salesforce, f"Id,City\n{one},Ulm\n{other},Bonn\n{other},Trier\n".encode())
    errors = [row["sf__Error"] for row in _rows(salesforce, job_id, "failedResults")]
    assert errors == [
        "FIELD_CUSTOM_VALIDATION_EXCEPTION:Not: Ulm:City --",
        f"DUPLICATE_VALUE:Duplicate id specified: {other}:--",
    ]


def test_no_assignment_rule_runs_in_a_job(salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads) -> None:
    [lead_id] = add_leads(1)
    org.rules.assigned_to["Lead"] = org.integration_user_id
    _done(salesforce, f"Id,City\n{lead_id},Ulm\n".encode())
    assert org.get("Lead", lead_id)["OwnerId"] != org.integration_user_id


@pytest.mark.parametrize("how", ["aborted by the client", "aborted by a person", "failed"])
def test_a_job_that_does_not_complete_tells_what_it_did_not_process(
    emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads, how: str
) -> None:
    ids = add_leads(450)
    content = ("Id,City\n" + "".join(f"{one},Ulm\n" for one in ids)).encode()
    emulator.ingest.rows_per_poll = 200
    emulator.ingest.fails_after = 200
    if how == "aborted by the client":
        job_id = _closed(salesforce, content)
        assert _job(salesforce, path=f"/{job_id}")["state"] == "InProgress"
        assert _job(salesforce, "PATCH", f"/{job_id}", json={"state": "Aborted"})["state"] == "Aborted"
    else:
        emulator.ingest.aborts_next = how == "aborted by a person"
        emulator.ingest.fail_next = None if emulator.ingest.aborts_next else "InternalServerError : odd"
        job_id, told = _done(salesforce, content)
        assert told["state"] == ("Failed" if how == "failed" else "Aborted")
        assert told.get("errorMessage") == ("InternalServerError : odd" if how == "failed" else None)
    assert len(_rows(salesforce, job_id, "successfulResults")) == 200
    left = _text(salesforce, job_id, "unprocessedrecords").content.decode()
    assert left.splitlines() == ['"Id","City"', *(f'"{one}","Ulm"' for one in ids[200:])]


def test_a_complete_job_may_leave_rows_unprocessed(
    emulator: SalesforceEmulator, salesforce: Salesforce, add_leads: AddLeads
) -> None:
    ids = add_leads(5)
    emulator.ingest.unprocessed = 2
    job_id, told = _done(salesforce, ("Id,City\n" + "".join(f"{one},Ulm\n" for one in ids)).encode())
    assert (told["state"], told["numberRecordsProcessed"]) == ("JobComplete", 3)
    assert [row["Id"] for row in _rows(salesforce, job_id, "unprocessedrecords")] == ids[3:]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"Id,Nope\n00Q,1\n", "InvalidBatch : Field name not found : Nope"),
        (b"City\nUlm\n", "InvalidBatch : Missing required field : Id"),
        (b"Id,City\r\n00Q,1\r\n", "ClientInputError : LineEnding is invalid"),
        (b"Id,City\n00Q,\xff\n", "ClientInputError : the data are not in UTF-8"),
        (b'Id,City\n00Q,"open\n', "ClientInputError : "),
    ],
)
def test_data_that_cannot_be_read_fail_the_job(salesforce: Salesforce, content: bytes, error: str) -> None:
    _, told = _done(salesforce, content)
    assert told["state"] == "Failed"
    assert told["errorMessage"].startswith(error)


@pytest.mark.parametrize("change", [{"operation": "magic"}, {"object": "LeadStatus"}, {"lineEnding": "CR"}])
def test_jobs_that_cannot_be_are_refused(salesforce: Salesforce, change: dict[str, object]) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="INVALID"):
        _job(salesforce, "POST", json=UPDATE | change)


def test_a_job_and_its_results_are_gone_after_seven_days(
    clock: EmulatorClock, salesforce: Salesforce, add_leads: AddLeads
) -> None:
    job_id, _ = _done(salesforce, f"Id,City\n{add_leads(1)[0]},Ulm\n".encode())
    clock.advance(timedelta(days=7, seconds=1))
    with pytest.raises(SalesforceResourceNotFound):
        _job(salesforce, path=f"/{job_id}")  # it signs in again first


def test_batches_are_counted_and_run_out(emulator: SalesforceEmulator, salesforce: Salesforce) -> None:
    emulator.limits.batches.add(15_000)
    assert cast("Any", salesforce.limits())["DailyBulkApiBatches"]["Remaining"] == 0
    with pytest.raises(SalesforceMalformedRequest, match="LIMIT_EXCEEDED"):
        _job(salesforce, "POST", json=UPDATE)


def test_the_clients_own_update_goes_through(
    emulator: SalesforceEmulator, salesforce: Salesforce, org: SalesforceOrg, add_leads: AddLeads
) -> None:
    ids = add_leads(3)
    bulk = cast("Any", salesforce).bulk2.Lead
    [told] = bulk.update(records=[{"Id": one, "City": "Köln"} for one in ids], wait=0)
    assert (told["numberRecordsProcessed"], told["numberRecordsFailed"]) == (3, 0)
    assert {org.get("Lead", one)["City"] for one in ids} == {"Köln"}
    assert {entry.object_name for entry in emulator.journal.matching("jobs/ingest")} == {"Lead"}
