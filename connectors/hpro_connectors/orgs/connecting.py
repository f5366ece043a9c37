"""The connector of a configured CRM; the one place that knows which there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hpro_connectors.config import CrmConfig, DemoCrm, SalesforceCrm
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.scored_org import let_the_clock_pass_its_stamps
from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.protocol import Connector, EnsuredField, FieldState
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
    if isinstance(crm, SalesforceCrm):
        from hpro_connectors.orgs.salesforce import salesforce_connected  # only then: the library takes a while to load

        with salesforce_connected(crm) as connector:
            yield connector
        return
    if not isinstance(crm, DemoCrm):
        raise ConfigError(f"There is no connector {crm.connector!r}.", hint="Name another one in hpro.toml.")
    with Org.open(crm.org, writable=writes) as org:
        if writes and is_new:
            let_the_clock_pass_its_stamps(org)
        yield DemoConnector(org)


def make_fields(connector: Connector, crm: CrmConfig, org_name: str, *, scores_are_written: bool = True) -> bool:
    """Make our fields in a CRM where they are missing; only once it is known to be the right one.

    In Salesforce an admin makes them: the integration user has no right to change the org, and a run never does. There
    a run that writes no scores does without them.

    Args:
        connector: Of the CRM.
        crm: Its table in the configuration.
        org_name: What the org is called.
        scores_are_written: Whether the run writes scores.

    Returns:
        Whether any was made.

    Raises:
        SchemaDriftError: A field of ours is something else in the CRM, or is missing where a run does not make it.
        ConnectorError: The CRM failed.
    """
    makes = isinstance(crm, DemoCrm)
    if not makes and not scores_are_written:
        return False
    fields = connector.ensure_fields(dry_run=not makes)
    conflicts = [one for one in fields if one.state is FieldState.CONFLICT]
    if conflicts:
        raise SchemaDriftError(
            f"The org {org_name} has a field {conflicts[0].name} that is not ours: {conflicts[0].detail}",
            hint="Rename it in the org.",
        )
    made = [one for one in fields if one.state is FieldState.CREATED]
    if made and not makes:
        raise _missing(made, org_name)
    return bool(made)


def _missing(fields: list[EnsuredField], org_name: str) -> SchemaDriftError:
    names = ", ".join(one.name for one in fields)
    return SchemaDriftError(
        f"The org {org_name} lacks {names}, or this user does not see them.",
        hint="An admin makes HPRO's fields and gives the user read and edit access to them with a permission set; "
        "until then `hpro run --once --stage read` reads all the same.",
    )


def has_lagging_index(crm: CrmConfig) -> bool:
    """Whether the newest changes of a CRM may come late; an org file gives all of them."""
    return not isinstance(crm, DemoCrm)
