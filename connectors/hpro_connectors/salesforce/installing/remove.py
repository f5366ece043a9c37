"""Taking our fields and permission sets out of an org again, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from hpro_connectors.errors import ConnectorError
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing.failures import admin_told, is_refusal
from hpro_connectors.salesforce.installing.org_fields import delete_field, find_fields
from hpro_connectors.salesforce.installing.org_permission_sets import find_set
from hpro_connectors.salesforce.installing.record_saving import delete_record
from hpro_connectors.salesforce.installing.steps import Step, StepKind, StepState
from hpro_connectors.salesforce.metadata.permission_sets import connector_permissions, viewer_permissions
from hpro_connectors.salesforce.rows.small_queries import read_all
from hpro_connectors.salesforce.rows.soql import select, text_literal
from hpro_connectors.salesforce.settings import ScoredObjectName

_SETS = (connector_permissions().name, viewer_permissions().name)


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that is taken out.

    Attributes:
        step: What is told of it.
        act: Takes it out; ``None``: it stays.
    """

    step: Step
    act: Callable[[], None] | None


def plan_removal(client: SalesforceClient) -> list[Removal]:
    """Find what is ours: assignments, then the permission sets that they are of, then fields of all objects.

    A permission set cannot be deleted while somebody has it. A field that has the name of one of ours and is
    something else stays.

    Args:
        client: Signed in as an admin.

    Raises:
        ConnectorError: The org cannot be asked.
    """
    with admin_told():
        return [*_permission_sets(client), *_fields(client)]


def remove(removals: Sequence[Removal]) -> list[Step]:
    """Take out what was planned; what the org refuses, because something else needs it, stays and is told.

    Args:
        removals: As :func:`plan_removal` gave them.

    Returns:
        What was done.

    Raises:
        PermissionDeniedError: The user of the session may not change the org.
        ConnectorError: Salesforce cannot be reached; what was taken out stays out.
    """
    steps = []
    for one in removals:
        try:
            with admin_told():
                if one.act is not None:
                    one.act()
        except ConnectorError as exc:
            if not is_refusal(exc):
                raise
            steps.append(replace(one.step, state=StepState.REFUSED, detail=exc.message))
        else:
            steps.append(one.step)
    return steps


def _permission_sets(client: SalesforceClient) -> Iterator[Removal]:
    found = [(name, one.set_id) for name in _SETS if (one := find_set(client, name)) is not None]
    for name, set_id in found:
        condition = f"PermissionSetId = {text_literal(set_id)}"
        for row in read_all(client, select(("Id", "Assignee.Username"), "PermissionSetAssignment", (condition,))):
            assignee = row.get("Assignee")
            username = assignee.get("Username") if isinstance(assignee, dict) else None
            step = Step(StepKind.ASSIGNMENT, f"{name}: {username or row.get('Id')}", StepState.REMOVED)
            yield Removal(step, _deletion(client, "PermissionSetAssignment", str(row.get("Id"))))
    for name, set_id in found:
        step = Step(StepKind.PERMISSION_SET, name, StepState.REMOVED, "with all that it opens")
        yield Removal(step, _deletion(client, "PermissionSet", set_id))


def _fields(client: SalesforceClient) -> Iterator[Removal]:
    for name in ScoredObjectName:
        for field in find_fields(client, name).values():
            if field.is_ours:
                step = Step(StepKind.FIELD, field.name, StepState.REMOVED, "with its values")
                yield Removal(step, partial(delete_field, client, field))
            else:
                clash = field.clash
                detail = "It is not one that HPRO made." if clash is None else clash.detail
                yield Removal(Step(StepKind.FIELD, field.name, StepState.KEPT, detail, clash), None)


def _deletion(client: SalesforceClient, object_name: str, record_id: str) -> Callable[[], None]:
    return partial(delete_record, client, f"sobjects/{object_name}/{record_id}", object_name)
