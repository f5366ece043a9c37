"""Where simple-salesforce may sign in: an org is known to one of the shared hosts, as it is a sandbox or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.users import user_name
from tests.integration.connectors.emulators.conftest import ORG_ID

PRODUCTION, SANDBOX = "acme.my", "acme--dev.sandbox.my"


@pytest.fixture(params=[False, True], ids=["production", "sandbox"])
def is_sandbox(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def org(clock: EmulatorClock, *, is_sandbox: bool) -> SalesforceOrg:
    return SalesforceOrg(org_id=ORG_ID, name="Acme", clock=clock, is_sandbox=is_sandbox)


@pytest.fixture
def emulator(org: SalesforceOrg, domain: str) -> Iterator[SalesforceEmulator]:
    with SalesforceEmulator(org, domain=domain) as emulator:
        yield emulator


@pytest.fixture
def domain(*, is_sandbox: bool) -> str:
    return SANDBOX if is_sandbox else PRODUCTION


@pytest.fixture
def shared(*, is_sandbox: bool) -> str:
    """The shared host that knows the org."""
    return "test" if is_sandbox else "login"


@pytest.fixture
def other(*, is_sandbox: bool) -> str:
    """The shared host that does not."""
    return "login" if is_sandbox else "test"


@pytest.fixture
def with_key(emulator: SalesforceEmulator, session: requests.Session) -> dict[str, Any]:
    """What the JWT flow takes, but for the place."""
    return {
        "session": session,
        "username": user_name(emulator.org, emulator.org.integration_user_id),
        "consumer_key": emulator.app.consumer_key,
        "privatekey": emulator.app.private_key_pem,
    }


@pytest.fixture
def with_password(emulator: SalesforceEmulator, session: requests.Session) -> dict[str, Any]:
    """What the flow with user and password takes, but for the place."""
    name = user_name(emulator.org, emulator.org.integration_user_id)
    emulator.app.let_in(name, "s3cretTOKEN")
    return {"session": session, "username": name, "password": "s3cretTOKEN"}


def test_an_assertion_may_be_meant_for_the_shared_host_of_the_org(
    with_key: dict[str, Any], shared: str, domain: str
) -> None:
    assert Salesforce(**with_key, domain=shared).sf_instance == f"{domain}.salesforce.com"
    assert Salesforce(**with_key, domain=shared, instance_url=domain).sf_instance == f"{domain}.salesforce.com"


def test_an_assertion_for_the_other_shared_host_is_refused_wherever_it_comes(
    with_key: dict[str, Any], other: str, shared: str, domain: str
) -> None:
    for place in (other, shared, domain):
        with pytest.raises(SalesforceAuthenticationFailed, match="audience is invalid"):
            Salesforce(**with_key, domain=other, instance_url=place)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_other_shared_host_knows_no_user_of_the_org(with_key: dict[str, Any], other: str, shared: str) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="hasn't approved"):
        Salesforce(**with_key, domain=shared, instance_url=other)


def test_a_password_is_known_to_the_shared_host_of_the_org_only(
    emulator: SalesforceEmulator, with_password: dict[str, Any], shared: str, other: str
) -> None:
    app: dict[str, Any] = {
        "consumer_key": emulator.app.consumer_key,
        "consumer_secret": emulator.app.consumer_secret,
    }
    assert Salesforce(**with_password, **app, domain=shared).session_id
    with pytest.raises(SalesforceAuthenticationFailed, match="authentication failure"):
        Salesforce(**with_password, **app, domain=other)


def test_the_soap_login_is_known_to_the_shared_host_of_the_org_only(
    emulator: SalesforceEmulator, with_password: dict[str, Any], shared: str, other: str
) -> None:
    emulator.app.soap_login = True
    given = {**with_password, "password": "s3cret", "security_token": "TOKEN"}
    assert Salesforce(**given, domain=shared).session_id
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(**given, domain=other)


@pytest.mark.parametrize("place", ["login", "test"])
def test_client_credentials_are_taken_by_no_shared_host(
    emulator: SalesforceEmulator, session: requests.Session, domain: str, place: str
) -> None:
    app = (emulator.app.consumer_key, emulator.app.consumer_secret)
    form = {"grant_type": "client_credentials"}
    assert session.post(f"https://{domain}.salesforce.com/services/oauth2/token", form, auth=app).status_code == 200
    answer = session.post(f"https://{place}.salesforce.com/services/oauth2/token", form, auth=app)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "request not supported on this domain"},
    )
