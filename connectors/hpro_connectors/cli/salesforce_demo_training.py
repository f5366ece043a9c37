"""Training within `hpro demo --crm salesforce`: on the org's own history, or why it is left out."""

from __future__ import annotations

from pathlib import Path

from hpro_connectors.cli.demo_run import DemoOptions
from hpro_connectors.cli.model import learn, prepare, require_training
from hpro_connectors.cli.org_place import OrgPlace
from hpro_connectors.cli.salesforce_demo_steps import TrainingStep
from hpro_sdk.errors import DataError, MissingExtraError, TrainingError
from hpro_sdk.evaluation import load_scorer
from hpro_sdk.scoring.scorer import Scorer


def reason_not_to_train(options: DemoOptions) -> str | None:
    """Give why no model is trained; ``None`` where one is.

    Args:
        options: What the demo was told.

    Raises:
        MissingExtraError: Training was asked for, and cannot be done here.
    """
    if options.train is False:
        return "--no-train was given"
    if options.train is None and options.model is not None:
        return "--model names one; --train trains one all the same"
    try:
        require_training()
    except MissingExtraError as exc:
        if options.train:
            raise
        return f"{exc.message.rstrip('.')} ({exc.hint})"
    return None


def train_on_history(
    place: OrgPlace, options: DemoOptions, given: tuple[Path, Scorer], why_not: str | None
) -> tuple[TrainingStep, Scorer]:
    """Do what `hpro model train` does, within the demo's minutes; where nothing comes of it, the demo goes on.

    Args:
        place: The org, read once.
        options: What the demo was told.
        given: The bundled or named model, its path and the model itself; it scores unless a better one is learnt.
        why_not: Why no model is trained.

    Returns:
        What was done, and the model that scores from here on.

    Raises:
        HproError: The models folder or the state cannot be used.
    """
    path, scorer = given
    if why_not is not None:
        return TrainingStep(None, why_not, scorer.model_id), scorer
    settings = place.learning_settings(options.train_minutes)
    try:
        with place.store() as store:
            report = learn(prepare(place, store, settings), place, store, settings, against=path)
    except (DataError, TrainingError) as exc:  # a small company, or few minutes: nothing that is wrong with the org
        return TrainingStep(None, exc.message.rstrip("."), scorer.model_id), scorer
    if report.decision.use:
        scorer = load_scorer(place.models / report.file)
    return TrainingStep(report, None, scorer.model_id), scorer
