"""From a table of the configuration to findings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hpro_connectors.config import CrmConfig, DemoCrm, HproConfig, SalesforceCrm
from hpro_connectors.doctor import Examined, Finding, Findings, check_funnel, check_places, check_secrets
from hpro_connectors.engine.settings import utc_now
from hpro_connectors.orgs.doctor.demo_org import examine_demo_org
from hpro_connectors.orgs.doctor.kept import check_model, check_state
from hpro_connectors.protocol import OrgIdentity
from hpro_sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Checkup:
    """An examined CRM.

    Attributes:
        findings: In the order in which they were made.
        identity: Which org it is; ``None`` where it did not get that far.
    """

    findings: tuple[Finding, ...]
    identity: OrgIdentity | None


def examine(config: HproConfig, crm: CrmConfig, *, now: Callable[[], datetime] = utc_now) -> Checkup:
    """Examine a CRM: its configuration, the CRM itself, HPRO's state and model of it. Nothing is written to the CRM.

    Args:
        config: The configuration.
        crm: The CRM's table.
        now: This machine's clock.
    """
    findings = Findings()
    findings.attempt("configuration", check_places(crm))
    findings.attempt("secrets", check_secrets(crm))
    if findings.ended:
        return Checkup(tuple(findings.found), None)
    examined = _examined(config, crm, now)
    findings.found.extend(examined.findings)
    identity, description = examined.identity, examined.description
    if description is not None:
        findings.attempt("funnel", check_funnel(description, crm.funnel))
    if identity is not None:
        is_ours = findings.attempt("state", check_state(crm, identity, examined.object_type))
        if is_ours and description is not None:
            findings.attempt("model", check_model(crm, identity, description))
    return Checkup(tuple(findings.found), identity)


def _examined(config: HproConfig, crm: CrmConfig, now: Callable[[], datetime]) -> Examined:
    if isinstance(crm, SalesforceCrm):
        from hpro_connectors.orgs.doctor.salesforce_org import examine_salesforce_org  # takes a while to load

        return examine_salesforce_org(config, crm, now)
    if isinstance(crm, DemoCrm):
        return examine_demo_org(crm)
    raise ConfigError(f"There is no connector {crm.connector!r}.", hint="Name another one in hpro.toml.")
