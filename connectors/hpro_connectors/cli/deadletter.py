"""``hpro deadletter``: rows that the CRM refused."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_connectors.cli.config_options import config_options, load_crm


@click.group(short_help="See rows that the CRM refused, and try them again.")
def deadletter() -> None:
    """See the rows that the CRM refused, with its own words, try them again, or drop them.

    A dead letter is not sent again by itself until its scores or the CRM's fields change.
    """


@deadletter.command(name="list", short_help="List dead letters, newest first.")
@click.option("--dropped", is_flag=True, help="Dropped ones too.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_letters(dropped: bool, config_path: Path | None, crm_name: str | None, as_json: bool) -> None:
    """List the rows that the CRM refused, newest first, with its own code and words."""
    import dataclasses

    from hpro_connectors.orgs import open_state
    from hpro_sdk.cli.output import print_json, print_table

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm) as store:
        letters = store.dead_letters.list(dropped=dropped)
    if as_json:
        print_json(
            [
                {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}
                | {"lead": one.row.lead.lead_id, "row": one.row.model_dump(mode="json", exclude={"lead"})}
                for one in letters
            ]
        )
        return
    columns = ("lead", "refused first (UTC)", "tries", "code", "what the CRM said", "status")
    print_table(
        columns,
        [
            (
                one.row.lead.lead_id,
                f"{one.first_at:%Y-%m-%d %H:%M}",
                one.attempts,
                one.code,
                one.message,
                one.status.value,
            )
            for one in letters
        ],
    )


@deadletter.command(short_help="Try dead letters again in the next run.")
@click.argument("lead_ids", nargs=-1, metavar="[ID]...")
@click.option("--dry-run", is_flag=True, help="Only say how many.")
@config_options
def replay(lead_ids: tuple[str, ...], dry_run: bool, config_path: Path | None, crm_name: str | None) -> None:
    """Let the next run try dead letters once more: those of some leads, or all of them."""
    _decide("replay", "tried again by the next run", lead_ids, dry_run, config_path, crm_name)


@deadletter.command(short_help="Drop dead letters.")
@click.argument("lead_ids", nargs=-1, metavar="[ID]...")
@click.option("--dry-run", is_flag=True, help="Only say how many.")
@config_options
def drop(lead_ids: tuple[str, ...], dry_run: bool, config_path: Path | None, crm_name: str | None) -> None:
    """Take dead letters off the list: those of some leads, or all of them.

    Their rows still wait until their scores or the CRM's fields change.
    """
    _decide("dropped", "dropped", lead_ids, dry_run, config_path, crm_name)


def _decide(
    status: str,
    words: str,
    lead_ids: tuple[str, ...],
    dry_run: bool,
    config_path: Path | None,
    crm_name: str | None,
) -> None:
    from hpro_connectors.cli.problems import count_words
    from hpro_connectors.orgs import open_state
    from hpro_connectors.state.dead_letters import DeadLetterStatus
    from hpro_sdk.errors import ConfigError

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm, changes=not dry_run) as store:
        known = {one.row.lead.lead_id for one in store.dead_letters.list(dropped=True)}
        if unknown := [lead_id for lead_id in lead_ids if lead_id not in known]:
            raise ConfigError(
                f"There is no dead letter of lead {unknown[0]}.", hint="`hpro deadletter list` lists them."
            )
        if dry_run:
            count = len(lead_ids) or store.dead_letters.count()
        else:
            count = store.dead_letters.set_status(DeadLetterStatus(status), lead_ids or None)
    click.echo(f"{count_words(count, 'dead letter')} {'would be ' if dry_run else ''}{words}.")
