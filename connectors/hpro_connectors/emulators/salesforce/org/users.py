"""Finding users of an org by name."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg


def active_user_id(org: SalesforceOrg, user_name: str) -> str | None:
    """The id of an active user.

    Args:
        org: Whose user.
        user_name: The user's name, in any case.

    Returns:
        ``None`` when there is no such user, or it is not active.
    """
    quoted = user_name.replace("\\", "\\\\").replace("'", "\\'")
    soql = f"SELECT Id FROM User WHERE Username = '{quoted}' AND IsActive = true"  # noqa: S608  # SOQL, and quoted
    rows = list(org.run_query(soql, user_id=org.admin_user_id).rows)
    return str(rows[0][0]) if rows else None


def is_active(org: SalesforceOrg, user_id: str) -> bool:
    """Whether a user may be signed in.

    Args:
        org: Whose user.
        user_id: Which.
    """
    return bool(org.get("User", user_id)["IsActive"])


def user_name(org: SalesforceOrg, user_id: str) -> str:
    """The name that a user signs in with.

    Args:
        org: Whose user.
        user_id: Which.
    """
    return str(org.get("User", user_id)["Username"])
