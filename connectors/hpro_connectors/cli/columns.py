"""Lists that fit a terminal of 80 columns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Literal

from hpro_sdk.cli.output import print_table, terminal_safe


def print_columns(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str,
    numbers: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> None:
    """Print a list: side by side without lines on a terminal, otherwise one line a row with tabs in between.

    Args:
        columns: Headings.
        rows: Cells; ``None`` is shown empty.
        title: Shown above the list on a terminal.
        numbers: Headings of the columns that are aligned to the right.
        whole: Headings of the columns whose cells are never broken, so that a person can copy them.
    """
    if not sys.stdout.isatty():
        print_table(columns, rows)
        return
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[terminal_safe("" if cell is None else str(cell)) for cell in row] for row in rows]
    natural = sum(max(map(cell_len, column)) for column in zip(columns, *cells, strict=True))
    console = Console(file=sys.stdout)
    gap = 2 if natural + 2 * (len(columns) - 1) <= console.width else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), title=Text(title), title_justify="left")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column in numbers else "left"
        table.add_column(Text(column), justify=justify, overflow="fold", no_wrap=column in whole)
    for line in cells:
        table.add_row(*map(Text, line))
    console.print(table)
