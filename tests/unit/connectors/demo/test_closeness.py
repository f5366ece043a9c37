"""The expected AUC, and the comparison with the best possible ranking."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hpro_connectors.demo.closeness import expected_auc, how_close
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_sdk.metrics import auc


def test_certain_outcomes_give_the_plain_auc() -> None:
    scores = np.array([3.0, 1.0, 2.0, 2.0, 0.0])
    won = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    assert expected_auc(scores, won) == pytest.approx(auc(scores, won))


def test_is_the_ratio_of_expected_pairs() -> None:
    """By hand: every outcome of three leads, its right pairs and all its pairs, weighed by its chance."""
    scores, chances = [0.3, 0.1, 0.2], [0.5, 0.2, 0.7]
    right = pairs = 0.0
    for won in itertools.product((0, 1), repeat=3):
        weight = float(np.prod([c if w else 1 - c for w, c in zip(won, chances, strict=True)]))
        for i, j in itertools.permutations(range(3), 2):
            if won[i] and not won[j]:
                pairs += weight
                right += weight * (scores[i] > scores[j])
    assert expected_auc(np.array(scores), np.array(chances)) == pytest.approx(right / pairs)


def test_nothing_ranks_better_than_the_posterior() -> None:
    simulation = Simulation(COMPANIES["saas"], 2, leads_per_year=600, reserved_phrases=True)
    ids = [simulation.birth(number).lead.lead_id for number in range(simulation.lead_count(200))]
    by_id = how_close(simulation, 200, {lead_id: float(position) for position, lead_id in enumerate(ids)})
    assert by_id is not None
    assert by_id.leads > 50
    assert by_id.model_auc < by_id.best_auc
    assert by_id.best_auc > 0.7
    assert by_id.way < 0.7


def test_without_open_leads_there_is_nothing_to_compare() -> None:
    simulation = Simulation(COMPANIES["saas"], 2, leads_per_year=600, reserved_phrases=True)
    assert how_close(simulation, 200, {}) is None
