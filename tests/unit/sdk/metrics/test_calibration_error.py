from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.errors import DataError
from hpro_sdk.metrics import expected_calibration_error

Rows = list[tuple[float, bool, int]]
ROWS = st.lists(
    st.tuples(st.integers(0, 8).map(lambda number: number / 8), st.booleans(), st.integers(0, 3)),
    min_size=1,
    max_size=40,
).filter(lambda rows: any(weight for *_, weight in rows))


def test_distinct_probabilities_fall_into_bins_of_equal_count() -> None:
    rng = np.random.default_rng(0)
    probabilities = np.sort(rng.random(200))[::-1]
    won = rng.random(200) < probabilities
    gaps = [abs(probabilities[at : at + 20].mean() - won[at : at + 20].mean()) for at in range(0, 200, 20)]
    assert expected_calibration_error(probabilities, won) == pytest.approx(np.mean(gaps))


def test_bins_differ_by_at_most_one_lead() -> None:
    probabilities = np.linspace(1, 0, 23)
    won = np.arange(23) % 3 == 0
    edges = [
        0,
        2,
        5,
        7,
        9,
        11,
        14,
        16,
        18,
        21,
        23,
    ]  # 2.3 leads a bin; the middle of a lead decides, on an edge downwards
    total = sum(abs(probabilities[low:high].sum() - won[low:high].sum()) for low, high in itertools.pairwise(edges))
    assert expected_calibration_error(probabilities, won) == pytest.approx(total / 23)


def test_a_block_of_equal_probabilities_is_not_torn_apart() -> None:
    # Torn apart by position, the two halves would miss by 0.5 each; together they are exact.
    assert expected_calibration_error([0.5] * 4, [True, True, False, False], bins=2) == pytest.approx(0.0)
    assert expected_calibration_error([0.75] * 4, [True, True, False, False], bins=2) == pytest.approx(0.25)


def test_worst_and_best() -> None:
    assert expected_calibration_error([1.0, 0.0], [False, True]) == pytest.approx(1.0)
    assert expected_calibration_error([1.0, 0.0], [True, False]) == pytest.approx(0.0)


@given(ROWS, st.integers(1, 12))
def test_a_weight_is_a_row_repeated(rows: Rows, bins: int) -> None:
    probabilities, won, weights = (np.array(column) for column in zip(*rows, strict=True))
    repeated = expected_calibration_error(np.repeat(probabilities, weights), np.repeat(won, weights), bins)
    assert expected_calibration_error(probabilities, won, bins, weights) == pytest.approx(repeated, abs=1e-12)


@given(ROWS, st.randoms(use_true_random=False))
def test_order_does_not_matter(rows: Rows, rng: random.Random) -> None:
    def error(of: Rows) -> float:
        probabilities, won, weights = zip(*of, strict=True)
        return expected_calibration_error(probabilities, won, weights=weights)

    shuffled = list(rows)
    rng.shuffle(shuffled)
    assert error(shuffled) == pytest.approx(error(rows), abs=1e-12)


@given(ROWS)
def test_one_bin_compares_the_means(rows: Rows) -> None:
    probabilities, won, weights = zip(*rows, strict=True)
    gap = abs(np.average(probabilities, weights=weights) - np.average(won, weights=weights))
    assert expected_calibration_error(probabilities, won, 1, weights) == pytest.approx(gap, abs=1e-12)


@pytest.mark.parametrize("probability", [-0.1, 1.1, 100.0, float("nan")])
def test_what_is_no_probability_is_refused(probability: float) -> None:
    with pytest.raises(ValueError, match=r"probability|finite"):
        expected_calibration_error([0.5, probability], [True, False])


def test_no_bins_and_no_leads_are_refused() -> None:
    with pytest.raises(ValueError, match="bins"):
        expected_calibration_error([0.5], [True], bins=0)
    with pytest.raises(DataError, match="no leads"):
        expected_calibration_error([], [])
    with pytest.raises(DataError, match="no leads"):
        expected_calibration_error([0.5], [True], weights=[0])
