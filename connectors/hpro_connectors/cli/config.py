"""``hpro config``: make, check and show the configuration."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpro_connectors.cli.config_choices import refuse_for, salesforce_choices, salesforce_options
from hpro_connectors.cli.config_options import config_option
from hpro_connectors.cli.places import PATH
from hpro_sdk.errors import ConfigError

if TYPE_CHECKING:
    from hpro_connectors.config import EffectiveValue


@click.group(short_help="Make, check and show the configuration.")
def config() -> None:
    """Make, check and show the configuration, one file hpro.toml.

    What holds is, strongest first: a command's flag, a variable such as HPRO_SYNC__LAG_S, the file, the default.
    """


@config.command(short_help="Write a commented hpro.toml.")
@click.option("--connector", type=click.Choice(["demo", "salesforce"]), help="Which CRM it is.  [default: demo]")
@click.option("--name", metavar="NAME", help="A name of your own for it, as in [crm.NAME].  [default: main]")
@click.option(
    "--org", type=PATH, metavar="PATH", help="Demo: the org file, as `hpro demo` and `hpro import` make them."
)
@salesforce_options
@click.option("--exclude-field", metavar="FIELD", help="A yes/no field; leads that have it set are not scored.")
@click.option(
    "--every-minutes", type=click.IntRange(1), metavar="N", help="Minutes between two passes of `hpro serve`."
)
@click.option("--cron", metavar="EXPR", help='In place of that, such as "0 6 * * mon-fri".')
@click.option("--timezone", metavar="ZONE", help="Time zone of --cron, such as Europe/Berlin.  [default: UTC]")
@click.option(
    "--out", type=PATH, default=Path("hpro.toml"), show_default=True, metavar="FILE", help="Where to write it."
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@click.option("--dry-run", is_flag=True, help="Print the file and write nothing.")
def init(
    connector: str | None,
    name: str | None,
    org: Path | None,
    exclude_field: str | None,
    every_minutes: int | None,
    cron: str | None,
    timezone: str | None,
    out: Path,
    force: bool,
    dry_run: bool,
    **of_salesforce: str | Path | None,
) -> None:
    """Write a commented hpro.toml.

    What is not given is asked for on a terminal. The file names every key with its default and what it is for; it
    holds no secret, and neither does any other one that HPRO reads its configuration from.
    """
    from hpro_connectors.config import check_text, draft_config
    from hpro_sdk._files import replacing

    if out.exists() and not (force or dry_run):
        raise ConfigError(f"{out} exists already.", hint="Name another file with --out, or replace it with --force.")
    kind = connector or "demo"
    is_demo = kind == "demo"
    refuse_for(kind, of_salesforce if is_demo else {"org": org})
    asked = _is_terminal() and (org is None if is_demo else all(value is None for value in of_salesforce.values()))
    name = name or (_ask("A short name for the CRM", "main") if asked else "main")
    if is_demo:
        keys = {"org": _seen_from(out, org or _ask_for_org(asked=asked))}
    else:
        ask = _ask if _is_terminal() else None
        keys = salesforce_choices(of_salesforce, ask=ask, seen=lambda path: _seen_from(out, path))
    if asked and every_minutes is None and cron is None:
        every_minutes = int(_ask("Minutes between two passes of `hpro serve`", "15", click.IntRange(1)))
    chosen = {
        f"crm.{name}.connector": kind,
        **{f"crm.{name}.{key}": value for key, value in keys.items()},
        f"crm.{name}.exclude_field": exclude_field,
        "schedule.every_minutes": every_minutes,
        "schedule.cron": cron,
        "schedule.timezone": timezone,
    }
    text = draft_config(name, kind, {key: value for key, value in chosen.items() if value is not None})
    made = check_text(text, out.absolute())
    if dry_run:
        click.echo(text, nl=False)
        return
    with replacing(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"Wrote {out}.", err=True)
    for problem in made.crm[name].problems():
        click.echo(f"Note: {problem}.", err=True)


@config.command(short_help="Check the configuration.")
@config_option
def check(config_path: Path | None) -> None:
    """Check the configuration: every key, the folders it names, and that each secret can be fetched.

    Ends with 0 when all is well and with 2 when something must be changed. Nothing is sent anywhere.
    """
    from hpro_connectors.config import load_config

    loaded = load_config(config_path)
    problems = [f"crm.{name}: {problem}" for name, crm in loaded.crm.items() for problem in crm.problems()]
    where = loaded.path or "The environment"
    if problems:
        raise ConfigError(
            f"{where}: {'; '.join(problems)}.", hint="Make what is missing, or correct the configuration."
        )
    click.echo(f"{where}: " + ", ".join(f"crm.{name} ({crm.connector})" for name, crm in loaded.crm.items()) + ": ok")


@config.command(short_help="Show every value and where it came from.")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def show(config_path: Path | None, as_json: bool) -> None:
    """Show every value that holds and where it came from: flag, environment, file or default.

    Secrets are masked.
    """
    from hpro_connectors.config import load_with_origins
    from hpro_sdk.cli.output import print_json, print_table

    loaded = load_with_origins(config_path)
    values = list(loaded.values())
    if as_json:
        rows = [{"key": one.key, "value": one.value, "from": one.origin, "place": one.place or None} for one in values]
        print_json({"path": loaded.config.path, "values": rows})
        return
    print_table(
        ["key", "value", "from"],
        [(one.key, _as_text(one.value), _from(one)) for one in values],
        title=str(loaded.config.path or "No file"),
    )


@config.command()
def schema() -> None:
    """Print the JSON Schema of hpro.toml, with every key described.

    Editors that know JSON Schema for TOML complete and check the file with it.
    """
    from hpro_connectors.config import config_schema

    click.echo(json.dumps(config_schema(), indent=2))


@config.command()
@config_option
def path(config_path: Path | None) -> None:
    """Print which file is read; ends with 2 when there is none."""
    from hpro_connectors.config import find_file, no_file_error

    found = find_file(config_path, os.environ)
    if found is None:
        raise no_file_error()
    click.echo(found)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _ask(question: str, default: str | None = None, kind: click.ParamType[Any] | None = None) -> str:
    return str(click.prompt(question, default=default, type=kind, err=True))


def _ask_for_org(*, asked: bool) -> Path:
    if not asked:
        raise ConfigError(
            "--org is not given, and there is no terminal to ask on.", hint="Name the org file with --org."
        )
    return Path(_ask("The org file, as `hpro demo` and `hpro import` make them"))


def _seen_from(file: Path, target: Path) -> str:
    """Write a path as it is seen from the folder of a file, where it lies inside."""
    folder, place = file.absolute().parent, target.expanduser().absolute()
    return str(place.relative_to(folder)) if place.is_relative_to(folder) else str(place)


def _as_text(value: object) -> object:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _from(one: EffectiveValue) -> str:
    return f"{one.origin} ({one.place})" if one.origin == "environment" else str(one.origin)
