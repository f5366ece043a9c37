"""``hpro import``: an org made of a table of leads."""

from __future__ import annotations

import dataclasses
import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from hpro_connectors.cli.places import PATH, places_beside


@click.command("import", short_help="Make an org of a table of leads.")
@click.argument("file", type=PATH)
@click.option("--mapping", required=True, type=PATH, metavar="TOML", help="Says which column is what.")
@click.option(
    "--out", type=PATH, metavar="ORG", help="The org file to make; default: FILE's name with .org.sqlite, here."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
def import_org(file: Path, mapping: Path, out: Path | None, as_json: bool) -> None:
    """Make an org of the leads of FILE (CSV, JSONL or Parquet), to try on them what is for a CRM.

    The org's clock stands where the data end; leads of which [outcome] knows the end are in the stage won or lost.
    An org that stands at --out is replaced, unless it was scored. FILE is read only.
    Next: `hpro demo --org ORG --model M`.
    """
    from hpro_connectors.demo.table_import import import_table
    from hpro_connectors.demo.unscored_org import require_unscored
    from hpro_sdk.cli.output import print_json, progress, terminal_safe
    from hpro_sdk.data import load_mapping

    place = Path(f"{file.stem}.org.sqlite") if out is None else out
    require_unscored(places_beside(place).org)
    with progress("Importing leads") as told:
        summary = import_table(file, load_mapping(mapping), place, now=datetime.now(UTC), progress=told)
    if as_json:
        print_json({"path": place, **dataclasses.asdict(summary)})
        return
    click.echo(
        terminal_safe(
            f"Wrote {place}: {summary.leads:,} leads and {summary.interactions:,} interactions of {summary.name} "
            f"({summary.won:,} won, {summary.lost:,} lost, {summary.open:,} open), "
            f"org {summary.org_id}, clock at {summary.clock:%Y-%m-%d %H:%M}."
        )
    )
    click.echo(f"Next: hpro demo --org {terminal_safe(shlex.quote(str(place)))} --model M", err=True)
