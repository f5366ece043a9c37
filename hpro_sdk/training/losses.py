"""The losses, as pure functions on score tensors: no model, no tokenizer, no configuration.

Source: HPRO (arXiv 2606.04387), "hierarchical preference ranking"; the pair loss has the form that TRL's
``RewardTrainer`` uses. Differs from the paper's reference code where that is weak: ``logsigmoid`` instead of
``log(sigmoid)`` (finite for any gap), and a rule without pairs gives a differentiable zero that is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Reduction = Literal["mean_per_rule", "mean_over_pairs"]


def pointwise_loss(convert_logits: Tensor, won: Tensor) -> Tensor:
    """Mean binary cross-entropy of the convert logit.

    Args:
        convert_logits: Shape ``(B,)``, logits.
        won: 1 for won, else 0. Shape ``(B,)``.

    Returns:
        Scalar, float32, ``>= 0``.

    Raises:
        ValueError: The shapes differ.
    """
    if convert_logits.shape != won.shape:
        raise ValueError(f"convert_logits {tuple(convert_logits.shape)} and won {tuple(won.shape)} differ in shape")
    return functional.binary_cross_entropy_with_logits(convert_logits.float(), won.float())


def margin_bradley_terry_loss(chosen: Tensor, rejected: Tensor, margin: Tensor | float = 0.0) -> Tensor:
    """Mean of ``-logsigmoid(chosen - rejected - margin)`` over pairs.

    Args:
        chosen: Rank logits of the leads that should stand higher. Shape ``(P,)``.
        rejected: Rank logits of the paired leads. Same shape.
        margin: Gap demanded in logits, ``>= 0``. Scalar or shape ``(P,)``.

    Returns:
        Scalar, float32, ``>= 0``. Zero with gradient when ``P == 0``.

    Raises:
        ValueError: Shapes differ (both are printed) or a margin is negative.
    """
    return _pair_losses(chosen, rejected, margin).sum() / max(1, chosen.numel())


def _pair_losses(chosen: Tensor, rejected: Tensor, margin: Tensor | float) -> Tensor:
    if chosen.shape != rejected.shape:
        raise ValueError(f"chosen {tuple(chosen.shape)} and rejected {tuple(rejected.shape)} differ in shape")
    if bool((torch.as_tensor(margin) < 0).any()):
        raise ValueError("a margin is negative")
    return -functional.logsigmoid(chosen.float() - rejected.float() - margin)


@dataclass(frozen=True, slots=True)
class RuleBatch:
    """One preference rule within a batch.

    Attributes:
        name: Of the rule.
        chosen: Who may be chosen. Bool, shape ``(B,)``.
        rejected: Who may be rejected. Bool, shape ``(B,)``.
        margin: Gap demanded, in logits.
        weight: Of the rule in the objective.
        stratum: Only leads of equal value are paired; ``None`` pairs all. Shape ``(B,)``.
    """

    name: str
    chosen: Tensor
    rejected: Tensor
    margin: float
    weight: float
    stratum: Tensor | None = None

    def pairs(self) -> tuple[Tensor, Tensor]:
        """Give the indices of chosen and rejected of every pair, each of shape ``(P,)``."""
        allowed = self.chosen[:, None] & self.rejected[None, :]
        if self.stratum is not None:
            allowed &= self.stratum[:, None] == self.stratum[None, :]
        allowed.fill_diagonal_(fill_value=False)
        chosen, rejected = allowed.nonzero(as_tuple=True)
        return chosen, rejected


@dataclass(frozen=True, slots=True)
class PairwiseLoss:
    """The pairwise loss of a batch and what it was made of.

    Attributes:
        loss: Scalar, with gradient.
        rule_losses: Mean pair loss by rule, detached.
        rule_pairs: Pairs by rule; 0 where the batch has none.
        rule_accuracy: Share of pairs whose chosen lead already stands higher; NaN without pairs.
    """

    loss: Tensor
    rule_losses: dict[str, float]
    rule_pairs: dict[str, int]
    rule_accuracy: dict[str, float]


def hierarchical_preference_loss(
    rank_logits: Tensor, rules: Sequence[RuleBatch], reduction: Reduction = "mean_per_rule"
) -> PairwiseLoss:
    """Weighted margin Bradley-Terry loss over all rules of a batch.

    Args:
        rank_logits: Shape ``(B,)``.
        rules: What may be paired, rule by rule.
        reduction: ``mean_per_rule``: the mean over each rule's pairs, then the weighted sum over the rules divided
            by their number (the reference code). ``mean_over_pairs``: every pair counts alike within its weight,
            so a rule with many pairs dominates.

    Returns:
        Loss and its parts; a differentiable zero when no rule finds a pair.
    """
    total = rank_logits.sum() * 0.0
    losses: dict[str, float] = {}
    counts: dict[str, int] = {}
    accuracy: dict[str, float] = {}
    for rule in rules:
        chosen, rejected = rule.pairs()
        pair_losses = _pair_losses(rank_logits[chosen], rank_logits[rejected], rule.margin)
        count = int(chosen.numel())
        divisor = max(1, count) if reduction == "mean_per_rule" else 1
        total = total + rule.weight * pair_losses.sum() / divisor
        counts[rule.name] = count
        losses[rule.name] = float(pair_losses.detach().mean()) if count else 0.0
        gaps = rank_logits.detach()[chosen] - rank_logits.detach()[rejected]
        accuracy[rule.name] = float((gaps > 0).float().mean()) if count else float("nan")
    divisor = len(rules) if reduction == "mean_per_rule" else sum(counts.values())
    return PairwiseLoss(total / max(1, divisor), losses, counts, accuracy)
