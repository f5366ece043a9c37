"""From ``[crm.NAME]`` of a Salesforce org to its connector."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType

from hpro_connectors.config import SalesforceCrm
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.settings import OutcomeRule, SalesforceSettings, ScoredObjectName
from hpro_sdk.errors import ConfigError

_LONGEST_CONNECT_S = 30.0


@contextmanager
def salesforce_connected(
    crm: SalesforceCrm, sleep: Callable[[float], None] = time.sleep
) -> Iterator[SalesforceConnector]:
    """Give the connector of a Salesforce org, and let go of its connections afterwards.

    Args:
        crm: Its table in the configuration.
        sleep: What it waits with, where Salesforce works on what it was sent.

    Raises:
        ConfigError: A secret is missing or others may read it, or the settings contradict each other.
    """
    client = SalesforceClient(connection_of(crm))
    try:
        connector = SalesforceConnector(client, settings_of(crm), sleep=sleep)
        yield connector
        connector.finish()
    finally:
        client.close()


def connection_of(crm: SalesforceCrm) -> Connection:
    """Say how an org is reached; of the secrets only those are fetched that the way of signing in needs.

    Args:
        crm: Its table in the configuration.

    Raises:
        ConfigError: A secret is missing, cannot be read, or others may read it.
    """
    way = SignInWay(crm.sign_in)
    secrets: dict[str, str] = {}
    for key in crm.used_secrets():
        if crm.has_secret(key):
            secrets[key] = crm.secret(key).get_secret_value()
        elif key in crm.required_secrets():
            raise ConfigError(
                f'The secret {key} is not given, and sign_in = "{crm.sign_in}" needs it.',
                hint=f"Set its environment variable, or name a file with {key}_file or an entry with {key}_keyring.",
            )
    return Connection(
        domain=crm.domain or "",
        sign_in=way,
        consumer_key=crm.consumer_key or "",
        username=crm.username or "",
        consumer_secret=secrets.get("consumer_secret", ""),
        private_key=secrets.get("private_key", ""),
        session_id=secrets.get("session_id", ""),
        instance_url=crm.instance_url or "",
        password=secrets.get("password", ""),
        security_token=secrets.get("security_token", ""),
        api_version=crm.api_version,
        connect_timeout_s=min(crm.timeout_s, _LONGEST_CONNECT_S),
        read_timeout_s=crm.timeout_s,
        emulator=crm.emulator,
    )


def settings_of(crm: SalesforceCrm) -> SalesforceSettings:
    """Say how an org is read; its description, and a Bulk job that writes to it, are kept beside its state.

    Args:
        crm: Its table in the configuration.
    """
    return SalesforceSettings(
        scored_object=ScoredObjectName(crm.scored_object),
        fields=crm.fields or (),
        field_names=MappingProxyType(dict(crm.field_names)),
        stage_field=crm.stage_field,
        interactions=crm.interactions,
        note_bodies=crm.note_bodies,
        outcome=OutcomeRule(crm.outcome) if crm.outcome is not None else None,
        won_stages=crm.won_stages,
        lost_stages=crm.lost_stages,
        exclude_field=crm.exclude_field,
        describe_hours=crm.describe_hours,
        describe_cache=crm.state.with_name(f"{crm.state.stem}-describe.json"),
        write_job=crm.state.with_name(f"{crm.state.stem}-write-job.json"),
        page_size=crm.page_size,
        bulk_above=crm.bulk_above,
    )
