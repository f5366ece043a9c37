"""The training loop: steps, validation points, early stopping, and going on after an interruption."""

from __future__ import annotations

import copy
import itertools
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hpro_sdk.errors import TrainingError
from hpro_sdk.rendering.prompt import RenderedPrompt
from hpro_sdk.training.averaging import AveragedWeights
from hpro_sdk.training.bases import PreparedBase
from hpro_sdk.training.config import TrainingConfig
from hpro_sdk.training.forward import TokenBatch, hidden_states, language_loss, parts_of_like_length, score_logits
from hpro_sdk.training.losses import hierarchical_preference_loss, pointwise_loss
from hpro_sdk.training.pairs import PairTable
from hpro_sdk.training.report import EndReason, ValidationPoint
from hpro_sdk.training.run_state import RunFolder, RunState
from hpro_sdk.training.running_means import RunningMeans
from hpro_sdk.training.sampler import Indices, StratifiedBatchSampler
from hpro_sdk.training.validation import Validation, evaluate_prompts, validate

logger = logging.getLogger(__name__)

_LOWEST_RATE = 0.05
_MAX_GRADIENT_NORM = 1.0
_CLOCK_LEADS_BY = 1.25


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Rendered examples of the training and the validation split.

    Attributes:
        prompts: Of the training split.
        won: Whether each was won. Shape ``(N,)``.
        pairs: The preference rules applied to them.
        validation_prompts: Of the validation split.
        validation_won: Whether each was won. Shape ``(V,)``.
    """

    prompts: Sequence[RenderedPrompt]
    won: NDArray[np.bool_]
    pairs: PairTable
    validation_prompts: Sequence[RenderedPrompt]
    validation_won: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where a run stands, for a progress bar.

    Attributes:
        step: Optimiser steps done.
        steps: Steps at most.
        seconds: Wall-clock seconds so far, all parts of the run together.
        best_auc: Best validation AUC so far; ``None`` before the first point.
    """

    step: int
    steps: int
    seconds: float
    best_auc: float | None


ProgressListener = Callable[[TrainingProgress], None]


