"""What is asked, and what counts as an answer: never anything that only looks like "nothing found"."""

from __future__ import annotations

from collections.abc import Callable
from json import loads
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.errors import PermissionDeniedError, ServerError
from hpro_connectors.salesforce.client.ingest_jobs import IngestJobs
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.client.query_answer import object_of
from hpro_connectors.salesforce.client.record_ids import is_record_id, long_id
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import BulkUnsupportedError, CursorExpiredError, JobGoneError, UnknownObjectError
from hpro_sdk.errors import ConfigError

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.client.conftest import Reply, Script

NEXT = "/services/data/v62.0/query/01g000000000001AAA-2000"
JOB = "7505e000000HPRoAAO"
SOQL = "SELECT Id FROM Lead"


def test_a_page_of_a_query(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.rows("1", "2", next_path=NEXT, total=3), script.rows("3", total=3)]
    first = client.query("SELECT Id FROM Lead WHERE Name = 'A & B'", include_deleted=True, batch_size=500)
    assert (len(first.records), first.next_path, first.total) == (2, NEXT, 3)
    assert script.asked() == {"q": "SELECT Id FROM Lead WHERE Name = 'A & B'"}
    assert script.requests[-1].headers["Sforce-Query-Options"] == "batchSize=500"
    assert script.requests[-1].headers["X-PrettyPrint"] == "0"
    last = client.query_more(NEXT)
    assert (len(last.records), last.next_path) == (1, None)
    assert script.calls == ["GET queryAll/", "GET query/01g000000000001AAA-2000"]


def test_a_count_has_no_rows(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.json({"totalSize": 7, "done": True, "records": []})]
    assert client.query("SELECT COUNT() FROM Lead").total == 7


def odd_answers(script: Script) -> dict[str, Reply]:
    good = {"totalSize": 1, "done": True, "records": [{"Id": "1"}]}
    return {
        "a page for people": script.html(200),
        "nothing": script.raw(),
        "no content": script.raw(status=204),
        "an empty object": script.json({}),
        "an empty list": script.json([]),
        "null": script.json(None),
        "a number": script.json(7),
        "half": script.raw(b'{"totalSize": 0, "done": true, "reco', Content_Type="application/json"),
        "no records": script.json({"totalSize": 0, "done": True}),
        "records that are none": script.json({**good, "records": ["1"]}),
        "no total": script.json({"done": True, "records": []}),
        "no end": script.json({"totalSize": 0, "records": []}),
        "no next page": script.json({**good, "done": False}),
        "a next page elsewhere": script.json({**good, "done": False, "nextRecordsUrl": "@evil.example/"}),
        "more rows than there are": script.json({**good, "totalSize": 0}),
        "nested without end": script.raw(b"[" * 100_000, Content_Type="application/json"),
        "a failure with 200": script.json([{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}]),
    }


ODD = [
    "a page for people",
    "nothing",
    "no content",
    "an empty object",
    "an empty list",
    "null",
    "a number",
    "half",
    "no records",
    "records that are none",
    "no total",
    "no end",
    "no next page",
    "a next page elsewhere",
    "more rows than there are",
    "nested without end",
    "a failure with 200",
]


@pytest.mark.parametrize("kind", ODD)
def test_row_26_what_is_no_answer_is_never_nothing_found(kind: str, client: SalesforceClient, script: Script) -> None:
    assert set(ODD) == set(odd_answers(script))
    script.replies = [odd_answers(script)[kind]] * 2
    asks: list[Callable[[], object]] = [lambda: client.query(SOQL), lambda: client.query_more(NEXT)]
    for ask in asks:
        with pytest.raises(ServerError) as caught:
            ask()
        assert caught.value.hint


@pytest.mark.parametrize("kind", [kind for kind in ODD if kind != "half"])
def test_row_26_nor_is_it_a_description_or_a_job(kind: str, client: SalesforceClient, script: Script) -> None:
    script.replies = [odd_answers(script)[kind]] * 5
    asks: list[Callable[[], object]] = [
        lambda: client.describe("Lead"),
        client.describe_global,
        lambda: client.create_query_job(SOQL),
        lambda: client.query_job(JOB),
        lambda: client.query_results(JOB, None, 100),
    ]
    for ask in asks:
        with pytest.raises(ServerError):
            ask()


