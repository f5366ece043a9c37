"""``hpro model``: learn a model from an org's own history, and say which one is in use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from hpro_connectors.cli.config_options import config_options
from hpro_connectors.cli.org_place import resolve_place

if TYPE_CHECKING:
    from pathlib import Path

    from hpro_connectors.cli.org_place import OrgPlace
    from hpro_connectors.learning.report import LearningReport
    from hpro_connectors.learning.settings import LearningSettings
    from hpro_connectors.learning.train_model import ModelInUse, PreparedLearning
    from hpro_connectors.state import StateStore


class PlaceOptions(TypedDict):
    """What the options of :func:`~hpro_connectors.cli.config_options.config_options` pass on."""

    config_path: Path | None
    crm_name: str | None


@click.group(short_help="Train a model of your own; list, use and roll back models.")
def model() -> None:
    """Learn a model from the org's own history, compare it, and say which model scores from the next pass on."""


@model.command(short_help="Train on the org's own history; use the model if it ranks better.")
@config_options
@click.option(
    "--max-minutes",
    type=click.FloatRange(0, min_open=True),
    help="Minutes of training at most. Default: as configured, else 15.",
)
@click.option("--force", is_flag=True, help="Use the model whatever the comparison says; its report tells so.")
@click.option("--dry-run", is_flag=True, help="Only say what there is to learn from; train nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
def train(
    max_minutes: float | None, force: bool, dry_run: bool, as_json: bool, **options: Unpack[PlaceOptions]
) -> None:
    """Train a model on what was read of the org, and compare it on the newest fifth of the history.

    It is put to use only when it ranks better beyond noise than the model in use; the first model of an org must rank
    better than newest first and than chance. Otherwise it is kept, and `hpro model use ID` puts it to use. It needs at
    least 40 leads that were won and 40 that were not. An interrupted training goes on with the same command.
    """
    from hpro_connectors.cli.model_output import print_data, print_learnt
    from hpro_sdk.cli.output import print_json

    require_training()
    place = resolve_place(**options)
    settings = place.learning_settings(max_minutes)
    with place.store() as store:
        prepared = prepare(place, store, settings)
        if dry_run:
            print_json(prepared.data) if as_json else print_data(prepared.data)
            return
        report = learn(prepared, place, store, settings, force=force)
    print_json(report) if as_json else print_learnt(report)


@model.command("list", short_help="List the org's models.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
def list_models(as_json: bool, **options: Unpack[PlaceOptions]) -> None:
    """List the models of the org, newest first, and which one is in use."""
    from hpro_connectors.cli.model_output import model_rows, print_models
    from hpro_sdk.cli.output import print_json

    place = resolve_place(**options)
    with place.store() as store:
        rows = model_rows(store.models, place.models)
    print_json(rows) if as_json else print_models(rows)
    if not rows:
        click.echo("There is no model yet. Next: hpro model train", err=True)


@model.command(short_help="Put a model to use.")
@click.argument("model_id", metavar="ID")
@config_options
def use(model_id: str, **options: Unpack[PlaceOptions]) -> None:
    """Put the model ID to use: from the next pass on it scores. The first writes of another model must be confirmed."""
    from hpro_sdk.evaluation import load_scorer

    place = resolve_place(**options)
    with place.store() as store:
        load_scorer(store.models.get(model_id).path_in(place.models))  # a damaged file is refused now, not in a pass
        store.models.use(model_id, datetime.now(UTC), "by hand")
    click.echo(f"In use from the next pass on: {model_id}")


@model.command(short_help="Use the model again that was in use before.")
@config_options
def rollback(**options: Unpack[PlaceOptions]) -> None:
    """Put the model to use again that was in use before this one; a second rollback undoes the first."""
    from hpro_sdk.evaluation import load_scorer

    place = resolve_place(**options)
    with place.store() as store:
        load_scorer(store.models.before().path_in(place.models))
        before = store.models.rollback(datetime.now(UTC))
    click.echo(f"In use from the next pass on: {before.model_id}")


@model.command(short_help="Print the card of a model.")
@click.argument("model_id", metavar="[ID]", required=False)
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON instead.")
def card(model_id: str | None, as_json: bool, **options: Unpack[PlaceOptions]) -> None:
    """Print what the model ID, by default the one in use, learnt from, and how it ranks."""
    from hpro_sdk.cli.output import terminal_safe
    from hpro_sdk.errors import ConfigError

    place = resolve_place(**options)
    with place.store() as store:
        wanted = store.models.in_use() if model_id is None else store.models.get(model_id)
    if wanted is None:
        raise ConfigError("No model is in use.", hint="Train one with `hpro model train`, or name one.")
    if as_json:
        click.echo(terminal_safe(wanted.report, keep_lines=True))
        return
    file = place.models / f"{wanted.model_id}.md"
    if not file.is_file():
        raise ConfigError(f"The card of the model {wanted.model_id} is gone: {file}.", hint="See its report: --json.")
    click.echo(terminal_safe(file.read_text(encoding="utf-8"), keep_lines=True), nl=False)


def require_training() -> None:
    """Refuse to train where the extra is not installed.

    Raises:
        MissingExtraError: It is not.
    """
    from hpro_sdk._extras import require_extra

    require_extra("train", "torch", "Training")


def prepare(place: OrgPlace, store: StateStore, settings: LearningSettings) -> PreparedLearning:
    """Make the examples of an org, and show how far that is.

    Args:
        place: The org.
        store: Its state.
        settings: What is learnt by.

    Raises:
        HproError: See :func:`~hpro_connectors.learning.train_model.prepare_learning`.
    """
    from hpro_connectors.cli.model_output import reading_bar
    from hpro_connectors.learning.history import read_until
    from hpro_connectors.learning.train_model import prepare_learning

    with place.connector() as connector:
        identity, description = connector.identity(), connector.describe()
        known_until = read_until(store, [stream.name for stream in connector.streams()])
    with reading_bar() as told:
        return prepare_learning(store, identity, description, settings, known_until=known_until, progress=told)


def learn(
    prepared: PreparedLearning,
    place: OrgPlace,
    store: StateStore,
    settings: LearningSettings,
    *,
    against: Path | None = None,
    force: bool = False,
) -> LearningReport:
    """Train a model, and show how far that is.

    Args:
        prepared: Of :func:`prepare`.
        place: The org.
        store: Its state.
        settings: What is learnt by.
        against: The model that it must beat; ``None``: the one in use.
        force: Put it to use whatever the comparison says.

    Raises:
        HproError: See :func:`~hpro_connectors.learning.train_model.train_model`.
    """
    from hpro_connectors.learning.train_model import ModelInUse, train_model
    from hpro_sdk.cli.training_bar import training_bar

    in_use = _in_use(store, place, prepared.identity.org_id) if against is None else ModelInUse(against)
    with training_bar() as listener:
        return train_model(
            prepared,
            store,
            place.models,
            settings,
            in_use=in_use,
            now=lambda: datetime.now(UTC),
            force=force,
            listener=listener,
        )


def _in_use(store: StateStore, place: OrgPlace, org_id: str) -> ModelInUse | None:
    """The org's own model, or for an invented org the bundled one."""
    from hpro_connectors.demo.demo_ids import is_demo_org
    from hpro_connectors.learning.train_model import ModelInUse
    from hpro_sdk.errors import ConfigError
    from hpro_sdk.models import bundled_model_path

    own = store.models.in_use()
    if own is not None:
        return ModelInUse(place.models / own.file, own.model_id)
    if not is_demo_org(org_id):
        return None
    try:
        return ModelInUse(bundled_model_path())
    except ConfigError:  # a checkout in which it was never built
        return None
