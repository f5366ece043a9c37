"""Edge cases 24 and 26 at the socket: what breaks on the way is an error of its class, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hpro_connectors.emulators.http.fault_script import Fault
from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS
from hpro_connectors.errors import FatalError, NetworkError, QuotaExhaustedError, RateLimitedError, ServerError
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import QueryTooLargeError, RequestTooLongError
from hpro_sdk.errors import HproError

Make = Callable[..., SalesforceClient]
SOQL = "SELECT Id FROM Lead"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("reset", NetworkError),
        ("reset_after", NetworkError),
        ("truncated", NetworkError),
        ("maintenance_200", ServerError),
        ("maintenance_503", ServerError),
        ("server_error", ServerError),
        ("unavailable", ServerError),
        ("bad_gateway", ServerError),
        ("too_many_requests", RateLimitedError),
        ("quota", QuotaExhaustedError),
        ("concurrent", RateLimitedError),
        ("uri_too_long", RequestTooLongError),
        ("query_timeout", QueryTooLargeError),
    ],
)
@pytest.mark.parametrize("where", ["query", "describe", "job", "results"])
def test_row_24_26_what_goes_wrong_is_of_its_class(
    fault: str, kind: type[HproError], where: str, client: SalesforceClient, emulator: SalesforceEmulator
) -> None:
    job_id = client.create_query_job(SOQL)
    client.query_job(job_id)
    client.query_job(job_id)
    asks: dict[str, Callable[[], object]] = {
        "query": lambda: client.query(SOQL),
        "describe": lambda: client.describe("Lead"),
        "job": lambda: client.query_job(job_id),
        "results": lambda: client.query_results(job_id, None, 1000),
    }
    before = len(emulator.journal.entries)
    emulator.faults.add(FAULTS[fault]())
    with pytest.raises(HproError) as caught:
        asks[where]()
    assert type(caught.value) is kind
    assert caught.value.hint
    assert len(emulator.journal.entries) == before + 1
    assert asks[where]() is not None


def test_a_server_that_never_answers_is_given_up(make: Make, emulator: SalesforceEmulator) -> None:
    client = make(read_timeout_s=0.3)
    client.query(SOQL)
    emulator.faults.add(FAULTS["hang"]())
    with pytest.raises(NetworkError, match="did not answer in time"):
        client.query(SOQL)
    assert client.limits().calls == 3


@pytest.mark.parametrize("fault", ["reset", "truncated", "maintenance_200", "maintenance_503", "too_many_requests"])
def test_row_26_so_it_is_while_signing_in(fault: str, client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    emulator.faults.add(FAULTS[fault](), path="oauth2")
    with pytest.raises((ServerError, NetworkError, RateLimitedError)):
        client.query(SOQL)
    assert client.query(SOQL).total == 230


def test_nobody_listens(make: Make) -> None:
    with pytest.raises(NetworkError):
        make(emulator="http://127.0.0.1:9").query(SOQL)


def test_a_redirect_gets_no_second_request(client: SalesforceClient, emulator: SalesforceEmulator) -> None:
    elsewhere = Response(302, b"", None, {"Location": f"{emulator.url}/services/data/"})
    emulator.faults.add(Fault.answering(elsewhere), path="/query")
    client.describe("Lead")
    before = len(emulator.journal.entries)
    with pytest.raises(FatalError, match="leads elsewhere"):
        client.query(SOQL)
    assert len(emulator.journal.entries) == before + 1


def test_no_proxy_stands_between_us_and_this_machine(
    make: Make, monkeypatch: pytest.MonkeyPatch, emulator: SalesforceEmulator
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert make().query(SOQL).total == 230