@pytest.mark.parametrize(
    "place",
    ["", "@evil.example/services/data/v62.0/query/x", "//evil.example/", "https://evil.example", "/services/data"],
)
def test_what_is_no_place_is_not_asked_for(place: str, client: SalesforceClient, script: Script) -> None:
    with pytest.raises(CursorExpiredError):
        client.query_more(place)
    assert script.requests == []


@pytest.mark.parametrize(("code", "status"), [("INVALID_QUERY_LOCATOR", 400), ("NOT_FOUND", 404)])
def test_row_9_a_cursor_that_expired(code: str, status: int, client: SalesforceClient, script: Script) -> None:
    script.replies = [script.failure(code, status)]
    with pytest.raises(CursorExpiredError):
        client.query_more(NEXT)


def test_a_version_that_the_org_does_not_offer(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.failure("NOT_FOUND", 404, "The requested resource does not exist")]
    with pytest.raises(ConfigError, match="api_version"):
        client.query(SOQL)


def test_an_object_that_is_not_there(client: SalesforceClient, script: Script) -> None:
    script.json({"fields": []})
    script.replies = [script.failure("NOT_FOUND", 404), script.json({"fields": []})]
    with pytest.raises(UnknownObjectError, match="EmailMessage") as caught:
        client.describe("EmailMessage")
    assert caught.value.object_name == "EmailMessage"
    with pytest.raises(UnknownObjectError):
        client.describe("../limits")
    client.describe("Lead")
    assert script.calls == ["GET sobjects/EmailMessage/describe", "GET sobjects/Lead/describe"]


def test_the_life_of_a_bulk_job(client: SalesforceClient, script: Script) -> None:
    job = {"id": JOB, "state": "UploadComplete", "object": "Lead"}
    text = '"Id","Name"\n"1","Ümit\n""x"" \0 😀"\n'
    script.replies = [
        script.json(job),
        script.json({**job, "state": "InProgress"}),
        script.json({**job, "state": "JobComplete", "numberRecordsProcessed": 2}),
        script.raw(text.encode(), Content_Type="text/csv", Sforce_NumberOfRecords="1", Sforce_Locator="MTAw"),
        script.raw(
            b'"Id","Name"\n"2",""\n', Content_Type="text/csv", Sforce_NumberOfRecords="1", Sforce_Locator="null"
        ),
        script.raw(status=204),
    ]
    assert client.create_query_job(SOQL, include_deleted=True) == JOB
    assert loads(str(script.requests[-1].body, "utf-8"))["operation"] == "queryAll"  # type: ignore[arg-type]
    assert [client.query_job(JOB).state for _ in range(2)] == [JobState.IN_PROGRESS, JobState.JOB_COMPLETE]
    first = client.query_results(JOB, None, 1)
    assert script.asked() == {"maxRecords": "1"}
    assert (first.csv_text, first.locator, first.rows) == (text.replace("\0", ""), "MTAw", 1)
    second = client.query_results(JOB, first.locator, 1)
    assert script.asked() == {"maxRecords": "1", "locator": "MTAw"}
    assert second.locator is None
    client.delete_query_job(JOB)
    assert script.calls == [
        "POST jobs/query",
        *[f"GET jobs/query/{JOB}"] * 2,
        *[f"GET jobs/query/{JOB}/results"] * 2,
        f"DELETE jobs/query/{JOB}",
    ]


@pytest.mark.parametrize("kind", ["query", "ingest"])
def test_why_a_job_failed_is_told_in_one_line_without_what_identifies_a_person(
    client: SalesforceClient, script: Script, kind: str
) -> None:
    reason = f"InvalidBatch : anna.berg@example.com\nis {'very ' * 100}odd"
    script.replies = [script.json({"id": JOB, "state": "Failed", "errorMessage": reason})]
    told = str((client.query_job(JOB) if kind == "query" else IngestJobs(client).look(JOB)).error)
    assert told.startswith("InvalidBatch : [masked] is very very")
    assert len(told) <= 303


