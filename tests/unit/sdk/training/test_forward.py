"""Batches divided into parts of like length, and a language loss that looks at a share of the positions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import Qwen3Config, Qwen3ForCausalLM

from hpro_sdk.scoring.manifest import ScoreTokens
from hpro_sdk.training.forward import (
    TokenBatch,
    hidden_states,
    language_loss,
    parts_of_like_length,
    score_logits,
)


@pytest.fixture(scope="module")
def model() -> Qwen3ForCausalLM:
    torch.manual_seed(4)
    config = Qwen3Config(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=128,
        tie_word_embeddings=True,
    )
    made = Qwen3ForCausalLM(config)
    made.eval()
    return made


def prompts(lengths: list[int]) -> list[list[int]]:
    return [[(3 * row + 5 * position) % 60 for position in range(length)] for row, length in enumerate(lengths)]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=90))
def test_parts_hold_every_prompt_once_and_spare_padding(lengths: list[int]) -> None:
    parts = parts_of_like_length(lengths)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(lengths)))
    assert all(len(part) for part in parts)
    padded = sum(len(part) * max(lengths[row] for row in part) for part in parts)
    assert padded <= max(lengths) * len(lengths)


def test_prompts_of_like_length_stay_together_in_their_order() -> None:
    (part,) = parts_of_like_length([90, 100, 95])
    assert part.tolist() == [0, 1, 2]


def test_a_prompt_scores_alike_in_whatever_part_it_is(model: Qwen3ForCausalLM) -> None:
    lengths = [3, 60, 9, 44, 100, 5, 12]
    made, tokens, device = prompts(lengths), ScoreTokens(convert=61, rank=62), torch.device("cpu")

    def logits(rows: list[list[int]]) -> torch.Tensor:
        batch = TokenBatch.of(rows, device)
        return score_logits(model, hidden_states(model, batch), batch, tokens)

    parts = parts_of_like_length(lengths)
    assert len(parts) > 1
    divided = torch.cat([logits([made[row] for row in part]) for part in parts])
    whole = logits(made)[torch.from_numpy(np.concatenate(parts))]
    assert torch.allclose(divided, whole, atol=1e-5)


def test_the_sampled_language_loss_is_the_whole_one_on_average(model: Qwen3ForCausalLM) -> None:
    batch = TokenBatch.of(prompts([40, 50, 60, 70]), torch.device("cpu"))
    states = hidden_states(model, batch)
    whole = language_loss(model, states, batch, 1.0, 0).item()
    sampled = [language_loss(model, states, batch, 0.3, seed).item() for seed in range(200)]
    assert np.mean(sampled) == pytest.approx(whole, rel=0.01)
    assert len(set(sampled)) > 100
    assert language_loss(model, states, batch, 0.3, 7).item() == sampled[7]
