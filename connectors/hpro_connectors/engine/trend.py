"""The trend of a score.

A score is compared only with one that the same model gave: after a change of model there is not enough information
until the new scores are old enough. After a merge the survivor's own scores count; those of the lead it took in count
only where the survivor had none at that time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from hpro_connectors.fields import Trend

TREND_AGE: Final = timedelta(days=7)
"""A score is compared with the newest one that is at least so old."""

TREND_POINTS: Final = 5.0
"""Points that count as a move."""


def trend_of(score: float, earlier: float | None) -> Trend:
    """Give the trend of a score.

    Args:
        score: Now, 0 to 100.
        earlier: The one of at least :data:`TREND_AGE` before, of the same model; ``None`` when there is none.
    """
    if earlier is None:
        return Trend.NOT_ENOUGH_INFORMATION
    if score - earlier >= TREND_POINTS:
        return Trend.IMPROVING
    if score - earlier <= -TREND_POINTS:
        return Trend.DECLINING
    return Trend.STEADY
