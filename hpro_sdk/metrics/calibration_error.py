"""How far probabilities are from what happened."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hpro_sdk.metrics._blocks import require_both_classes, tied_blocks


def expected_calibration_error(
    probabilities: ArrayLike, won: ArrayLike, bins: int = 10, weights: ArrayLike | None = None
) -> float:
    """Mean gap between predicted and observed share of won leads, over bins of equally many leads.

    Leads are ordered by probability and cut into ``bins`` parts that differ by at most one lead. Leads of equal
    probability are never torn apart: all of them go to the bin that the middle of their block falls into. So the
    bins can differ in size, or be empty, but the result does not depend on how ties are ordered.

    The gap of a bin is ``|mean probability - share won|``, weighted by its number of leads. Being a mean of
    absolute values, it is above 0 for perfect probabilities too, and larger still in a bootstrap resample: its
    interval can lie wholly above its point.

    Args:
        probabilities: 0 to 1. Shape ``(n,)``; best first is fastest.
        won: Outcomes. Shape ``(n,)``.
        bins: Number of bins, ``>= 1``.
        weights: How often each lead counts. Shape ``(n,)``.

    Returns:
        0 to 1; 0 is best.

    Raises:
        ValueError: Shapes differ, values are malformed, or a probability is not between 0 and 1.
        DataError: There are no leads.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}; it must be at least 1")
    blocks = tied_blocks(probabilities, won, weights)
    if blocks.value[0] > 1 or blocks.value[-1] < 0:
        raise ValueError("a probability is not between 0 and 1")
    end = np.cumsum(blocks.size)
    n = int(end[-1])
    if not n:
        require_both_classes(0, 0)
    # Whole numbers up to here, so that no rounding moves a lead across an edge.
    middle_of_block = 2 * end - blocks.size
    which = np.minimum(bins * middle_of_block // (2 * n), bins - 1)
    gaps = np.bincount(which, weights=blocks.size * blocks.value - blocks.won, minlength=bins)
    return float(np.abs(gaps).sum() / n)
