"""What each step of `hpro demo --crm salesforce` gives, beside the steps that every demo has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpro_connectors.cli.demo_run import ClosenessStep, PassStep
from hpro_connectors.orgs.doctor import Checkup
from hpro_connectors.protocol import OrgIdentity
from hpro_connectors.salesforce.installing import OrgUser
from hpro_connectors.salesforce.installing import Step as Installed
from hpro_connectors.state import PassReport, Plan, PlanRow

if TYPE_CHECKING:
    from hpro_connectors.learning.report import LearningReport

Calls = dict[str, int]
"""Requests that the CRM got, by what they were for."""


@dataclass(frozen=True, slots=True)
class EmulatorStep:
    """The emulated org is up.

    Attributes:
        identity: Of the org.
        url: Where it answers.
        leads: How many it holds.
    """

    identity: OrgIdentity
    url: str
    leads: int


@dataclass(frozen=True, slots=True)
class FieldsStep:
    """The fields were installed.

    Attributes:
        user: Who may write them now.
        installed: What was done.
        problems: What still keeps the user from the fields.
        calls: That it took.
    """

    user: OrgUser
    installed: tuple[Installed, ...]
    problems: tuple[str, ...]
    calls: Calls


@dataclass(frozen=True, slots=True)
class DoctorStep:
    """The org was examined.

    Attributes:
        checkup: What was found.
        calls: That it took.
    """

    checkup: Checkup
    calls: Calls


@dataclass(frozen=True, slots=True)
class FirstLoadStep:
    """Everything was read once; nothing was scored.

    Attributes:
        report: Of the pass.
        calls: That it took.
    """

    report: PassReport
    calls: Calls


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A model was learnt from the org's history, or not.

    Attributes:
        report: Of the model; ``None``: there is none.
        why_not: Why there is none.
        model_id: The model that scores from here on.
    """

    report: LearningReport | None
    why_not: str | None
    model_id: str


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A plan was made.

    Attributes:
        plan: The plan.
        rows: The first of its rows.
        write_calls: What it costs to write it, in calls.
        report: Of reading and scoring.
        calls: That it took.
    """

    plan: Plan
    rows: tuple[PlanRow, ...]
    write_calls: int
    report: PassReport
    calls: Calls


@dataclass(frozen=True, slots=True)
class ApplyStep:
    """A plan was applied.

    Attributes:
        plan_id: Which one.
        skipped: Rows whose leads moved since.
        done: What the run did, and the list after it.
    """

    plan_id: int
    skipped: int
    done: PassStep


SalesforceStep = (
    EmulatorStep
    | FieldsStep
    | DoctorStep
    | FirstLoadStep
    | TrainingStep
    | PlanStep
    | ApplyStep
    | PassStep
    | ClosenessStep
)


def passes_of(steps: Iterable[SalesforceStep]) -> list[PassStep]:
    """Give the runs that scores were written by, the applied plans among them.

    Args:
        steps: That were done.
    """
    runs = [step.done if isinstance(step, ApplyStep) else step for step in steps]
    return [run for run in runs if isinstance(run, PassStep)]
