"""A model that takes seconds a lead: a pass that is told to stop does not finish a batch of minutes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hpro_connectors.engine.scoring import FIRST_BATCH, LOOK_BATCH
from hpro_connectors.testing import World
from hpro_sdk.rendering import RenderedPrompt
from hpro_sdk.scoring.engine import Logits


def test_batches_shrink_until_none_takes_longer_than_a_few_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    batches: list[int] = []
    arithmetic = world.engine.logits

    def slow(prompts: Sequence[RenderedPrompt]) -> Logits:
        nonlocal seconds
        seconds += 2.0 * len(prompts)
        batches.append(len(prompts))
        return arithmetic(prompts)

    monkeypatch.setattr(world.engine, "logits", slow)
    world.settings = replace(world.settings, clock=lambda: seconds)
    world.fill(LOOK_BATCH + 20)
    assert world.run().scored == LOOK_BATCH + 20
    assert batches[0] == FIRST_BATCH  # nobody knows yet
    assert max(batches[1:]) <= 4
