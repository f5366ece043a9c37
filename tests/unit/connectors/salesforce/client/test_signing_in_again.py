"""Edge cases 20 and 21: a session that ends anywhere is renewed once a request, and never more than once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.errors import AuthError, PermissionDeniedError, ServerError
from hpro_connectors.salesforce.client.connection import SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.client.conftest import Script

Make = Callable[..., SalesforceClient]
NEXT = "/services/data/v62.0/query/01g000000000001AAA-2000"
JOB = "7505e000000HPRoAAO"


def token_of(script: Script, number: int = -1) -> str:
    return str(script.requests[number].headers["Authorization"]).removeprefix("Bearer ").rpartition("-")[2]


def test_row_20_a_session_that_ends_between_two_pages(client: SalesforceClient, script: Script) -> None:
    script.replies = [
        script.rows("1", next_path=NEXT, total=2),
        script.failure("INVALID_SESSION_ID", 401),
        script.rows("2", total=2),
    ]
    first = client.query("SELECT Id FROM Lead", batch_size=200)
    assert first.next_path == NEXT
    second = client.query_more(NEXT, batch_size=200)
    assert [record["Id"] for record in (*first.records, *second.records)] == ["1", "2"]
    assert script.tokens == 2
    refused, sent_again = script.requests[-3], script.requests[-1]
    assert refused.url == sent_again.url
    headers = [{k: v for k, v in one.headers.items() if k != "Authorization"} for one in (refused, sent_again)]
    assert headers[0] == headers[1]
    assert headers[1]["Sforce-Query-Options"] == "batchSize=200"
    assert token_of(script) == "2"


def test_row_20_a_session_that_ends_while_a_bulk_job_is_polled_and_read(
    client: SalesforceClient, script: Script
) -> None:
    done = {"id": JOB, "state": "JobComplete", "numberRecordsProcessed": 1}
    page = script.raw(b'"Id"\n"1"\n', Content_Type="text/csv", Sforce_NumberOfRecords="1", Sforce_Locator="null")
    script.replies = [
        script.failure("INVALID_SESSION_ID", 401),
        script.json(done),
        script.failure("INVALID_SESSION_ID", 401),
        page,
    ]
    assert client.query_job(JOB).rows == 1
    assert client.query_results(JOB, None, 10).rows == 1
    assert script.calls == [f"GET jobs/query/{JOB}"] * 2 + [f"GET jobs/query/{JOB}/results"] * 2
    assert token_of(script) == "3"
    assert script.requests[-1].headers["Accept"] == "text/csv"


def test_row_20_a_write_is_sent_again_with_its_body_and_headers(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.failure("INVALID_SESSION_ID", 401), script.json([{"success": True}])]
    client.request(
        "PATCH", "composite/sobjects", json={"records": [{"id": "1"}]}, headers={"Sforce-Auto-Assign": "FALSE"}
    )
    refused, sent_again = script.requests[-3], script.requests[-1]
    assert refused.body == sent_again.body == b'{"records": [{"id": "1"}]}'
    assert sent_again.headers["Sforce-Auto-Assign"] == "FALSE"


@pytest.mark.parametrize(
    "kind", ["INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "an object", "a page", "nothing", "a list of nothing"]
)
def test_row_21_refused_for_ever(kind: str, client: SalesforceClient, script: Script) -> None:
    refusals = {
        "an object": script.json({"error": "invalid_token"}, 401),
        "a page": script.html(401),
        "nothing": script.raw(status=401),
        "a list of nothing": script.json([], 401),
    }
    refusal = refusals.get(kind) or script.failure(kind, 401)
    script.always = lambda _request: refusal
    with pytest.raises(AuthError) as caught:
        client.query("SELECT Id FROM Lead")
    assert len(script.calls) == 2
    assert script.tokens == 2
    assert caught.value.hint
    with pytest.raises(AuthError):  # and each further request asks at most twice again
        client.describe("Lead")
    assert len(script.calls) == 4


def test_row_21_a_session_id_cannot_be_renewed(make: Make, script: Script) -> None:
    client = make(
        sign_in=SignInWay.SESSION, session_id="00D!old", instance_url="https://acme.my.salesforce.com", domain=""
    )
    script.always = lambda _request: script.failure("INVALID_SESSION_ID", 401)
    with pytest.raises(AuthError, match="INVALID_SESSION_ID") as caught:
        client.query("SELECT Id FROM Lead")
    assert "give a new one" in str(caught.value)
    assert len(script.requests) == 1


def test_a_renewal_that_fails_says_why(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.rows("1"), script.failure("INVALID_SESSION_ID", 401), script.rows("2")]
    client.query("SELECT Id FROM Lead")
    script.sign_ins = [
        script.json({"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}, 400)
    ]
    with pytest.raises(AuthError, match="consent"):
        client.query("SELECT Id FROM Lead")
    assert [record["Id"] for record in client.query("SELECT Id FROM Lead").records] == ["2"]


def test_another_error_is_not_mistaken_for_an_ended_session(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.failure("API_DISABLED_FOR_ORG", 403), script.html(503)]
    with pytest.raises(PermissionDeniedError):
        client.query("SELECT Id FROM Lead")
    with pytest.raises(ServerError):
        client.query("SELECT Id FROM Lead")
    assert script.tokens == 1


def test_an_error_after_the_renewal_is_that_error(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.failure("INVALID_SESSION_ID", 401), script.html(503), script.rows("1")]
    with pytest.raises(ServerError):
        client.query("SELECT Id FROM Lead")
    assert client.query("SELECT Id FROM Lead").total == 1
    assert script.tokens == 2
