"""The expected AUC, and the comparison with the best possible ranking."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.demo.closeness import Closeness, expected_auc, how_close
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


@given(
    st.lists(
        st.tuples(st.sampled_from([-2.0, 0.0, 0.5, 3.0]) | st.floats(-5, 5), st.floats(0.001, 0.999)),
        min_size=2,
        max_size=40,
    )
)
def test_is_the_mean_over_all_pairs(leads: list[tuple[float, float]]) -> None:
    right = pairs = 0.0
    for (score, chance), (other_score, other_chance) in itertools.permutations(leads, 2):
        weight = chance * (1 - other_chance)
        pairs += weight
        right += weight * (1.0 if score > other_score else 0.5 if score == other_score else 0.0)
    scores, chances = (np.array(column) for column in zip(*leads, strict=True))
    assert expected_auc(scores, chances) == pytest.approx(right / pairs, abs=1e-9)


def test_many_leads_are_compared_in_little_memory() -> None:
    draw = np.random.default_rng(1)
    assert expected_auc(draw.normal(size=200_000), draw.uniform(size=200_000)) == pytest.approx(0.5, abs=0.01)


def test_where_all_have_the_same_chance_there_is_no_way_to_go() -> None:
    assert Closeness(10, 0.5, 0.5).way == 0.0


def test_nothing_ranks_better_than_the_posterior() -> None:
    simulation = Simulation(COMPANIES["saas"], 2, leads_per_year=600, reserved_phrases=True)
    ids = [simulation.birth(number).lead.lead_id for number in range(simulation.lead_count(200))]
    told: list[int] = []
    rank_scores = {lead_id: float(position) for position, lead_id in enumerate(ids)}
    by_id = how_close(simulation, 200, rank_scores, told.append)
    assert sum(told) == len(ids)
    assert by_id is not None
    assert by_id.leads > 50
    assert by_id.model_auc < by_id.best_auc
    assert by_id.best_auc > 0.7
    assert by_id.way < 0.7


def test_without_open_leads_there_is_nothing_to_compare() -> None:
    simulation = Simulation(COMPANIES["saas"], 2, leads_per_year=600, reserved_phrases=True)
    assert how_close(simulation, 200, {}) is None
