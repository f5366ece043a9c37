"""The list that people work by, as a table and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from hpro_connectors.cli.columns import print_columns
from hpro_connectors.fields import Trend
from hpro_connectors.state import QueueRow
from hpro_sdk.rendering.ages import describe_age

COLUMNS = ("rank", "lead", "score", "band", "trend", "stage", "in stage", "last interaction")


def print_queue(rows: Sequence[QueueRow], as_of: datetime, *, title: str) -> None:
    """Print ranked leads, best first.

    Args:
        rows: The leads.
        as_of: The moment of the pass that ranked them; ages are told from there.
        title: Shown above the table on a terminal.
    """
    print_columns(
        COLUMNS, [_cells(row, as_of) for row in rows], title=title, numbers=("rank", "score"), whole=("lead",)
    )


def queue_json(rows: Sequence[QueueRow]) -> list[dict[str, object]]:
    """Give ranked leads as JSON can hold them.

    Args:
        rows: The leads.
    """
    return [dataclasses.asdict(row) for row in rows]


def stage_rank_words(row: QueueRow) -> str | None:
    """Say the rank within the stage, such as "3 of 120"."""
    return None if row.stage_rank is None else f"{row.stage_rank} of {row.stage_size}"


def trend_words(trend: Trend) -> str:
    """Give a trend for a narrow column; a dash where there is not enough information."""
    return "-" if trend is Trend.NOT_ENOUGH_INFORMATION else trend.value


def age_words(moment: datetime | None, as_of: datetime) -> str | None:
    """Say how long ago something was, in the words that models read."""
    return None if moment is None else describe_age(moment, as_of).words


def _cells(row: QueueRow, as_of: datetime) -> list[object]:
    return [
        row.rank,
        row.lead_id,
        f"{row.score:.2f}",
        row.band.value,
        trend_words(row.trend),
        row.stage,
        stage_rank_words(row),
        age_words(row.last_interaction_at, as_of),
    ]
