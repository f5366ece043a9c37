"""Tiny checkpoints with random weights, made in code: one of each architecture that can be converted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from hpro_quantize.convert import convert
from hpro_quantize.synthetic_leads import synthetic_leads
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.ranking import Bands
from hpro_sdk.rendering.prompt import PromptRenderer
from hpro_sdk.rendering.template import FieldTemplate, Template
from hpro_sdk.scoring.calibration import Calibration
from hpro_sdk.scoring.gguf_digest import seal
from hpro_sdk.scoring.manifest import BaseModelOrigin, ScorerManifest, ScoreTokens
from hpro_sdk.training.bases import NanoBase, PreparedBase, score_tokens_of
from hpro_sdk.training.checkpoint import write_checkpoint
from hpro_sdk.training.config import NanoConfig
from hpro_sdk.training.tokenizer import PlainTokenizer

MakeCheckpoint = Callable[..., Path]

TEMPLATE = Template(
    fields=(
        FieldTemplate(
            field="calls", label="calls", kind=FieldKind.NUMBER, edges=(0.0, 0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 40.0)
        ),
        FieldTemplate(
            field="source", label="source", kind=FieldKind.CATEGORY, categories=("fair", "phone", "shop", "web")
        ),
        FieldTemplate(field="consent", label="consent", kind=FieldKind.FLAG),
        FieldTemplate(field="wish", label="wish", kind=FieldKind.TEXT, max_tokens=48),
        FieldTemplate(field="visit", label="visit", kind=FieldKind.DATE),
    ),
    max_tokens=256,
)
MANIFEST = ScorerManifest(
    template=TEMPLATE,
    funnel=Funnel(stages=("new", "contacted", "offer")),
    calibration=Calibration(convert_weight=0.7, rank_weight=0.4, bias=-1.5),
    bands=Bands(edges=(1.0, 0.0, -1.0)),
    score_tokens=ScoreTokens(convert=0, rank=1),
    base=BaseModelOrigin(name="nano", licence="none"),
    training_report_digest="0" * 64,
)
WIDTHS: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "max_position_embeddings": 256,
}
HEADS: dict[str, Any] = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 32, "attention_bias": False}


@pytest.fixture(autouse=True)
def _modest(monkeypatch: pytest.MonkeyPatch) -> None:
    """One processor, because threads that wait for each other crawl on a busy machine, and few leads."""
    monkeypatch.setattr("hpro_sdk.scoring.llama_engine.available_threads", lambda: 1)
    monkeypatch.setattr("hpro_quantize.quantizer.available_threads", lambda: 1)
    monkeypatch.setattr("hpro_quantize.pipeline.PARITY_LEADS", 50)


@pytest.fixture
def full_parity(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many leads as a real export compares."""
    monkeypatch.setattr("hpro_quantize.pipeline.PARITY_LEADS", 200)


@pytest.fixture(scope="session", autouse=True)
def _one_thread_of_torch() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def prepared() -> PreparedBase:
    """A nano base with random weights."""
    nano = NanoConfig(
        vocab_size=640, hidden_size=64, layers=2, heads=2, key_value_heads=1, head_dim=32, feed_forward_size=96
    )
    base = NanoBase(nano).prepare(TEMPLATE, synthetic_leads(MANIFEST, 300, seed=1), seed=3)
    tell_leads_apart(base.model, base)
    return base


def tell_leads_apart(model: PreTrainedModel, base: PreparedBase) -> None:
    """Read the score tokens where leads differ most, as training would; random ones would show little but noise."""
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "norm" in name:
                weights.add_(torch.linspace(-0.3, 0.3, weights.shape[0]))
            elif name.endswith("bias"):
                weights.normal_(std=0.1)
            else:
                weights.mul_(2.0)
        renderer = PromptRenderer(TEMPLATE, PlainTokenizer(Tokenizer.from_str(base.tokenizer.to_str())))
        ends = [
            model.model(torch.tensor([renderer.render(lead).token_ids])).last_hidden_state[0, -1]
            for lead in synthetic_leads(MANIFEST, 64, seed=2)
        ]
        hidden = torch.stack(ends)
        _, strength, directions = torch.linalg.svd(hidden - hidden.mean(0), full_matrices=False)
        rows = model.get_output_embeddings().weight
        rows[base.score_tokens.convert] = directions[0] * 2.0 / strength[0]
        rows[base.score_tokens.rank] = directions[1] * 2.0 / strength[1]


def other_model(architecture: str, rows: int, *, tied: bool) -> PreTrainedModel:
    torch.manual_seed(11)
    if architecture == "llama":
        return LlamaForCausalLM(LlamaConfig(vocab_size=rows, tie_word_embeddings=tied, **WIDTHS, **HEADS))
    if architecture == "qwen2":
        heads: dict[str, Any] = {"num_attention_heads": 2, "num_key_value_heads": 1}
        return Qwen2ForCausalLM(Qwen2Config(vocab_size=rows, tie_word_embeddings=tied, **WIDTHS, **heads))
    return Qwen3ForCausalLM(Qwen3Config(vocab_size=rows, tie_word_embeddings=tied, **WIDTHS, **HEADS))


@pytest.fixture(scope="session")
def manifest(prepared: PreparedBase) -> ScorerManifest:
    return MANIFEST.model_copy(update={"score_tokens": prepared.score_tokens})


@pytest.fixture
def make_checkpoint(prepared: PreparedBase, manifest: ScorerManifest, tmp_path: Path) -> MakeCheckpoint:
    """Write a checkpoint; without arguments it is the nano base."""

    def make(
        architecture: str | None = None,
        *,
        tied: bool = True,
        padding: int = 0,
        name: str = "model",
        tokenizer: Tokenizer | None = None,
    ) -> Path:
        model, base_manifest = prepared.model, manifest
        if architecture is not None:
            rows = (tokenizer or prepared.tokenizer).get_vocab_size() + padding
            model = other_model(architecture, rows, tied=tied)
            if tokenizer is None:
                tell_leads_apart(model, prepared)
            else:
                base_manifest = manifest.model_copy(update={"score_tokens": score_tokens_of(tokenizer)})
        write_checkpoint(tmp_path / name, model, tokenizer or prepared.tokenizer, base_manifest, "{}")
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def checkpoint(prepared: PreparedBase, manifest: ScorerManifest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A nano checkpoint; read it, do not change it."""
    folder = tmp_path_factory.mktemp("checkpoint") / "model"
    write_checkpoint(folder, prepared.model, prepared.tokenizer, manifest, "{}")
    return folder


@pytest.fixture(scope="session")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The F16 file of it, not compared with it; read it, do not change it."""
    path = tmp_path_factory.mktemp("exported") / "model.gguf"
    convert(checkpoint, path)
    seal(path)
    return path
