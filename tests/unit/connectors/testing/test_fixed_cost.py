"""The scorer of fixed cost: what it costs is told exactly, and a score is a function of the prompt."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.engine import run_pass
from hpro_connectors.testing import FixedCostEngine, ManualClock, ManualSleep, World, fixed_cost_scorer
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.rendering import RenderedPrompt


def prompt(text: str) -> RenderedPrompt:
    return RenderedPrompt(
        text=text,
        token_ids=(),
        shared_tokens=0,
        input_hash="",
        next_due_at=None,
        interactions_shown=0,
        interactions_dropped=0,
        interactions_cut=0,
    )


def test_a_batch_costs_its_prompts_and_waits_once() -> None:
    clock = ManualClock()
    sleep = ManualSleep(clock)
    engine = FixedCostEngine(0.25, sleep)
    engine.logits([prompt("a"), prompt("b"), prompt("c")])
    engine.logits([prompt("d")])
    assert engine.spent_s == 1.0
    assert sleep.waits == [0.75, 0.25]


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        FixedCostEngine(-0.001)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_logits_are_a_function_of_the_text_whatever_stands_beside_it(texts: list[str]) -> None:
    engine = FixedCostEngine(0.0)
    together = engine.logits([prompt(text) for text in texts])
    assert together.shape == (len(texts), 2)
    assert np.all(np.abs(together) <= 4.0)
    for text, row in zip(texts, together, strict=True):
        assert np.array_equal(engine.logits([prompt(text)])[0], row)


def test_other_texts_get_other_logits() -> None:
    engine = FixedCostEngine(0.0)
    rows = engine.logits([prompt(f"visits: {number}") for number in range(100)])
    assert len({tuple(row) for row in rows.tolist()}) == 100


@given(st.text(max_size=40).filter(lambda text: "\0" not in text))
def test_tokens_spell_the_text(text: str) -> None:
    engine = FixedCostEngine(0.0)
    ids = engine.encode(text)
    assert len(ids) == -(-len(text) // 4)
    assert "".join(engine.token_text(one) for one in ids) == text


def test_a_clock_that_adds_the_cost_shows_it_in_the_report(world: World) -> None:
    world.fill(70)
    scorer, engine = fixed_cost_scorer(MANIFEST, 0.5)
    world.clock.advance(seconds=300)
    settings = dataclasses.replace(world.settings, clock=lambda: engine.spent_s)
    first = run_pass(world.connector, world.store, scorer, settings)
    assert (first.model_calls, first.took.score, first.seconds) == (70, 35.0, 35.0)
    assert (first.took.read, first.took.render, first.took.rank, first.took.write) == (0.0, 0.0, 0.0, 0.0)
    again = run_pass(world.connector, world.store, scorer, settings)
    assert (again.model_calls, again.written, again.seconds) == (0, 0, 0.0)
