"""Rules that the losses keep for any scores."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from hpro_sdk.training.losses import (
    RuleBatch,
    hierarchical_preference_loss,
    margin_bradley_terry_loss,
    pointwise_loss,
)

logit = st.floats(-50, 50, width=32)
margin = st.floats(0, 5, width=32)


@st.composite
def batches(draw: st.DrawFn) -> tuple[Tensor, list[RuleBatch]]:
    size = draw(st.integers(2, 8))
    scores = torch.tensor(draw(st.lists(logit, min_size=size, max_size=size)))
    sides = st.lists(st.booleans(), min_size=size, max_size=size).map(torch.tensor)
    strata = st.lists(st.integers(0, 2), min_size=size, max_size=size).map(torch.tensor)
    rules = [
        RuleBatch(f"rule{number}", draw(sides), draw(sides), draw(margin), draw(st.floats(0, 2)), stratum)
        for number, stratum in enumerate([None, draw(strata)])
    ]
    return scores, rules


@given(batches(), st.floats(-20, 20))
def test_adding_a_constant_to_all_scores_changes_nothing(batch: tuple[Tensor, list[RuleBatch]], shift: float) -> None:
    scores, rules = batch
    before = hierarchical_preference_loss(scores.double(), rules).loss
    after = hierarchical_preference_loss(scores.double() + shift, rules).loss
    torch.testing.assert_close(before, after, atol=1e-4, rtol=1e-4)


@given(batches(), st.randoms(use_true_random=False))
def test_permuting_the_batch_changes_nothing(batch: tuple[Tensor, list[RuleBatch]], random: object) -> None:
    scores, rules = batch
    order = list(range(len(scores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    permuted = [
        RuleBatch(
            rule.name,
            rule.chosen[order],
            rule.rejected[order],
            rule.margin,
            rule.weight,
            None if rule.stratum is None else rule.stratum[order],
        )
        for rule in rules
    ]
    before, after = hierarchical_preference_loss(scores, rules), hierarchical_preference_loss(scores[order], permuted)
    torch.testing.assert_close(before.loss, after.loss, atol=1e-4, rtol=1e-5)
    assert before.rule_pairs == after.rule_pairs


@given(logit, logit, margin, st.floats(0.01, 5))
def test_the_loss_falls_when_the_chosen_score_rises(chosen: float, rejected: float, gap: float, rise: float) -> None:
    low, high = torch.tensor([chosen]).double(), torch.tensor([rejected]).double()
    before = margin_bradley_terry_loss(low, high, gap)
    assert margin_bradley_terry_loss(low + rise, high, gap) <= before
    assert margin_bradley_terry_loss(low, high, gap + rise) >= before


@given(st.lists(st.tuples(logit, logit), min_size=1, max_size=6))
def test_without_a_margin_it_is_cross_entropy_on_the_gap(pairs: list[tuple[float, float]]) -> None:
    chosen, rejected = torch.tensor(pairs).T
    expected = functional.binary_cross_entropy_with_logits(chosen - rejected, torch.ones(len(pairs)))
    torch.testing.assert_close(margin_bradley_terry_loss(chosen, rejected), expected)


@pytest.mark.parametrize("gap", [-1e4, -89.0, 0.0, 89.0, 1e4])
def test_loss_and_gradient_are_finite_for_any_gap(gap: float) -> None:
    chosen = torch.tensor([gap], requires_grad=True)
    loss = margin_bradley_terry_loss(chosen, torch.zeros(1), 1.0)
    loss.backward()
    assert math.isfinite(loss.item())
    assert chosen.grad is not None
    assert torch.isfinite(chosen.grad).all()
    assert loss.item() == pytest.approx(max(0.0, 1.0 - gap), abs=0.35 if gap == 0 else 1e-3)


def test_no_pairs_give_a_zero_with_gradient() -> None:
    scores = torch.tensor([1.0, 2.0], requires_grad=True)
    nobody = torch.zeros(2, dtype=torch.bool)
    result = hierarchical_preference_loss(scores, [RuleBatch("key", nobody, nobody, 0.5, 1.0)])
    result.loss.backward()
    assert result.loss.item() == 0.0
    assert result.rule_pairs == {"key": 0}
    assert math.isnan(result.rule_accuracy["key"])
    torch.testing.assert_close(scores.grad, torch.zeros(2))


def test_a_lead_is_never_paired_with_itself() -> None:
    everyone = torch.ones(3, dtype=torch.bool)
    chosen, rejected = RuleBatch("all", everyone, everyone, 0.1, 1.0).pairs()
    assert len(chosen) == 6
    assert bool((chosen != rejected).all())


def test_a_stratum_pairs_equals_only() -> None:
    everyone = torch.ones(4, dtype=torch.bool)
    rule = RuleBatch("soft", everyone, everyone, 0.1, 1.0, torch.tensor([0, 0, 1, 2]))
    assert {tuple(pair) for pair in torch.stack(rule.pairs(), 1).tolist()} == {(0, 1), (1, 0)}


def test_a_heavier_rule_counts_more() -> None:
    scores = torch.tensor([0.0, 1.0])
    first, second = torch.tensor([True, False]), torch.tensor([False, True])
    light = hierarchical_preference_loss(scores, [RuleBatch("r", first, second, 0.0, 1.0)]).loss
    heavy = hierarchical_preference_loss(scores, [RuleBatch("r", first, second, 0.0, 3.0)]).loss
    torch.testing.assert_close(heavy, 3 * light)


def test_unequal_shapes_are_both_printed() -> None:
    with pytest.raises(ValueError, match=r"chosen \(2,\) and rejected \(3,\)"):
        margin_bradley_terry_loss(torch.zeros(2), torch.zeros(3))
    with pytest.raises(ValueError, match=r"convert_logits \(2,\) and won \(3,\)"):
        pointwise_loss(torch.zeros(2), torch.zeros(3))


def test_a_negative_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        margin_bradley_terry_loss(torch.zeros(1), torch.zeros(1), -0.1)
