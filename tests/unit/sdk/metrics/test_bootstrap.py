from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hpro_sdk.errors import ConfigError, DataError
from hpro_sdk.metrics import auc, bootstrap_estimates, paired_bootstrap_difference, precision_at, resample_weights
from hpro_sdk.metrics.bootstrap import interval, number_groups

WON = np.arange(40) % 4 == 0
IDS = [f"lead-{row:02}" for row in range(40)]
SCORES = np.random.default_rng(5).normal(size=40) + WON


def share_won(weights: NDArray[np.int64] | None) -> list[float]:
    counts = np.ones(40) if weights is None else weights
    return [float((counts * WON).sum() / counts.sum())]


def test_resamples_are_as_large_as_the_data_and_differ() -> None:
    draws = list(resample_weights(WON, resamples=50, seed=3))
    assert len(draws) == 50
    assert all(draw.shape == (40,) and draw.sum() == 40 for draw in draws)
    assert len({draw.tobytes() for draw in draws}) == 50


def test_equal_seeds_give_equal_resamples_and_others_do_not() -> None:
    one, same, other = (np.stack(list(resample_weights(WON, resamples=5, seed=seed))) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_leads_of_one_group_are_drawn_together() -> None:
    groups = [f"person-{row // 2}" for row in range(40)]
    draws = np.stack(list(resample_weights(WON, groups, resamples=30)))
    assert (draws[:, ::2] == draws[:, 1::2]).all()
    assert (draws[:, ::2].sum(axis=1) == 20).all()


def test_leads_without_a_group_stand_alone() -> None:
    assert number_groups(["a", None, "a", None, "b"]).tolist() == [0, 1, 0, 2, 3]
    alone = [draw.tolist() for draw in resample_weights(WON, [None] * 40, resamples=5)]
    assert alone == [draw.tolist() for draw in resample_weights(WON, resamples=5)]


def test_resamples_of_one_class_are_drawn_again() -> None:
    won = np.array([True, False, False])
    draws = np.stack(list(resample_weights(won, resamples=300)))
    assert draws.shape == (300, 3)
    assert (draws[:, 0] > 0).all()
    assert (draws[:, 1:].sum(axis=1) > 0).all()


def test_the_interval_of_a_share_is_the_binomial_one() -> None:
    ((point, low, high),) = bootstrap_estimates(share_won, WON, resamples=4000)
    assert point == pytest.approx(0.25)
    deviation = (0.25 * 0.75 / 40) ** 0.5
    assert low == pytest.approx(0.25 - 1.96 * deviation, abs=0.03)
    assert high == pytest.approx(0.25 + 1.96 * deviation, abs=0.03)


def test_copies_widen_the_interval_unless_they_are_one_group() -> None:
    won = np.repeat(WON, 9)
    scores = np.repeat(SCORES, 9)
    groups = [str(row // 9) for row in range(won.size)]

    def measure(weights: NDArray[np.int64] | None) -> list[float]:
        return [auc(scores, won, weights)]

    def width(of: list[str] | None) -> float:
        ((_, low, high),) = bootstrap_estimates(measure, won, of, resamples=300)
        return high - low

    assert width(groups) > 2 * width(None)


def test_percentiles_leave_five_per_cent_out() -> None:
    assert interval(1.0, np.arange(1001)) == pytest.approx((1.0, 25.0, 975.0))


@pytest.mark.parametrize(("resamples", "seed"), [(0, 0), (10, -1)])
def test_resamples_and_seed_out_of_range_are_refused(resamples: int, seed: int) -> None:
    with pytest.raises(ConfigError, match="cannot be drawn"):
        bootstrap_estimates(share_won, WON, resamples=resamples, seed=seed)


def test_one_group_and_one_class_and_other_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="one group"):
        bootstrap_estimates(share_won, WON, ["a"] * 40)
    with pytest.raises(DataError, match="None of the 2"):
        bootstrap_estimates(share_won, [False, False])
    with pytest.raises(ValueError, match="1 groups for 40 leads"):
        bootstrap_estimates(share_won, WON, ["a"])


def test_paired_difference_of_a_model_with_itself_is_zero() -> None:
    assert paired_bootstrap_difference(auc, SCORES, 2 * SCORES, WON, IDS, resamples=20) == (0.0, 0.0, 0.0)


def test_paired_difference_turns_round_when_swapped_and_ignores_the_input_order() -> None:
    other = np.random.default_rng(8).normal(size=40)
    point, low, high = paired_bootstrap_difference(auc, SCORES, other, WON, IDS, resamples=100)
    assert point == pytest.approx(auc(SCORES, WON) - auc(other, WON))
    assert low < point < high
    swapped = paired_bootstrap_difference(auc, other, SCORES, WON, IDS, resamples=100)
    assert swapped == pytest.approx((-point, -high, -low))
    mixed = np.random.default_rng(9).permutation(40)
    ids = [IDS[row] for row in mixed]
    shuffled = paired_bootstrap_difference(auc, SCORES[mixed], other[mixed], WON[mixed], ids, resamples=100)
    assert shuffled == pytest.approx((point, low, high))


def test_paired_difference_is_measured_on_the_same_resample() -> None:
    nearly = SCORES + 1e-3 * np.random.default_rng(1).normal(size=40)
    _, low, high = paired_bootstrap_difference(auc, SCORES, nearly, WON, IDS, resamples=200)
    ((_, alone_low, alone_high),) = bootstrap_estimates(lambda w: [auc(SCORES, WON, w)], WON, resamples=200)
    assert high - low < (alone_high - alone_low) / 5


def test_paired_difference_of_precision_breaks_ties_by_lead_id() -> None:
    point, *_ = paired_bootstrap_difference(
        lambda _, won, weights: precision_at(won, 0.1, weights), SCORES, np.zeros(40), WON, IDS, resamples=5
    )
    best = WON[np.argsort(-SCORES)][:4].mean()
    assert point == pytest.approx(best - WON[:4].mean())


def test_paired_difference_resamples_groups() -> None:
    groups = [str(row // 20) for row in range(40)]
    other = np.random.default_rng(8).normal(size=40)
    ungrouped = paired_bootstrap_difference(auc, SCORES, other, WON, IDS, resamples=50)
    grouped = paired_bootstrap_difference(auc, SCORES, other, WON, IDS, groups=groups, resamples=50)
    assert grouped[0] == pytest.approx(ungrouped[0])
    assert grouped[1:] != ungrouped[1:]
    with pytest.raises(ValueError, match="groups"):
        paired_bootstrap_difference(auc, SCORES, other, WON, IDS, groups=["a"])
    with pytest.raises(ValueError, match="rank scores"):
        paired_bootstrap_difference(auc, SCORES, other[:-1], WON, IDS)


def test_paired_difference_weights_each_lead_alike_in_both_rankings() -> None:
    other = np.random.default_rng(8).normal(size=40)
    # IDS are in order, so resamples drawn by id are resamples of the arrays as they stand.
    draws = [auc(SCORES, WON, weights) - auc(other, WON, weights) for weights in resample_weights(WON, resamples=30)]
    expected = interval(auc(SCORES, WON) - auc(other, WON), draws)
    assert paired_bootstrap_difference(auc, SCORES, other, WON, IDS, resamples=30) == pytest.approx(expected)
