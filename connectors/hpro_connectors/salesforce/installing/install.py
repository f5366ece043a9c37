"""Bringing our fields and permission sets into an org, with an admin's session; it can be done again and again."""

from __future__ import annotations

from collections.abc import Sequence

from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing.failures import admin_told
from hpro_connectors.salesforce.installing.org_fields import ensure_fields
from hpro_connectors.salesforce.installing.org_permission_sets import ensure_set
from hpro_connectors.salesforce.installing.org_users import OrgUser, ensure_assignment
from hpro_connectors.salesforce.installing.steps import Step, StepState, has_conflict
from hpro_connectors.salesforce.metadata.permission_sets import connector_permissions, viewer_permissions
from hpro_connectors.salesforce.settings import ScoredObjectName


def plan_install(client: SalesforceClient, scored: Sequence[ScoredObjectName], user: OrgUser) -> list[Step]:
    """Say what :func:`install` would do; nothing is changed.

    Args:
        client: Signed in as an admin.
        scored: Objects whose records are scored.
        user: The integration user.

    Raises:
        ConnectorError: The org cannot be asked.
    """
    with admin_told():
        return _run(client, scored, user, dry_run=True)


def install(client: SalesforceClient, scored: Sequence[ScoredObjectName], user: OrgUser) -> list[Step]:
    """Make what is missing: fields, permission sets, what they open, and the assignment of the integration user.

    Nothing is changed where something of another kind has the name of one of ours, and nothing is made anew that is
    there; so a run that was broken off is taken up by the next one.

    Args:
        client: Signed in as an admin.
        scored: Objects whose records are scored.
        user: The integration user.

    Returns:
        What was done; with a conflict among it, nothing was.

    Raises:
        PermissionDeniedError: The user of the session may not change the org.
        ConnectorError: Salesforce refused, or cannot be reached; what was made stays.
    """
    with admin_told():
        planned = _run(client, scored, user, dry_run=True)
        if has_conflict(planned) or all(step.state is StepState.PRESENT for step in planned):
            return planned
        return _run(client, scored, user, dry_run=False)


def _run(client: SalesforceClient, scored: Sequence[ScoredObjectName], user: OrgUser, *, dry_run: bool) -> list[Step]:
    """Go through all there is to do: fields first, because permissions name them."""
    steps: list[Step] = []
    for name in scored:
        steps += ensure_fields(client, name, dry_run=dry_run)
    connector = connector_permissions(scored)
    for wanted in (connector, viewer_permissions(scored)):
        set_id, of_set = ensure_set(client, wanted, dry_run=dry_run)
        steps += of_set
        if wanted is connector and not has_conflict(of_set):
            steps.append(ensure_assignment(client, wanted.name, set_id, user, dry_run=dry_run))
    return steps
