"""``hpro leads``: the list that people work by, and one lead of it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from hpro_connectors.cli.config_options import config_options, load_crm
from hpro_connectors.cli.places import DEFAULT_FOLDER, PATH, Places, option_for, places_in, places_of
from hpro_sdk.errors import ConfigError

if TYPE_CHECKING:
    from hpro_connectors.state import PassReport, StateStore


@click.group(invoke_without_command=True, short_help="List scored leads, best first, or show one.")
@click.option("--dir", "folder", type=PATH, metavar="DIR", help=f"Folder of the demo.  [default: {DEFAULT_FOLDER}]")
@click.option("--org", type=PATH, metavar="FILE", help="The org file of `hpro demo --org`, with its state beside it.")
@config_options
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, help="How many leads to list.")
@click.option("--stage", metavar="S", help="Only leads in this stage.")
@click.option("--band", type=click.Choice(["A", "B", "C", "D"]), help="Only leads of this band.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def leads(
    ctx: click.Context,
    folder: Path | None,
    org: Path | None,
    config_path: Path | None,
    crm_name: str | None,
    top: int,
    stage: str | None,
    band: str | None,
    as_json: bool,
) -> None:
    """List the leads of the last pass, best first; `hpro leads show ID` shows one of them.

    Without --dir and --org these are the leads of the demo in this folder, or else of the CRM that hpro.toml names.
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

    chosen = _chosen(folder, org, config_path, crm_name)
    with StateStore.open(chosen.places.state, create=False) as store:
        last = _last_pass(store, chosen)
        if stage is not None:
            stage = find_stage(store, read_known_org(chosen.places.org), stage)
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
@config_options
@click.option(
    "--model", "-m", type=PATH, metavar="M", help="The model to show the prompt of. Default: the one that scored."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.pass_context
def show(
    ctx: click.Context,
    lead_id: str,
    folder: Path | None,
    org: Path | None,
    config_path: Path | None,
    crm_name: str | None,
    model: Path | None,
    as_json: bool,
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
    if folder is None and org is None and config_path is None and crm_name is None:
        folder, org = listing.get("folder"), listing.get("org")
        config_path, crm_name = listing.get("config_path"), listing.get("crm_name")
    chosen = _chosen(folder, org, config_path, crm_name)
    with StateStore.open(chosen.places.state, create=False) as store:
        known = read_known_org(chosen.places.org)
        description = None if known is None else known.description
        last = _last_pass(store, chosen)
        if model is None and chosen.models is not None:
            model = _own_model(store, chosen.models, last)
        sheet = read_lead_sheet(store, lead_id, model, last, description=description, where=chosen.where)
    if as_json or listing.get("as_json"):
        print_json(lead_sheet_json(sheet))
    else:
        print_lead_sheet(sheet)


class _Chosen(NamedTuple):
    """Where the leads are.

    Attributes:
        places: Org file and state; there is no org file where the CRM is a real one.
        models: The folder of the org's own models, where a configuration names it.
        where: The options that name all this, as a person types them after a command.
        remedy: What to run when there are no scores yet.
    """

    places: Places
    models: Path | None
    where: str
    remedy: str


def _chosen(folder: Path | None, org: Path | None, config_path: Path | None, crm_name: str | None) -> _Chosen:
    configured = config_path is not None or crm_name is not None
    if (folder is not None) + (org is not None) + configured > 1:
        raise ConfigError("--dir, --org and --config name different places.", hint="Give one of them.")
    of_demo = places_in(folder or DEFAULT_FOLDER) if org is None else places_of(org)
    if not configured and folder is None and org is None and not of_demo.state.exists():
        configured = _has_configuration()
    if configured:
        chosen = _configured(config_path, crm_name)
    else:
        where = option_for(folder, org)
        chosen = _Chosen(of_demo, None, where, f"hpro demo{where}")
    if not chosen.places.state.exists():
        raise ConfigError(
            f"There are no scores yet: {chosen.places.state} does not exist.", hint=f"Run `{chosen.remedy}` first."
        )
    return chosen


def _has_configuration() -> bool:
    import os

    from hpro_connectors.config import find_file

    return find_file(None, os.environ) is not None


def _configured(config_path: Path | None, crm_name: str | None) -> _Chosen:
    from hpro_connectors.config import DemoCrm

    configured = load_crm(config_path, crm_name)
    crm = configured.crm
    org = crm.org if isinstance(crm, DemoCrm) else crm.state.with_suffix(".no-org")
    options = {"--config": config_path, "--crm": crm_name}
    where = "".join(f" {name} {shlex.quote(str(value))}" for name, value in options.items() if value is not None)
    return _Chosen(Places(org, crm.state), crm.models, where, f"hpro run --once{where}")


def _own_model(store: StateStore, models: Path, last: PassReport) -> Path | None:
    """Give the org's own model where it is the one that scored last; a file that is gone is no error here."""
    known = {model.model_id: model for model in store.models.list()}
    path = None if last.model_id not in known else models / known[last.model_id].file
    return path if path is not None and path.is_file() else None


def _last_pass(store: StateStore, chosen: _Chosen) -> PassReport:
    last = store.last_pass()
    if last is None or last.model_id is None:
        reads_only = "" if chosen.models is None else " A pass only reads until there is a model: `hpro model train`."
        raise ConfigError(
            f"No pass has scored anything yet in {store.path}.", hint=f"Run `{chosen.remedy}`.{reads_only}"
        )
    return last
