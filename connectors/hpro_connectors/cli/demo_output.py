"""How `hpro demo` tells of its steps: in words and tables, and as one JSON object."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable
from pathlib import Path

import click

from hpro_connectors.cli.demo_run import ClosenessStep, PassStep, Step
from hpro_connectors.cli.picture import print_scores_by_stage
from hpro_connectors.cli.places import DEFAULT_FOLDER, Places
from hpro_connectors.cli.queue_table import print_queue, queue_json
from hpro_connectors.demo.closeness import Closeness
from hpro_connectors.demo.scored_org import QueueChanges
from hpro_connectors.state import PassReport
from hpro_sdk.cli.output import terminal_safe

TOP = 10


def print_step(step: Step) -> None:
    """Print what a step did.

    Args:
        step: The step.
    """
    if isinstance(step, ClosenessStep):
        click.echo(f"\n{closeness_words(step.closeness)}")
        return
    report, queue = step.outcome.report, step.outcome.queue
    if step.number == 1:
        name = terminal_safe(step.definition.name)
        click.echo(f"The org {step.definition.org_id} ({name}), scored by {report.model_id}.\n")
    elif step.days:
        click.echo(f"\n{step.days} {'day goes' if step.days == 1 else 'days go'} by.\n")
    else:
        click.echo("\nOnce more, with nothing new:\n")
    click.echo(pass_words(step.number, report))
    if step.number == 1 or step.days:
        if step.changes is not None:
            click.echo(changes_words(step.changes))
        click.echo()
        print_queue(queue[:TOP], report.as_of, title=f"The best {min(TOP, len(queue))} of {len(queue)} open leads")
        if step.number == 1:
            click.echo()
            print_scores_by_stage(step.stages)


def pass_words(number: int, report: PassReport) -> str:
    """Give the summary of a pass in one line, which ends with model calls and writes."""
    writes = report.written + report.cleared
    return (
        f"Pass {number}, {report.as_of:%Y-%m-%d}: {report.read:,} records read, {report.scored:,} of "
        f"{report.open_leads:,} leads scored, {report.seconds:.1f} s, "
        f"{report.model_calls:,} model calls, {writes:,} writes"
    )


def changes_words(changes: QueueChanges) -> str:
    """Say what became of the list between two passes."""
    return (
        f"Since the pass before: {changes.new} new, {changes.won} won, {changes.lost} lost, {changes.gone} gone "
        f"otherwise; {changes.band_up} moved to a better band, {changes.band_down} to a worse one."
    )


def closeness_words(closeness: Closeness | None) -> str:
    """Say how close the ranking comes to the best possible one."""
    if closeness is None:
        return "Too few leads are open to compare the ranking with the best possible one."
    if closeness.way <= 0:
        return (
            f"The ranking is no better than chance (AUC {closeness.model_auc:.2f}); the best possible has AUC "
            f"{closeness.best_auc:.2f} of this org's open leads, by the simulator's exact posterior."
        )
    return (
        f"The ranking goes {100 * closeness.way:.0f} % of the way from chance (AUC 0.5) to the best possible "
        f"(AUC {closeness.best_auc:.2f} of this org's open leads, by the simulator's exact posterior)."
    )


def print_next(places: Places, steps: Iterable[Step], model: Path | None, *, generated: bool) -> None:
    """Print what to try next.

    Args:
        places: Of the org and its state.
        steps: That were done.
        model: That a person named.
        generated: Whether the org was made by this demo.
    """
    where = "" if places.org.parent == DEFAULT_FOLDER else f" --dir {shlex.quote(str(places.org.parent))}"
    if not generated:
        where = f" --org {shlex.quote(str(places.org))}"
    queue = [step.outcome.queue for step in steps if isinstance(step, PassStep)][-1]
    commands = [(f"hpro leads{where}", "the whole list; --stage and --band narrow it")]
    if queue:
        best = shlex.quote(terminal_safe(queue[0].lead_id))
        seen_by = "" if model is None else f" --model {shlex.quote(str(model))}"
        commands.append(
            (f"hpro leads show {best}{where}{seen_by}", "the best lead: its scores, and all that the model saw")
        )
    if generated:
        commands += [
            ("hpro demo --company saas --model M", "a company with another funnel; it needs a model of its own"),
            ("hpro import leads.csv --mapping leads.toml", "an org made of a table of yours"),
        ]
    width = max(len(command) for command, _ in commands)
    click.echo("\nWhat to try next:")
    for command, meaning in commands:
        click.echo(f"  {terminal_safe(command):<{width}}  {meaning}")


def demo_json(places: Places, model: str, steps: Iterable[Step]) -> dict[str, object]:
    """Give everything that a demo did as one JSON object.

    Args:
        places: Of the org and its state.
        model: Id of the model.
        steps: That were done.
    """
    done = list(steps)
    passes = [step for step in done if isinstance(step, PassStep)]
    closeness = next((step.closeness for step in done if isinstance(step, ClosenessStep)), None)
    definition = passes[0].definition
    return {
        "org": {"path": places.org, "org_id": definition.org_id, "name": definition.name},
        "state": places.state,
        "model": model,
        "passes": [_pass_json(step) for step in passes],
        "closeness": None if closeness is None else {**closeness._asdict(), "way": closeness.way},
    }


def _pass_json(step: PassStep) -> dict[str, object]:
    return {
        **step.outcome.report.model_dump(),
        "days_since_the_pass_before": step.days,
        "changes": None if step.changes is None else dataclasses.asdict(step.changes),
        "top": queue_json(step.outcome.queue[:TOP]),
        "scores_by_stage": [dataclasses.asdict(one) for one in step.stages],
    }
