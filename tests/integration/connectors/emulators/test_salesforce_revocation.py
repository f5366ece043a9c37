"""Whom the admin locks out: sessions end at once, and stay ended when the admin changes their mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceExpiredSession

from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.users import user_name
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS
from tests.integration.connectors.emulators.conftest import HOST

SOQL = "SELECT Id FROM Organization"
Direct = Callable[[str], Salesforce]


@pytest.fixture
def direct(session: requests.Session) -> Direct:
    """Makes a client of a session id, which cannot sign in again."""
    return lambda session_id: Salesforce(session_id=session_id, instance_url=HOST, session=session)


def _can_read(salesforce: Salesforce) -> bool:
    try:
        return bool(salesforce.query(SOQL)["totalSize"] == 1)
    except SalesforceExpiredSession:
        return False


def test_revoked_consent_ends_what_came_through_the_app(
    emulator: SalesforceEmulator, session: requests.Session, salesforce: Salesforce, direct: Direct
) -> None:
    app, user_id = emulator.app, emulator.org.integration_user_id
    with_key: dict[str, Any] = {"username": user_name(emulator.org, user_id), "privatekey": app.private_key_pem}
    came = [salesforce, Salesforce(**with_key, consumer_key=app.consumer_key, session=session)]
    tokens = [direct(one.session_id) for one in came]
    others = [direct(emulator.session_id()), direct(emulator.session_id(emulator.org.admin_user_id))]
    assert [_can_read(one) for one in (*tokens, *others)] == [True] * 4
    app.revoke_consent()
    assert [_can_read(one) for one in (*tokens, *others)] == [False, False, True, True]
    with pytest.raises(SalesforceAuthenticationFailed, match="no client credentials user enabled"):
        salesforce.query(SOQL)  # signs in again
    app.run_as = user_id
    assert _can_read(salesforce)
    assert [_can_read(one) for one in tokens] == [False, False]


def test_a_deactivated_user_is_out_at_once_and_others_are_not(
    emulator: SalesforceEmulator, salesforce: Salesforce, direct: Direct, session: requests.Session
) -> None:
    org = emulator.org
    tokens = [
        direct(salesforce.session_id),
        direct(emulator.session_id()),
        direct(emulator.session_id(org.admin_user_id)),
    ]
    assert [_can_read(one) for one in tokens] == [True, True, True]
    org.update("User", org.integration_user_id, {"IsActive": False})
    assert [_can_read(one) for one in tokens] == [False, False, True]
    header = {"Authorization": f"Bearer {salesforce.session_id}"}
    assert session.get(f"{HOST}/services/oauth2/userinfo", headers=header).status_code == 403
    org.update("User", org.integration_user_id, {"IsActive": True})
    assert [_can_read(one) for one in tokens] == [False, False, True]


@pytest.mark.parametrize("name", ["revoke_consent", "deactivate_user"])
def test_either_may_happen_in_the_middle(
    emulator: SalesforceEmulator, salesforce: Salesforce, direct: Direct, name: str
) -> None:
    token = direct(salesforce.session_id)
    emulator.faults.add(FAULTS[name](), path="/query", nth=2)
    assert [_can_read(token), _can_read(token)] == [True, False]
    with pytest.raises(SalesforceAuthenticationFailed):
        salesforce.query(SOQL)
