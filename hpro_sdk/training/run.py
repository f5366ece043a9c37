"""A whole training run: from examples to a checkpoint folder."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from hpro_sdk.data import require_trainable
from hpro_sdk.errors import OutputError, PromptTooLongError, TrainingError
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import TrainingExample
from hpro_sdk.ranking import Bands
from hpro_sdk.rendering import PromptRenderer, Template, fit_template
from hpro_sdk.scoring.manifest import ScorerManifest
from hpro_sdk.training.bases import NanoBase, PreparedBase, TrainingBase
from hpro_sdk.training.checkpoint import write_checkpoint
from hpro_sdk.training.config import TrainingConfig
from hpro_sdk.training.pairs import build_pair_table
from hpro_sdk.training.report import EndReason, TrainingReport, report_digest
from hpro_sdk.training.run_state import RunFolder, RunState
from hpro_sdk.training.tokenizer import PlainTokenizer
from hpro_sdk.training.trainer import ProgressListener, Trainer, TrainingData

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What to train on and how.

    Attributes:
        examples: All splits; the test split is counted and never looked at.
        template: Not fitted yet.
        funnel: Stages and preference rules.
        config: What the run is told.
        base: Where it starts; default: nano.
    """

    examples: Sequence[TrainingExample]
    template: Template
    funnel: Funnel
    config: TrainingConfig
    base: TrainingBase | None = None


def train(plan: TrainingPlan, out: Path, listener: ProgressListener | None = None) -> TrainingReport:
    """Train a scorer and write its checkpoint folder.

    An interrupted run leaves ``<out>.partial``; the same call goes on from its last validation point and gives
    what the uninterrupted run would have given. ``out`` appears only when it is complete.

    Args:
        plan: What to train on and how.
        out: The folder to make.
        listener: Told after every step.

    Returns:
        What the run did; it also lies in the folder.

    Raises:
        ConfigError: ``out`` exists, cannot be made, or an unfinished run in its place had other settings.
        DataError: A split is empty or has one class only.
        PromptTooLongError: The template's fixed part does not fit the token budget.
        TrainingError: No rule finds a pair, the loss diverged, or nothing was learnt.
        OutputError: The disk is full.
    """
    require_trainable(plan.examples)
    folder = RunFolder(out)
    folder.check()
    training = [example for example in plan.examples if example.split == "train"]
    template = fit_template(plan.template, (example.snapshot for example in training))
    base = (plan.base or NanoBase(plan.config.nano)).prepare(
        template, [example.snapshot for example in training], plan.config.seed
    )
    renderer = PromptRenderer(template, PlainTokenizer(base.tokenizer))
    _require_room(renderer, plan.funnel)
    data = _render(plan, training, renderer)
    fingerprint = _fingerprint(plan, template, data)
    state = folder.load(fingerprint) or RunState(fingerprint)
    trainer = Trainer(base, data, plan.config, folder=folder, state=state, listener=listener)
    ended = trainer.run()
    report = _report(plan, base, data, state, trainer.best_point.step, ended)
    _write(folder, trainer, base, _Result(plan, template, report))
    return report


def _require_room(renderer: PromptRenderer, funnel: Funnel) -> None:
    limit = renderer.template.max_tokens
    tokens = renderer.longest_fixed_part([*funnel.stages, funnel.won, funnel.lost])
    if tokens > limit:
        raise PromptTooLongError(
            f"The fields of the template can take {tokens} tokens, and a prompt holds {limit}.",
            tokens=tokens,
            limit=limit,
            hint="Raise --max-tokens, or show fewer fields.",
        )


def _render(plan: TrainingPlan, training: list[TrainingExample], renderer: PromptRenderer) -> TrainingData:
    validation = [example for example in plan.examples if example.split == "valid"]
    pairs = build_pair_table(training, plan.funnel)
    for name, count in pairs.count_pairs().items():
        if not count:
            logger.warning(
                "A preference rule finds no pair in the training split",
                extra={"event": "rule_without_pairs", "rule": name},
            )
    return TrainingData(
        prompts=[renderer.render(example.snapshot) for example in training],
        won=np.array([example.outcome.won for example in training]),
        pairs=pairs,
        validation_prompts=[renderer.render(example.snapshot) for example in validation],
        validation_won=np.array([example.outcome.won for example in validation]),
    )


def _fingerprint(plan: TrainingPlan, template: Template, data: TrainingData) -> str:
    """What a run must share with the one it goes on from; it may be given more time."""
    digest = hashlib.sha256(torch.__version__.encode())
    for part in (template, plan.funnel, plan.config.model_copy(update={"max_minutes": 1.0})):
        digest.update(json.dumps(part.model_dump(mode="json"), sort_keys=True).encode())
    for prompt in (*data.prompts, *data.validation_prompts):
        digest.update(bytes.fromhex(prompt.input_hash))
    for array in (data.won, data.pairs.stratum, data.validation_won):
        digest.update(array.tobytes())
    return digest.hexdigest()


def _report(  # noqa: PLR0917 - gathers the whole run
    plan: TrainingPlan, base: PreparedBase, data: TrainingData, state: RunState, best_step: int, ended: EndReason
) -> TrainingReport:
    prompts = data.prompts
    return TrainingReport(
        hpro_version=importlib.metadata.version("hpro-sdk"),
        torch_version=torch.__version__,
        config=plan.config,
        base=base.origin.name,
        parameters=sum(parameter.numel() for parameter in base.model.parameters()),
        examples=dict(sorted(Counter(example.split for example in plan.examples).items())),
        won=dict(sorted(Counter(example.split for example in plan.examples if example.outcome.won).items())),
        rule_pairs=data.pairs.count_pairs(),
        prompt_tokens=round(sum(len(prompt.token_ids) for prompt in prompts) / len(prompts), 1),
        interactions_dropped=sum(prompt.interactions_dropped for prompt in prompts),
        history=tuple(state.history),
        best_step=best_step,
        ended_by=ended,
    )


@dataclass(frozen=True, slots=True)
class _Result:
    plan: TrainingPlan
    template: Template
    report: TrainingReport


def _write(folder: RunFolder, trainer: Trainer, base: PreparedBase, result: _Result) -> None:
    """Calibrate the kept weights, write the checkpoint beside the run's state, and move it into place."""
    validation = trainer.best_validation()
    if validation.calibration is None or validation.rank_scores is None:
        raise TrainingError("The kept weights cannot be calibrated.", hint="Give it more validation leads.")
    text = result.report.to_json()
    manifest = ScorerManifest(
        object_type=result.plan.examples[0].snapshot.object_type,
        template=result.template,
        funnel=result.plan.funnel,
        calibration=validation.calibration,
        bands=Bands.fit(validation.rank_scores),
        score_tokens=base.score_tokens,
        base=base.origin,
        training_report_digest=report_digest(text),
    )
    try:
        folder.place(lambda path: write_checkpoint(path, base.model, base.tokenizer, manifest, text))
    except OSError as exc:
        raise OutputError(
            f"Writing {folder.out} failed: {exc.strerror or exc}.",
            hint="Free some disk space and run the same command again: the training itself is kept.",
        ) from exc
