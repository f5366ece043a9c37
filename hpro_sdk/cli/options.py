"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from hpro_sdk.data import LeadRow, TableMapping, load_mapping
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.snapshots import take_snapshot

PATH: Any = click.Path(path_type=Path)

Command = Callable[..., Any]


def model_option(command: Command) -> Command:
    """Add ``--model``."""
    return click.option(
        "--model", "-m", required=True, type=PATH, metavar="M", help="A GGUF file, or a checkpoint folder."
    )(command)


def mapping_option(*, required: bool) -> Callable[[Command], Command]:
    """Add ``--mapping``."""
    help_text = "Says which column is what; see `hpro mapping`."
    if not required:
        help_text += " JSONL with one lead a line needs none."
    return click.option("--mapping", required=required, type=PATH, metavar="TOML", help=help_text)


def as_of_option(command: Command) -> Command:
    """Add ``--as-of``."""
    return click.option(
        "--as-of",
        callback=_parse_moment,
        metavar="TIME",
        help="The moment the leads are looked at, such as 2026-01-31T09:00:00+00:00. Default: the row's own time "
        "where the mapping names one, else now.",
    )(command)


def json_option(command: Command) -> Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def read_mapping(path: Path | None) -> TableMapping | None:
    """Load the mapping where one was given."""
    return None if path is None else load_mapping(path)


def snapshots_of(rows: Iterator[LeadRow], as_of: datetime | None) -> Iterator[LeadSnapshot]:
    """Give the snapshot of each row at ``as_of``, else at the row's own time, else now."""
    now = datetime.now(UTC)
    return (take_snapshot(row.lead, as_of or row.as_of or now) for row in rows)


def _parse_moment(_ctx: click.Context, _option: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as exc:
        raise ConfigError(
            f"--as-of {value!r} is no moment in ISO 8601.", hint="Write it like 2026-01-31T09:00:00+00:00."
        ) from exc
    if moment.tzinfo is None:
        raise ConfigError(f"--as-of {value} has no time zone.", hint="Write the offset too, such as +00:00.")
    return moment
