"""``hpro rescore``: let the next run score every lead anew."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_connectors.cli.config_options import config_options, load_crm


@click.command(short_help="Let the next run score leads anew, changed or not.")
@click.argument("lead_ids", nargs=-1, metavar="[ID]...")
@click.option("--dry-run", is_flag=True, help="Only say how many leads it concerns.")
@click.option("--write", is_flag=True, help="Write them anew too, such as after our fields were made again.")
@config_options
def rescore(
    lead_ids: tuple[str, ...], dry_run: bool, write: bool, config_path: Path | None, crm_name: str | None
) -> None:
    """Let the next run score leads anew even where nothing of them changed: those of some ids, or all open ones."""
    from hpro_connectors.cli.problems import count_words
    from hpro_connectors.orgs import open_state

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm, changes=not dry_run) as store:
        count = store.forget_prompts(lead_ids or None, dry_run=dry_run, resend=write)
    done = "scored and written" if write else "scored"
    click.echo(f"{count_words(count, 'lead')} {'would be' if dry_run else 'will be'} {done} anew by the next run.")
