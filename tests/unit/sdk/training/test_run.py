"""Whole training runs on a small company: learning, stopping, resuming, and what lies in the folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from hpro_sdk.errors import ConfigError, DataError, OutputError, PromptTooLongError, TrainingError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import TrainingExample
from hpro_sdk.metrics import auc
from hpro_sdk.rendering import FieldTemplate, Template
from hpro_sdk.training.checkpoint import load_checkpoint
from hpro_sdk.training.config import NanoConfig, TrainingConfig
from hpro_sdk.training.report import TrainingReport, report_digest
from hpro_sdk.training.run import TrainingPlan, train
from hpro_sdk.training.trainer import TrainingProgress

MakeExamples = Callable[[int], list[TrainingExample]]

FUNNEL = Funnel(stages=("call", "drive"))
TEMPLATE = Template(
    fields=(
        FieldTemplate(field="visits", label="visits", kind=FieldKind.NUMBER),
        FieldTemplate(field="source", label="source", kind=FieldKind.CATEGORY),
    ),
    max_tokens=224,
)
NANO = NanoConfig(
    vocab_size=512, hidden_size=32, layers=1, heads=1, key_value_heads=1, head_dim=32, feed_forward_size=64
)
CONFIG = TrainingConfig(
    seed=1, epochs=4, min_steps=1, validations=8, batch_size=32, learning_rate=5e-3, average_decay=0.9, nano=NANO
)


def plan_for(
    examples: list[TrainingExample], config: TrainingConfig = CONFIG, template: Template = TEMPLATE
) -> TrainingPlan:
    return TrainingPlan(examples=examples, template=template, funnel=FUNNEL, config=config)


@pytest.fixture(scope="module")
def trained(make_examples: MakeExamples, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingReport]:
    out = tmp_path_factory.mktemp("trained") / "model"
    return out, train(plan_for(make_examples(600)), out)


def test_it_learns_to_rank(trained: tuple[Path, TrainingReport], make_examples: MakeExamples) -> None:
    out, _ = trained
    test = [example for example in make_examples(600) if example.split == "test"]
    scored = list(load_checkpoint(out).scorer().score_snapshots(example.snapshot for example in test))
    assert auc([lead.rank_score for lead in scored], [example.outcome.won for example in test]) > 0.65


def test_the_folder_is_a_hugging_face_model_with_our_files_beside_it(trained: tuple[Path, TrainingReport]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    out, report = trained
    assert sorted(path.name for path in out.parent.iterdir()) == ["model"]
    model = AutoModelForCausalLM.from_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(out)
    manifest = load_checkpoint(out).manifest
    assert tokenizer.convert_ids_to_tokens(manifest.score_tokens.rank) == "<|hpro_rank|>"
    assert model.config.model_type == "qwen3"
    assert sum(parameter.numel() for parameter in model.parameters()) == report.parameters
    written = (out / "training_report.json").read_text("utf-8")
    assert manifest.training_report_digest == report_digest(written)
    assert TrainingReport.model_validate_json(written) == report


def test_the_report_says_what_was_done(trained: tuple[Path, TrainingReport]) -> None:
    _, report = trained
    assert report.examples == {"test": 90, "train": 420, "valid": 90}
    assert all(report.rule_pairs[rule] > 0 for rule in ("global", "key", "soft"))
    assert report.best.auc == max(point.auc for point in report.history)
    assert report.best.pairwise_loss > 0
    accuracy = report.best.rule_accuracy["global"]
    assert accuracy is not None
    assert 0.5 < accuracy <= 1


def test_matrices_are_kept_as_an_f16_file_holds_them(trained: tuple[Path, TrainingReport]) -> None:
    matrices = [weights for weights in load_checkpoint(trained[0]).model.parameters() if weights.ndim > 1]
    assert matrices
    for weights in matrices:
        assert torch.equal(weights, weights.half().float())


def test_neither_folder_nor_report_holds_lead_text(make_examples: MakeExamples, tmp_path: Path) -> None:
    examples = make_examples(300)
    marked = examples[0].snapshot.model_copy(
        update={
            "interactions": (
                examples[0].snapshot.interactions[0].model_copy(update={"text": "Zarquon Xylophonist +49 170 1234567"}),
            )
        }
    )
    examples[0] = examples[0].model_copy(update={"snapshot": marked})
    train(plan_for(examples, CONFIG.model_copy(update={"epochs": 1})), tmp_path / "model")
    text = b"".join(path.read_bytes() for path in (tmp_path / "model").iterdir()).decode("latin-1")
    assert not re.search(r"Zarquon|Xylophon|1234567|wants a test drive soon", text)


def test_an_interrupted_run_goes_on_and_ends_as_if_it_had_not_been(
    trained: tuple[Path, TrainingReport], make_examples: MakeExamples, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    seen: list[int] = []

    def interrupt(progress: TrainingProgress) -> None:
        seen.append(progress.step)
        if progress.step == 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan_for(make_examples(600)), out, interrupt)
    assert not out.exists()
    assert (tmp_path / "model.partial").is_dir()
    resumed: list[int] = []
    report = train(plan_for(make_examples(600)), out, lambda progress: resumed.append(progress.step))
    assert 1 < resumed[0] <= 16
    assert report == trained[1]
    assert (out / "model.safetensors").read_bytes() == (trained[0] / "model.safetensors").read_bytes()
    assert (out / "hpro.json").read_bytes() == (trained[0] / "hpro.json").read_bytes()
    assert not (tmp_path / "model.partial").exists()


def test_an_unfinished_run_of_other_data_is_not_gone_on_with(make_examples: MakeExamples, tmp_path: Path) -> None:
    def interrupt(progress: TrainingProgress) -> None:
        if progress.best_auc is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(plan_for(make_examples(300)), tmp_path / "model", interrupt)
    with pytest.raises(ConfigError, match="other data or settings"):
        train(plan_for(make_examples(310)), tmp_path / "model")


def test_a_damaged_state_is_said_so(make_examples: MakeExamples, tmp_path: Path) -> None:
    (tmp_path / "model.partial").mkdir()
    (tmp_path / "model.partial" / "state.pt").write_bytes(b"PK not a state")
    with pytest.raises(TrainingError, match="damaged"):
        train(plan_for(make_examples(300)), tmp_path / "model")


def test_time_ends_a_run_at_its_best_point(make_examples: MakeExamples, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"max_minutes": 1e-6})
    report = train(plan_for(make_examples(300), config), tmp_path / "model")
    assert report.ended_by == "time"
    assert report.best_step == 1
    assert load_checkpoint(tmp_path / "model").manifest.calibration.bias


def test_patience_ends_a_run(make_examples: MakeExamples, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"epochs": 60, "patience": 2, "validations": 180})
    report = train(plan_for(make_examples(200), config), tmp_path / "model")
    assert report.ended_by == "patience"
    assert len(report.history) < 180


def test_an_existing_folder_is_left_alone(make_examples: MakeExamples, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.txt").write_text("keep", "utf-8")
    with pytest.raises(ConfigError, match="exists already"):
        train(plan_for(make_examples(300)), tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["mine.txt"]


def test_one_class_or_no_validation_rows_cannot_be_trained_on(make_examples: MakeExamples, tmp_path: Path) -> None:
    examples = make_examples(200)
    for wrong in (
        [example for example in examples if not example.outcome.won],
        [example for example in examples if example.split != "valid"],
    ):
        with pytest.raises(DataError):
            train(plan_for(wrong), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_template_too_long_for_the_context_is_refused_before_training(
    make_examples: MakeExamples, tmp_path: Path
) -> None:
    long = TEMPLATE.model_copy(update={"max_tokens": 64})
    with pytest.raises(PromptTooLongError, match="a prompt holds 64") as caught:
        train(plan_for(make_examples(200), template=long), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
    assert caught.value.tokens > caught.value.limit == 64


def test_a_full_disk_leaves_no_folder_and_keeps_the_run(
    make_examples: MakeExamples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = CONFIG.model_copy(update={"epochs": 1})

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("transformers.PreTrainedModel.save_pretrained", fail)
        with pytest.raises(OutputError, match="No space left"):
            train(plan_for(make_examples(200), config), tmp_path / "model")
    assert not (tmp_path / "model").exists()
    steps: list[int] = []
    train(plan_for(make_examples(200), config), tmp_path / "model", lambda progress: steps.append(progress.step))
    assert steps == []


def test_a_loss_that_is_no_number_stops_the_run(make_examples: MakeExamples, tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"pointwise_weight": float("inf")})
    with pytest.raises(TrainingError, match="no longer a number"):
        train(plan_for(make_examples(200), config), tmp_path / "model")


def test_batch_of_eight_equals_eight_batches_of_one_for_the_pointwise_part(make_examples: MakeExamples) -> None:
    from hpro_sdk.rendering import PromptRenderer, fit_template
    from hpro_sdk.training.bases import NanoBase
    from hpro_sdk.training.forward import TokenBatch, hidden_states, score_logits
    from hpro_sdk.training.losses import pointwise_loss
    from hpro_sdk.training.tokenizer import PlainTokenizer

    examples = make_examples(200)[:8]
    template = fit_template(TEMPLATE, [example.snapshot for example in examples])
    base = NanoBase(NANO).prepare(template, [example.snapshot for example in examples], seed=1)
    renderer = PromptRenderer(template, PlainTokenizer(base.tokenizer))
    prompts = [renderer.render(example.snapshot).token_ids for example in examples]
    won = torch.tensor([example.outcome.won for example in examples])

    def convert(rows: list[tuple[int, ...]]) -> torch.Tensor:
        batch = TokenBatch.of(rows, torch.device("cpu"))
        return score_logits(base.model, hidden_states(base.model, batch), batch, base.score_tokens)[:, 0]

    together = pointwise_loss(convert(prompts), won)
    apart = torch.stack([pointwise_loss(convert([p]), won[i : i + 1]) for i, p in enumerate(prompts)]).mean()
    torch.testing.assert_close(together, apart)


def test_a_foreign_or_newer_folder_cannot_be_loaded(trained: tuple[Path, TrainingReport], tmp_path: Path) -> None:
    from hpro_sdk.errors import ModelLoadError

    with pytest.raises(ConfigError, match="does not exist"):
        load_checkpoint(tmp_path / "none")
    (tmp_path / "half.partial").mkdir()
    with pytest.raises(ConfigError, match="not finished"):
        load_checkpoint(tmp_path / "half")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelLoadError, match="not a checkpoint of HPRO"):
        load_checkpoint(tmp_path / "empty")
    content = json.loads((trained[0] / "hpro.json").read_text("utf-8"))
    for changed, message in (({"format_version": 99}, "newer"), ({"calibration": {}}, "calibration")):
        (tmp_path / "empty" / "hpro.json").write_text(json.dumps({**content, **changed}), "utf-8")
        with pytest.raises(ModelLoadError, match=message):
            load_checkpoint(tmp_path / "empty")


def test_rank_scores_of_the_report_order_like_its_probabilities(trained: tuple[Path, TrainingReport]) -> None:
    manifest = load_checkpoint(trained[0]).manifest
    scores = np.linspace(-9, 9, 101)
    assert (np.diff(manifest.calibration.probability(scores)) >= 0).all()
    assert manifest.calibration.convert_weight >= 0
    assert manifest.calibration.rank_weight >= 0
