"""A session of the org's admin, in the form in which the Salesforce CLI shows one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpro_connectors.emulators.salesforce.org.users import user_name

if TYPE_CHECKING:
    from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator


def admin_session(emulator: SalesforceEmulator) -> dict[str, object]:
    """Begin a session of the admin, and tell of it as ``sf org display --json`` does.

    Args:
        emulator: Whose org it is.
    """
    org = emulator.org
    return {
        "status": 0,
        "result": {
            "id": org.org_id,
            "apiVersion": "62.0",
            "accessToken": emulator.session_id(org.admin_user_id),
            "instanceUrl": emulator.instance_url,
            "username": user_name(org, org.admin_user_id),
            "connectedStatus": "Connected",
        },
        "warnings": [],
    }
