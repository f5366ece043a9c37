"""How `hpro demo` tells of its steps: in words and tables, and as one JSON object."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from hpro_connectors.cli.demo_run import ClosenessStep, PassStep, Step
from hpro_connectors.cli.picture import print_scores_by_stage
from hpro_connectors.cli.places import Places, option_for
from hpro_connectors.cli.problems import count_words
from hpro_connectors.cli.queue_table import print_queue, queue_json
from hpro_connectors.demo.closeness import Closeness
from hpro_connectors.demo.queue_changes import QueueChanges
from hpro_connectors.state import PassReport
from hpro_sdk.cli.output import terminal_safe

TOP = 10

FEW_LEADS = 100
"""With fewer leads a comparison of rankings says little."""


def print_step(step: Step) -> None:
    """Print what a step did.

    Args:
        step: The step.
    """
    if isinstance(step, ClosenessStep):
        click.echo(f"\n{closeness_words(step.closeness)}")
        return
    report = step.outcome.report
    first = step.changes is None
    if first:
        name = terminal_safe(step.identity.name)
        click.echo(f"The org {step.identity.org_id} ({name}), scored by {report.model_id}.\n")
    elif step.days:
        click.echo(f"\n{step.days} {'day goes' if step.days == 1 else 'days go'} by.\n")
    else:
        click.echo("\nOnce more, with nothing new:\n")
    click.echo(pass_words(step.number, report))
    if step.calls is not None:
        click.echo(calls_words(step.calls))
    if first or step.days:
        if step.changes is not None:
            click.echo(changes_words(step.changes))
        print_list(step)
        if first:
            click.echo()
            print_scores_by_stage(step.stages)


def print_list(step: PassStep) -> None:
    """Print the best leads after a pass.

    Args:
        step: The pass.
    """
    queue = step.outcome.queue
    click.echo()
    title = f"The best {min(TOP, len(queue))} of {len(queue)} open leads"
    print_queue(queue[:TOP], step.outcome.report.as_of, title=title)


def pass_words(number: int | None, report: PassReport) -> str:
    """Give the summary of a pass in one line, which ends with model calls and writes.

    Args:
        number: Of the pass, where it is one of several.
        report: Of the pass.
    """
    return (
        f"Pass{'' if number is None else f' {number}'}, {report.as_of:%Y-%m-%d}: "
        f"{count_words(report.read, 'record')} read, {report.scored:,} of "
        f"{count_words(report.open_leads, 'lead')} scored, {report.seconds:.1f} s, "
        f"{count_words(report.model_calls, 'model call')}, {count_words(report.written + report.cleared, 'write')}"
    )


def calls_words(calls: Mapping[str, int]) -> str:
    """Say how many requests a pass sent, and what for."""
    parts = ", ".join(f"{count:,} {purpose}" for purpose, count in calls.items())
    return f"{count_words(sum(calls.values()), 'API call')} ({parts})."


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
    way = f"that is {100 * closeness.way:.0f} % of the way" if closeness.way > 0 else "that is no better than the coin"
    words = (
        f"Of two open leads of which one will be won, the ranking puts the right one first in "
        f"{100 * closeness.model_auc:.0f} % of cases; a coin would in 50 %, and the best that anyone could do with "
        f"this org's records is {100 * closeness.best_auc:.0f} %: {way} ({closeness.leads:,} open leads)."
    )
    if closeness.leads < FEW_LEADS:
        words += " So few leads say little: with other ones it may be quite another share."
    return words


def print_next(places: Places, steps: Iterable[Step], model: Path | None, *, generated: bool) -> None:
    """Print what to try next.

    Args:
        places: Of the org and its state.
        steps: That were done.
        model: That a person named.
        generated: Whether the org was made by this demo.
    """
    where = option_for(places.org.parent, None if generated else places.org)
    queue = [step.outcome.queue for step in steps if isinstance(step, PassStep)][-1]
    commands = [(f"hpro leads{where}", "the whole list; --stage and --band narrow it")]
    if queue:
        seen_by = "" if model is None else f" --model {shlex.quote(str(model))}"
        show = show_command(terminal_safe(queue[0].lead_id), f"{where}{seen_by}")
        commands.append((show, "the best lead: its scores, and all that the model saw"))
    if generated:
        commands += [
            ("hpro demo --company saas --model M", "a company with another funnel; it needs a model of its own"),
            ("hpro import leads.csv --mapping leads.toml", "an org made of a table of yours"),
        ]
    print_commands(commands)


def print_commands(commands: Sequence[tuple[str, str]]) -> None:
    """Print what a person may try next.

    Args:
        commands: Each with what it does.
    """
    width = max(len(command) for command, _ in commands)
    click.echo("\nWhat to try next:")
    for command, meaning in commands:
        click.echo(f"  {terminal_safe(command):<{width}}  {meaning}")


def show_command(lead_id: str, options: str) -> str:
    """Give the command that shows a lead, as a person types it; an id may look like an option.

    Args:
        lead_id: Of the lead.
        options: With a blank before each.
    """
    quoted = shlex.quote(lead_id)
    return f"hpro leads show{options} -- {quoted}" if lead_id.startswith("-") else f"hpro leads show {quoted}{options}"


def demo_json(org: Path | None, state: Path, steps: Iterable[Step]) -> dict[str, object]:
    """Give everything that a demo did as one JSON object.

    Args:
        org: The org file; ``None`` where the CRM is none.
        state: The state.
        steps: That were done.
    """
    done = list(steps)
    passes = [step for step in done if isinstance(step, PassStep)]
    closeness = next((step.closeness for step in done if isinstance(step, ClosenessStep)), None)
    identity = passes[0].identity
    return {
        "org": {"path": org, "org_id": identity.org_id, "name": identity.name},
        "state": state,
        "model": passes[0].outcome.report.model_id or "",
        "passes": [pass_json(step) for step in passes],
        "closeness": None if closeness is None else {**closeness._asdict(), "way": closeness.way},
    }


def pass_json(step: PassStep) -> dict[str, object]:
    """Give all that a pass did, and the list after it.

    Args:
        step: The pass.
    """
    return {
        **step.outcome.report.model_dump(),
        "days_since_the_pass_before": step.days,
        "api_calls": step.calls,
        "changes": None if step.changes is None else dataclasses.asdict(step.changes),
        "top": queue_json(step.outcome.queue[:TOP]),
        "scores_by_stage": [dataclasses.asdict(one) for one in step.stages],
    }
