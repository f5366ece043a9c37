"""What a training run can be told."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hpro_sdk.lead import Frozen
from hpro_sdk.training.losses import Reduction

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class NanoConfig(Frozen):
    """Shape of the nano base: a Qwen3-shaped causal LM with a vocabulary of its own.

    Attributes:
        vocab_size: Upper bound of the vocabulary.
        hidden_size: Width; a multiple of 32, which llama.cpp's quantised rows need.
        layers: Decoder layers.
        heads: Attention heads.
        key_value_heads: Heads of keys and values.
        head_dim: Width of one head.
        feed_forward_size: Inner width of the feed-forward part; a multiple of 32.
    """

    vocab_size: Annotated[int, Field(ge=320, le=65_536)] = 4096
    hidden_size: Annotated[int, Field(ge=32, multiple_of=32)] = 160
    layers: Annotated[int, Field(ge=1, le=64)] = 3
    heads: Annotated[int, Field(ge=1)] = 5
    key_value_heads: Annotated[int, Field(ge=1)] = 5
    head_dim: Annotated[int, Field(ge=32, multiple_of=32)] = 32
    feed_forward_size: Annotated[int, Field(ge=32, multiple_of=32)] = 480


class TrainingConfig(Frozen):
    """A training run.

    Attributes:
        seed: Of weights and batches.
        max_minutes: Wall-clock minutes of training, resumed parts added up; then it ends at the best point so far.
        epochs: Passes over the training examples at most, where they are many.
        min_steps: Steps at least before a run counts as through, so that few examples are passed over more often.
        batch_size: Examples a step.
        learning_rate: Peak of AdamW's rate, after warm-up; it falls along a cosine to a tenth.
        warmup_share: Share of all steps in which the rate rises.
        weight_decay: Of AdamW, on matrices only.
        pointwise_weight: Of the binary cross-entropy on the convert logit.
        pairwise_weight: Of the preference loss on the rank logit.
        language_weight: Of the next-token loss over the prompt itself, which keeps a small model from fitting noise.
        language_share: Share of the positions of a batch, drawn anew each step, that the next-token loss looks at; less
            is quicker, since a whole vocabulary is evaluated at each.
        reduction: How rules are weighed; see the losses.
        average_decay: Decay a step of the moving average of the weights, which is what is validated and kept.
        validations: Validation points in a whole run.
        patience: Validation points without a better one before training ends.
        nano: Shape of the nano base.
    """

    seed: int = 0
    max_minutes: Positive = 15.0
    epochs: Annotated[int, Field(ge=1)] = 2
    min_steps: Annotated[int, Field(ge=1)] = 200
    batch_size: Annotated[int, Field(ge=2)] = 64
    learning_rate: Positive = 5e-4
    warmup_share: Share = 0.05
    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    pointwise_weight: Annotated[float, Field(ge=0)] = 1.0
    pairwise_weight: Annotated[float, Field(ge=0)] = 1.0
    language_weight: Annotated[float, Field(ge=0)] = 0.1
    language_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    reduction: Reduction = "mean_per_rule"
    average_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    validations: Annotated[int, Field(ge=1)] = 10
    patience: Annotated[int, Field(ge=1)] = 6
    nano: NanoConfig = NanoConfig()
