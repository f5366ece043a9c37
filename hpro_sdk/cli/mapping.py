"""``hpro mapping``: draft a mapping for a table, and describe the format."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hpro_sdk._files import replacing
from hpro_sdk.data import guess_mapping, mapping_schema
from hpro_sdk.errors import ConfigError


@click.group()
def mapping() -> None:
    """Say which column of a table is what."""


@mapping.command()
def schema() -> None:
    """Print the JSON Schema of the mapping format, with every key described.

    Editors that know JSON Schema for TOML complete and check a mapping with it.
    """
    click.echo(json.dumps(mapping_schema(), indent=2))


@mapping.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), metavar="TOML", help="Write the draft here, not to stdout.")
@click.option("--force", is_flag=True, help="Replace the file named by --out if it exists.")
def guess(file: Path, out: Path | None, force: bool) -> None:
    """Draft a mapping for FILE (CSV, JSONL or Parquet) from its first 5,000 rows.

    Columns whose name suggests that they tell the outcome stay commented out; names of persons, e-mail addresses
    and phone numbers are left out. Check every line of the draft before you train with it.
    """
    if out is not None and out.exists() and not force:
        raise ConfigError(f"{out} exists already.", hint="Name another file, or replace it with --force.")
    draft = guess_mapping(file)
    if out is None:
        click.echo(draft, nl=False)
        return
    with replacing(out) as temporary:
        temporary.write_text(draft, encoding="utf-8")
    click.echo(f"Wrote {out}. Check every line of it.", err=True)
