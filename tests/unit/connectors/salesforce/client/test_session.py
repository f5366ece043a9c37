"""What holds for every request, whoever makes it: limits of time, counters, the server's clock, and where it may go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.errors import FatalError, NetworkError, ServerError
from hpro_connectors.salesforce.client.call_counts import Usage, usage_of
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.client.session import SalesforceSession
from hpro_sdk.errors import HproError

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.client.conftest import Script, Ticks

Make = Callable[..., SalesforceClient]
SOQL = "SELECT Id FROM Lead"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_every_request_has_a_limit_of_time(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.rows("1"), script.json({"fields": []}), script.raw(b"text")]
    client.query(SOQL)
    client.describe("Lead")
    client.text("x")
    assert script.timeouts == [(3.0, 60.0)] * 4


def test_every_request_is_counted_those_that_fail_too(client: SalesforceClient, script: Script) -> None:
    script.replies = [
        script.rows("1"),
        script.html(503),
        script.fails(requests.ConnectionError("gone")),
        script.failure("INVALID_SESSION_ID", 401),
        script.rows("1"),
    ]
    client.query(SOQL)
    for kind in (ServerError, NetworkError):
        with pytest.raises(kind):
            client.query(SOQL)
    client.query(SOQL)
    assert client.limits().calls == len(script.requests) == 7
    client.count_written(3)
    assert client.limits().rows_written == 3


def test_what_is_left_is_read_from_every_answer_a_failure_too(client: SalesforceClient, script: Script) -> None:
    assert client.limits().requests_left is None
    script.replies = [
        script.failure("INVALID_TYPE"),
        script.json({"totalSize": 0, "done": True, "records": []}, sforce_limit_info="api-usage=20/15000"),
        script.rows("1"),
    ]
    script.replies[0].headers["Sforce-Limit-Info"] = "api-usage=14999/15000"
    with pytest.raises(HproError):
        client.query(SOQL)
    assert (client.limits().requests_left, client.limits().requests_max) == (1, 15000)
    for _ in range(2):  # an answer that does not say leaves what is known
        client.query(SOQL)
        assert client.limits().requests_left == 14980
    assert client.limits().resets_at is None


@pytest.mark.parametrize(
    ("text", "usage"),
    [
        ("api-usage=18/5000", Usage(18, 5000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=hpro)", Usage(17, 250)),
        ("per-app-api-usage=17/250(appName=api-usage=1/2)", Usage(17, 250)),
        ("api-usage=4990/5000;per-app-api-usage=17/250(appName=hpro)", Usage(4990, 5000)),
        ("api-usage=6000/5000", Usage(6000, 5000)),
        ("", None),
        ("api-usage=many/5000", None),
    ],
)
def test_the_tighter_quota_counts(text: str, usage: Usage | None) -> None:
    assert usage_of(text) == usage


@given(st.text(max_size=60))
def test_no_header_is_too_odd(text: str) -> None:
    for header in (text, f"api-usage={text}"):
        usage = usage_of(header)
        assert usage is None or ("/" in header and min(usage.used, usage.most) >= 0)
    beside = usage_of(f"{text} api-usage=18/15000")
    assert beside is not None  # whatever else is there, what is in order is read
    assert beside.left <= 15000 - 18


def test_row_12_the_servers_clock_is_that_of_the_latest_answer(
    client: SalesforceClient, script: Script, ticks: Ticks
) -> None:
    script.replies = [script.rows("1"), script.json({"DailyApiRequests": {}}, Date="Sun, 01 Mar 2026 13:00:00 GMT")]
    client.query(SOQL)
    ticks.seconds += 4.9
    assert client.server_time() == NOON
    assert script.calls == ["GET query/"]
    ticks.seconds += 0.2
    assert client.server_time() == NOON.replace(hour=13)
    assert script.calls == ["GET query/", "GET limits/"]


def test_row_12_a_failure_tells_the_time_too(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.html(503)]
    with pytest.raises(ServerError):
        client.query(SOQL)
    assert client.server_time() == NOON


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Mar 2026 13:00:00 GMT"])
def test_row_12_no_clock_is_no_reason_to_take_this_machines(
    date: str, client: SalesforceClient, script: Script
) -> None:
    script.sign_ins = [
        script.json({"access_token": "00D!x", "instance_url": "https://acme.my.salesforce.com"}, Date=date)
    ]
    script.replies = [script.json({"DailyApiRequests": {}}, Date=date)]
    with pytest.raises(ServerError, match="clock"):
        client.server_time()


@pytest.mark.parametrize(
    "location", ["https://evil.example/x", "https://acme.my.salesforce.com/y", "/z", "https://[bad"]
)
def test_no_redirect_is_followed(location: str, client: SalesforceClient, script: Script) -> None:
    script.replies = [script.raw(status=302, Location=location)]
    with pytest.raises(HproError) as caught:
        client.query(SOQL)
    assert len(script.calls) == 1
    assert caught.value.hint
    if "evil" in location:
        assert "evil.example" in str(caught.value)


@pytest.mark.parametrize(
    "instance", ["https://evil.example", "https://acme.my.salesforce.com.evil.example", "https://salesforce.com"]
)
def test_a_token_goes_to_salesforce_alone(instance: str, client: SalesforceClient, script: Script) -> None:
    script.sign_ins = [script.json({"access_token": "00D!hidden", "instance_url": instance})]
    with pytest.raises(FatalError, match="no host of Salesforce") as caught:
        client.query(SOQL)
    assert script.calls == []
    assert "hidden" not in str(caught.value)


def test_nothing_is_sent_without_encryption() -> None:
    session = SalesforceSession(connect_timeout_s=1, read_timeout_s=1)
    with pytest.raises(FatalError):
        session.get("http://acme.my.salesforce.com/")


def test_nobody_puts_another_password_in(
    client: SalesforceClient, script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.my.salesforce.com login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    script.replies = [script.rows("1")]
    client.query(SOQL)
    assert str(script.requests[1].headers["Authorization"]).startswith("Bearer ")


def test_nothing_is_remembered_between_requests(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.rows("1"), script.rows("1")]
    script.replies[0].headers["Set-Cookie"] = "sid=hidden; Path=/"
    client.query(SOQL)
    client.query(SOQL)
    assert "Cookie" not in script.requests[-1].headers


def test_an_answer_that_only_drips_is_given_up(client: SalesforceClient, script: Script, ticks: Ticks) -> None:
    script.replies = [script.rows("1"), script.rows("1", *map(str, range(20_000)))]
    client.query(SOQL)

    real_iter = requests.Response.iter_content

    def drip(self: requests.Response, size: int = 1) -> object:
        for part in real_iter(self, size):
            ticks.seconds += 200.0
            yield part

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Response, "iter_content", drip)
        with pytest.raises(NetworkError, match="took too long"):
            client.query(SOQL)


def test_an_emulator_elsewhere_is_refused_here_too() -> None:
    for url in ("http://10.0.0.1:80", "https://127.0.0.1:80", "http://127.0.0.1"):
        with pytest.raises(ValueError, match=r"127\.0\.0\.1"):
            SalesforceClient(Connection(domain="acme.my", sign_in=SignInWay.CLIENT_CREDENTIALS, emulator=url))
