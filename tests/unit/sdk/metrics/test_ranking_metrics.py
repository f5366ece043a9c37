from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

from hpro_sdk.errors import DataError
from hpro_sdk.metrics import auc, average_precision, ndcg_at, precision_at
from hpro_sdk.ranking import ranking_order

Rows = list[tuple[float, bool, int]]
SCORE = st.integers(-4, 4).map(lambda number: number / 4)
SHARE = st.sampled_from([0.001, 0.05, 0.1, 0.34, 0.5, 1.0])


@st.composite
def weighted_rows(draw: st.DrawFn) -> Rows:
    rows: Rows = draw(st.lists(st.tuples(SCORE, st.booleans(), st.integers(0, 4)), min_size=2, max_size=25))
    counted = {won for _, won, weight in rows if weight}
    assume(counted == {True, False})
    return rows


def columns(rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    scores, won, weights = zip(*rows, strict=True)
    return np.array(scores), np.array(won), np.array(weights)


@given(weighted_rows())
def test_auc_and_average_precision_agree_with_sklearn(rows: Rows) -> None:
    scores, won, weights = columns(rows)
    repeated_scores, repeated_won = np.repeat(scores, weights), np.repeat(won, weights)
    assert auc(repeated_scores, repeated_won) == pytest.approx(roc_auc_score(repeated_won, repeated_scores))
    expected = average_precision_score(repeated_won, repeated_scores)
    assert average_precision(repeated_scores, repeated_won) == pytest.approx(expected)


@given(weighted_rows(), SHARE)
def test_a_weight_is_a_row_repeated_in_place(rows: Rows, share: float) -> None:
    scores, won, weights = columns(rows)
    repeated_scores, repeated_won = np.repeat(scores, weights), np.repeat(won, weights)
    assert auc(scores, won, weights) == pytest.approx(auc(repeated_scores, repeated_won), abs=1e-12)
    expected = average_precision(repeated_scores, repeated_won)
    assert average_precision(scores, won, weights) == pytest.approx(expected, abs=1e-12)
    assert precision_at(won, share, weights) == pytest.approx(precision_at(repeated_won, share), abs=1e-12)
    assert ndcg_at(won, share, weights) == pytest.approx(ndcg_at(repeated_won, share), abs=1e-12)


@given(weighted_rows(), st.randoms(use_true_random=False))
def test_auc_and_average_precision_need_no_order(rows: Rows, rng: random.Random) -> None:
    shuffled = list(rows)
    rng.shuffle(shuffled)
    for metric in (auc, average_precision):
        assert metric(*columns(shuffled)) == pytest.approx(metric(*columns(rows)), abs=1e-12)


@given(weighted_rows())
def test_auc_of_the_reversed_scores_is_the_rest_of_one(rows: Rows) -> None:
    scores, won, weights = columns(rows)
    assert auc(-scores, won, weights) == pytest.approx(1 - auc(scores, won, weights), abs=1e-12)


@given(st.lists(st.booleans(), min_size=1, max_size=40), SHARE)
def test_precision_counts_the_won_among_the_first(won: list[bool], share: float) -> None:
    top = won[: math.ceil(round(share * len(won), 6))]
    assert precision_at(won, share) == pytest.approx(sum(top) / len(top))


@given(st.lists(st.booleans(), min_size=2, max_size=40).filter(any), SHARE)
def test_ndcg_agrees_with_sklearn(won: list[bool], share: float) -> None:
    count = math.ceil(round(share * len(won), 6))
    places = -np.arange(len(won), dtype=np.float64)
    assert ndcg_at(won, share) == pytest.approx(ndcg_score([won], [places], k=count), abs=1e-12)


def test_numbers_worked_out_by_hand() -> None:
    scores = [3.0, 2.0, 2.0, 1.0]
    won = [True, False, True, False]
    assert auc(scores, won) == pytest.approx((2 + 1.5) / 4)
    assert average_precision(scores, won) == pytest.approx((1 + 2 / 3) / 2)
    assert precision_at(won, 0.5) == pytest.approx(0.5)
    assert ndcg_at(won, 0.75) == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3)))


def test_all_tied_is_chance() -> None:
    won = [True, False, False, False]
    assert auc([0.0] * 4, won) == pytest.approx(0.5)
    assert average_precision([0.0] * 4, won) == pytest.approx(0.25)


def test_ties_at_the_cut_are_broken_by_lead_id() -> None:
    scores, won = np.zeros(10), np.zeros(10, dtype=bool)
    won[7] = True
    ids = [f"lead-{row}" for row in range(10)]
    assert precision_at(won[ranking_order(scores, ids)], 0.1) == pytest.approx(0.0)
    ids[7] = "a"
    assert precision_at(won[ranking_order(scores, ids)], 0.1) == pytest.approx(1.0)


def test_a_lead_at_the_cut_counts_as_often_as_there_is_room() -> None:
    # Ten leads in all; the top half is one lead three times and the next one twice out of seven times.
    assert precision_at([True, False], 0.5, [3, 7]) == pytest.approx(3 / 5)
    assert precision_at([False, True], 0.5, [3, 7]) == pytest.approx(2 / 5)


def test_many_leads_do_not_overflow() -> None:
    weights = np.array([2_000_000_000, 2_000_000_000])
    assert auc([1.0, 0.0], [True, False], weights) == pytest.approx(1.0)


METRICS: list[Callable[[list[bool]], float]] = [
    lambda won: auc(np.zeros(len(won)), won),
    lambda won: average_precision(np.zeros(len(won)), won),
    lambda won: ndcg_at(won, 0.1),
    lambda won: precision_at(won, 0.1),
]


@pytest.mark.parametrize("metric", METRICS)
def test_no_leads_are_refused_with_a_remedy(metric: Callable[[list[bool]], float]) -> None:
    with pytest.raises(DataError, match="no leads") as caught:
        metric([])
    assert caught.value.hint


@pytest.mark.parametrize("metric", METRICS[:3])
def test_no_won_lead_is_refused(metric: Callable[[list[bool]], float]) -> None:
    with pytest.raises(DataError, match=r"won"):
        metric([False, False])


@pytest.mark.parametrize("metric", METRICS[:2])
def test_only_won_leads_are_refused(metric: Callable[[list[bool]], float]) -> None:
    with pytest.raises(DataError, match="All of the 2 leads are won"):
        metric([True, True])


def test_weights_of_zero_leave_no_leads() -> None:
    with pytest.raises(DataError, match="no leads"):
        precision_at([True, False], 0.5, [0, 0])


@pytest.mark.parametrize("weights", [[1.0, 2.0], [1, -1], [1]])
def test_malformed_weights_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        auc([1.0, 0.0], [True, False], weights)


@pytest.mark.parametrize(
    ("scores", "won"), [([1.0, 0.0], [2, 0]), ([1.0], [True, False]), ([1.0, math.nan], [True, False]), ([1.0], [[1]])]
)
def test_malformed_arrays_are_refused(scores: list[float], won: list[int]) -> None:
    with pytest.raises(ValueError, match=r"won|values"):
        auc(scores, won)
