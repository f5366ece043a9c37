"""One forward pass: from token ids to the two logits of each prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from hpro_sdk.scoring.manifest import ScoreTokens


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Prompts of one batch, padded on the right.

    With causal attention nothing before the last token sees the padding, so no attention mask is needed and the
    fast causal kernel runs.

    Attributes:
        ids: Shape ``(B, T)``, int64.
        lengths: Tokens of each prompt. Shape ``(B,)``, int64.
    """

    ids: Tensor
    lengths: Tensor

    @classmethod
    def of(cls, prompts: Sequence[Sequence[int]], device: torch.device) -> TokenBatch:
        """Pad prompts to the longest of them."""
        lengths = torch.tensor([len(prompt) for prompt in prompts])
        ids = torch.zeros(len(prompts), int(lengths.max()), dtype=torch.int64)
        for row, prompt in zip(ids, prompts, strict=True):
            row[: len(prompt)] = torch.tensor(prompt)
        return cls(ids.to(device), lengths.to(device))


def hidden_states(model: PreTrainedModel, batch: TokenBatch) -> Tensor:
    """Give the last layer's hidden states. Shape ``(B, T, H)``."""
    states: Tensor = model.get_decoder()(input_ids=batch.ids, use_cache=False).last_hidden_state
    return states


def score_logits(model: PreTrainedModel, states: Tensor, batch: TokenBatch, tokens: ScoreTokens) -> Tensor:
    """Give the next-token logits of the score tokens at each prompt's end, without the rest of the vocabulary.

    Args:
        model: A causal LM without a bias on its output head.
        states: Hidden states. Shape ``(B, T, H)``.
        batch: The prompts.
        tokens: Rows of the output head.

    Returns:
        Shape ``(B, 2)``, float32: convert, rank.
    """
    last = states[torch.arange(len(states), device=states.device), batch.lengths - 1]
    rows = model.get_output_embeddings().weight[[tokens.convert, tokens.rank]]
    logits: Tensor = (last @ rows.to(last.dtype).T).float()
    return logits


def language_loss(model: PreTrainedModel, states: Tensor, batch: TokenBatch) -> Tensor:
    """Give the mean next-token loss over the prompts themselves, padding left out."""
    positions = torch.arange(batch.ids.shape[1] - 1, device=batch.ids.device)
    inside = positions[None, :] < (batch.lengths[:, None] - 1)
    logits = model.get_output_embeddings()(states[:, :-1][inside])
    return functional.cross_entropy(logits.float(), batch.ids[:, 1:][inside])
