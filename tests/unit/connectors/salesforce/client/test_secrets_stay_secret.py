"""No secret, token, assertion or text of a lead in a log at INFO or above, in an error, or in a repr."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import requests

from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.client.sign_in import SignedIn
from hpro_sdk.errors import HproError

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.client.conftest import Reply, Script

Make = Callable[..., SalesforceClient]
HIDDEN = "hunter2andmore"
SOQL = f"SELECT Id FROM Lead WHERE Name = '{HIDDEN}'"


def test_a_connection_shows_no_secret() -> None:
    shown = Connection(
        domain="acme.my",
        sign_in=SignInWay.JWT,
        consumer_secret=HIDDEN,
        private_key=HIDDEN,
        session_id=HIDDEN,
        password=HIDDEN,
        security_token=HIDDEN,
    )
    assert HIDDEN not in f"{shown!r} {shown}"
    assert HIDDEN not in repr(SignedIn(HIDDEN, "acme.my.salesforce.com"))


def failures(script: Script) -> dict[str, Reply]:
    token = f"00D5e000000HPRo!{HIDDEN}"
    return {
        "a page": script.html(200, HIDDEN),
        "a page with 503": script.html(503, HIDDEN),
        "a page with 403": script.html(403, HIDDEN),
        "an ended session": script.json({"error": "invalid_token", "access_token": token}, 401),
        "half a record": script.raw(f'{{"records": [{{"Name": "{HIDDEN}'.encode(), Content_Type="application/json"),
        "a reset": script.fails(requests.ConnectionError(f"https://acme.my.salesforce.com/?q={HIDDEN}")),
        "a time-out": script.fails(requests.ReadTimeout(f"/?q={HIDDEN}")),
        "an odd header": script.fails(requests.exceptions.InvalidHeader(f"Bearer {HIDDEN}")),
        "a query that is quoted": script.failure("MALFORMED_QUERY", 400, f"\n{SOQL}\n ^\nERROR at Row:1:Column:9\nno"),
        "a token that is quoted": script.failure("SOMETHING", 400, f"session_id={token}"),
        "a redirect": script.raw(status=302, Location=f"https://evil.example/?token={HIDDEN}"),
    }


KINDS = [
    "a page",
    "a page with 503",
    "a page with 403",
    "an ended session",
    "half a record",
    "a reset",
    "a time-out",
    "an odd header",
    "a query that is quoted",
    "a token that is quoted",
    "a redirect",
]


@pytest.mark.parametrize("while_signing_in", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_neither_an_error_nor_a_log_tells(
    kind: str, while_signing_in: bool, make: Make, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    assert set(KINDS) == set(failures(script))
    caplog.set_level(logging.DEBUG, "hpro_connectors")
    client = make(consumer_secret=HIDDEN)
    script.sign_ins = [failures(script)[kind]] if while_signing_in else []
    script.always = lambda _request: failures(script)[kind]
    with pytest.raises(HproError) as caught:
        client.query(SOQL)
    error = caught.value
    # whatever led to it would show addresses and bodies in a traceback
    assert HIDDEN not in "".join(traceback.format_exception(error))
    assert HIDDEN not in f"{error!r} {error.hint} {error.context}"
    assert HIDDEN not in "".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)


def test_a_log_of_a_request_names_its_path_and_no_more(
    client: SalesforceClient, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "hpro_connectors")
    script.replies = [script.json({"totalSize": 1, "done": True, "records": [{"Name": HIDDEN}]})]
    client.query(SOQL)
    logged = [record for record in caplog.records if record.name.startswith("hpro_connectors.salesforce")]
    assert [vars(record)["path"] for record in logged] == ["/services/oauth2/token", "/services/data/v62.0/query/"]
    assert {record.levelno for record in logged} == {logging.DEBUG}
    assert HIDDEN not in "".join(f"{record.getMessage()} {vars(record)}" for record in logged)
