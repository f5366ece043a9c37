"""How a plan is shown to people and given to programs."""

from __future__ import annotations

from collections.abc import Sequence

import click

from hpro_connectors.cli.columns import print_columns
from hpro_connectors.cli.problems import count_words
from hpro_connectors.cli.queue_table import trend_words
from hpro_connectors.state import Plan, PlanRow

_COLUMNS = ("lead", "why", "band", "score", "rank", "stage", "trend")


def write_calls(made: Plan, batch_rows: int) -> int:
    """Give how many write calls a plan costs at most, where none must be repeated; a CRM with bulk jobs takes fewer.

    Args:
        made: The plan.
        batch_rows: Rows of a call.
    """
    return -(-made.rows // batch_rows)


def print_plan(made: Plan, rows: Sequence[PlanRow], calls: int) -> None:
    """Print how much a plan would write and what that costs, and some of its rows.

    Args:
        made: The plan.
        rows: Some of it, best first.
        calls: What it costs, of :func:`write_calls`.
    """
    if not made.rows:
        click.echo(f"Plan {made.plan_id}: nothing to write; the CRM shows what it should.")
        return
    reasons = ", ".join(f"{number:,} {reason}" for reason, number in sorted(made.reasons.items()))
    click.echo(
        f"Plan {made.plan_id}: {count_words(made.rows, 'row')} ({reasons}), at most {count_words(calls, 'write call')}."
    )
    if made.band_changes:
        moves = ", ".join(f"{number:,} {move}" for move, number in sorted(made.band_changes.items()))
        click.echo(f"Bands: {moves}.")
    if rows:
        title = f"{len(rows)} of {made.rows:,} rows, best first"
        print_columns(_COLUMNS, [_cells(row) for row in rows], title=title, whole=("lead",))


def plan_json(made: Plan, rows: Sequence[PlanRow], calls: int) -> dict[str, object]:
    """Give the same for programs.

    Args:
        made: The plan.
        rows: Some of it, best first.
        calls: What it costs, of :func:`write_calls`.
    """
    return {"plan": _json(made), "calls": calls, "sample": [_row_json(row) for row in rows]}


def _cells(row: PlanRow) -> tuple[object, ...]:
    new, old = row.row, row.before
    return (
        new.lead.lead_id,
        row.reason,
        _change(None if old is None else old.band, new.band),
        _change(None if old is None else old.score, new.score),
        _change(None if old is None else old.rank, new.rank),
        row.stage,
        None if new.trend is None else trend_words(new.trend),
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
