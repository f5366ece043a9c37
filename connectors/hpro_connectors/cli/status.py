"""What `hpro status` prints: how an org stands, and what to do about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hpro_connectors.state import StateStore
    from hpro_connectors.state.status import OrgStatus

HEALTHY = 0
UNHEALTHY = 1


def print_status(
    store: StateStore, max_age: timedelta, now: datetime, *, name: str | None = None, as_json: bool = False
) -> int:
    """Print how an org stands.

    Args:
        store: Its state.
        max_age: A last pass that began longer ago is stale.
        now: This machine's clock.
        name: Of the org in the configuration.
        as_json: Print JSON instead.

    Returns:
        The exit code: 1 where scores are stale, or something keeps them from the CRM until a person decides.
    """
    from hpro_connectors.state.status import status_of
    from hpro_sdk.cli.output import print_json, terminal_safe

    status = status_of(store, now, max_age)
    if as_json:
        print_json(({} if name is None else {"crm": name}) | status.model_dump())
    else:
        for line in status_lines(status, name):
            click.echo(terminal_safe(line))
    return HEALTHY if status.healthy else UNHEALTHY


def status_lines(status: OrgStatus, name: str | None = None) -> list[str]:
    """Give the lines of a status for people, the verdict first.

    Args:
        status: How the org stands.
        name: Of the org in the configuration.
    """
    from hpro_connectors.state.status import duration_words

    org = "an org not seen yet" if status.org is None else f"{status.org_name} ({status.org})"
    lines = [f"{'Healthy' if status.healthy else 'Not healthy'}: {org if name is None else f'{name}, {org}'}"]
    lines += [f"  {reason}" for reason in status.reasons]
    if status.last_pass is None:
        lines.append("Last pass:      none")
    else:
        age = duration_words(timedelta(seconds=status.last_pass.age_s))
        lines.append(
            f"Last pass:      {_time(status.last_pass.started_at)}, {age} ago (run {status.last_pass.run_id}, "
            f"{status.last_pass.status.value})"
        )
    if status.running is not None:
        running = status.running
        lines.append(
            f"Running now:    {running.kind.value} since {_time(running.started_at)} (run {running.run_id}, "
            f"{running.process})"
        )
    lines += [
        f"Open leads:     {status.leads_open:,}",
        f"Rows to send:   {status.outbox:,}",
        f"Dead letters:   {status.dead_letters:,}",
        f"Model:          {status.model or 'none'}",
    ]
    return lines + [f"Note: {note}" for note in status.notes]


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
