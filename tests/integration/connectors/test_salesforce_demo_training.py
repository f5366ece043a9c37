"""The demo on an emulated Salesforce with a model that is learnt from that org's own history; tiny, and real."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpro_connectors.cli.demo_run import DemoOptions, PassStep
from hpro_connectors.cli.salesforce_demo import run_salesforce_demo
from hpro_connectors.cli.salesforce_demo_output import print_salesforce_step, salesforce_demo_json
from hpro_connectors.cli.salesforce_demo_steps import DoctorStep, PlanStep, TrainingStep
from hpro_connectors.doctor import exit_code_of
from hpro_connectors.learning import train_model as train_module
from hpro_connectors.learning.decision import Decision
from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.state import StateStore
from hpro_sdk.cli.output import to_json
from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.training.config import NanoConfig, TrainingConfig

OPTIONS = DemoOptions("test_drive", 600, 5, 7, None, demo_model=False, train=True)


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
        nano=NanoConfig(
            vocab_size=512, hidden_size=32, layers=1, heads=1, key_value_heads=1, head_dim=32, feed_forward_size=64
        ),
    )


@pytest.mark.parametrize("better", [True, False])
def test_the_org_is_scored_by_the_model_that_the_rule_chose(
    better: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tiny model may rank well or badly, so that what the rule says of it is given."""
    monkeypatch.setattr(train_module, "training_config", tiny)
    monkeypatch.setattr(train_module, "decide", lambda _comparison, **_: Decision(better=better, reason="so be it"))
    state = tmp_path / "demo" / "state.sqlite"
    done = []
    for step in run_salesforce_demo(state, OPTIONS):
        print_salesforce_step(step)
        done.append(step)
        if isinstance(step, PlanStep) and not better:
            break  # what follows knows of the model only that it scores
    (doctor,) = [step for step in done if isinstance(step, DoctorStep)]
    assert exit_code_of(doctor.checkup.findings) == 0
    (training,) = [step for step in done if isinstance(step, TrainingStep)]
    report, bundled = training.report, Scorer.load(bundled_model_path()).model_id
    assert report is not None
    assert report.comparison.in_use_id == bundled
    assert training.model_id == (report.model_id if better else bundled)
    plan = next(step for step in done if isinstance(step, PlanStep))
    assert plan.plan.model_id == training.model_id
    said = capsys.readouterr().out
    assert ("Put to use: " if better else "Kept, and not put to use: ") + f"{report.model_id}: so be it." in said
    assert "All is fine." in said
    with StateStore.open(state, create=False) as store:
        in_use = store.models.in_use()
        assert (None if in_use is None else in_use.model_id) == (report.model_id if better else None)
        assert store.plans.is_confirmed(training.model_id) is better  # in the other case nobody has applied the plan
    assert (tmp_path / "demo" / "models-salesforce" / report.file).is_file()
    if better:
        last = [step.outcome.report for step in done if isinstance(step, PassStep)][-1]
        assert (last.model_id, last.model_calls, last.written, last.cleared) == (report.model_id, 0, 0, 0)
        assert f'"scores_by": "{report.model_id}"' in to_json(salesforce_demo_json(state, done))
