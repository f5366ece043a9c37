"""``hpro rollback``, ``hpro pause`` and ``hpro resume``: take a run back, and keep passes from writing."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_connectors.cli.config_options import config_options, load_crm


@click.command(short_help="Write again what stood in the CRM before a run.")
@click.option("--run", "run_id", type=click.IntRange(1), required=True, metavar="ID", help="As `hpro runs` lists it.")
@click.option("--dry-run", is_flag=True, help="Only say how many leads it concerns.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@click.pass_context
def rollback(
    ctx: click.Context, run_id: int, dry_run: bool, config_path: Path | None, crm_name: str | None, as_json: bool
) -> None:
    """Write again what each lead showed before a run changed it, and pause writing until `hpro resume`.

    Leads to which nothing had been written before get their fields cleared. Passes go on reading and scoring.
    """
    from hpro_connectors.cli.pass_bars import pass_bars
    from hpro_connectors.cli.pass_output import PARTIAL
    from hpro_connectors.cli.problems import count_words, problem_lines
    from hpro_connectors.cli.run import stopping_politely
    from hpro_connectors.engine import roll_back
    from hpro_connectors.orgs import pass_settings_of, working_org
    from hpro_sdk.cli.output import print_json

    config, name, crm = load_crm(config_path, crm_name)
    with stopping_politely() as stop, working_org(config, name, crm, writes=not dry_run, stop=stop) as org:
        settings = pass_settings_of(config, crm, stop=org.stop, dry_run=dry_run)
        with pass_bars() as listener:
            report = roll_back(org.connector, org.store, run_id, settings, listener)
    if as_json:
        print_json(report)
    elif dry_run:
        click.echo(f"{count_words(report.to_write, 'lead')} would show again what stood before run {run_id}.")
    else:
        click.echo(f"{count_words(report.written, 'lead')} show again what stood before run {run_id}.")
        click.echo("Writing is paused. `hpro resume` lets passes write again.", err=True)
    for line in problem_lines(report):
        click.echo(line, err=True)
    ctx.exit(PARTIAL if report.rejected or report.waiting else 0)


@click.command(short_help="Keep passes from writing.")
@config_options
def pause(config_path: Path | None, crm_name: str | None) -> None:
    """Keep passes from writing until `hpro resume`; they go on reading and scoring."""
    from hpro_connectors.engine.settings import utc_now
    from hpro_connectors.orgs import open_state
    from hpro_connectors.state import MarkName

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm, changes=True) as store:
        store.marks.set(MarkName.PAUSED, utc_now(), "a person paused it; `hpro resume` lets passes write again")
    click.echo(f"Writing to {name} is paused.")


@click.command(short_help="Let passes write again after a pause or a rollback.")
@config_options
def resume(config_path: Path | None, crm_name: str | None) -> None:
    """Let passes write again after `hpro pause` or `hpro rollback`.

    The stop of a safety rail does not end so: look at `hpro plan`, then `hpro apply --plan ID`.
    """
    from hpro_connectors.engine import current_stop
    from hpro_connectors.orgs import open_state
    from hpro_connectors.state import MarkName
    from hpro_sdk.cli.output import terminal_safe

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm, changes=True) as store:
        was_paused = store.marks.get(MarkName.PAUSED) is not None
        store.marks.clear(MarkName.PAUSED)
        stop = current_stop(store)
    click.echo(f"Passes may write to {name} again." if was_paused else f"Writing to {name} was not paused.")
    if stop is not None:
        click.echo(terminal_safe(f"A safety rail still stops it: {stop.reason}."), err=True)
