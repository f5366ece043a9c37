"""One forward pass: from token ids to the two logits of each prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from hpro_sdk.scoring.manifest import ScoreTokens

_TOLERATED_PADDING = 1.25
_PARTS = 4


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


def parts_of_like_length(lengths: Sequence[int]) -> list[NDArray[np.int64]]:
    """Divide the prompts of a batch so that little of it is padding, which costs as much as text.

    Args:
        lengths: Tokens of each prompt.

    Returns:
        Positions in the batch: all of them in their own order where padding would add a quarter at most, else four
        parts of like length, the shortest first.
    """
    if max(lengths) * len(lengths) <= _TOLERATED_PADDING * sum(lengths):
        return [np.arange(len(lengths))]
    return np.array_split(np.argsort(lengths, kind="stable"), min(_PARTS, len(lengths)))


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


def language_loss(model: PreTrainedModel, states: Tensor, batch: TokenBatch, share: float, seed: int) -> Tensor:
    """Give the mean next-token loss over the prompts themselves, padding left out.

    Args:
        model: A causal LM.
        states: Hidden states. Shape ``(B, T, H)``.
        batch: The prompts.
        share: Share of the positions to look at, above 0; below 1 the loss is an unbiased sample.
        seed: Of that draw.
    """
    positions = torch.arange(batch.ids.shape[1] - 1, device=batch.ids.device)
    inside = positions[None, :] < (batch.lengths[:, None] - 1)
    if share < 1:
        generator = torch.Generator().manual_seed(seed)
        inside &= (torch.rand(inside.shape, generator=generator) < share).to(inside.device)
    logits = model.get_output_embeddings()(states[:, :-1][inside])
    return functional.cross_entropy(logits.float(), batch.ids[:, 1:][inside])
