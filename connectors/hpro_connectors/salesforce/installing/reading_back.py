"""What the integration user sees now, as the org's permissions say; a description would be of the admin's own view."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hpro_connectors.fields import SCORE_FIELDS
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing.org_fields import find_fields, full_name
from hpro_connectors.salesforce.installing.org_users import OrgUser
from hpro_connectors.salesforce.rows.small_queries import read_all
from hpro_connectors.salesforce.rows.soql import select, text_literal
from hpro_connectors.salesforce.settings import ScoredObjectName


def find_problems(client: SalesforceClient, scored: Collection[ScoredObjectName], user: OrgUser) -> list[str]:
    """Say what still keeps a user from reading and writing our fields, whatever gave it its permissions.

    Args:
        client: Signed in as an admin.
        scored: Objects whose records are scored.
        user: The integration user.

    Returns:
        One line each; none where all is well.

    Raises:
        ConnectorError: The org cannot be asked.
    """
    problems = []
    for name in scored:
        there = find_fields(client, name)
        missing = [field for field in SCORE_FIELDS if field.name not in there]
        problems += [f"{full_name(name, field)} is not there." for field in missing]
        clashes = [(one.name, one.clash) for one in there.values()]
        problems += [f"{one} is not as HPRO makes it: {clash.detail}" for one, clash in clashes if clash is not None]
        wanted = [full_name(name, field) for field in SCORE_FIELDS if field not in missing]
        rights = _rights(client, "FieldPermissions", "Field", name, user)
        problems += [
            f"{user.username} may not {word} {one}."
            for word, key in (("read", "PermissionsRead"), ("edit", "PermissionsEdit"))
            for one in wanted
            if not rights.get(one, {}).get(key)
        ]
        of_object = _rights(client, "ObjectPermissions", "SobjectType", name, user).get(name, {})
        problems += [
            f"{user.username} may not {word} of {name}."
            for word, key in (("read records", "PermissionsRead"), ("edit records", "PermissionsEdit"))
            if not of_object.get(key)
        ]
    return problems


def _rights(
    client: SalesforceClient, object_name: str, key: str, of_object: str, user: OrgUser
) -> Mapping[str, Mapping[str, bool]]:
    """Give what all permission sets and the profile of a user allow together."""
    columns = ("PermissionsRead", "PermissionsEdit")
    of_user = select(("PermissionSetId",), "PermissionSetAssignment", (f"AssigneeId = {text_literal(user.user_id)}",))
    conditions = (f"SobjectType = {text_literal(of_object)}", f"ParentId IN ({of_user})")
    rights: dict[str, dict[str, bool]] = {}
    for row in read_all(client, select((key, *columns), object_name, conditions)):
        known = rights.setdefault(str(row.get(key)), {})
        for column in columns:
            known[column] = known.get(column, False) or row.get(column) is True
    return rights
