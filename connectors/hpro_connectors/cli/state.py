"""``hpro state``: where HPRO's state of a CRM lies, whether it is whole, and how to make it smaller."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_connectors.cli.config_options import config_options, load_crm


@click.group(short_help="Find, check and compact HPRO's state of a CRM.")
def state() -> None:
    """Find, check and compact the file in which HPRO keeps what it read, scored and wrote."""


@state.command(short_help="Print where the state lies.")
@config_options
def path(config_path: Path | None, crm_name: str | None) -> None:
    """Print the path of the state file, whether it exists or not."""
    _, _, crm = load_crm(config_path, crm_name)
    click.echo(crm.state)


@state.command(short_help="Check that the state is whole.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@click.pass_context
def check(ctx: click.Context, config_path: Path | None, crm_name: str | None, as_json: bool) -> None:
    """Check the state file: its version, its structure, and that its tables agree; exit with 1 where they do not."""
    from hpro_connectors.cli.problems import count_words
    from hpro_connectors.orgs import open_state
    from hpro_connectors.state.upkeep import check_state
    from hpro_sdk.cli.output import print_json

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm) as store:
        found = check_state(store)
    if as_json:
        print_json(found)
    else:
        counts = ", ".join(f"{number:,} {table.replace('_', ' ')}" for table, number in found.rows.items())
        click.echo(f"{crm.state}: version {found.version}, {found.bytes / 1_000_000:.1f} MB, {counts}.")
        for problem in found.problems:
            click.echo(problem, err=True)
        click.echo("It is whole." if not found.problems else f"{count_words(len(found.problems), 'problem')} found.")
    ctx.exit(1 if found.problems else 0)


@state.command(short_help="Give space that is not used back to the disk.")
@click.option("--dry-run", is_flag=True, help="Only say how much it would be.")
@config_options
def vacuum(dry_run: bool, config_path: Path | None, crm_name: str | None) -> None:
    """Write the state file anew without the space that is not used; it needs as much again on the disk meanwhile."""
    from hpro_connectors.orgs import open_state
    from hpro_connectors.state.upkeep import free_bytes, vacuum_state

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm, changes=not dry_run) as store:
        free = free_bytes(store)
        if not dry_run:
            vacuum_state(store)
    click.echo(f"{free / 1_000_000:.1f} MB {'would be' if dry_run else 'were'} given back to the disk.")
