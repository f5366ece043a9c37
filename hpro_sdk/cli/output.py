"""What commands print: JSON, tables and progress. Results go to stdout, everything else to stderr."""

from __future__ import annotations

import contextlib
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from numbers import Integral, Real
from pathlib import PurePath
from typing import Protocol, runtime_checkable

import click

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters: they move the cursor, change colours, ring, or worse
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # these reverse the reading direction
    "\u2028\u2029\ud800-\udfff]"  # line separators; halves of characters, which no encoding can write
)
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")


@runtime_checkable
class _Model(Protocol):
    """A Pydantic model; named by what is used of it, because importing Pydantic would slow down every command."""

    def model_dump(self) -> dict[str, object]: ...


def terminal_safe(text: str, *, keep_lines: bool = False) -> str:
    r"""Make control characters visible, so that text from a CRM cannot steer the terminal.

    Args:
        text: Any text.
        keep_lines: Leave line ends and tabs as they are.

    Returns:
        The text with each such character written as an escape, such as ``\x1b``.
    """

    def escape(match: re.Match[str]) -> str:
        char = match.group()
        return char if keep_lines and char in "\n\t" else char.encode("unicode_escape").decode()

    return _UNSAFE.sub(escape, text)


def to_json(value: object, *, indent: int | None = 2) -> str:
    """Write a value as JSON: same value, same text; a number that is not finite becomes ``null``.

    Args:
        value: Anything made of Pydantic models, mappings, sequences, datetimes, paths, enums and plain values.
        indent: Spaces per level; ``None`` for one line.

    Raises:
        TypeError: A value has no form in JSON.
    """
    text = json.dumps(_plain(value), ensure_ascii=False, allow_nan=False, indent=indent)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON in UTF-8, whatever the locale."""
    click.echo(f"{to_json(value, indent=indent)}\n".encode(), nl=False)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str | None = None) -> None:
    """Print a table: drawn on a terminal, otherwise one line per row with tabs between the cells.

    Args:
        columns: Headings.
        rows: Cells; ``None`` is shown empty, and columns of numbers are aligned to the right.
        title: Shown above the table on a terminal.
    """
    cells = [[terminal_safe("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in [list(columns), *cells]:
            click.echo("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title) if title else None)
    for position, column in enumerate(columns):
        values = [row[position] for row in rows if row[position] is not None]
        numeric = bool(values) and all(isinstance(value, (int, float)) for value in values)
        table.add_column(Text(column), justify="right" if numeric else "left")
    for line in cells:
        table.add_row(*(Text(cell) for cell in line))
    Console(file=sys.stdout).print(table)


@contextlib.contextmanager
def progress(description: str, *, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on stderr while the body runs; nothing when stderr is not a terminal.

    Args:
        description: What is going on.
        total: Steps to the end, when that is known.

    Yields:
        A function to call with the number of steps just done.
    """
    if not sys.stderr.isatty():
        yield lambda _steps: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(terminal_safe(description), total=total)
        yield lambda steps: bar.advance(task, steps)


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return _plain(value.value)
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, _Model):
        return _plain(value.model_dump())
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_plain(item) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


def _key(key: object) -> str:
    return str(key.value) if isinstance(key, Enum) else str(key)
