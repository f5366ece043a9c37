"""The llama.cpp driver on a real model file: order, packing, sharing, and agreement with the checkpoint."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from hpro_quantize.pipeline import export
from hpro_quantize.synthetic_leads import synthetic_leads
from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.scoring.llama_engine import LlamaEngine
from hpro_sdk.scoring.manifest import ScorerManifest
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.training.checkpoint import load_checkpoint

LARGEST_GAP = {"F16": 5e-3, "Q8_0": 3e-2, "Q4_0": 3e-2}


@pytest.fixture(scope="module", params=sorted(LARGEST_GAP))
def model(
    request: pytest.FixtureRequest, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    path = tmp_path_factory.mktemp("models") / f"{request.param}.gguf"
    export(checkpoint, path, request.param)
    return request.param, path


@pytest.fixture(scope="module")
def leads(manifest: ScorerManifest) -> list[LeadSnapshot]:
    return synthetic_leads(manifest, 300, seed=9)


def rank_scores(scorer: Scorer, leads: Sequence[LeadSnapshot]) -> dict[str, float]:
    return {lead.lead_id: lead.rank_score for lead in scorer.score_snapshots(leads)}


@pytest.mark.parametrize("batch_tokens", [256, 512, 2048])
def test_neither_order_nor_batch_size_changes_the_ranking(
    model: tuple[str, Path], leads: list[LeadSnapshot], batch_tokens: int
) -> None:
    kind, path = model
    expected = rank_scores(Scorer.load(path), leads)
    shuffled = random.Random(batch_tokens).sample(leads, len(leads))
    found = rank_scores(Scorer.load(path, batch_tokens=batch_tokens, threads=1), shuffled)
    first, second = (np.array([scores[lead.lead_id] for lead in leads]) for scores in (expected, found))
    assert np.abs(first - second).max() < LARGEST_GAP[kind]
    assert kendalltau(first, second).statistic >= 0.999


def test_the_f16_file_scores_as_the_checkpoint_does(
    exported: Path, checkpoint: Path, leads: list[LeadSnapshot]
) -> None:
    loaded = load_checkpoint(checkpoint)
    scorer = loaded.scorer()
    prompts = [scorer.render(lead) for lead in leads]
    engine = LlamaEngine.open(exported)
    assert [tuple(engine.tokenizer.encode(prompt.text)) for prompt in prompts[:20]] == [
        tuple(loaded.tokenizer.encode(prompt.text)) for prompt in prompts[:20]
    ]
    assert np.abs(engine.logits(prompts) - loaded.engine().logits(prompts)).max() < 2e-3


def test_the_common_beginning_is_decoded_once(
    exported: Path, leads: list[LeadSnapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LlamaEngine.open(exported)
    scorer = Scorer.load(exported)
    prompts = [scorer.render(lead) for lead in leads]
    decoded: list[int] = []
    run = LlamaEngine._run

    def counting(self: LlamaEngine, batch: object) -> None:
        decoded.append(batch.n_tokens)  # type: ignore[attr-defined]
        run(self, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(LlamaEngine, "_run", counting)
    for _ in range(2):
        engine.logits(prompts)
    shared = prompts[0].shared_tokens
    assert shared > 3
    assert decoded[0] == shared
    assert sum(decoded) == shared + 2 * sum(len(prompt.token_ids) - shared for prompt in prompts)


def test_prompts_without_a_common_beginning_score_the_same(exported: Path, leads: list[LeadSnapshot]) -> None:
    import dataclasses

    scorer = Scorer.load(exported)
    prompts = [scorer.render(lead) for lead in leads[:40]]
    apart = [dataclasses.replace(prompt, shared_tokens=0) for prompt in prompts]
    engine = LlamaEngine.open(exported)
    together = engine.logits(prompts)
    np.testing.assert_allclose(engine.logits(apart), together, atol=2e-3)
    np.testing.assert_allclose(engine.logits(prompts), together, atol=2e-3)


def test_no_prompts_give_no_logits(exported: Path) -> None:
    assert LlamaEngine.open(exported).logits([]).shape == (0, 2)


def test_a_prompt_as_long_as_the_context_fits(exported: Path, manifest: ScorerManifest) -> None:
    import dataclasses

    scorer = Scorer.load(exported)
    prompt = scorer.render(synthetic_leads(manifest, 1, seed=4)[0])
    room = manifest.template.max_tokens - len(prompt.token_ids)
    longest = dataclasses.replace(prompt, token_ids=(*prompt.token_ids, *prompt.token_ids[:1] * room))
    assert np.isfinite(LlamaEngine.open(exported).logits([longest, prompt, longest])).all()


def test_several_scorers_live_and_die_in_one_process(exported: Path, leads: list[LeadSnapshot]) -> None:
    expected = rank_scores(Scorer.load(exported), leads[:20])
    others = [Scorer.load(exported) for _ in range(5)]
    for scorer in others:
        assert rank_scores(scorer, leads[:20]) == pytest.approx(expected, abs=5e-3)


def test_threads_may_share_a_scorer(exported: Path, leads: list[LeadSnapshot]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    scorer = Scorer.load(exported)
    expected = rank_scores(scorer, leads[:60])
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: rank_scores(scorer, leads[:60]), range(8)):
            assert found == pytest.approx(expected, abs=5e-3)
