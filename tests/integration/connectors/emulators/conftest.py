"""A small org behind the emulator, and the unmodified simple-salesforce that is led to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce, SFType

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORG_ID = "00DHp0000000001MAA"
DOMAIN = "acme.my"
HOST = f"https://{DOMAIN}.salesforce.com"


def sobject(salesforce: Salesforce, name: str = "Lead") -> SFType:
    """Give the library's handle on an object."""
    found = getattr(salesforce, name)
    assert isinstance(found, SFType)
    return found


def change_of(lead_id: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401  # any value of a record
    """Give fields of a lead as a collection of records has them."""
    return {"attributes": {"type": "Lead"}, "id": lead_id, **values}


def patched(
    salesforce: Salesforce,
    records: list[dict[str, Any]],
    *,
    all_or_none: bool = False,
    headers: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Update records in one call."""
    body = {"allOrNone": all_or_none, "records": records}
    answer = salesforce.restful("composite/sobjects", method="PATCH", json=body, headers=dict(headers or {}))
    assert isinstance(answer, list)
    return answer


class RedirectingAdapter(HTTPAdapter):
    """Sends what is meant for Salesforce's hosts to an emulator; the header ``Host`` still names the one meant."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._place = urlsplit(url)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        meant = urlsplit(request.url or "")
        request.headers["Host"] = meant.netloc
        request.url = urlunsplit((self._place.scheme, self._place.netloc, meant.path, meant.query, ""))
        return super().send(request, *args, **kwargs)


@pytest.fixture
def clock() -> EmulatorClock:
    return EmulatorClock(START)


@pytest.fixture
def org(clock: EmulatorClock) -> SalesforceOrg:
    return SalesforceOrg(org_id=ORG_ID, name="Acme", clock=clock)


@pytest.fixture
def emulator(org: SalesforceOrg) -> Iterator[SalesforceEmulator]:
    with SalesforceEmulator(org, domain=DOMAIN) as emulator:
        yield emulator


@pytest.fixture
def session(emulator: SalesforceEmulator) -> Iterator[requests.Session]:
    """Reaches the emulator in place of Salesforce, whatever host is meant."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", RedirectingAdapter(emulator.url))
        yield session


@pytest.fixture
def salesforce(emulator: SalesforceEmulator, session: requests.Session) -> Salesforce:
    """simple-salesforce after its own client-credentials flow."""
    app = emulator.app
    return Salesforce(
        consumer_key=app.consumer_key, consumer_secret=app.consumer_secret, domain=DOMAIN, session=session
    )


@pytest.fixture
def admin(emulator: SalesforceEmulator, session: requests.Session) -> Salesforce:
    """simple-salesforce with a session of the org's admin."""
    session_id = emulator.session_id(emulator.org.admin_user_id)
    return Salesforce(session_id=session_id, instance_url=HOST, session=session)


AddLeads = Callable[[int], list[str]]


@pytest.fixture
def add_leads(org: SalesforceOrg) -> AddLeads:
    """Make leads that are told apart by their names."""

    def add(count: int) -> list[str]:
        return [
            org.create("Lead", {"LastName": f"Lead {number:04d}", "Company": "Müller & Söhne"})
            for number in range(count)
        ]

    return add
