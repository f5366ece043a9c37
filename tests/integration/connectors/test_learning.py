"""A simulated org that is read, learnt from, compared and scored with a model of its own, through the real commands.

Training is real and tiny, so the model may rank well or badly: what is asked is that everything said of it is true.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hpro_connectors.cli.model_output import print_data, print_learnt
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.generated_org import create_generated_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.engine import PassSettings
from hpro_connectors.engine.reading import PageSink, read_changes
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.errors import StateLockedError
from hpro_connectors.learning import train_model as train_module
from hpro_connectors.learning.history import read_until
from hpro_connectors.learning.report import LearningReport
from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.learning.template import PAST_UNKNOWN
from hpro_connectors.learning.train_model import ModelInUse, PreparedLearning, prepare_learning, train_model
from hpro_connectors.learning.training_lock import only_training
from hpro_connectors.state import StateStore
from hpro_sdk.cli import main
from hpro_sdk.errors import ConfigError
from hpro_sdk.evaluation import load_scorer
from hpro_sdk.training.config import NanoConfig, TrainingConfig
from hpro_sdk.training.trainer import TrainingProgress

LEADS = 600
SEED = 5
NANO = NanoConfig(
    vocab_size=512, hidden_size=32, layers=1, heads=1, key_value_heads=1, head_dim=32, feed_forward_size=64
)


def tiny(settings: LearningSettings) -> TrainingConfig:
    return TrainingConfig(
        seed=settings.seed,
        epochs=3,
        min_steps=1,
        validations=4,
        batch_size=32,
        learning_rate=5e-3,
        average_decay=0.9,
        language_share=0.25,
        nano=NANO,
    )


@dataclass(frozen=True)
class Place:
    """Files of an org."""

    folder: Path

    @property
    def org(self) -> Path:
        return self.folder / "org.sqlite"

    @property
    def state(self) -> Path:
        return self.folder / "state.sqlite"

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def options(self) -> list[str]:
        config = self.folder / "hpro.toml"
        config.write_text(
            '[crm.main]\nconnector = "demo"\norg = "org.sqlite"\nstate = "state.sqlite"\nmodels = "models"\n'
            "[crm.main.training]\nmax_tokens = 192\n",
            "utf-8",
        )
        return ["--config", str(config)]


@pytest.fixture(autouse=True, scope="module")
def _tiny_training() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "training_config", tiny)
        yield


@pytest.fixture(scope="module")
def read_org(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An org whose history was read; copy it, do not change it."""
    place = Place(tmp_path_factory.mktemp("read"))
    create_generated_org(place.org, TEST_DRIVE, SEED, LEADS)
    with Org.open(place.org) as org, StateStore.open(place.state) as store:
        connector = DemoConnector(org)
        object_type = connector.describe().object_type
        store.pin(connector.identity(), object_type)
        sink = PageSink(store, object_type, lambda _what, _done: None)
        read_changes(connector, sink, connector.server_time(), PassSettings(lag_s=0))
    return place


@pytest.fixture
def place(read_org: Place, tmp_path: Path) -> Place:
    return copied(read_org, tmp_path)


@dataclass(frozen=True)
class Learnt:
    """A model that `hpro model train` made, and what it said."""

    place: Place
    report: LearningReport


@pytest.fixture(scope="module")
def learnt(read_org: Place, tmp_path_factory: pytest.TempPathFactory) -> Learnt:
    """Read it, do not change it."""
    place = copied(read_org, tmp_path_factory.mktemp("learnt"))
    prepared = prepare(place)
    with StateStore.open(place.state) as store:
        report = train_model(prepared, store, place.models, LearningSettings(max_tokens=192), in_use=None, now=now)
    return Learnt(place, report)


def copied(place: Place, folder: Path) -> Place:
    shutil.copytree(place.folder, folder, dirs_exist_ok=True)
    return Place(folder)


def now() -> datetime:
    return datetime(2026, 9, 2, tzinfo=UTC)


def prepare(place: Place) -> PreparedLearning:
    with Org.open(place.org, writable=False) as org, StateStore.open(place.state) as store:
        connector = DemoConnector(org)
        until = read_until(store, [stream.name for stream in connector.streams()])
        return prepare_learning(
            store,
            connector.identity(),
            connector.describe(),
            LearningSettings(max_tokens=192),
            known_until=until,
        )


def said(capsys: pytest.CaptureFixture[str]) -> Any:  # noqa: ANN401 - JSON
    return json.loads(capsys.readouterr().out)


