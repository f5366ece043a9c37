"""The examination of a configured Salesforce org."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hpro_connectors.config import HproConfig, SalesforceCrm
from hpro_connectors.doctor import Examined, Finding
from hpro_connectors.orgs.salesforce import connection_of, settings_of
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.doctor import Surroundings, examine_salesforce
from hpro_sdk.errors import ConfigError


def examine_salesforce_org(config: HproConfig, crm: SalesforceCrm, now: Callable[[], datetime]) -> Examined:
    """Sign in as configured, and examine the org.

    Args:
        config: The configuration.
        crm: The CRM's table.
        now: This machine's clock.
    """
    try:
        client = SalesforceClient(connection_of(crm), now=now)
    except ConfigError as exc:
        return Examined((Finding.fatal("secrets", exc.message, exc.hint or ""),))
    surroundings = Surroundings(
        api_version=crm.api_version, budget=config.budget, now=now if crm.emulator is None else None
    )
    try:
        return examine_salesforce(client, settings_of(crm), surroundings)
    finally:
        client.close()
