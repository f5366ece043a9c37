"""Signing in by each way, and what a person is told when it fails."""

from __future__ import annotations

import base64
import traceback
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import jwt
import pytest
import requests
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hpro_connectors.errors import AuthError, NetworkError, PermissionDeniedError, RateLimitedError, ServerError
from hpro_connectors.salesforce.client.connection import SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_sdk.errors import ConfigError, HproError

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.client.conftest import Reply, Script

Make = Callable[..., SalesforceClient]
SERVER_TIME = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key: rsa.RSAPrivateKey, passphrase: bytes = b"") -> str:
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked).decode()


@pytest.fixture(scope="module")
def pem(key: rsa.RSAPrivateKey) -> str:
    return pem_of(key)


def form(script: Script) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(str(script.requests[0].body)).items()}


def host(script: Script) -> str:
    return str(script.requests[0].url).partition("/services")[0]


def test_client_credentials(client: SalesforceClient, script: Script) -> None:
    script.replies = [script.rows("1")]
    client.query("SELECT Id FROM Lead")
    assert host(script) == "https://acme.my.salesforce.com"
    assert form(script) == {"grant_type": "client_credentials"}
    scheme, _, given = str(script.requests[0].headers["Authorization"]).partition(" ")
    assert (scheme, base64.b64decode(given)) == ("Basic", b"key:hidden-consumer-secret")
    assert script.requests[1].headers["Authorization"] == "Bearer 00D5e000000HPRo!token-1"
    assert client.limits().calls == 2


@pytest.mark.parametrize(
    ("domain", "audience"),
    [
        ("login", "login"),
        ("test", "test"),
        ("acme.my", "login"),
        ("acme--dev.sandbox.my", "test"),
        ("acme-dev-ed.develop.my", "login"),
        ("acme-scratch.scratch.my", "test"),
    ],
)
def test_jwt(domain: str, audience: str, make: Make, script: Script, key: rsa.RSAPrivateKey) -> None:
    pem = pem_of(key)
    client = make(sign_in=SignInWay.JWT, domain=domain, username="hpro@acme.com", private_key=pem, consumer_secret="")
    script.replies = [script.rows("1")]
    client.query("SELECT Id FROM Lead")
    assert host(script) == f"https://{domain}.salesforce.com"
    claims = jwt.decode(
        form(script)["assertion"],
        key.public_key(),
        algorithms=["RS256"],
        audience=f"https://{audience}.salesforce.com",
        options={"verify_exp": False},
    )
    assert (claims["iss"], claims["sub"]) == ("key", "hpro@acme.com")


def test_a_session_id_is_used_as_it_is(make: Make, script: Script) -> None:
    client = make(
        sign_in=SignInWay.SESSION, domain="", session_id=" 00D!given\n", instance_url="https://acme.my.salesforce.com"
    )
    script.replies = [script.rows("1")]
    client.query("SELECT Id FROM Lead")
    assert script.requests[0].headers["Authorization"] == "Bearer 00D!given"
    assert client.limits().calls == 1


def test_the_old_way_with_an_app(make: Make, script: Script) -> None:
    client = make(sign_in=SignInWay.PASSWORD, domain="login", username="u@x", password="p&<", security_token="tok")
    script.replies = [script.rows("1")]
    client.query("SELECT Id FROM Lead")
    assert form(script) == {
        "grant_type": "password",
        "client_id": "key",
        "client_secret": "hidden-consumer-secret",
        "username": "u@x",
        "password": "p&<tok",
    }


def test_the_old_way_without_an_app(make: Make, script: Script) -> None:
    client = make(
        sign_in=SignInWay.PASSWORD,
        domain="login",
        username="u@x",
        password="p",
        security_token="tok",
        consumer_secret="",
    )
    answer = (
        b"<e><result><serverUrl>https://acme.my.salesforce.com/services/Soap/u/62.0</serverUrl>"
        b"<sessionId>00D!soap</sessionId></result></e>"
    )
    script.sign_ins = [script.raw(answer, Content_Type="text/xml")]
    script.replies = [script.rows("1")]
    client.query("SELECT Id FROM Lead")
    assert script.requests[1].headers["Authorization"] == "Bearer 00D!soap"
    assert str(script.requests[1].url).startswith("https://acme.my.salesforce.com/services/data/v62.0/query/")


