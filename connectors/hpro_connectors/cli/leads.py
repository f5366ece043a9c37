"""``hpro leads``: the list that people work by, and one lead of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_connectors.cli.places import DEFAULT_FOLDER, PATH, Places, option_for, places_in, places_of
from hpro_sdk.errors import ConfigError

if TYPE_CHECKING:
    from hpro_connectors.state import PassReport, StateStore


@click.group(invoke_without_command=True, short_help="List scored leads, best first, or show one.")
@click.option("--dir", "folder", type=PATH, metavar="DIR", help=f"Folder of the demo.  [default: {DEFAULT_FOLDER}]")
@click.option("--org", type=PATH, metavar="FILE", help="The org file of `hpro demo --org`, with its state beside it.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="How many leads to list.")
@click.option("--stage", metavar="S", help="Only leads in this stage.")
@click.option("--band", type=click.Choice(["A", "B", "C", "D"]), help="Only leads of this band.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def leads(
    ctx: click.Context,
    folder: Path | None,
    org: Path | None,
    top: int,
    stage: str | None,
    band: str | None,
    as_json: bool,
) -> None:
    """List the leads of the last pass, best first; `hpro leads show ID` shows one of them.

    Ranks count all open leads, stage ranks those in the same stage; both stay as they are when --stage or --band
    narrows the list. The trend compares the score with that of a week before or more.
    """
    if ctx.invoked_subcommand is not None:
        return
    from hpro_connectors.cli.known_org import find_stage, read_known_org
    from hpro_connectors.cli.queue_table import print_queue, queue_json
    from hpro_connectors.state import StateStore
    from hpro_sdk.cli.output import print_json
    from hpro_sdk.lead import Band

    places = _places(folder, org)
    with StateStore.open(places.state, create=False) as store:
        last = _last_pass(store, option_for(folder, org))
        if stage is not None:
            stage = find_stage(store, read_known_org(places.org), stage)
        rows = store.queue(stage=stage, band=None if band is None else Band(band), limit=top)
    if as_json:
        print_json({"as_of": last.as_of, "model": last.model_id, "leads": queue_json(rows)})
    else:
        print_queue(rows, last.as_of, title=f"Open leads as of {last.as_of:%Y-%m-%d %H:%M}")
    if not rows:
        click.echo("No open leads match.", err=True)


@leads.command(short_help="Show one lead: its scores and its prompt.")
@click.argument("lead_id", metavar="ID")
@click.option("--dir", "folder", type=PATH, metavar="DIR", help="Folder of the demo, as for `hpro leads`.")
@click.option("--org", type=PATH, metavar="FILE", help="The org file of `hpro demo --org`, as for `hpro leads`.")
@click.option(
    "--model", "-m", type=PATH, metavar="M", help="The model to show the prompt of. Default: bundled, where it scored."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.pass_context
def show(
    ctx: click.Context, lead_id: str, folder: Path | None, org: Path | None, model: Path | None, as_json: bool
) -> None:
    """Show one lead: where it stands, the scores it had, and the prompt of its last score.

    An id that begins with a dash comes last, after `--`.

    The prompt is rendered anew at the moment of that score, and compared with the one that was scored: the command
    says so when the record has changed since.
    """
    from hpro_connectors.cli.known_org import read_known_org
    from hpro_connectors.cli.lead_sheet import lead_sheet_json, print_lead_sheet, read_lead_sheet
    from hpro_connectors.state import StateStore
    from hpro_sdk.cli.output import print_json

    listing = ctx.parent.params if ctx.parent is not None else {}
    if folder is None and org is None:
        folder, org = listing.get("folder"), listing.get("org")
    places, where = _places(folder, org), option_for(folder, org)
    with StateStore.open(places.state, create=False) as store:
        known = read_known_org(places.org)
        description = None if known is None else known.description
        last = _last_pass(store, where)
        sheet = read_lead_sheet(store, lead_id, model, last, description=description, where=where)
    if as_json or listing.get("as_json"):
        print_json(lead_sheet_json(sheet))
    else:
        print_lead_sheet(sheet)


def _places(folder: Path | None, org: Path | None) -> Places:
    if folder is not None and org is not None:
        raise ConfigError("--dir and --org name two places.", hint="Give one of them.")
    places = places_in(folder or DEFAULT_FOLDER) if org is None else places_of(org)
    if not places.state.exists():
        raise ConfigError(
            f"There are no scores yet: {places.state} does not exist.",
            hint=f"Run `hpro demo{option_for(folder, org)}` first.",
        )
    return places


def _last_pass(store: StateStore, where: str) -> PassReport:
    last = store.last_pass()
    if last is None:
        raise ConfigError(f"No pass has ended yet in {store.path}.", hint=f"Run `hpro demo{where}` again.")
    return last
