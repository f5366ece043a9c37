"""The connector of a configured CRM; the one place that knows which there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hpro_connectors.config import CrmConfig, DemoCrm
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.scored_org import let_the_clock_pass_its_stamps
from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.protocol import Connector, FieldState
from hpro_sdk.errors import ConfigError


@contextmanager
def connected(crm: CrmConfig, *, writes: bool, is_new: bool = False) -> Iterator[Connector]:
    """Give the connector of a CRM, and end its connection afterwards.

    Args:
        crm: Its table in the configuration.
        writes: Whether scores may be written.
        is_new: Whether the state of the org is a new one.

    Raises:
        ConfigError: The CRM cannot be reached as configured.
        ConnectorError: The CRM cannot be opened.
    """
    if not isinstance(crm, DemoCrm):
        raise ConfigError(f"There is no connector {crm.connector!r}.", hint="Name another one in hpro.toml.")
    with Org.open(crm.org, writable=writes) as org:
        if writes and is_new:
            let_the_clock_pass_its_stamps(org)
        yield DemoConnector(org)


def make_fields(connector: Connector, org_name: str) -> bool:
    """Make our fields in a CRM where they are missing; only once it is known to be the right one.

    Args:
        connector: Of the CRM.
        org_name: What the org is called.

    Returns:
        Whether any was made.

    Raises:
        SchemaDriftError: A field of ours is something else in the CRM.
        ConnectorError: The CRM failed.
    """
    fields = connector.ensure_fields()
    conflicts = [one for one in fields if one.state is FieldState.CONFLICT]
    if conflicts:
        raise SchemaDriftError(
            f"The org {org_name} has a field {conflicts[0].name} that is not ours: {conflicts[0].detail}",
            hint="Rename it in the org.",
        )
    return any(one.state is FieldState.CREATED for one in fields)


def has_lagging_index(crm: CrmConfig) -> bool:
    """Whether the newest changes of a CRM may come late; an org file gives all of them."""
    return not isinstance(crm, DemoCrm)
