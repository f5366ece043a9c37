"""How close a model comes to the best possible ranking of a simulated company's open leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hpro_connectors.demo.histories import HORIZON_DAYS
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.posterior import Posterior


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
        """Share of the way from chance, 0.5, to the best possible."""
        return (self.model_auc - 0.5) / (self.best_auc - 0.5)


def how_close(simulation: Simulation, day: int, rank_scores: Mapping[str, float]) -> Closeness | None:
    """Compare a ranking with the exact posterior at the midnight that begins a day.

    No future is looked at: where the posterior says that leads are won with chances ``p``, the expected AUC of any
    ranking follows from ``p``.

    Args:
        simulation: The company.
        day: Days since its start.
        rank_scores: Of open leads, by lead id; leads that people changed by hand are compared as they were simulated.

    Returns:
        The comparison; ``None`` when fewer than two simulated leads are open.
    """
    posterior = Posterior(simulation.chain, HORIZON_DAYS)
    chances: list[float] = []
    scores: list[float] = []
    for number in range(simulation.lead_count(day)):
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

    It is the mean over pairs of leads, each weighed by the chance that the first is won and the second is not.

    Args:
        scores: Any numbers, higher is better. Shape ``(n,)``, ``n >= 2``.
        probabilities: Chances to be won. Same shape.
    """
    gaps = scores[:, None] - scores[None, :]
    weights = probabilities[:, None] * (1 - probabilities[None, :])
    np.fill_diagonal(weights, 0.0)
    right = (gaps > 0) + 0.5 * (gaps == 0)
    return float((weights * right).sum() / weights.sum())