def test_the_command_trains_compares_and_registers(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "train", *place.options, "--json"]) == 0
    report = LearningReport.model_validate(said(capsys))
    names = [ranking.name for ranking in report.comparison.rankings]
    assert names == ["new", "in use", "trees", "newest first"]
    against = report.comparison.difference("in use")
    assert against is not None
    assert report.decision.use is (against.auc[1] > 0)
    assert report.comparison.in_use_id is not None  # an invented org begins with the bundled model
    file = place.models / f"{report.model_id}.gguf"
    scorer = load_scorer(file)
    assert scorer.model_id == report.model_id
    with Org.open(place.org, writable=False) as org:
        StageNames(DemoConnector(org).describe(), scorer.manifest)
    assert sorted(path.name for path in place.models.iterdir()) == [
        ".training.lock",
        *(f"{report.model_id}.{kind}" for kind in ("gguf", "json", "md")),
    ]
    assert {path.stat().st_mode & 0o777 for path in place.models.iterdir()} == {0o600}
    assert main(["model", "list", *place.options, "--json"]) == 0
    (row,) = said(capsys)
    assert (row["model_id"], row["in_use"], row["file_exists"]) == (report.model_id, report.decision.use, True)
    assert main(["model", "use", report.model_id, *place.options]) == 0
    capsys.readouterr()
    assert main(["model", "card", *place.options]) == 0
    assert capsys.readouterr().out.startswith(f"# {report.model_id}\n")


def test_a_dry_run_counts_and_trains_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "train", *place.options, "--dry-run", "--json"]) == 0
    data = said(capsys)
    assert data["examples"]["won_leads"] >= 40
    assert set(data["examples"]["sides"]) == {"train", "valid", "test"}
    assert data["left_out"].keys() == {"contract_no", "lost_reason", "win_estimate"}
    assert not place.models.exists()
    assert main(["model", "list", *place.options]) == 0


def test_the_first_model_of_a_real_org_must_beat_newest_first_and_chance(learnt: Learnt) -> None:
    comparison = learnt.report.comparison
    new, newest = comparison.ranking("new"), comparison.difference("newest first")
    assert new is not None
    assert newest is not None
    assert learnt.report.decision.better is (new.auc[1] > 0.5 and newest.auc[1] > 0)
    with StateStore.open(learnt.place.state) as store:
        in_use = store.models.in_use()
    assert (in_use is not None) is learnt.report.decision.use


def test_what_lies_beside_the_model_is_the_report(learnt: Learnt) -> None:
    path = learnt.place.models / f"{learnt.report.model_id}.json"
    assert LearningReport.model_validate_json(path.read_text("utf-8")) == learnt.report


def test_people_are_shown_all_rankings_and_what_was_decided(learnt: Learnt, capsys: pytest.CaptureFixture[str]) -> None:
    print_learnt(learnt.report)
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert [line.split("\t")[0] for line in lines[:-1]] == [
        "ranking",
        "new model",
        "boosted trees",
        "newest first",
        "chance",
    ]
    used = learnt.report.decision.use
    assert lines[-1].startswith("In use from the next pass on" if used else "Kept, and not put to use")
    assert (f"hpro model use {learnt.report.model_id}" in shown.err) is not used


