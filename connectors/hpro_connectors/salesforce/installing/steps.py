"""What installing and removing tell: one step for each thing in the org, and what was or would be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hpro_connectors.protocol import EnsuredField, FieldState
from hpro_connectors.salesforce.writing.field_clashes import Clash


class StepKind(StrEnum):
    """What a step is about."""

    FIELD = "field"
    PERMISSION_SET = "permission set"
    OBJECT_PERMISSION = "object permission"
    FIELD_PERMISSION = "field permissions"
    ASSIGNMENT = "assignment"


class StepState(StrEnum):
    """What was done, or would be.

    ``PRESENT``: it was there. ``CREATED``, ``CHANGED``, ``REMOVED``: done. ``CONFLICT``: something else has its name.
    ``KEPT``: it has the name of one of ours and is none, so that it stays. ``REFUSED``: the CRM refused.
    """

    PRESENT = "present"
    CREATED = "created"
    CHANGED = "changed"
    REMOVED = "removed"
    CONFLICT = "conflict"
    KEPT = "kept"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing in the org.

    Attributes:
        kind: What it is.
        name: Which one, such as ``Lead.HPRO_Score__c``.
        state: What was done, or would be.
        detail: What there is to say beside it.
        clash: Of a conflict between two fields: both definitions.
    """

    kind: StepKind
    name: str
    state: StepState
    detail: str = ""
    clash: Clash | None = None


def has_conflict(steps: Iterable[Step]) -> bool:
    """Tell whether something of another kind has the name of one of ours.

    Args:
        steps: Of a plan.
    """
    return any(step.state is StepState.CONFLICT for step in steps)


def count_changes(steps: Iterable[Step]) -> int:
    """Count what was changed in the org, or would be.

    Args:
        steps: Of a plan, or of what was done.
    """
    return sum(step.state in {StepState.CREATED, StepState.CHANGED, StepState.REMOVED} for step in steps)


def with_conflicts(planned: Sequence[EnsuredField], steps: Iterable[Step]) -> tuple[EnsuredField, ...]:
    """Say of fields that were planned as this user sees them what stands against them out of its sight.

    Args:
        planned: From a description, in which a field that is hidden from the user looks like one that is missing.
        steps: What was found with an admin's eyes.
    """
    clashes = {
        step.name.partition(".")[2]: step.detail
        for step in steps
        if step.kind is StepKind.FIELD and step.state is StepState.CONFLICT
    }
    return tuple(
        EnsuredField(name=one.name, state=FieldState.CONFLICT, detail=clashes[one.name]) if one.name in clashes else one
        for one in planned
    )
