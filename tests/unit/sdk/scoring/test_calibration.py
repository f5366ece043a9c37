from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.optimize import minimize

from hpro_sdk.errors import NonFiniteScoreError, TrainingError
from hpro_sdk.scoring.calibration import RIDGE, Calibration, fit_calibration

FINITE = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = Calibration(convert_weight=1.0, rank_weight=0.5, bias=-1.0)

Logits = NDArray[np.float64]


def drawn(seed: int, convert_weight: float, rank_weight: float, *, n: int = 300) -> tuple[Logits, Logits, Logits]:
    """Correlated logits far from standard, and outcomes that follow the weights given."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n)
    convert = 4.0 + 3.0 * (shared + 0.7 * rng.normal(size=n))
    rank = -2.0 + 0.2 * (shared + 0.7 * rng.normal(size=n))
    chance = 1 / (1 + np.exp(-(convert_weight * (convert - 4.0) / 3.0 + rank_weight * (rank + 2.0) / 0.2 - 1.0)))
    return convert, rank, (rng.random(n) < chance).astype(np.float64)


def loss(parameters: Logits, convert: Logits, rank: Logits, won: Logits) -> float:
    """The documented objective, written out anew in units of the raw logits."""
    linear = parameters[0] * convert + parameters[1] * rank + parameters[2]
    ridge = (parameters[0] * convert.std()) ** 2 + (parameters[1] * rank.std()) ** 2
    return float(np.logaddexp(0.0, -(2 * won - 1) * linear).mean() + RIDGE / 2 * ridge)


def best_by_scipy(convert: Logits, rank: Logits, won: Logits) -> tuple[Logits, float]:
    spread = np.array([1 / convert.std(), 1 / rank.std(), 1.0])
    found = minimize(
        lambda scaled: loss(scaled * spread, convert, rank, won),
        np.array([0.1, 0.1, 0.0]),
        method="L-BFGS-B",
        bounds=[(0, None), (0, None), (None, None)],
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5000, "maxfun": 50_000},
    )
    return found.x * spread, float(found.fun)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weights", [(1.0, 0.5), (0.0, 1.0), (2.0, -1.0), (-1.0, 2.0), (0.1, 0.0), (5.0, 5.0)], ids=str)
def test_fit_is_the_bounded_optimum_that_scipy_finds(seed: int, weights: tuple[float, float]) -> None:
    convert, rank, won = drawn(seed, *weights)
    fitted = fit_calibration(convert, rank, won)
    parameters = np.array([fitted.convert_weight, fitted.rank_weight, fitted.bias])
    expected, lowest = best_by_scipy(convert, rank, won)
    assert loss(parameters, convert, rank, won) <= lowest + 1e-10
    spread = np.array([convert.std(), rank.std()])
    assert parameters[:2] * spread == pytest.approx(expected[:2] * spread, abs=2e-3)


def test_a_logit_that_points_the_wrong_way_gets_no_weight() -> None:
    fitted = fit_calibration(*drawn(1, 2.0, -1.5))
    assert fitted.rank_weight == 0.0
    assert fitted.convert_weight > 0.0
    fitted = fit_calibration(*drawn(1, -1.5, 2.0))
    assert fitted.convert_weight == 0.0
    assert fitted.rank_weight > 0.0


def test_fit_gives_back_the_weights_that_made_the_outcomes() -> None:
    fitted = fit_calibration(*drawn(0, 1.0, 0.5, n=60_000))
    assert fitted.convert_weight == pytest.approx(1.0 / 3.0, rel=0.05)
    assert fitted.rank_weight == pytest.approx(0.5 / 0.2, rel=0.1)


def test_mean_probability_is_the_share_won() -> None:
    convert, rank, won = drawn(7, 1.0, 1.0)
    fitted = fit_calibration(convert, rank, won)
    assert fitted.probability(fitted.rank_score(convert, rank)).mean() == pytest.approx(won.mean(), abs=1e-7)


def test_separable_outcomes_stay_finite() -> None:
    convert = np.array([-2.0, -1.0, 1.0, 2.0])
    fitted = fit_calibration(convert, np.zeros(4), [False, False, True, True])
    assert 0 < fitted.convert_weight < 100
    assert fitted.rank_weight == 0.0
    chances = fitted.probability(fitted.rank_score(convert, np.zeros(4)))
    assert (chances[:2] < 0.01).all()
    assert (chances[2:] > 0.99).all()


def test_equal_logits_share_the_weight() -> None:
    convert, _, won = drawn(3, 1.0, 0.0)
    fitted = fit_calibration(convert, convert, won)
    assert fitted.convert_weight == pytest.approx(fitted.rank_weight, rel=1e-4)


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.floats(-3, 3))
def test_any_small_split_is_fitted_or_refused_in_words(seed: int, n: int, exponent: float) -> None:
    rng = np.random.default_rng(seed)
    convert, rank = (10.0**exponent * rng.integers(-3, 4, n) for _ in range(2))
    won = np.arange(n) < rng.integers(1, n)
    if all(logit[won].mean() <= logit[~won].mean() + 1e-9 * 10.0**exponent for logit in (convert, rank)):
        # Neither gradient at the best constant points upwards, so no weight is worth having.
        with pytest.raises(TrainingError, match="Neither logit rises"):
            fit_calibration(convert, rank, won)
        return
    fitted = fit_calibration(convert, rank, won)
    parameters = np.array([fitted.convert_weight, fitted.rank_weight, fitted.bias])
    outcomes = won.astype(np.float64)
    base = np.array([0.0, 0.0, np.log(outcomes.mean() / (1 - outcomes.mean()))])
    assert loss(parameters, convert, rank, outcomes) < loss(base, convert, rank, outcomes)


@given(st.integers(0, 1000), st.floats(0.01, 100), st.floats(-50, 50))
def test_units_of_the_logits_do_not_matter(seed: int, factor: float, shift: float) -> None:
    convert, rank, won = drawn(seed, 1.0, 1.0, n=60)
    fitted = fit_calibration(convert, rank, won)
    moved = fit_calibration(factor * convert + shift, rank, won)
    expected = fitted.rank_score(convert, rank)
    assert moved.rank_score(factor * convert + shift, rank) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("value", [0.0, 0.1, -7.3])
def test_constant_logits_are_refused_with_a_remedy(value: float) -> None:
    with pytest.raises(TrainingError, match="Neither logit rises") as caught:
        fit_calibration(np.full(9, value), np.full(9, value), np.arange(9) < 4)
    assert caught.value.hint


def test_logits_without_or_against_signal_are_refused() -> None:
    won = np.array([True, False, True, False])
    balanced = np.array([1.0, 1.0, -1.0, -1.0])
    with pytest.raises(TrainingError, match="Neither logit rises"):
        fit_calibration(balanced, balanced, won)
    with pytest.raises(TrainingError, match="Neither logit rises"):
        fit_calibration(-won.astype(float), -won.astype(float), won)


@pytest.mark.parametrize("won", [[True, True], [False, False]])
def test_one_class_is_refused_with_a_remedy(won: list[bool]) -> None:
    with pytest.raises(TrainingError, match=r"of 2 validation leads are won") as caught:
        fit_calibration([0.0, 1.0], [0.0, 1.0], won)
    assert caught.value.hint


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(TrainingError, match="0 of 0"):
        fit_calibration([], [], [])


def test_malformed_input_is_refused() -> None:
    with pytest.raises(NonFiniteScoreError, match="rank logit in row 1") as caught:
        fit_calibration([0.0, 1.0], [0.0, math.nan], [True, False])
    assert caught.value.context == {"row": 1}
    with pytest.raises(ValueError, match="convert_logits has shape"):
        fit_calibration([0.0, 1.0], [0.0], [True, False])
    with pytest.raises(ValueError, match="won has shape"):
        fit_calibration([0.0, 1.0], [0.0, 1.0], [True])
    with pytest.raises(ValueError, match="other than 0 and 1"):
        fit_calibration([0.0, 1.0], [0.0, 1.0], [2, 0])


def test_rank_score_is_the_linear_predictor_in_float64() -> None:
    scores = PLAIN.rank_score(np.array([1, 2], dtype=np.float32), [2.0, -2.0])
    assert scores.dtype == np.float64
    assert scores.tolist() == [1.0, 0.0]


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=2), st.lists(st.floats(-50, 50), min_size=2, max_size=2))
def test_a_lead_with_both_logits_higher_never_scores_lower(one: list[float], other: list[float]) -> None:
    high, low = np.maximum(one, other), np.minimum(one, other)
    scores = PLAIN.rank_score([high[0], low[0]], [high[1], low[1]])
    assert scores[0] >= scores[1]


@pytest.mark.parametrize("logits", [([math.nan], [0.0]), ([0.0], [math.inf]), ([1e308], [1.7e308])])
def test_rank_score_refuses_logits_that_are_not_finite(logits: tuple[list[float], list[float]]) -> None:
    with pytest.raises(NonFiniteScoreError, match="row 0"):
        PLAIN.rank_score(*logits)


@given(st.lists(FINITE, min_size=2, max_size=50))
def test_probability_never_falls(rank_scores: list[float]) -> None:
    ordered = np.sort(rank_scores)
    chances, scores = PLAIN.probability(ordered), PLAIN.score(ordered)
    assert (np.diff(chances) >= 0).all()
    assert (np.diff(scores) >= 0).all()
    assert chances[0] >= 0
    assert scores[-1] <= 100


@pytest.mark.parametrize("start", [-700.0, -36.0, -2.0, -1e-3, 0.5, 3.0, 36.0])
def test_probability_never_falls_between_neighbouring_numbers(start: float) -> None:
    neighbours = start + np.arange(200_000) * np.spacing(abs(start))
    assert (np.diff(PLAIN.probability(neighbours)) >= 0).all()


def test_probability_is_the_sigmoid_without_overflow() -> None:
    with np.errstate(all="raise"):
        chances = PLAIN.probability([0.0, math.log(3), -math.log(3), -1e308, 1e308, -100.0])
    assert chances[:3] == pytest.approx([0.5, 0.75, 0.25])
    assert chances[3:].tolist() == [pytest.approx(0.0, abs=1e-300), 1.0, pytest.approx(math.exp(-100), rel=1e-12)]
    assert PLAIN.score(math.log(3)) == pytest.approx(75.0)


@pytest.mark.parametrize(
    "change",
    [
        {"convert_weight": -0.1},
        {"rank_weight": -0.1},
        {"convert_weight": math.inf},
        {"rank_weight": math.nan},
        {"bias": math.nan},
        {"bias": -math.inf},
        {"convert_weight": 0.0, "rank_weight": 0.0},
        {"temperature": 1.0},
    ],
)
def test_calibration_refuses_what_orders_nothing(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Calibration.model_validate({"convert_weight": 1.0, "rank_weight": 1.0, "bias": 0.0, **change})


def test_calibration_survives_json() -> None:
    fitted = fit_calibration(*drawn(2, 1.0, 1.0))
    assert Calibration.model_validate_json(fitted.model_dump_json()) == fitted