def test_people_are_told_which_fields_are_not_shown_because_nobody_knows_their_past(
    learnt: Learnt, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out = {"industry": PAST_UNKNOWN, "rating": PAST_UNKNOWN, "phone": "as configured"}
    data = learnt.report.data.model_copy(update={"left_out": left_out})
    assert data.past_unknown == ("industry", "rating")
    print_data(data)
    shown = capsys.readouterr()
    assert "not shown: their past is not known\tindustry, rating\n" in shown.out
    assert "Note: 2 fields without a history" in shown.err
    assert "known_at_creation of [crm.NAME.training]" in shown.err
    print_data(data.model_copy(update={"left_out": {"phone": "as configured"}}))
    assert "known_at_creation" not in capsys.readouterr().err


def test_two_trainings_at_once_are_refused(place: Place) -> None:
    prepared = prepare(place)
    place.models.mkdir()
    with (
        StateStore.open(place.state) as store,
        only_training(place.models),
        pytest.raises(StateLockedError, match="Another training") as raised,
    ):
        train_model(prepared, store, place.models, LearningSettings(max_tokens=192), in_use=None, now=now)
    assert raised.value.exit_code == 4
    assert list(place.models.glob(".training-*")) == []


def test_neither_card_nor_report_holds_lead_text(learnt: Learnt) -> None:
    simulation = Simulation(TEST_DRIVE, SEED, leads_per_year=LEADS, reserved_phrases=True)
    texts = {
        event.text  # type: ignore[union-attr]
        for number in range(40)
        for event in simulation.lead_events(simulation.birth(number), 365)
        if getattr(event, "text", "")
    }
    written = [(learnt.place.models / f"{learnt.report.model_id}.{kind}").read_text("utf-8") for kind in ("json", "md")]
    assert len(texts) > 40
    assert not [text for text in texts if any(text in one for one in written)]


def test_an_interrupted_training_goes_on_and_gives_the_same_model(place: Place, learnt: Learnt) -> None:
    def interrupt(progress: TrainingProgress) -> None:
        if progress.step == progress.steps // 2:
            raise KeyboardInterrupt

    prepared = prepare(place)
    settings = LearningSettings(max_tokens=192)
    with StateStore.open(place.state) as store:
        with pytest.raises(KeyboardInterrupt):
            train_model(prepared, store, place.models, settings, in_use=None, now=now, listener=interrupt)
        assert store.models.list() == []
        (left,) = place.models.glob(".training-*")
        steps: list[int] = []
        report = train_model(
            prepare(place), store, place.models, settings, in_use=None, now=now, listener=lambda p: steps.append(p.step)
        )
    assert steps[0] > 1
    assert report.model_id == learnt.report.model_id
    assert report.comparison == learnt.report.comparison
    assert not left.exists()


def test_a_model_in_use_that_vanished_does_not_keep_a_new_one_away(place: Place, learnt: Learnt) -> None:
    copied(learnt.place, place.folder)
    prepared = prepare(place)
    gone = ModelInUse(place.models / "gone.gguf", "hpro-gone")
    new = place.models / learnt.report.file
    comparison = train_module._compared(prepared, new, gone, seed=0)
    assert comparison.in_use_id == "hpro-gone"
    assert comparison.in_use_problem is not None
    assert "gone.gguf" in comparison.in_use_problem
    assert [ranking.name for ranking in comparison.rankings] == ["new", "trees", "newest first"]


def test_the_same_model_again_is_a_tie_and_is_used_only_by_force(place: Place, learnt: Learnt) -> None:
    copied(learnt.place, place.folder)
    prepared = prepare(place)
    new = place.models / learnt.report.file
    with StateStore.open(place.state) as store:
        forced = train_model(
            prepared,
            store,
            place.models,
            LearningSettings(max_tokens=192),
            in_use=ModelInUse(new),
            now=now,
            force=True,
        )
        in_use = store.models.in_use()
        models = store.models.list()
    against = forced.comparison.difference("in use")
    assert against is not None
    assert against.auc == (0.0, 0.0, 0.0)
    assert (forced.decision.better, forced.decision.forced) == (False, True)
    assert in_use is not None
    assert [model.model_id for model in models] == [in_use.model_id] == [learnt.report.model_id]
    card = (place.models / f"{forced.model_id}.md").read_text("utf-8")
    assert "a person had it put to use anyway" in card


def test_a_vanished_file_is_one_line_and_exit_2(
    place: Place, learnt: Learnt, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(learnt.place, place.folder)
    (place.models / learnt.report.file).unlink()
    assert main(["model", "use", learnt.report.model_id, *place.options]) == 2
    assert f"The file of the model {learnt.report.model_id} is gone" in capsys.readouterr().err
    assert main(["model", "list", *place.options]) == 0
    assert "its file is gone" in capsys.readouterr().out


def test_an_unknown_model_and_a_missing_card_are_one_line_and_exit_2(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["use", "hpro-x"], ["card", "hpro-x"], ["card"], ["rollback"]):
        assert main(["model", *arguments, *place.options]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_an_org_that_was_never_read_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.state.unlink()
    StateStore.open(place.state).close()
    assert main(["model", "train", *place.options]) == 2
    assert "has not been read whole" in capsys.readouterr().err


def test_a_models_folder_that_is_a_file_is_refused(place: Place) -> None:
    place.models.write_text("", "utf-8")
    with StateStore.open(place.state) as store, pytest.raises(ConfigError, match="models folder"):
        train_model(prepare(place), store, place.models, LearningSettings(max_tokens=192), in_use=None, now=now)
