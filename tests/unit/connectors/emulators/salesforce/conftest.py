"""An emulated org, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

Ask = Callable[..., list[tuple[JsonValue, ...]]]


def fault(call: Callable[[], object]) -> ApiFault:
    """Give the fault that a call ends with."""
    with pytest.raises(ApiFault) as caught:
        call()
    return caught.value


@pytest.fixture
def clock() -> EmulatorClock:
    return EmulatorClock(datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.fixture
def org(clock: EmulatorClock) -> Iterator[SalesforceOrg]:
    made = SalesforceOrg(org_id="00DHp0000000001", name="Muster AG", clock=clock)
    yield made
    made.close()


@pytest.fixture
def ask(org: SalesforceOrg) -> Ask:
    """Runs a query as the integration user and gives its rows; ``deleted=True`` is queryAll."""

    def asking(soql: str, *, deleted: bool = False, user_id: str | None = None) -> list[tuple[JsonValue, ...]]:
        return org.run_query(soql, user_id=user_id or org.integration_user_id, include_deleted=deleted).rows

    return asking


@pytest.fixture
def lead_id(org: SalesforceOrg) -> str:
    return org.create("Lead", {"FirstName": "Eva", "LastName": "Muster", "Company": "Muster AG", "City": "Bonn"})
