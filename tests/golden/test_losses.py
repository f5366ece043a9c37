"""The losses against numbers worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import LeadSnapshot, Outcome, OutcomeResult, TrainingExample
from hpro_sdk.training.losses import hierarchical_preference_loss, margin_bradley_terry_loss, pointwise_loss
from hpro_sdk.training.pairs import build_pair_table

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("losses.json").read_text("utf-8"))


def _example(number: int, result: OutcomeResult, reached: str | None) -> TrainingExample:
    snapshot = LeadSnapshot.model_validate({"as_of": "2026-01-01T00:00:00Z", "lead_id": str(number)})
    return TrainingExample(snapshot=snapshot, outcome=Outcome(result=result, reached=reached), split="train")


@pytest.fixture
def leads() -> list[TrainingExample]:
    return [
        _example(0, OutcomeResult.WON, None),
        _example(1, OutcomeResult.LOST, "drive"),
        _example(2, OutcomeResult.LOST, "call"),
    ]


@pytest.mark.parametrize("rule", ["global", "key"])
def test_a_pair_loss(rule: str) -> None:
    golden = GOLDEN[rule]
    losses = [
        margin_bradley_terry_loss(torch.tensor([gap]), torch.zeros(1), golden["margin"]).item()
        for gap in golden["gaps"]
    ]
    assert losses == pytest.approx(golden["losses"], abs=1e-6)


def test_the_three_levels_of_the_paper(leads: list[TrainingExample]) -> None:
    table = build_pair_table(leads, Funnel(stages=("call", "drive")))
    rules = table.batch(np.arange(3))
    result = hierarchical_preference_loss(torch.tensor(GOLDEN["rank_logits"]), rules)
    assert result.rule_pairs == {"global": 2, "key": 2, "soft": 0}
    assert result.rule_losses["global"] == pytest.approx(GOLDEN["global"]["mean"], abs=1e-6)
    assert result.rule_losses["key"] == pytest.approx(GOLDEN["key"]["mean"], abs=1e-6)
    assert result.loss.item() == pytest.approx(GOLDEN["mean_per_rule_of_three"], abs=1e-6)


def test_the_other_reduction_weighs_every_pair_alike(leads: list[TrainingExample]) -> None:
    rules = build_pair_table(leads, Funnel(stages=("call", "drive"))).batch(np.arange(3))
    result = hierarchical_preference_loss(torch.tensor(GOLDEN["rank_logits"]), rules, "mean_over_pairs")
    assert result.loss.item() == pytest.approx(GOLDEN["mean_over_pairs"], abs=1e-6)


def test_the_pointwise_loss() -> None:
    golden = GOLDEN["pointwise"]
    loss = pointwise_loss(torch.tensor(golden["convert_logits"]), torch.tensor(golden["won"]))
    assert loss.item() == pytest.approx(golden["loss"], abs=1e-6)
