"""The trend of a score: what it is compared with, and what counts as a move; SQL decides, see ``state.ranking``.

A score is compared only with one that the same model gave: after a change of model there is not enough information
until the new scores are old enough. After a merge the survivor's own scores count; those of the lead it took in count
only where the survivor had none at that time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

TREND_AGE: Final = timedelta(days=7)
"""A score is compared with the newest one that is at least so old."""

TREND_POINTS: Final = 5.0
"""Points that count as a move."""
