"""From an org's state to a model that is compared, kept, and put to use when it ranks better."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from hpro_connectors.learning.card import model_card
from hpro_connectors.learning.compare import (
    IN_USE,
    NEW,
    NEWEST_FIRST,
    TREES,
    Comparison,
    Scores,
    compare_rankings,
    model_scores,
    newest_first_scores,
)
from hpro_connectors.learning.decision import decide
from hpro_connectors.learning.examples import LearningExamples, make_examples
from hpro_connectors.learning.funnel import OrgFunnel, funnel_of_org
from hpro_connectors.learning.history import LeadProgress, read_history
from hpro_connectors.learning.report import DataReport, LearningReport
from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.learning.template import ShownFields, choose_fields
from hpro_connectors.learning.training_lock import only_training
from hpro_connectors.learning.trees import rank_by_trees
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import OrgDescription, OrgIdentity
from hpro_connectors.state import StateStore
from hpro_quantize.errors import ParityError
from hpro_quantize.pipeline import ExportReport, export
from hpro_quantize.quantizer import QuantType
from hpro_sdk._files import replacing
from hpro_sdk.errors import ConfigError, DataError, ModelError, OutputError
from hpro_sdk.evaluation import load_scorer
from hpro_sdk.training.config import NanoConfig, TrainingConfig
from hpro_sdk.training.report import TrainingReport
from hpro_sdk.training.run import TrainingPlan, train
from hpro_sdk.training.trainer import ProgressListener

_LOGGER = logging.getLogger(__name__)

_PARITY_LEADS = 200
_WORK_PREFIX = ".training-"
_CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """The model that the new one must beat.

    Attributes:
        path: Of its file.
        model_id: Its id; ``None``: the file says it.
    """

    path: Path
    model_id: str | None = None


@dataclass(frozen=True, slots=True)
class PreparedLearning:
    """All that is known before training begins.

    Attributes:
        identity: Of the org.
        funnel: That the model is trained on.
        fields: That it is shown.
        examples: That it learns from and is compared on.
        data: The same in figures.
    """

    identity: OrgIdentity
    funnel: OrgFunnel
    fields: ShownFields
    examples: LearningExamples
    data: DataReport


def prepare_learning(
    store: StateStore,
    identity: OrgIdentity,
    description: OrgDescription,
    settings: LearningSettings,
    *,
    known_until: datetime,
    progress: LeadProgress | None = None,
) -> PreparedLearning:
    """Make the examples of an org, and say what is in them; trains nothing and writes nothing.

    Args:
        store: The state of the org.
        identity: Of the org.
        description: Of the org.
        settings: What a person said.
        known_until: Until when every stream was read.
        progress: Told of leads that were read.

    Raises:
        SafetyRailError: The state is of another org.
        ConfigError: The settings do not fit the org.
        DataError: There is too little to learn from.
        StateError: The state cannot be used.
    """
    store.check_org(identity, description.object_type)
    funnel = funnel_of_org(description, settings)
    history = read_history(
        store,
        funnel,
        known_until,
        exclude_field=settings.exclude_field,
        progress=progress,
    )
    fields = choose_fields(description, settings, history.leads)
    examples = make_examples(history, funnel, fields, settings)
    data = DataReport(
        org_id=identity.org_id,
        object_type=description.object_type,
        known_until=known_until,
        horizon_days=settings.horizon_days,
        cutoff_every_days=settings.cutoff_every_days,
        stages=funnel.funnel.stages,
        fields=tuple(field.field for field in fields.template.fields),
        left_out=fields.left_out,
        history=history.counts,
        examples=examples.counts,
        leaks=examples.leaks,
        warnings=examples.warnings,
    )
    return PreparedLearning(identity, funnel, fields, examples, data)


def train_model(
    prepared: PreparedLearning,
    store: StateStore,
    models: Path,
    settings: LearningSettings,
    *,
    in_use: ModelInUse | None,
    now: Callable[[], datetime],
    force: bool = False,
    listener: ProgressListener | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> LearningReport:
    """Train a model, compare it, keep it in the models folder, and put it to use when it ranks better.

    Training that was interrupted goes on with the same call, as long as the examples and settings are the same;
    otherwise it begins anew. A model that does not rank better is kept too, and not put to use.

    Args:
        prepared: Of :func:`prepare_learning`.
        store: The state, whose registry of models gets the new one.
        models: The models folder; it is made where there is none.
        settings: Minutes, tokens and seed.
        in_use: The model that it must beat; ``None``: it must beat newest first and chance.
        now: This machine's clock.
        force: Put it to use whatever the comparison says.
        listener: Told after every training step.
        clock: Gives seconds; only differences count.

    Raises:
        ConfigError: The models folder cannot be used.
        StateLockedError: Another training of this org is under way.
        TrainingError: Nothing was learnt.
        QuantizeError: The model cannot be exported.
        OutputError: The disk is full.
        MissingExtraError: The extra ``train`` is not installed.
    """
    began = clock()
    _make_folder(models)
    with only_training(models):
        work = _work_folder(models, prepared, settings)
        training = _trained(work / _CHECKPOINT, prepared, settings, listener)
        exported = _exported(work, prepared.examples)
        file = f"{exported.model_id}.gguf"
        comparison = _compared(prepared, exported.path, in_use, settings.seed)
        decision = decide(comparison, force=force)
        report = LearningReport(
            model_id=exported.model_id,
            file=file,
            bytes=exported.bytes,
            made_at=now(),
            data=prepared.data,
            training=training,
            parity=exported.parity.tau,
            comparison=comparison,
            decision=decision,
            minutes=round((clock() - began) / 60, 2),
        )
        _place(exported.path, models / file)
        _write(models / f"{exported.model_id}.json", report.model_dump_json(indent=1) + "\n")
        _write(models / f"{exported.model_id}.md", model_card(report))
        store.models.install(exported.model_id, file, report.model_dump_json(), report.made_at)
        if decision.use:
            store.models.use(exported.model_id, report.made_at, decision.reason)
        shutil.rmtree(work, ignore_errors=True)
        _LOGGER.info(
            "model learnt",
            extra={"event": LogEvent.MODEL_INSTALLED, "model_id": exported.model_id, "put_to_use": decision.use},
        )
        return report


def training_config(settings: LearningSettings) -> TrainingConfig:
    """Give what training is told: shaped for some minutes on one or two processors.

    Args:
        settings: Seed and minutes.
    """
    return TrainingConfig(
        seed=settings.seed,
        max_minutes=settings.max_minutes,
        epochs=4,
        learning_rate=7e-4,
        validations=12,
        language_share=0.25,
        nano=NanoConfig(vocab_size=2048),
    )


def _make_folder(models: Path) -> None:
    try:
        models.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise ConfigError(
            f"The models folder {models} cannot be made: {exc.strerror}.", hint="Name another folder."
        ) from exc


def _work_folder(models: Path, prepared: PreparedLearning, settings: LearningSettings) -> Path:
    """Give the folder of this training, named after all that it depends on; what others left behind is removed."""
    digest = sha256()
    for part in (prepared.fields.template, prepared.funnel.funnel, training_config(settings)):
        digest.update(part.model_dump_json(exclude={"max_minutes"}).encode())
    for example in prepared.examples.examples:
        digest.update(example.model_dump_json().encode("utf-8", "surrogatepass"))
    work = models / f"{_WORK_PREFIX}{digest.hexdigest()[:16]}"
    for other in models.glob(f"{_WORK_PREFIX}*"):
        if other != work:
            shutil.rmtree(other, ignore_errors=True)
    try:
        work.mkdir(mode=0o700, exist_ok=True)
    except OSError as exc:
        raise ConfigError(
            f"The models folder {models} cannot be written: {exc.strerror}.", hint="Check its permissions."
        ) from exc
    return work


def _trained(
    checkpoint: Path, prepared: PreparedLearning, settings: LearningSettings, listener: ProgressListener | None
) -> TrainingReport:
    if checkpoint.exists():  # an earlier call was interrupted after its training
        return TrainingReport.model_validate_json((checkpoint / "training_report.json").read_text(encoding="utf-8"))
    plan = TrainingPlan(
        examples=prepared.examples.examples,
        template=prepared.fields.template,
        funnel=prepared.funnel.funnel,
        config=training_config(settings),
    )
    return train(plan, checkpoint, listener)


def _exported(work: Path, examples: LearningExamples) -> ExportReport:
    """Export to eight bits; where these order leads otherwise than the checkpoint does, to sixteen."""
    leads = [example.snapshot for example in examples.of("valid")[:_PARITY_LEADS]]
    checked = leads if len(leads) > 1 else None
    try:
        return export(work / _CHECKPOINT, work / "model.gguf", QuantType.Q8_0, checked, force=True)
    except ParityError:
        return export(work / _CHECKPOINT, work / "model.gguf", QuantType.F16, checked, force=True)


def _compared(prepared: PreparedLearning, new: Path, in_use: ModelInUse | None, seed: int) -> Comparison:
    examples = prepared.examples
    test = examples.of("test")
    scores: dict[str, Scores] = {NEW: model_scores(load_scorer(new), test)}
    in_use_id, problem = None, None
    if in_use is not None:
        in_use_id = in_use.model_id
        try:
            scorer = load_scorer(in_use.path)
            in_use_id = scorer.model_id
            scores[IN_USE] = model_scores(scorer, test)
        except (ConfigError, DataError, ModelError) as exc:  # gone, damaged, or of another funnel by now
            problem = f"{type(exc).__name__}: {exc.message}"
    scores[TREES] = rank_by_trees(
        examples.of("train"),
        examples.of("valid"),
        test,
        template=prepared.fields.template,
        funnel=prepared.funnel.funnel,
        seed=seed,
    )
    scores[NEWEST_FIRST] = newest_first_scores(test)
    return compare_rankings(test, scores, in_use_id=in_use_id, in_use_problem=problem, seed=seed)


def _place(source: Path, target: Path) -> None:
    try:
        source.chmod(0o600)  # it is learnt from the CRM's data, and guarded as they are
        source.replace(target)
    except OSError as exc:
        raise OutputError(
            f"Writing {target} failed: {exc.strerror or exc}.", hint="Run the same command again: nothing is lost."
        ) from exc


def _write(target: Path, text: str) -> None:
    with replacing(target) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(text, encoding="utf-8")