def refused(client: SalesforceClient) -> HproError:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(HproError) as caught:
            client.query("SELECT Id FROM Lead")
    assert caught.value.hint
    assert "hidden" not in "".join(traceback.format_exception(caught.value))
    return caught.value


@pytest.mark.parametrize(
    ("error", "description", "words"),
    [
        ("invalid_client_id", "client identifier invalid", "no External Client App has this consumer_key"),
        ("invalid_client", "invalid client credentials", "consumer_secret"),
        ("invalid_grant", "no client credentials user enabled", "Run As"),
        ("invalid_grant", "request not supported on this domain", "My Domain"),
        ("invalid_grant", "user hasn't approved this consumer", "consent"),
        ("invalid_grant", "expired access/refresh token", "consent to the app was revoked"),
        ("invalid_grant", "certificate expired", "new key and certificate"),
        ("invalid_client", "expired certificate", "new key and certificate"),
        ("invalid_grant", "audience is invalid", "sandbox"),
        ("invalid_grant", "invalid assertion", "assertion is not accepted"),
        ("invalid_grant", "expired authorization code", "clock"),
        ("inactive_user", "user is inactive", "Activate the integration user"),
        ("inactive_org", "org is inactive", "org is inactive"),
        ("invalid_app_access", "user is not admin approved to access this app", "permission set or profile"),
        ("invalid_grant", "ip restricted", "IP ranges"),
        ("unsupported_grant_type", "grant type not supported", "Enable the flow"),
        ("unauthorized_client", "", "Enable the flow"),
        ("something_new", "words", "login history"),
        ("something_new", None, "login history"),
    ],
)
def test_a_refusal_says_what_and_what_to_do(
    error: str, description: str | None, words: str, client: SalesforceClient, script: Script
) -> None:
    body = {"error": error} if description is None else {"error": error, "error_description": description}
    script.sign_ins = [script.json(body, 400)]
    found = refused(client)
    assert type(found) is AuthError
    assert words in str(found)
    assert error in str(found)
    assert len(script.requests) == 1


def answers(script: Script) -> dict[str, Reply]:
    return {
        "a page with 200": script.html(200),
        "a page with 503": script.html(503),
        "JSON with 500": script.json({"error": "server_error", "error_description": "x"}, 500),
        "busy": script.json({"error": "temporarily_unavailable", "error_description": "retry"}, 400),
        "a list": script.json([1, 2]),
        "a text": script.json("text"),
        "nothing": script.raw(),
        "no token": script.json({"instance_url": "https://acme.my.salesforce.com"}),
        "no instance": script.json({"access_token": "00D!x"}),
        "half": script.raw(b'{"access_token": "00D!', Content_Type="application/json"),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "a page with 200",
        "a page with 503",
        "JSON with 500",
        "busy",
        "a list",
        "a text",
        "nothing",
        "no token",
        "no instance",
        "half",
    ],
)
def test_row_26_what_is_no_answer_to_a_sign_in_may_pass(kind: str, client: SalesforceClient, script: Script) -> None:
    script.sign_ins = [answers(script)[kind]]
    assert type(refused(client)) is ServerError
    script.replies = [script.rows("1")]
    assert client.query("SELECT Id FROM Lead").total == 1


def test_a_disabled_api_names_the_permission(make: Make, script: Script) -> None:
    client = make(
        sign_in=SignInWay.PASSWORD, domain="login", username="u", password="p", security_token="t", consumer_secret=""
    )
    fault = (
        b'<e xmlns:sf="urn:f"><sf:exceptionCode>API_DISABLED_FOR_ORG</sf:exceptionCode>'
        b"<sf:exceptionMessage>API is not enabled for this Organization or Partner</sf:exceptionMessage></e>"
    )
    script.sign_ins = [script.raw(fault, 500, Content_Type="text/xml")]
    found = refused(client)
    assert type(found) is PermissionDeniedError
    assert "API Enabled" in str(found)


