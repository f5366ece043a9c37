"""An admin's session beside a configuration: whether both are about the same org, and who HPRO signs in as there."""

from __future__ import annotations

from dataclasses import dataclass

from hpro_connectors.config import SalesforceCrm
from hpro_connectors.errors import AuthError, PermissionDeniedError
from hpro_connectors.orgs.salesforce import connection_of
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing import AdminSession, signed_in_user_id
from hpro_sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ConfiguredUser:
    """Who HPRO signs in as.

    Attributes:
        user_id: The org's id of the user; ``None`` where the sign-in does not work yet.
        username: As configured, where it is.
        notice: What a person should know.
    """

    user_id: str | None
    username: str | None = None
    notice: str = ""


def configured_user(crm: SalesforceCrm, session: AdminSession) -> ConfiguredUser:
    """Make sure that a session is for the configured org, and say who HPRO signs in as there.

    The org's id is compared. A user that is only being set up may not be able to sign in yet; then My Domain decides.

    Args:
        crm: The CRM's table in the configuration.
        session: The admin's.

    Raises:
        ConfigError: They are about different orgs, or nobody can tell.
        RetriableError: The configured org cannot be reached.
    """
    try:
        client = SalesforceClient(connection_of(crm))
        try:
            org_id = client.org_id
            user_id = signed_in_user_id(client) if org_id == session.org_id else None
        finally:
            client.close()
    except (AuthError, PermissionDeniedError, ConfigError) as exc:
        if not _same_domain(crm, session):
            raise ConfigError(
                f"Nobody can tell whether the session is for the configured org: {exc.message}",
                hint="Mend the sign-in, or leave the configuration out with --no-config.",
            ) from exc
        return ConfiguredUser(None, crm.username, f"HPRO cannot sign in as configured yet: {exc.message}")
    if org_id != session.org_id:
        raise ConfigError(
            f"The session is for the org {session.org_id}, and the configuration for {org_id}.",
            hint="Take a session of the configured org, or leave the configuration out with --no-config.",
        )
    return ConfiguredUser(user_id, crm.username)


def _same_domain(crm: SalesforceCrm, session: AdminSession) -> bool:
    if crm.instance_url is not None:
        return crm.instance_url.lower() == session.instance_url.lower()
    return crm.domain is not None and crm.domain == session.domain.lower()
