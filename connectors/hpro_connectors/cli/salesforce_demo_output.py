"""How `hpro demo --crm salesforce` tells of its steps: in words and tables, and as one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from hpro_connectors.cli.demo_output import calls_words, demo_json, pass_json, pass_words, print_commands, print_list
from hpro_connectors.cli.demo_output import print_step as print_plain_step
from hpro_connectors.cli.demo_run import ClosenessStep, PassStep
from hpro_connectors.cli.doctor_output import checkup_json, checkup_lines, output_width
from hpro_connectors.cli.model_output import print_comparison
from hpro_connectors.cli.picture import print_scores_by_stage
from hpro_connectors.cli.plan_output import plan_json, print_plan
from hpro_connectors.cli.problems import count_words
from hpro_connectors.cli.salesforce_demo_loop import NAME
from hpro_connectors.cli.salesforce_demo_steps import (
    ApplyStep,
    DoctorStep,
    EmulatorStep,
    FieldsStep,
    FirstLoadStep,
    PlanStep,
    SalesforceStep,
    TrainingStep,
    passes_of,
)
from hpro_connectors.doctor import Level
from hpro_connectors.orgs.doctor import Checkup
from hpro_connectors.salesforce.installing import StepKind, StepState, count_changes
from hpro_sdk.cli.output import terminal_safe


def print_salesforce_step(step: SalesforceStep) -> None:
    """Print what a step did.

    Args:
        step: The step.
    """
    match step:
        case EmulatorStep():
            org = f"{step.identity.org_id} ({step.identity.name})"
            leads = count_words(step.leads, "lead")
            click.echo(terminal_safe(f"An emulated Salesforce is up at {step.url}: the org {org}, {leads}."))
        case FieldsStep():
            _print_fields(step)
        case DoctorStep():
            _print_doctor(step)
        case FirstLoadStep():
            read, report = count_words(step.report.read, "record"), step.report
            click.echo(f"\nFirst load, {report.as_of:%Y-%m-%d}: {read} read, {report.seconds:.1f} s")
            click.echo(calls_words(step.calls))
        case TrainingStep():
            _print_training(step)
        case PlanStep():
            click.echo(f"\nPlan, as `hpro plan` makes it, by the model {step.report.model_id}:")
            print_plan(step.plan, step.rows, step.write_calls)
            click.echo(calls_words(step.calls))
        case ApplyStep():
            _print_applied(step)
        case PassStep():
            print_plain_step(step)
            if step.outcome.report.stop_reason is not None:
                click.echo(terminal_safe(f"Nothing was written: {step.outcome.report.stop_reason}."))
        case ClosenessStep():
            print_plain_step(step)


def print_salesforce_next() -> None:
    """Print what to try after a demo on an emulated Salesforce, which is gone with the command."""
    commands = [
        ("hpro emulate salesforce", "leave one running, and connect to it as to any Salesforce"),
        ("hpro demo", "the same company in one file, which stays; `hpro leads` lists its leads"),
    ]
    print_commands(commands)


def salesforce_demo_json(state: Path, steps: Sequence[SalesforceStep]) -> dict[str, object]:
    """Give everything that the demo did as one JSON object.

    Args:
        state: The state.
        steps: That were done.
    """
    plain = [step for step in steps if isinstance(step, PassStep | ClosenessStep)]
    told = demo_json(None, state, [*passes_of(steps)[:1], *plain])
    told["passes"] = [pass_json(step) for step in plain if isinstance(step, PassStep)]
    plans: list[dict[str, object]] = []
    for step in steps:
        match step:
            case EmulatorStep():
                told["emulator"] = {"url": step.url, "leads": step.leads}
            case FieldsStep():
                told["fields"] = {
                    "user": step.user.username,
                    "changes": count_changes(step.installed),
                    "made": {kind.value: number for kind, number in _made(step).items()},
                    "problems": step.problems,
                    "api_calls": step.calls,
                }
            case DoctorStep():
                told["doctor"] = {**checkup_json(step.checkup), "api_calls": step.calls}
            case FirstLoadStep():
                told["first_load"] = {**step.report.model_dump(), "api_calls": step.calls}
            case TrainingStep():
                told["training"] = {"report": step.report, "why_not": step.why_not, "scores_by": step.model_id}
            case PlanStep():
                made = plan_json(step.plan, step.rows, step.write_calls)
                plans.append({**made, "report": step.report, "api_calls": step.calls})
            case ApplyStep():
                plans[-1]["applied"] = {"skipped": step.skipped, **pass_json(step.done)}
            case _:
                pass
    return {**told, "plans": plans}


def _made(step: FieldsStep) -> dict[StepKind, int]:
    """How much of each kind was made."""
    kinds = [one.kind for one in step.installed if one.state is StepState.CREATED]
    return {kind: kinds.count(kind) for kind in StepKind if kind in kinds}


def _print_fields(step: FieldsStep) -> None:
    made = ", ".join(
        count_words(number, kind.value) for kind, number in _made(step).items() if kind in _KINDS_THAT_PEOPLE_COUNT
    )
    changes = count_words(count_changes(step.installed), "change")
    click.echo(f"\nFields, as `hpro fields install` makes them with an admin's session: {made}; {changes} in all.")
    if step.problems:
        for problem in step.problems:
            click.echo(terminal_safe(problem))
    else:
        click.echo(terminal_safe(f"Read back: {step.user.username} may read and write all of it."))
    click.echo(calls_words(step.calls))


_KINDS_THAT_PEOPLE_COUNT = (StepKind.FIELD, StepKind.PERMISSION_SET, StepKind.ASSIGNMENT)


def _print_doctor(step: DoctorStep) -> None:
    """Print what is not as it should be, with its remedies; all the rest is a number."""
    findings = step.checkup.findings
    fine = sum(finding.level is Level.OK for finding in findings)
    click.echo(f"\nDoctor: {fine} of {count_words(len(findings), 'finding')} of `hpro doctor` are as they should be.")
    others = tuple(finding for finding in findings if finding.level is not Level.OK)
    for line in checkup_lines(NAME, Checkup(others, step.checkup.identity), output_width()):
        click.echo(line)
    click.echo(calls_words(step.calls))


def _print_training(step: TrainingStep) -> None:
    if step.report is None:
        click.echo()
        click.echo(terminal_safe(f"No model of its own: {step.why_not}."))
        click.echo(f"The model {step.model_id} scores.")
        return
    report = step.report
    examples = report.data.examples
    click.echo(
        f"\nTraining on the org's own history, as `hpro model train` does: {report.minutes:.1f} minutes, "
        f"{examples.won_leads:,} won leads and {examples.other_leads:,} others."
    )
    for warning in report.data.warnings:
        click.echo(terminal_safe(f"Warning: {warning}"))
    print_comparison(report.comparison)
    put = "Put to use" if report.decision.use else "Kept, and not put to use"
    click.echo(terminal_safe(f"{put}: {report.model_id}: {report.decision.reason}."))
    if not report.decision.use:
        click.echo(f"The model {step.model_id} scores.")


def _print_applied(step: ApplyStep) -> None:
    done = step.done
    click.echo(f"\nPlan {step.plan_id} applied, as a person confirms it with `hpro apply --plan {step.plan_id}`:")
    click.echo(pass_words(None, done.outcome.report))
    if step.skipped:
        click.echo(f"{count_words(step.skipped, 'row')} skipped: their leads moved since the plan was made.")
    if done.calls is not None:
        click.echo(calls_words(done.calls))
    if done.changes is None:  # one that followed a stop: its list was shown by the pass that was stopped
        print_list(done)
        click.echo()
        print_scores_by_stage(done.stages)
