"""Preference rules applied to examples, and batches in which they find pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.errors import NoPairsError
from hpro_sdk.funnel import Funnel, PairSide, PreferenceRule
from hpro_sdk.lead import (
    Interaction,
    InteractionKind,
    LeadSnapshot,
    Outcome,
    OutcomeResult,
    Speaker,
    TrainingExample,
)
from hpro_sdk.training.pairs import build_pair_table
from hpro_sdk.training.sampler import StratifiedBatchSampler

FUNNEL = Funnel(stages=("call", "drive"))


def example(
    result: str, reached: str | None = None, *, seconds: int | None = None, fields: dict[str, int] | None = None
) -> TrainingExample:
    calls = (
        () if seconds is None else (Interaction(interaction_id="c", kind=InteractionKind.CALL, call_seconds=seconds),)
    )
    snapshot = LeadSnapshot.model_validate(
        {"as_of": "2026-01-01T00:00:00Z", "lead_id": "L", "interactions": calls, "fields": fields or {}}
    )
    return TrainingExample(
        snapshot=snapshot, outcome=Outcome(result=OutcomeResult(result), reached=reached), split="train"
    )


def sides(examples: list[TrainingExample], funnel: Funnel, name: str) -> tuple[list[bool], list[bool]]:
    entry = next(member for member in build_pair_table(examples, funnel).members if member.rule.name == name)
    return entry.chosen.tolist(), entry.rejected.tolist()


def test_the_global_rule_puts_won_over_everything_else() -> None:
    leads = [example("won"), example("lost", "drive"), example("open", "call")]
    assert sides(leads, FUNNEL, "global") == ([True, False, False], [False, True, True])


def test_the_key_rule_counts_won_as_having_done_the_step() -> None:
    leads = [example("won"), example("lost", "drive"), example("lost", "call")]
    assert sides(leads, FUNNEL, "key") == ([True, True, False], [False, False, True])


def test_a_lead_whose_depth_is_unknown_is_not_said_to_lack_the_step() -> None:
    leads = [example("won"), example("lost", None)]
    assert sides(leads, FUNNEL, "key") == ([True, False], [False, False])


def test_the_soft_rule_pairs_long_calls_with_short_ones_of_equal_result_and_depth() -> None:
    leads = [
        example("lost", "call", seconds=300),
        example("lost", "call", seconds=10),
        example("won", seconds=10),
        example("lost", "call"),
    ]
    table = build_pair_table(leads, FUNNEL)
    assert table.count_pairs()["soft"] == 1
    soft = next(rule for rule in table.batch(np.arange(4)) if rule.name == "soft")
    assert [tensor.tolist() for tensor in soft.pairs()] == [[0], [1]]


def test_a_field_can_be_a_signal() -> None:
    rule = PreferenceRule(
        name="visits",
        chosen=PairSide(signal="field:visits", at_least=5),
        rejected=PairSide(signal="field:visits", at_most=1),
        margin=0.1,
    )
    leads = [example("lost", fields={"visits": 9}), example("lost", fields={"visits": 0}), example("lost")]
    assert sides(leads, Funnel(stages=("s",), rules=(rule,)), "visits") == (
        [True, False, False],
        [False, True, False],
    )


@pytest.mark.parametrize(
    ("signal", "kind"), [("replies", InteractionKind.EMAIL), ("meetings", InteractionKind.MEETING)]
)
def test_replies_and_meetings_are_counted(signal: str, kind: InteractionKind) -> None:
    rule = PreferenceRule(
        name="r", chosen=PairSide(signal=signal, at_least=1), rejected=PairSide(signal=signal, at_most=0), margin=0
    )
    quiet = Interaction(interaction_id="a", kind=InteractionKind.NOTE, speaker=Speaker.REP)
    active = Interaction(interaction_id="b", kind=kind, speaker=Speaker.LEAD)
    leads = [
        example("lost").model_copy(update={"snapshot": example("lost").snapshot.model_copy(update={"interactions": i})})
        for i in ((active,), (quiet,))
    ]
    assert sides(leads, Funnel(stages=("s",), rules=(rule,)), "r") == ([True, False], [False, True])


def test_a_rule_of_weight_zero_is_switched_off() -> None:
    funnel = Funnel(
        stages=("call", "drive"),
        rules=tuple(r.model_copy(update={"weight": 0.0}) for r in FUNNEL.rules[:1]) + FUNNEL.rules[1:],
    )
    table = build_pair_table([example("won"), example("lost", "call")], funnel)
    assert list(table.count_pairs()) == ["key", "soft"]


def test_no_pair_at_all_is_an_error() -> None:
    with pytest.raises(NoPairsError, match="No preference rule finds a pair"):
        build_pair_table([example("lost"), example("lost")], FUNNEL)


outcomes = st.lists(
    st.sampled_from([("won", None), ("lost", "call"), ("lost", "drive"), ("lost", None), ("open", "call")]),
    min_size=8,
    max_size=120,
).filter(lambda drawn: {("won", None), ("lost", "call")} <= set(drawn))


@given(outcomes, st.integers(2, 16), st.integers(0, 5))
def test_every_batch_finds_pairs_and_every_example_is_seen(
    drawn: list[tuple[str, str | None]], batch_size: int, epoch: int
) -> None:
    table = build_pair_table([example(result, reached) for result, reached in drawn], FUNNEL)
    sampler = StratifiedBatchSampler(table, batch_size, seed=3)
    batches = sampler.epoch(epoch)
    assert len(batches) == sampler.batches_per_epoch
    assert set(np.concatenate(batches).tolist()) == set(range(len(drawn)))
    findable = {name for name, count in table.count_pairs().items() if count}
    for batch in batches:
        found = {rule.name for rule in table.batch(batch) if len(rule.pairs()[0])}
        assert {"global", "key"} & findable <= found


def test_batches_keep_the_base_rate() -> None:
    leads = [example("won")] * 40 + [example("lost", "call")] * 160
    sampler = StratifiedBatchSampler(build_pair_table(leads, FUNNEL), 20, seed=1)
    assert {int((batch < 40).sum()) for batch in sampler.epoch(0)} == {4}


def test_epochs_differ_and_can_be_drawn_again() -> None:
    leads = [example("won"), example("lost", "call")] * 20
    table = build_pair_table(leads, FUNNEL)
    first, again = StratifiedBatchSampler(table, 8, seed=1), StratifiedBatchSampler(table, 8, seed=1)
    assert [b.tolist() for b in first.epoch(2)] == [b.tolist() for b in again.epoch(2)]
    assert [b.tolist() for b in first.epoch(2)] != [b.tolist() for b in first.epoch(3)]
