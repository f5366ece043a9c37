"""When a lead's fields are written: whenever what people act on changed, and not for every rank that moved by one."""

from __future__ import annotations

from typing import Final

from hpro_connectors.fields import ScoreRow
from hpro_connectors.state import WrittenRow

EXACT_RANKS: Final = 100
"""Ranks up to here are always exact in the CRM."""

RANK_SHARE_PERCENT: Final = 10
"""A rank below that is written when it moved by more than this share of the last written one."""


def must_write(new: ScoreRow, stage: str | None, last: WrittenRow | None) -> bool:
    """Decide whether a ranked lead is written.

    The time of the score and the size of the stage alone never cause a write.

    Args:
        new: What would be written.
        stage: The funnel stage that its stage rank is of.
        last: What was last written; ``None``: nothing yet.
    """
    if last is None or last.resend or stage != last.stage:
        return True
    old = last.row
    if (new.score, new.band, new.trend, new.model) != (old.score, old.band, old.trend, old.model):
        return True
    return rank_moved(new.rank, old.rank) or rank_moved(new.stage_rank, old.stage_rank)


def rank_moved(new: int | None, last: int | None) -> bool:
    """Decide whether a rank moved so far that it is written.

    Args:
        new: The rank now.
        last: The last written one.
    """
    if new is None or last is None:
        return new is not last
    if min(new, last) <= EXACT_RANKS:
        return new != last
    return 100 * abs(new - last) > RANK_SHARE_PERCENT * last


def cleared(last: WrittenRow) -> ScoreRow | None:
    """Give the row that takes the ranks off a lead which is no longer ranked; ``None`` when they are off.

    Args:
        last: What was last written.
    """
    row = last.row
    if not last.resend and row.rank is None and row.stage_rank is None and row.stage_size is None:
        return None
    return row.model_copy(update={"rank": None, "stage_rank": None, "stage_size": None})
