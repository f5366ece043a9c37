"""What a training run did: the report that lies beside a checkpoint, without lead text and without clock times.

Clock times are left out so that the same data, settings and machine give the same report, and the same model file.
"""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from hpro_sdk.lead import Frozen
from hpro_sdk.training.config import TrainingConfig

EndReason = Literal["epochs", "patience", "time"]


class ValidationPoint(Frozen):
    """One look at the validation split.

    Attributes:
        step: Optimiser steps done.
        epoch: Passes over the training split, as a fraction.
        auc: Of the calibrated rank score.
        convert_auc: Of the convert logit alone.
        rank_auc: Of the rank logit alone.
        pointwise_loss: Mean training loss since the last point.
        pairwise_loss: Mean training loss since the last point.
        language_loss: Mean training loss since the last point.
        rule_accuracy: Share of training pairs in the right order since the last point, by rule.
    """

    step: int
    epoch: float
    auc: float
    convert_auc: float
    rank_auc: float
    pointwise_loss: float
    pairwise_loss: float
    language_loss: float
    rule_accuracy: dict[str, float | None]


class TrainingReport(Frozen):
    """A whole run.

    Attributes:
        hpro_version: Of this program.
        torch_version: Of PyTorch.
        config: What the run was told.
        base: What it started from.
        parameters: Of the model.
        examples: Examples by split; the test split is counted and never looked at.
        won: Won examples by split.
        rule_pairs: Pairs by rule in the whole training split; 0 where a rule finds none.
        prompt_tokens: Mean tokens of a training prompt.
        interactions_dropped: Interactions that the token budget left out of training prompts.
        history: Validation points in order.
        best_step: The point that was kept.
        ended_by: Why the run ended.
    """

    hpro_version: str
    torch_version: str
    config: TrainingConfig
    base: str
    parameters: int
    examples: dict[str, int]
    won: dict[str, int]
    rule_pairs: dict[str, int]
    prompt_tokens: float
    interactions_dropped: int
    history: tuple[ValidationPoint, ...]
    best_step: int
    ended_by: EndReason

    def to_json(self) -> str:
        """Give the report as JSON text; equal reports give equal bytes."""
        return json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def best(self) -> ValidationPoint:
        """The validation point that was kept."""
        return next(point for point in self.history if point.step == self.best_step)


def report_digest(text: str) -> str:
    """Give the SHA-256 of a report's JSON text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
