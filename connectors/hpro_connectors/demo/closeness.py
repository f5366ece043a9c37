"""How close a model comes to the best possible ranking of a simulated company's open leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpro_connectors.demo.histories import HORIZON_DAYS
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.posterior import Posterior

Progress = Callable[[int], None]
"""Called with the number of simulated leads just looked at."""


class Closeness(NamedTuple):
    """Expected AUCs over the open leads of one moment.

    Attributes:
        leads: How many leads were compared.
        model_auc: Chance that the model puts a lead that will be won above one that will not.
        best_auc: The same of the exact posterior.
    """

    leads: int
    model_auc: float
    best_auc: float

    @property
    def way(self) -> float:
        """Share of the way from chance, 0.5, to the best possible; 0 where nobody could do better than chance."""
        if self.best_auc <= 0.5:
            return 0.0
        return (self.model_auc - 0.5) / (self.best_auc - 0.5)


def how_close(
    simulation: Simulation, day: int, rank_scores: Mapping[str, float], progress: Progress | None = None
) -> Closeness | None:
    """Compare a ranking with the exact posterior at the midnight that begins a day.

    No future is looked at: where the posterior says that leads are won with chances ``p``, the expected AUC of any
    ranking follows from ``p``.

    Args:
        simulation: The company.
        day: Days since its start.
        rank_scores: Of open leads, by lead id; leads that people changed by hand are compared as they were simulated.
        progress: Told of simulated leads that were looked at, open or not.

    Returns:
        The comparison; ``None`` when fewer than two simulated leads are open.
    """
    posterior = Posterior(simulation.chain, HORIZON_DAYS)
    chances: list[float] = []
    scores: list[float] = []
    for number in range(simulation.lead_count(day)):
        if progress is not None:
            progress(1)
        birth = simulation.birth(number)
        if birth.lead.lead_id not in rank_scores or birth.first_day >= day:
            continue
        lived = day - birth.first_day
        life = simulation.life(birth, lived)
        if life.result is None:
            chances.append(posterior.win_probability(birth.log_odds, birth.rep, life, lived))
            scores.append(rank_scores[birth.lead.lead_id])
    if len(chances) < 2:
        return None
    probabilities = np.array(chances)
    return Closeness(
        len(chances), expected_auc(np.array(scores), probabilities), expected_auc(probabilities, probabilities)
    )


def expected_auc(scores: NDArray[np.float64], probabilities: NDArray[np.float64]) -> float:
    """Give the AUC that a ranking has on average when each lead is won with its own chance.

    It is the mean over pairs of leads, each weighed by the chance that the first is won and the second is not; leads
    of equal scores count half. Takes time in proportion to ``n log n``.

    Args:
        scores: Any numbers, higher is better. Shape ``(n,)``, ``n >= 2``.
        probabilities: Chances to be won. Same shape.
    """
    order = np.argsort(scores, kind="stable")
    ranked, won = scores[order], probabilities[order]
    not_won = 1 - won
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    own = won * not_won  # a lead makes no pair with itself
    won_here, not_won_here, own_here = (np.add.reduceat(one, starts) for one in (won, not_won, own))
    below = np.cumsum(not_won_here) - not_won_here
    right = won_here * below + 0.5 * (won_here * not_won_here - own_here)
    return float(right.sum() / (won.sum() * not_won.sum() - own.sum()))
