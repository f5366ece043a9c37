"""``hpro status``: how each org stands, and what to do about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_connectors.cli.config_options import config_options, load_configured
from hpro_connectors.cli.durations import as_duration

if TYPE_CHECKING:
    from hpro_connectors.config import CrmConfig
    from hpro_connectors.state.status import OrgStatus

UNHEALTHY = 1


@click.command(short_help="Say whether scores are fresh and reach the CRM.")
@click.option(
    "--max-age",
    callback=as_duration,
    default="26h",
    show_default=True,
    metavar="AGE",
    help="Scores of an older pass are stale; such as 90m, 26h or 2d.",
)
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@click.pass_context
def status(
    ctx: click.Context, max_age: timedelta, config_path: Path | None, crm_name: str | None, as_json: bool
) -> None:
    """Say how each CRM of the configuration stands, or that of --crm; nothing is changed, and no CRM is asked.

    Exit codes: 0 healthy; 1 the last whole pass is too long ago, a safety rail or a pause keeps passes from writing,
    or a person must confirm that leads are gone. What to do about it is said with it.
    """
    from hpro_connectors.engine.settings import utc_now
    from hpro_sdk.cli.output import print_json, terminal_safe
    from hpro_sdk.errors import HproError

    config = load_configured(config_path)
    names = [config.crm_named(crm_name)[0]] if crm_name is not None else sorted(config.crm)
    found: dict[str, OrgStatus] = {}
    for name in names:
        try:
            found[name] = read_status(config.crm[name], max_age, utc_now())
        except HproError as exc:
            if len(names) == 1:
                raise
            click.echo(terminal_safe(f"Error: {name}: {exc}"), err=True)
            continue
        if not as_json:
            for line in status_lines(name, found[name]):
                click.echo(terminal_safe(line))
    if as_json:
        print_json(found)
    all_healthy = len(found) == len(names) and all(one.healthy for one in found.values())
    ctx.exit(0 if all_healthy else UNHEALTHY)


def read_status(crm: CrmConfig, max_age: timedelta, now: datetime) -> OrgStatus:
    """Say how a configured org stands.

    Args:
        crm: Its table.
        max_age: A last pass that began longer ago is stale.
        now: This machine's clock.

    Raises:
        StateError: The state cannot be read.
    """
    from hpro_connectors.state import StateStore
    from hpro_connectors.state.status import status_before_the_first_pass, status_of

    if not crm.state.exists():
        return status_before_the_first_pass(now)
    with StateStore.open(crm.state, create=False) as store:
        return status_of(store, now, max_age)


def status_lines(name: str, found: OrgStatus) -> list[str]:
    """Give the lines of a status for people, the verdict first.

    Args:
        name: Of the org in the configuration.
        found: How it stands.
    """
    from hpro_connectors.state.status import duration_words

    org = "an org not seen yet" if found.org is None else f"{found.org_name} ({found.org})"
    lines = [f"{'Healthy' if found.healthy else 'Not healthy'}: {name}, {org}"]
    lines += [f"  {reason}" for reason in found.reasons]
    if found.last_pass is None:
        lines.append("Last pass:      none")
    else:
        age = duration_words(timedelta(seconds=found.last_pass.age_s))
        lines.append(
            f"Last pass:      {_time(found.last_pass.started_at)}, {age} ago (run {found.last_pass.run_id}, "
            f"{found.last_pass.status.value})"
        )
    if found.running is not None:
        running = found.running
        lines.append(
            f"Running now:    {running.kind.value} since {_time(running.started_at)} (run {running.run_id}, "
            f"{running.process})"
        )
    lines += [
        f"Open leads:     {found.leads_open:,}",
        f"Rows to send:   {found.outbox:,}",
        f"Dead letters:   {found.dead_letters:,}",
        f"Model:          {found.model or 'none'}",
    ]
    return lines + [f"Note: {note}" for note in found.notes]


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
