"""``hpro fields``: the fields that HPRO writes, as an admin brings them into a CRM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_connectors.cli.fields_install import install, remove
from hpro_connectors.cli.places import PATH
from hpro_connectors.salesforce.settings import ScoredObjectName

if TYPE_CHECKING:
    from hpro_connectors.salesforce.metadata import FileDifference


@click.group(short_help="Bring the fields that HPRO writes into a CRM.")
def fields() -> None:
    """Bring the fields that HPRO writes into a CRM, with the rights to write and to see them."""


@fields.command(short_help="Write the Salesforce project that an admin deploys.")
@click.argument("folder", metavar="DIR", type=PATH)
@click.option(
    "--object",
    "objects",
    type=click.Choice([one.value for one in ScoredObjectName]),
    multiple=True,
    help="Only what scoring this object needs; may be given more than once.  [default: all three]",
)
@click.option("--check", is_flag=True, help="Write nothing; end with 1 and say what differs, where anything does.")
@click.option("--dry-run", is_flag=True, help="Write nothing; say what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.pass_context
def export(
    ctx: click.Context, folder: Path, objects: tuple[str, ...], check: bool, dry_run: bool, as_json: bool
) -> None:
    """Write fields, permission sets and list views as a Salesforce DX project into the folder DIR.

    An admin deploys its part force-app with `sf project deploy start --source-dir force-app`, and then, as a user who
    sees the new fields, its part list-views. It has no page layout, because that would replace the org's own. Files
    of ours in DIR are replaced, others are left alone.
    """
    from hpro_connectors.salesforce.metadata import compare_project, project_files, write_project
    from hpro_sdk.errors import ConfigError

    files = project_files([name for name in ScoredObjectName if not objects or name in objects])
    if not check:
        differences = write_project(folder, files, dry_run=dry_run)
        _print(differences, "before", as_json=as_json)
        _say_what_was_done(folder, differences, len(files), dry_run=dry_run)
        return
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}.", hint=f"Write it with `hpro fields export {folder}`.")
    differences = compare_project(folder, files)
    _print(differences, "state", as_json=as_json)
    if differences:
        click.echo(f"{folder} is not as this version of HPRO writes it.", err=True)
        ctx.exit(1)


def _print(differences: Sequence[FileDifference], state: str, *, as_json: bool) -> None:
    from hpro_sdk.cli.output import print_json, print_table

    if as_json:
        print_json([{"file": one.path, state: one.state} for one in differences])
    elif differences:
        print_table(("file", state), [(one.path, one.state.value) for one in differences])


def _say_what_was_done(folder: Path, differences: Sequence[FileDifference], count: int, *, dry_run: bool) -> None:
    from hpro_connectors.cli.problems import count_words
    from hpro_connectors.salesforce.metadata import FileState

    left_over = sum(one.state is FileState.LEFT_OVER for one in differences)
    changed = len(differences) - left_over
    words = "would be written" if dry_run else "written"
    click.echo(f"{folder}: {count_words(count, 'file')}, {changed} {words}.", err=True)
    if left_over:
        click.echo(f"Delete what is left over ({count_words(left_over, 'file')}), or it is deployed too.", err=True)


fields.add_command(install)
fields.add_command(remove)
