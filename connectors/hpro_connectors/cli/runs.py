"""``hpro runs``: what ran, and how it ended."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hpro_connectors.cli.config_options import config_options, load_crm


@click.command(short_help="List passes, plans, applies and rollbacks.")
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, metavar="N", help="How many.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def runs(last: int, config_path: Path | None, crm_name: str | None, as_json: bool) -> None:
    """List runs, newest first: when each began, how it ended, what it read, scored and wrote."""
    import dataclasses

    from hpro_connectors.cli.columns import print_columns
    from hpro_connectors.orgs import open_state
    from hpro_sdk.cli.output import print_json, print_table, terminal_safe

    _, name, crm = load_crm(config_path, crm_name)
    with open_state(name, crm) as store:
        found = store.runs.newest(last)
    if as_json:
        print_json([{field.name: getattr(run, field.name) for field in dataclasses.fields(run)} for run in found])
        return
    columns = ("run", "kind", "began (UTC)", "ended", "read", "scored", "written", "refused", "why")
    rows: list[tuple[object, ...]] = []
    for run in found:
        done = run.report
        rows.append(
            (
                run.run_id,
                run.kind.value,
                f"{run.started_at:%Y-%m-%d %H:%M:%S}",
                run.status.value,
                None if done is None else done.read,
                None if done is None else done.scored,
                None if done is None else done.written + done.cleared,
                None if done is None else done.rejected,
                run.reason or run.code,
            )
        )
    if not sys.stdout.isatty():
        print_table(columns, rows)
        return
    # A reason is too long for a column.
    print_columns(columns[:-1], [row[:-1] for row in rows], title="Runs, newest first", numbers=("run", *columns[4:8]))
    for row in rows:
        if row[-1]:
            click.echo(terminal_safe(f"Run {row[0]}: {str(row[-1]).rstrip('.')}."))
