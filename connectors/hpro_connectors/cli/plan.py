"""``hpro plan`` and ``hpro apply``: see what would be written, then confirm it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_connectors.cli.config_options import config_options, load_crm

if TYPE_CHECKING:
    from hpro_connectors.state import Plan, PlanRow

_COLUMNS = ("lead", "why", "band", "score", "rank", "stage", "trend")


@click.command(short_help="Show what would be written, and keep it as a plan.")
@click.option("--sample", type=click.IntRange(0), default=20, show_default=True, metavar="N", help="Rows to show.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def plan(sample: int, config_path: Path | None, crm_name: str | None, as_json: bool) -> None:
    """Read and score as a pass does, show what would be written, and keep it as a plan; nothing is written.

    `hpro apply --plan ID` writes it. The first scores of a new model, and a run that would change many bands, are
    written only so. A newer plan replaces one that was not applied.
    """
    from hpro_connectors.cli.pass_bars import pass_bars
    from hpro_connectors.cli.run import stopping_politely
    from hpro_connectors.engine import make_plan
    from hpro_connectors.orgs import pass_settings_of, working_org
    from hpro_sdk.cli.output import print_json

    config, name, crm = load_crm(config_path, crm_name)
    with stopping_politely() as stop, working_org(config, name, crm, writes=False, stop=stop) as org:
        settings = pass_settings_of(config, crm, stop=org.stop)
        with pass_bars() as listener:
            made, report = make_plan(org.connector, org.store, org.require_scorer(), settings, listener)
        rows = org.store.plans.sample(made.plan_id, sample)
    calls = -(-made.rows // config.writing.batch_rows)
    if as_json:
        print_json({"plan": _json(made), "calls": calls, "report": report, "sample": [_row_json(row) for row in rows]})
        return
    _print(made, rows, calls)


@click.command(short_help="Write a plan that a person has looked at.")
@click.option("--plan", "plan_id", type=click.IntRange(1), required=True, metavar="ID", help="As `hpro plan` gave it.")
@click.option("--dry-run", is_flag=True, help="Check that the plan can be applied; write nothing.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@click.pass_context
def apply(
    ctx: click.Context, plan_id: int, dry_run: bool, config_path: Path | None, crm_name: str | None, as_json: bool
) -> None:
    """Read what changed since the plan was made, then write its rows, less those whose leads moved.

    It also ends the stop of a safety rail that the plan was made after, and confirms the model of the plan.

    Exit codes: 0 done; 2 the plan cannot be applied; 3 rows were skipped because their leads moved, or refused.
    """
    from hpro_connectors.cli.pass_bars import pass_bars
    from hpro_connectors.cli.pass_output import PARTIAL, exit_code_of, print_pass
    from hpro_connectors.cli.problems import count_words
    from hpro_connectors.cli.run import stopping_politely
    from hpro_connectors.engine import apply_plan
    from hpro_connectors.orgs import pass_settings_of, working_org
    from hpro_sdk.cli.output import print_json

    config, name, crm = load_crm(config_path, crm_name)
    with stopping_politely() as stop, working_org(config, name, crm, writes=not dry_run, stop=stop) as org:
        settings = pass_settings_of(config, crm, stop=org.stop, dry_run=dry_run)
        with pass_bars() as listener:
            done = apply_plan(
                org.connector, org.store, org.require_scorer(), plan_id, settings=settings, progress=listener
            )
    if as_json:
        print_json({"plan": plan_id, "skipped": done.skipped, "report": done.report})
    else:
        print_pass(name, done.report)
        if done.skipped:
            words = count_words(done.skipped, "row")
            click.echo(
                f"{words} skipped: their leads moved since the plan was made. The next run writes them.", err=True
            )
    ctx.exit(PARTIAL if done.skipped else exit_code_of(done.report))


def _print(made: Plan, rows: list[PlanRow], calls: int) -> None:
    from hpro_connectors.cli.problems import count_words
    from hpro_sdk.cli.output import print_table

    if not made.rows:
        click.echo(f"Plan {made.plan_id}: nothing to write; the CRM shows what it should.")
        return
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in sorted(made.reasons.items()))
    click.echo(
        f"Plan {made.plan_id}: {count_words(made.rows, 'row')} ({reasons}), about {count_words(calls, 'write call')}."
    )
    if made.band_changes:
        moves = ", ".join(f"{number:,} {move}" for move, number in sorted(made.band_changes.items()))
        click.echo(f"Bands: {moves}.")
    if rows:
        print_table(_COLUMNS, [_cells(row) for row in rows], title=f"{len(rows)} of {made.rows:,} rows, best first")
    click.echo(f"Write it with `hpro apply --plan {made.plan_id}`.")


def _cells(row: PlanRow) -> tuple[object, ...]:
    new, old = row.row, row.before
    return (
        new.lead.lead_id,
        row.reason,
        _change(None if old is None else old.band, new.band),
        _change(None if old is None else old.score, new.score),
        _change(None if old is None else old.rank, new.rank),
        row.stage,
        new.trend,
    )


def _change(old: object, new: object) -> str:
    words = "none" if new is None else str(new)
    return words if old is None or old == new else f"{old} to {words}"


def _json(made: Plan) -> dict[str, object]:
    return {
        "id": made.plan_id,
        "created_at": made.created_at,
        "model": made.model_id,
        "rows": made.rows,
        "reasons": made.reasons,
        "band_changes": made.band_changes,
    }


def _row_json(row: PlanRow) -> dict[str, object]:
    return {
        "lead": row.row.lead.lead_id,
        "reason": row.reason,
        "clears": row.clears,
        "stage": row.stage,
        "new": row.row.model_dump(mode="json", exclude={"lead"}),
        "before": None if row.before is None else row.before.model_dump(mode="json", exclude={"lead"}),
    }
