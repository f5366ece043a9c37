"""Bands that do not flap: a score must pass an edge by a margin to change a lead's band."""

from __future__ import annotations

from hpro_sdk.lead import Band
from hpro_sdk.ranking import Bands
from hpro_sdk.scoring.calibration import Calibration

_BEST_FIRST = tuple(Band)


class SteadyBands:
    """A model's bands with hysteresis.

    A lead moves up as far as its score passes edges by the margin, and down as far as it falls below them by the
    margin; in between it keeps the band it has. Where edges lie close together, as they do when few leads are won, the
    margin of an edge is a quarter of the distance to the next one at most.

    Args:
        bands: Of the model.
        calibration: Of the model; gives the edges as scores.
        margin: In score points, ``>= 0``; 0 gives the model's own bands.
    """

    def __init__(self, bands: Bands, calibration: Calibration, margin: float) -> None:
        self._bands = bands
        self._margin = margin
        edges = [100.0 * float(value) for value in calibration.probability(list(bands.edges))]
        neighbours = [100.0, *edges, 0.0]
        self._edges = [
            (edge, min(margin, 0.25 * min(neighbours[place] - edge, edge - neighbours[place + 2])))
            for place, edge in enumerate(edges)
        ]

    def band_of(self, rank_score: float, score: float, before: Band | None) -> Band:
        """Give the band of a lead.

        Args:
            rank_score: Log-odds.
            score: The same as people see it, 0 to 100.
            before: The band that the same model gave it before; ``None``: none yet.
        """
        band = self._bands.band_of(rank_score)
        if before is None or band is before or not self._margin:
            return band
        was, is_now = _BEST_FIRST.index(before), _BEST_FIRST.index(band)
        # Never beyond the model's own band: edges that differ as log-odds may be one as scores.
        if is_now < was:
            return _BEST_FIRST[max(is_now, min(was, self._best_at(score, -1)))]
        return _BEST_FIRST[min(is_now, max(was, self._best_at(score, 1)))]

    def _best_at(self, score: float, sign: int) -> int:
        """Give the place of the best band whose edge a score reaches, with the margin in its favour or against it."""
        reached = (place for place, (edge, margin) in enumerate(self._edges) if score + sign * margin >= edge)
        return next(reached, len(self._edges))
