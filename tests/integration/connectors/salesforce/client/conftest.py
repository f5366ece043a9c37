"""A small org behind the emulator, and our client as it is configured for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORG_ID = "00DHp0000000001MAA"
DOMAIN = "acme.my"


@pytest.fixture
def org() -> SalesforceOrg:
    org = SalesforceOrg(org_id=ORG_ID, name="Acme", clock=EmulatorClock(START))
    for number in range(230):
        org.create("Lead", {"LastName": f"Lead {number:04d}", "Company": "Müller & Söhne\n„GmbH“"})
    return org


@pytest.fixture
def emulator(org: SalesforceOrg) -> Iterator[SalesforceEmulator]:
    with SalesforceEmulator(org, domain=DOMAIN, strict=True) as emulator:
        yield emulator


@pytest.fixture
def make(emulator: SalesforceEmulator) -> Iterator[Callable[..., SalesforceClient]]:
    """Make a client of another connection than the usual one."""
    with ExitStack() as closing:

        def client(**changes: object) -> SalesforceClient:
            given: dict[str, object] = {
                "domain": DOMAIN,
                "sign_in": SignInWay.CLIENT_CREDENTIALS,
                "consumer_key": emulator.app.consumer_key,
                "consumer_secret": emulator.app.consumer_secret,
                "connect_timeout_s": 5.0,
                "read_timeout_s": 20.0,
                "emulator": emulator.url,
            }
            made = SalesforceClient(Connection(**{**given, **changes}))  # type: ignore[arg-type]
            closing.callback(made.close)
            return made

        yield client


@pytest.fixture
def client(make: Callable[..., SalesforceClient]) -> SalesforceClient:
    return make()
