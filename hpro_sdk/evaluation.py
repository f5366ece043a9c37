"""Measuring a model, a GGUF file or a checkpoint folder alike, on leads whose outcomes are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpro_sdk._extras import require_extra
from hpro_sdk.data import TableMapping
from hpro_sdk.errors import DataError, ModelFitError
from hpro_sdk.lead import TrainingExample
from hpro_sdk.metrics import EvaluationReport, evaluate_ranking
from hpro_sdk.scoring.manifest import ScorerManifest
from hpro_sdk.scoring.scorer import Scorer


def load_scorer(path: Path) -> Scorer:
    """Load a model: a GGUF file runs on llama.cpp, a checkpoint folder on PyTorch.

    Args:
        path: File or folder.

    Raises:
        ConfigError: It does not exist or cannot be read.
        ModelLoadError: It is damaged, foreign or newer than this program.
        MissingExtraError: A folder was given, and the ``train`` extra is not installed.
    """
    if path.is_dir():
        require_extra("train", "torch", "Running a checkpoint folder")
        from hpro_sdk.training.checkpoint import load_checkpoint  # loads PyTorch

        return load_checkpoint(path).scorer()
    return Scorer.load(path)


def require_fit(manifest: ScorerManifest, mapping: TableMapping | None) -> None:
    """Refuse to score a table with a model that was made for another one.

    Args:
        manifest: The model's.
        mapping: The table's; ``None`` for leads in JSON form, which need none.

    Raises:
        ModelFitError: The funnel differs, or the mapping lacks a field that the model reads.
    """
    if mapping is None:
        return
    ours = mapping.funnel
    if ours is not None and (ours.stages, ours.won, ours.lost) != (
        manifest.funnel.stages,
        manifest.funnel.won,
        manifest.funnel.lost,
    ):
        raise ModelFitError(
            f"The model was trained on the funnel {', '.join(manifest.funnel.stages)}; the mapping has "
            f"{', '.join(ours.stages)}.",
            hint="Use a model that was trained on this funnel, or correct [funnel].",
        )
    missing = [field.field for field in manifest.template.fields if field.field not in mapping.features]
    if missing:
        raise ModelFitError(
            f"The model reads {', '.join(missing)}, which the mapping's [features] do not name.",
            hint="Use the mapping that the model was trained with.",
        )


def evaluate_model(
    scorer: Scorer, examples: Sequence[TrainingExample], split: str, *, resamples: int = 1000, seed: int = 0
) -> EvaluationReport:
    """Score one split and measure the ranking.

    Args:
        scorer: The model.
        examples: Of any splits; only ``split`` is looked at.
        split: ``train``, ``valid`` or ``test``.
        resamples: Bootstrap resamples behind the intervals; groups are resampled where the examples have them.
        seed: Of the bootstrap.

    Raises:
        DataError: The split is empty or has one class only.
        ModelFitError: The examples are of another object type than the model.
    """
    chosen = [example for example in examples if example.split == split]
    if not chosen:
        found = ", ".join(sorted({example.split for example in examples}))
        raise DataError(f"There are no rows in the split {split!r}.", hint=f"The data have: {found}.")
    scored = list(scorer.score_snapshots(example.snapshot for example in chosen))
    groups = [example.group for example in chosen]
    return evaluate_ranking(
        [lead.rank_score for lead in scored],
        [lead.probability for lead in scored],
        [example.outcome.won for example in chosen],
        [lead.lead_id for lead in scored],
        groups if any(group is not None for group in groups) else None,
        resamples=resamples,
        seed=seed,
    )
