"""Users of the org, and which permission sets they have."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.record_ids import is_record_id, long_id
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing.record_saving import create_records
from hpro_connectors.salesforce.installing.steps import Step, StepKind, StepState
from hpro_connectors.salesforce.rows.small_queries import read_all
from hpro_connectors.salesforce.rows.soql import select, text_literal
from hpro_sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class OrgUser:
    """A user.

    Attributes:
        user_id: The org's id of it.
        username: What it signs in with.
    """

    user_id: str
    username: str


def find_user(client: SalesforceClient, username: str) -> OrgUser:
    """Find an active user by what it signs in with.

    Args:
        client: Signed in as an admin.
        username: In any case of letters.

    Raises:
        ConfigError: There is no such user, or it is not active.
        ConnectorError: The org cannot be asked.
    """
    return _one(client, f"Username = {text_literal(username)}", f"the user name {username}")


def user_of_id(client: SalesforceClient, user_id: str) -> OrgUser:
    """Find an active user by its id.

    Args:
        client: Signed in as an admin.
        user_id: The org's.

    Raises:
        ConfigError: There is no such user, or it is not active.
        ConnectorError: The org cannot be asked.
    """
    return _one(client, f"Id = {text_literal(user_id)}", f"the id {user_id}")


def signed_in_user_id(client: SalesforceClient) -> str:
    """Give who is signed in: the list of resources names the user at the end of its identity URL.

    Args:
        client: Signed in.

    Raises:
        ServerError: Salesforce did not say.
    """
    answer = client.request("GET", "")
    identity = answer.get("identity") if isinstance(answer, dict) else None
    user_id = identity.rstrip("/").rpartition("/")[2] if isinstance(identity, str) else ""
    if not is_record_id(user_id):
        raise ServerError("Salesforce did not say who is signed in.", hint="Try again later.", connector=NAME)
    return long_id(user_id)


def ensure_assignment(
    client: SalesforceClient, set_name: str, set_id: str | None, user: OrgUser, *, dry_run: bool
) -> Step:
    """Give a user a permission set.

    Args:
        client: Signed in as an admin.
        set_name: API name of the set.
        set_id: The org's id of it; ``None``: there is none yet.
        user: Who gets it.
        dry_run: Only say what would be done.

    Raises:
        ConnectorError: Salesforce refused, or cannot be reached.
    """
    name = f"{set_name}: {user.username}"
    if set_id is not None:
        conditions = (f"PermissionSetId = {text_literal(set_id)}", f"AssigneeId = {text_literal(user.user_id)}")
        if read_all(client, select(("Id",), "PermissionSetAssignment", conditions)):
            return Step(StepKind.ASSIGNMENT, name, StepState.PRESENT)
    if not dry_run:
        values: dict[str, JsonValue] = {"PermissionSetId": set_id, "AssigneeId": user.user_id}
        create_records(client, "PermissionSetAssignment", [values])
    return Step(StepKind.ASSIGNMENT, name, StepState.CREATED)


def _one(client: SalesforceClient, condition: str, what: str) -> OrgUser:
    rows = read_all(client, select(("Id", "Username", "IsActive"), "User", (condition,)))
    if not rows:
        raise ConfigError(f"The org has no user with {what}.", hint="Name the integration user with --user.")
    row = rows[0]
    if row.get("IsActive") is not True:
        raise ConfigError(f"The user with {what} is not active.", hint="Activate it in Setup, or name another one.")
    return OrgUser(str(row.get("Id")), str(row.get("Username")))
