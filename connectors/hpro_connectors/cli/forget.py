"""``hpro forget``: erase a person."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_connectors.cli.config_options import config_options, load_crm


@click.command(short_help="Erase a person everywhere in HPRO's state, for good.")
@click.argument("lead_id", metavar="ID")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
def forget(
    lead_id: str, dry_run: bool, yes: bool, config_path: Path | None, crm_name: str | None, as_json: bool
) -> None:
    """Erase the person behind the lead ID: all their leads, texts, histories, scores, writes and dead letters.

    A keyed hash of the ids stays, so that the next read does not bring them back. The CRM itself is not changed: delete
    the person there too. An id that begins with a dash comes last, after `--`.
    """
    import dataclasses

    from hpro_connectors.engine.settings import utc_now
    from hpro_connectors.orgs import open_state
    from hpro_sdk.cli.output import print_json

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm, changes=not dry_run) as store:
        told = store.forgetting.count(lead_id)
        if not dry_run:
            if not yes and not as_json:
                click.confirm(f"This erases {_words(dataclasses.asdict(told))} for good. Go on?", abort=True, err=True)
            told = store.forgetting.forget(lead_id, utc_now())
    if as_json:
        print_json({"dry_run": dry_run, **dataclasses.asdict(told)})
    else:
        click.echo(f"{'Would erase' if dry_run else 'Erased'} {_words(dataclasses.asdict(told))}.")
        if not dry_run:
            click.echo("The CRM still knows the person: delete them there too.", err=True)


def _words(counts: dict[str, int]) -> str:
    found = [f"{what.replace('_', ' ')}: {number:,}" for what, number in counts.items() if number]
    return ", ".join(found) or "nothing that is known"