def test_a_job_without_rows(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.raw(b'"Id"\n', Content_Type="text/csv", Sforce_NumberOfRecords="0")]
    assert client.query_results(JOB, None, 10).rows == 0


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'"Id"\n"1"\n', {"Content-Type": "text/csv"}),  # nobody says how many rows
        (b'"Id"\n"1"\n', {"Content-Type": "text/csv", "Sforce-NumberOfRecords": "3"}),
        (b'"Id"\n"1"\n"2', {"Content-Type": "text/csv", "Sforce-NumberOfRecords": "2"}),
        (b'"Id"\n"\xc3', {"Content-Type": "text/csv", "Sforce-NumberOfRecords": "0"}),
        (b"<html>\n</html>\n", {"Content-Type": "text/html", "Sforce-NumberOfRecords": "1"}),
        (b"", {"Content-Type": "text/csv", "Sforce-NumberOfRecords": "2"}),
    ],
)
def test_row_26_results_that_were_cut_short(
    body: bytes, headers: dict[str, str], client: SalesforceClient, script: Script
) -> None:
    answer = script.raw(body)
    answer.headers.update(headers)
    script.replies = [answer]
    with pytest.raises(ServerError):
        client.query_results(JOB, None, 100)


@pytest.mark.parametrize(
    ("code", "status"),
    [("NOT_FOUND", 404), ("ENTITY_IS_DELETED", 404), ("INVALID_LOCATOR", 400), ("MALFORMED_ID", 400)],
)
def test_a_job_that_is_gone(code: str, status: int, client: SalesforceClient, script: Script) -> None:
    asks: list[Callable[[], object]] = [
        lambda: client.query_job(JOB),
        lambda: client.query_results(JOB, "x", 10),
        lambda: client.abort_query_job(JOB),
    ]
    script.always = lambda _request: script.failure(code, status)
    for ask in asks:
        with pytest.raises(JobGoneError):
            ask()
    client.delete_query_job(JOB)


@pytest.mark.parametrize("job_id", ["", "../../limits", "750", "7505e000000HPRoAAO/results"])
def test_what_is_no_id_of_a_job_is_not_asked_for(job_id: str, client: SalesforceClient, script: Script) -> None:
    with pytest.raises(JobGoneError):
        client.query_job(job_id)
    assert script.requests == []


def test_what_the_bulk_api_does_not_take(client: SalesforceClient, script: Script) -> None:
    script.replies = [
        script.failure("INVALIDENTITY", 400, "Entity 'TaskStatus' is not supported by the Bulk API."),
        script.failure("NOT_FOUND", 404),
        script.failure("API_DISABLED_FOR_ORG", 403),
    ]
    for _ in range(2):
        with pytest.raises(BulkUnsupportedError):
            client.create_query_job("SELECT Id FROM TaskStatus")
    with pytest.raises(PermissionDeniedError):
        client.create_query_job(SOQL)


def test_abort_says_so(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.json({"id": JOB, "state": "Aborted"})]
    client.abort_query_job(JOB)
    assert script.calls == [f"PATCH jobs/query/{JOB}"]
    assert script.requests[-1].body == b'{"state": "Aborted"}'


def test_a_text_is_read_as_it_is(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.raw("<p>Grüße</p>".encode(), Content_Type="application/octet-stream")]
    assert client.text("sobjects/ContentNote/0695e000000HPRoAAO/Content") == "<p>Grüße</p>"


@pytest.mark.parametrize(
    ("soql", "name"),
    [
        ("SELECT Id FROM Lead WHERE From__c = 1", "Lead"),
        ("select Id from Task where WhoId in (select Id from Lead) limit 1", "Task"),
        ("SELECT Id, (SELECT Id FROM Tasks) FROM Contact", "Contact"),
        ("nonsense", None),
    ],
)
def test_the_object_of_a_query(soql: str, name: str | None) -> None:
    assert object_of(soql) == name


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001A0000006Vm9r", "001A0000006Vm9rIAC"),
        ("000000000000000", "000000000000000AAA"),
        ("ZZZZZZZZZZZZZZZ", "ZZZZZZZZZZZZZZZ555"),
    ],
)
def test_ids(short: str, long: str) -> None:
    assert long_id(short) == long_id(long) == long
    assert not is_record_id(short[:-1])
    with pytest.raises(ValueError, match="15 or 18"):
        long_id("00Q-1")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *[(text, True) for text in ("00Q000000000001", "00Q000000000001AAA")],
        *[(text, False) for text in ("", "no-such-lead", "00Q00000000000", "00Q000000000001AA", "00Q000000000001aaa")],
        *[(text, False) for text in ("00Q00000000000'", "00Q000000000001\n")],
    ],
)
def test_ids_have_15_or_18_characters(text: str, is_one: bool) -> None:
    assert is_record_id(text) is is_one
