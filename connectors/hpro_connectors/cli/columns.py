"""Lists that fit a terminal of 80 columns."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hpro_sdk.cli.output import print_table, terminal_safe


def print_columns(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, title: str, numbers: Sequence[str] = ()
) -> None:
    """Print a list: side by side without lines on a terminal, otherwise one line a row with tabs in between.

    Args:
        columns: Headings.
        rows: Cells; ``None`` is shown empty.
        title: Shown above the list on a terminal.
        numbers: Headings of the columns that are aligned to the right.
    """
    if not sys.stdout.isatty():
        print_table(columns, rows)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title=Text(title), title_justify="left")
    for column in columns:
        table.add_column(Text(column), justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(terminal_safe("" if cell is None else str(cell))) for cell in row))
    Console(file=sys.stdout).print(table)
