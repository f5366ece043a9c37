"""A scorer of fixed cost and exact scores: what a pass costs beside its model, without a model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from hpro_sdk.rendering import RenderedPrompt
from hpro_sdk.scoring.engine import Logits
from hpro_sdk.scoring.manifest import ScorerManifest
from hpro_sdk.scoring.scorer import Scorer

_CHARACTERS_PER_TOKEN = 4
_LARGEST = 2**32 - 1


class FixedCostEngine:
    """Takes so many seconds for a prompt; its logits lie evenly between -4 and 4 and are a function of the text.

    The cost is added up in :attr:`spent_s`. It takes time only where a ``sleep`` is given; otherwise a clock such as
    ``lambda: time.monotonic() + engine.spent_s`` shows it, and a pass over 200,000 leads is measured without the wait.

    Args:
        cost_s: Seconds a prompt.
        sleep: Called once for each batch of prompts with the seconds that the batch costs; ``None``: nothing waits.

    Attributes:
        spent_s: Seconds that all prompts so far have cost.
    """

    def __init__(self, cost_s: float, sleep: Callable[[float], None] | None = None) -> None:
        if cost_s < 0:
            raise ValueError(f"cost_s must not be negative, but it is {cost_s}")
        self.spent_s = 0.0
        self._cost_s = cost_s
        self._sleep = sleep

    @property
    def tokenizer(self) -> FixedCostEngine:
        """The engine itself."""
        return self

    def encode(self, text: str) -> Sequence[int]:
        """Give a token for every four characters, about what models do."""
        return [
            sum(ord(character) << 21 * place for place, character in enumerate(text[at : at + _CHARACTERS_PER_TOKEN]))
            for at in range(0, len(text), _CHARACTERS_PER_TOKEN)
        ]

    def token_text(self, token_id: int) -> str:
        """Give the characters of a token."""
        characters = []
        while token_id:
            token_id, code = divmod(token_id, 1 << 21)
            characters.append(chr(code))
        return "".join(characters)

    def logits(self, prompts: Sequence[RenderedPrompt]) -> Logits:
        """Give two numbers for each prompt. Shape ``(n, 2)``."""
        cost_s = self._cost_s * len(prompts)
        self.spent_s += cost_s
        if self._sleep is not None:
            self._sleep(cost_s)
        return np.array([_pair(prompt.text) for prompt in prompts], dtype=np.float64).reshape(len(prompts), 2)


def fixed_cost_scorer(
    manifest: ScorerManifest, cost_s: float, sleep: Callable[[float], None] | None = None
) -> tuple[Scorer, FixedCostEngine]:
    """Give a scorer of fixed cost for a template and a funnel, and its engine, which tells what was spent.

    Args:
        manifest: Of a model that fits the org.
        cost_s: Seconds a prompt.
        sleep: As for :class:`FixedCostEngine`.
    """
    engine = FixedCostEngine(cost_s, sleep)
    return Scorer(engine, manifest, "hpro-fixed-cost"), engine


def _pair(text: str) -> tuple[float, float]:
    digest = hashlib.sha256(text.encode()).digest()
    convert, rank = (int.from_bytes(digest[at : at + 4], "big") / _LARGEST for at in (0, 4))
    return 8.0 * convert - 4.0, 8.0 * rank - 4.0