def test_too_many_sign_ins_wait(client: SalesforceClient, script: Script) -> None:
    script.sign_ins = [script.json({"error": "rate_limit_exceeded"}, 429, Retry_After="30")]
    found = refused(client)
    assert isinstance(found, RateLimitedError)
    assert found.retry_after_s == 30


@pytest.mark.parametrize("status", [404, 400])
def test_a_page_that_is_no_sign_in_means_a_wrong_domain(status: int, client: SalesforceClient, script: Script) -> None:
    script.sign_ins = [script.html(status, "URL No Longer Exists")]
    found = refused(client)
    assert type(found) is AuthError
    assert "acme.my.salesforce.com" in str(found)
    assert "domain in hpro.toml" in str(found)


def test_a_domain_that_leads_elsewhere_gets_no_second_request(client: SalesforceClient, script: Script) -> None:
    script.sign_ins = [script.raw(status=302, Location="https://new.my.salesforce.com/services/oauth2/token")]
    found = refused(client)
    assert type(found) is AuthError
    assert "new.my.salesforce.com" in str(found)
    assert len(script.requests) == 1


def test_a_domain_that_has_no_host(client: SalesforceClient, script: Script) -> None:
    unknown = urllib3.exceptions.NameResolutionError("acme.my.salesforce.com", None, OSError("no"))  # type: ignore[arg-type]
    reason = urllib3.exceptions.MaxRetryError(None, "/hidden", unknown)  # type: ignore[arg-type]
    script.sign_ins = [script.fails(requests.ConnectionError(reason))]
    found = refused(client)
    assert type(found) is NetworkError
    assert "There is no host acme.my.salesforce.com" in str(found)
    assert "domain" in str(found)


@pytest.mark.parametrize("text", ["", "hidden", "-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----"])
def test_a_private_key_that_is_none(text: str, make: Make, script: Script) -> None:
    found = refused(make(sign_in=SignInWay.JWT, username="u", private_key=text))
    assert type(found) is ConfigError
    assert "private_key" in str(found)
    assert script.requests == []


def test_a_private_key_with_a_passphrase(make: Make, key: rsa.RSAPrivateKey) -> None:
    text = pem_of(key, b"hidden")
    assert "passphrase" in str(refused(make(sign_in=SignInWay.JWT, username="u", private_key=text)))


@pytest.mark.parametrize(("wrong_by", "word"), [(timedelta(hours=1), "fast"), (timedelta(hours=-1), "slow")])
def test_row_12_a_clock_that_is_wrong_is_named_where_an_assertion_is_refused(
    wrong_by: timedelta, word: str, make: Make, script: Script, pem: str
) -> None:
    client = make(SERVER_TIME + wrong_by, sign_in=SignInWay.JWT, username="u", private_key=pem)
    script.sign_ins = [script.json({"error": "invalid_grant", "error_description": "invalid assertion"}, 400)]
    found = refused(client)
    assert f"60 minutes {word}" in str(found)
    right = make(SERVER_TIME, sign_in=SignInWay.JWT, username="u", private_key=pem)
    script.sign_ins = [script.json({"error": "invalid_grant", "error_description": "invalid assertion"}, 400)]
    assert "minutes" not in refused(right).message


@pytest.mark.parametrize("token", ["hidden\r\nX: 1", "hidden token", "hidden-é", "\0hidden", "   "])
def test_a_session_id_that_cannot_be_one_is_not_repeated(token: str, make: Make, script: Script) -> None:
    client = make(sign_in=SignInWay.SESSION, session_id=token, instance_url="https://acme.my.salesforce.com")
    assert type(refused(client)) is AuthError
    assert script.requests == []


def test_the_org_is_known_from_the_token_or_else_asked_for(
    make: Make, client: SalesforceClient, script: Script
) -> None:
    assert client.org_id == "00D5e000000HPRoEAO"
    assert script.calls == []
    other = make(sign_in=SignInWay.SESSION, session_id="opaque", instance_url="https://acme.my.salesforce.com")
    script.replies = [script.rows("00D5e000000HPRo")]
    assert (other.org_id, other.org_id) == ("00D5e000000HPRoEAO",) * 2
    assert script.calls == ["GET query/"]
