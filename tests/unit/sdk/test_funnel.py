from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hpro_sdk.errors import UnknownStageError
from hpro_sdk.funnel import Funnel, PairSide, PreferenceRule, default_rules
from hpro_sdk.lead import Outcome, OutcomeResult

STAGES = ("new", "contacted", "demo", "offer")
FUNNEL = Funnel(stages=STAGES, key_stage="demo", values={"Neu": "new", "Closed Won": "won", "Junk": "lost"})
NAMES = st.text(min_size=1, max_size=8)
CHAINS = st.lists(NAMES.filter(lambda name: name not in {"won", "lost", "key"}), min_size=1, max_size=6, unique=True)


def rule(name: str, chosen: dict[str, Any], rejected: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "chosen": chosen, "rejected": rejected, "margin": 0.5}


def test_defaults() -> None:
    funnel = Funnel(stages=("new", "demo"))
    assert (funnel.won, funnel.lost, funnel.key_stage, dict(funnel.values)) == ("won", "lost", "demo", {})
    assert funnel.rules == default_rules()


@given(CHAINS)
def test_the_key_stage_is_the_last_open_one_unless_named(stages: list[str]) -> None:
    assert Funnel(stages=tuple(stages)).key_stage == stages[-1]
    assert Funnel.model_validate({"stages": stages, "key_stage": ""}).key_stage == stages[-1]
    assert Funnel(stages=tuple(stages), key_stage=stages[0]).key_stage == stages[0]


def test_the_default_rules_are_the_three_levels_of_the_paper() -> None:
    first, key, soft = default_rules()
    assert [(rule.name, rule.margin, rule.weight) for rule in (first, key, soft)] == [
        ("global", 1.0, 1.0),
        ("key", 0.5, 1.0),
        ("soft", 0.1, 1.0),
    ]
    assert (first.chosen.outcome, first.rejected.outcome) == ("won", "not_won")
    assert (key.chosen.reached, key.rejected.not_reached) == ("key", "key")
    assert (soft.chosen.signal, soft.chosen.at_least) == ("call_seconds", 120)
    assert (soft.rejected.signal, soft.rejected.at_most) == ("call_seconds", 30)
    assert [rule.same_depth for rule in (first, key, soft)] == [False, False, True]


def test_a_funnel_survives_json() -> None:
    assert Funnel.model_validate_json(FUNNEL.model_dump_json()) == FUNNEL


@pytest.mark.parametrize(
    ("value", "stage"), [("new", "new"), ("won", "won"), ("lost", "lost"), ("Neu", "new"), ("Closed Won", "won")]
)
def test_a_value_is_resolved_to_its_stage(value: str, stage: str) -> None:
    assert FUNNEL.resolve(value) == stage


def test_a_stage_name_stands_for_itself_whatever_values_say() -> None:
    funnel = Funnel(stages=("new", "demo"), values={"new": "won", "won": "lost", "x": "demo"})
    assert [funnel.resolve(name) for name in ("new", "won", "x")] == ["new", "won", "demo"]


@pytest.mark.parametrize("value", ["neu", "New", "", "key", " new"])
def test_an_unknown_value_is_an_error_that_lists_the_stages(value: str) -> None:
    with pytest.raises(UnknownStageError, match=repr(value)) as caught:
        FUNNEL.resolve(value)
    assert caught.value.context == {"value": value}
    assert "new, contacted, demo, offer, won, lost" in str(caught.value.hint)


@given(CHAINS)
def test_depth_counts_the_open_stages_and_won_is_deepest(stages: list[str]) -> None:
    funnel = Funnel(stages=tuple(stages))
    depths = [funnel.depth_of_stage(stage) for stage in (*stages, "won")]
    assert depths == list(range(1, len(stages) + 2))
    for stage, depth in zip(stages, depths, strict=False):
        for result in (OutcomeResult.LOST, OutcomeResult.OPEN):  # a lost lead keeps the depth it reached
            assert funnel.depth(Outcome(result=result, reached=stage)) == depth
        assert funnel.depth(Outcome(result=OutcomeResult.WON, reached=stage)) == len(stages) + 1
    assert funnel.depth(Outcome(result=OutcomeResult.WON)) == len(stages) + 1
    assert funnel.depth(Outcome(result=OutcomeResult.LOST)) == 0
    assert funnel.depth(Outcome(result=OutcomeResult.OPEN)) == 0


