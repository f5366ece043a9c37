"""What a training run starts from: a model, its tokenizer, and the ids of the score tokens.

``nano`` is made from a random start. A pretrained checkpoint with LoRA enters as one more class with the same
``prepare``; the trainer knows only :class:`PreparedBase`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel, Qwen3Config, Qwen3ForCausalLM

from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.rendering.template import Template
from hpro_sdk.scoring.manifest import CONVERT_TOKEN, RANK_TOKEN, BaseModelOrigin, ScoreTokens
from hpro_sdk.training.config import NanoConfig
from hpro_sdk.training.tokenizer import END_TOKEN, tokenizer_corpus, train_tokenizer


@dataclass(frozen=True, slots=True)
class PreparedBase:
    """A model ready to be trained.

    Attributes:
        model: A causal LM whose vocabulary holds the score tokens.
        tokenizer: Its tokenizer.
        score_tokens: Ids of the two score tokens.
        origin: Name and licence.
    """

    model: PreTrainedModel
    tokenizer: Tokenizer
    score_tokens: ScoreTokens
    origin: BaseModelOrigin


class TrainingBase(Protocol):
    """Where a training run starts."""

    def prepare(self, template: Template, snapshots: Sequence[LeadSnapshot], seed: int) -> PreparedBase:
        """Give model and tokenizer for a fitted template.

        Args:
            template: Fitted on the training split.
            snapshots: Of the training split, for a base that learns its tokenizer.
            seed: Of the random start.
        """
        ...


@dataclass(frozen=True, slots=True)
class NanoBase:
    """A Qwen3-shaped causal LM from a random start, with a BPE tokenizer learnt on the training prompts."""

    config: NanoConfig

    def prepare(self, template: Template, snapshots: Sequence[LeadSnapshot], seed: int) -> PreparedBase:
        """Learn the tokenizer and draw the weights."""
        tokenizer = train_tokenizer(tokenizer_corpus(template, snapshots), self.config.vocab_size)
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(self._model_config(tokenizer, template))
        return PreparedBase(model, tokenizer, score_tokens_of(tokenizer), BaseModelOrigin(name="nano", licence="none"))

    def _model_config(self, tokenizer: Tokenizer, template: Template) -> Qwen3Config:
        return Qwen3Config(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=self.config.hidden_size,
            intermediate_size=self.config.feed_forward_size,
            num_hidden_layers=self.config.layers,
            num_attention_heads=self.config.heads,
            num_key_value_heads=self.config.key_value_heads,
            head_dim=self.config.head_dim,
            max_position_embeddings=template.max_tokens,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.token_to_id(END_TOKEN),
            pad_token_id=tokenizer.token_to_id(END_TOKEN),
        )


def score_tokens_of(tokenizer: Tokenizer) -> ScoreTokens:
    """Give the ids of the two score tokens in a vocabulary that holds them."""
    return ScoreTokens(convert=tokenizer.token_to_id(CONVERT_TOKEN), rank=tokenizer.token_to_id(RANK_TOKEN))