class Trainer:
    """Trains a prepared base on rendered examples.

    Args:
        base: Model and tokenizer.
        data: Prompts, outcomes and pairs.
        config: What the run was told.
        folder: Where the run's state is kept.
        state: Fresh, or as an interrupted run left it.
        listener: Told after every step.
    """

    def __init__(
        self,
        base: PreparedBase,
        data: TrainingData,
        config: TrainingConfig,
        *,
        folder: RunFolder,
        state: RunState,
        listener: ProgressListener | None = None,
    ) -> None:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model = base.model
        torch.nn.Module.to(self._model, device)
        self._tokens = base.score_tokens
        self._data = data
        self._config = config
        self._folder = folder
        self._state = state
        self._listener = listener
        self._sampler = StratifiedBatchSampler(data.pairs, config.batch_size, config.seed)
        self._steps = max(config.min_steps, config.epochs * self._sampler.batches_per_epoch)
        self._average = AveragedWeights(self._model, config.average_decay)
        self._optimizer = _optimizer(self._model, config)
        self._epoch_drawn = -1
        self._batches: list[Indices] = []
        self._autocast = _supports_bfloat16(device)
        if state.step:
            self._model.load_state_dict(state.model)
            self._average.model.load_state_dict(state.average)
            self._optimizer.load_state_dict(state.optimizer)

    def run(self) -> EndReason:
        """Train until the epochs, the patience or the time are used up; the state holds the best weights.

        Returns:
            Why it ended.

        Raises:
            TrainingError: The loss is no longer a number, or no validation point ranked better than chance.
        """
        started = time.monotonic() - self._state.seconds
        interval = max(1, self._steps // self._config.validations)
        means = RunningMeans()
        while (ended := self._ended()) is None:
            self._set_rate()
            self._step(self._next_batch(), means)
            self._state.step += 1
            self._average.update(self._model, self._state.step)
            self._state.seconds = time.monotonic() - started
            if self._out_of_time() or self._state.step % interval == 0 or self._state.step == self._steps:
                self._validation_point(means)
                means = RunningMeans()
            self._tell()
        if not self._state.best:
            raise TrainingError(
                "Training found nothing that ranks the validation split better than chance.",
                hint="Check the mapping's outcome and features, or give it more leads.",
            )
        return ended

    def _ended(self) -> EndReason | None:
        """Why the run is over, if it is; a run that is gone on with may find that it was."""
        if self._state.step >= self._steps:
            return "epochs"
        if self._state.history and self._out_of_time():
            return "time"
        return "patience" if self._points_without_better() >= self._config.patience else None

    def _out_of_time(self) -> bool:
        return self._state.seconds >= 60 * self._config.max_minutes

    @property
    def best_point(self) -> ValidationPoint:
        """The validation point whose weights are kept."""
        return max(self._state.history, key=lambda point: point.auc)

    def _next_batch(self) -> Indices:
        epoch, position = divmod(self._state.step, self._sampler.batches_per_epoch)
        if self._epoch_drawn != epoch:
            self._epoch_drawn, self._batches = epoch, self._sampler.epoch(epoch)
        return self._batches[position]

    def _step(self, indices: Indices, means: RunningMeans) -> None:
        self._model.train()
        parts = parts_of_like_length([len(self._data.prompts[index].token_ids) for index in indices])
        indices = indices[np.concatenate(parts)]
        logits, language = self._forward(indices, [len(part) for part in parts])
        won = torch.from_numpy(self._data.won[indices]).to(self._model.device)
        pointwise = pointwise_loss(logits[:, 0], won)
        pairwise = hierarchical_preference_loss(
            logits[:, 1], self._data.pairs.batch(indices, self._model.device), self._config.reduction
        )
        loss = (
            self._config.pointwise_weight * pointwise
            + self._config.pairwise_weight * pairwise.loss
            + self._config.language_weight * language
        )
        self._apply(loss)
        means.add(pointwise=pointwise.item(), pairwise=pairwise.loss.item(), language=language.item())
        means.add_rules(pairwise.rule_accuracy, pairwise.rule_pairs)

    def _forward(self, indices: Indices, sizes: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Give the two logits of every prompt and the language loss, part by part."""
        logits: list[Tensor] = []
        language: list[Tensor] = []
        prompts = iter([self._data.prompts[index].token_ids for index in indices])
        total = sum(len(self._data.prompts[index].token_ids) for index in indices)
        for number, size in enumerate(sizes):
            batch = TokenBatch.of(list(itertools.islice(prompts, size)), self._model.device)
            with torch.autocast(self._model.device.type, torch.bfloat16, enabled=self._autocast):
                states = hidden_states(self._model, batch)
                logits.append(score_logits(self._model, states, batch, self._tokens))
                if self._config.language_weight:
                    seed = self._state.step * len(sizes) + number
                    loss = language_loss(self._model, states, batch, self._config.language_share, seed)
                    language.append(loss if len(sizes) == 1 else loss * (float(batch.lengths.sum()) / total))
        together = torch.cat(logits)
        return together, torch.stack(language).sum() if language else together.sum() * 0

    def _apply(self, loss: Tensor) -> None:
        if not bool(torch.isfinite(loss)):
            raise TrainingError("The loss is no longer a number.", hint="Train with a lower learning rate.")
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), _MAX_GRADIENT_NORM)
        self._optimizer.step()

    def _set_rate(self) -> None:
        """Linear warm-up, then a cosine; it follows the clock where time would run out well before the epochs."""
        progress = self._state.step / self._steps
        clock = self._state.seconds / (60 * self._config.max_minutes)
        if clock > 0.1 and clock > _CLOCK_LEADS_BY * progress:
            progress = clock
        warmup = min(1.0, (self._state.step + 1) / max(1.0, self._config.warmup_share * self._steps))
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        for group in self._optimizer.param_groups:
            group["lr"] = self._config.learning_rate * warmup * (_LOWEST_RATE + (1 - _LOWEST_RATE) * cosine)

    def _validation_point(self, means: RunningMeans) -> None:
        validation = self.validate(self._average)
        better = validation.calibration is not None and all(validation.auc > point.auc for point in self._state.history)
        self._state.history.append(
            ValidationPoint(
                step=self._state.step,
                epoch=round(self._state.step / self._sampler.batches_per_epoch, 3),
                auc=validation.auc,
                convert_auc=validation.convert_auc,
                rank_auc=validation.rank_auc,
                pointwise_loss=means.mean("pointwise"),
                pairwise_loss=means.mean("pairwise"),
                language_loss=means.mean("language"),
                rule_accuracy=means.rule_accuracy(),
            )
        )
        if better:
            self._state.best = copy.deepcopy(self._average.model.state_dict())
        self._state.model = self._model.state_dict()
        self._state.average = self._average.model.state_dict()
        self._state.optimizer = self._optimizer.state_dict()
        self._folder.save(self._state)
        logger.info(
            "Validation point",
            extra={"event": "validation_point", "step": self._state.step, "auc": round(validation.auc, 4)},
        )

    def validate(self, average: AveragedWeights) -> Validation:
        """Measure averaged weights on the validation split."""
        prompts = [prompt.token_ids for prompt in self._data.validation_prompts]
        return validate(evaluate_prompts(average.model, prompts, self._tokens), self._data.validation_won)

    def best_validation(self) -> Validation:
        """Leave the kept weights in the model, rounded as an F16 file holds them, and measure them so.

        Without the rounding about half of the distance between the F16 file and the checkpoint is the weights'.
        """
        self._average.model.load_state_dict(self._state.best)
        _round_matrices(self._average.model)
        self._model.load_state_dict(self._average.model.state_dict())
        return self.validate(self._average)

    def _points_without_better(self) -> int:
        if not self._state.history:
            return 0
        aucs = [point.auc for point in self._state.history]
        return len(aucs) - 1 - aucs.index(max(aucs))

    def _tell(self) -> None:
        if self._listener is not None:
            best = max((point.auc for point in self._state.history), default=None)
            self._listener(TrainingProgress(self._state.step, self._steps, self._state.seconds, best))


@torch.no_grad()
def _round_matrices(model: torch.nn.Module) -> None:
    """Round matrices to half precision; vectors are exported as they are."""
    for parameter in model.parameters():
        if parameter.ndim > 1:
            parameter.copy_(parameter.half().to(parameter.dtype))


def _optimizer(model: torch.nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98))


def _supports_bfloat16(device: torch.device) -> bool:
    """Whether bf16 matrix units make autocast faster; without them it is several times slower on a CPU."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 - torch 2.6 has no public name for it