def test_key_stands_for_the_key_stage() -> None:
    assert FUNNEL.depth_of_stage("key") == FUNNEL.depth_of_stage("demo") == 3


@pytest.mark.parametrize("stage", ["lost", "Neu", "", "demo "])
def test_lost_and_unknown_stages_have_no_depth(stage: str) -> None:
    with pytest.raises(UnknownStageError) as caught:
        FUNNEL.depth_of_stage(stage)
    assert caught.value.context == {"value": stage}


def test_an_outcome_that_reached_an_unknown_stage_has_no_depth() -> None:
    with pytest.raises(UnknownStageError):
        FUNNEL.depth(Outcome(result=OutcomeResult.LOST, reached="Demo"))


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"stages": []}, "at least 1"),
        ({"stages": ["a", ""]}, "at least 1 character"),
        ({"stages": 5}, "valid tuple"),
        ({"stages": {"a": 1}}, "valid tuple"),
        ({"stages": "new"}, "valid tuple"),
        ({}, "required"),
        ({"stages": ["a", "b", "a"]}, "must differ"),
        ({"stages": ["a", "won"]}, "must differ"),
        ({"stages": ["a"], "won": "x", "lost": "x"}, "must differ"),
        ({"stages": ["a"], "key_stage": "b"}, "key_stage 'b'"),
        ({"stages": ["a"], "key_stage": "won"}, "key_stage 'won'"),
        ({"stages": ["key", "b"]}, "called 'key'"),
        ({"stages": ["a"], "won": "key"}, "called 'key'"),
        ({"stages": ["a"], "values": {"X": "b"}}, "'X' is mapped to 'b'"),
        ({"stages": ["a"], "rules": [rule("r", {"outcome": "won"}, {"reached": "b"})]}, "rule 'r' names 'b'"),
        ({"stages": ["a"], "rules": [rule("r", {"not_reached": "lost"}, {"reached": "a"})]}, "rule 'r' names 'lost'"),
        ({"stages": ["a"], "rules": [rule("r", {"reached": "a"}, {"not_reached": "a"})] * 2}, "same name"),
        ({"stages": ["a"], "another": 1}, "Extra"),
    ],
)
def test_a_funnel_that_makes_no_sense_is_refused(keys: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Funnel.model_validate(keys)


def test_a_key_stage_may_be_called_key() -> None:
    assert Funnel(stages=("new", "key")).depth_of_stage("key") == 2


def test_rules_may_name_open_stages_and_the_key_stage() -> None:
    sides = {"reached": "key", "not_reached": "a"}
    rules = [rule("r", {"reached": "a"}, {"not_reached": "key"}), rule("s", sides, {"outcome": "lost"})]
    assert len(Funnel.model_validate({"stages": ["a"], "rules": rules}).rules) == 2


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"outcome": None},
        {"outcome": "open"},
        {"signal": "call_seconds"},
        {"at_least": 1},
        {"at_most": 1},
        {"outcome": "won", "at_most": 1},
        {"signal": "calls", "at_least": 1},
        {"signal": "field:", "at_least": 1},
        {"signal": "call_seconds", "at_least": "nan"},
        {"signal": "call_seconds", "at_most": float("inf")},
        {"reached": ""},
        {"outcome": "won", "another": 1},
    ],
)
def test_a_side_that_makes_no_sense_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PairSide.model_validate(keys)


@pytest.mark.parametrize(
    "keys",
    [
        {"outcome": "not_won"},
        {"reached": "a"},
        {"not_reached": "a"},
        {"signal": "replies", "at_least": 0},
        {"signal": "meetings", "at_most": 2.5},
        {"signal": "field:Annual Revenue", "at_least": 1, "at_most": 2},
    ],
)
def test_one_condition_is_enough_for_a_side(keys: dict[str, Any]) -> None:
    assert PairSide.model_validate(keys).model_dump(exclude_none=True) == keys


@pytest.mark.parametrize(("name", "bad"), [("margin", -0.1), ("weight", -1), ("margin", float("inf")), ("name", "")])
def test_a_rule_with_a_number_out_of_range_is_refused(name: str, bad: object) -> None:
    with pytest.raises(ValidationError, match=name):
        PreferenceRule.model_validate({**rule("r", {"outcome": "won"}, {"outcome": "lost"}), name: bad})
