"""What turns prompts into the two logits: llama.cpp for a GGUF file, PyTorch for a checkpoint folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hpro_sdk.rendering.prompt import RenderedPrompt
from hpro_sdk.rendering.tokenizer import Tokenizer

Logits = NDArray[np.float64]
"""Shape ``(n, 2)``: the logit of the convert token, the logit of the rank token."""


class Engine(Protocol):
    """Evaluates prompts with one model."""

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer, special tokens not parsed."""
        ...

    def logits(self, prompts: Sequence[RenderedPrompt]) -> Logits:
        """Give the next-token logits of the two score tokens at the end of each prompt, in input order."""
        ...
