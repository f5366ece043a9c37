"""Looking at the validation split: both logits, the calibrated ranking, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from hpro_sdk.errors import TrainingError
from hpro_sdk.metrics import auc
from hpro_sdk.scoring.calibration import Calibration, fit_calibration
from hpro_sdk.scoring.engine import Logits
from hpro_sdk.scoring.manifest import ScoreTokens
from hpro_sdk.training.forward import TokenBatch, hidden_states, score_logits

_BATCH = 128


@torch.no_grad()
def evaluate_prompts(model: PreTrainedModel, prompts: Sequence[Sequence[int]], tokens: ScoreTokens) -> Logits:
    """Give both logits of prompts, in input order; prompts of like length are evaluated together.

    Args:
        model: In evaluation mode.
        prompts: Token ids.
        tokens: The score tokens.
    """
    result = np.empty((len(prompts), 2), dtype=np.float64)
    order = np.argsort([len(prompt) for prompt in prompts], kind="stable")
    for start in range(0, len(prompts), _BATCH):
        rows = order[start : start + _BATCH]
        batch = TokenBatch.of([prompts[row] for row in rows], model.device)
        logits = score_logits(model, hidden_states(model, batch), batch, tokens)
        result[rows] = logits.double().cpu().numpy()
    return result


@dataclass(frozen=True, slots=True)
class Validation:
    """How a model ranks the validation split; primary metric: ``auc``, greater is better.

    Attributes:
        auc: Of the calibrated rank score.
        convert_auc: Of the convert logit alone.
        rank_auc: Of the rank logit alone.
        rank_scores: Calibrated; ``None`` when no logit rises with the chance of winning yet.
        calibration: The fit; ``None`` likewise.
    """

    auc: float
    convert_auc: float
    rank_auc: float
    rank_scores: NDArray[np.float64] | None
    calibration: Calibration | None


def validate(logits: Logits, won: NDArray[np.bool_]) -> Validation:
    """Calibrate on the validation split and measure the ranking.

    Args:
        logits: Shape ``(n, 2)``.
        won: Shape ``(n,)``.

    Raises:
        TrainingError: A logit is not a number.
    """
    convert, rank = logits[:, 0], logits[:, 1]
    if not np.isfinite(logits).all():
        raise TrainingError("The model's scores are no longer numbers.", hint="Train with a lower learning rate.")
    try:
        calibration = fit_calibration(convert, rank, won)
    except TrainingError:
        return Validation(0.5, auc(convert, won), auc(rank, won), None, None)
    scores = calibration.rank_score(convert, rank)
    return Validation(auc(scores, won), auc(convert, won), auc(rank, won), scores, calibration)
