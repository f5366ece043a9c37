"""Splits keep groups and time apart, and are refused when nothing can be learnt from them."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpro_sdk.data import UNDATED_AS_OF, SplitRow, require_trainable, split_by_hash, split_by_time
from hpro_sdk.errors import DataError
from hpro_sdk.lead import LeadSnapshot, Outcome, OutcomeResult, TrainingExample

positions = st.integers(-50, 50) | st.floats(-50, 50)
HASH_SPLIT = ["train", "train", "train", "train", "test", "train", "train", "train"]
RANK = {"train": 0, "valid": 1, "test": 2}


@st.composite
def tables(draw: st.DrawFn, *, grouped: bool) -> list[SplitRow]:
    groups = st.none() | st.sampled_from("abcdefg") if grouped else st.none()
    drawn = draw(st.lists(st.tuples(groups, positions), min_size=1, max_size=60))
    return [SplitRow(str(index), group, position) for index, (group, position) in enumerate(drawn)]


@given(rows=tables(grouped=True), by_time=st.booleans(), seed=st.integers(0, 3))
def test_groups_never_straddle(rows: list[SplitRow], by_time: bool, seed: int) -> None:
    splits = split_by_time(rows) if by_time else split_by_hash(rows, seed=seed)
    sides: dict[str | None, set[str]] = defaultdict(set, {None: set()})
    for row, split in zip(rows, splits, strict=True):
        sides[row.group].add(split)
    del sides[None]  # rows without a group stand alone
    assert all(len(side) == 1 for side in sides.values())


@given(rows=tables(grouped=False))
def test_time_order_is_respected(rows: list[SplitRow]) -> None:
    ordered = sorted(zip(rows, split_by_time(rows), strict=True), key=lambda pair: (pair[0].position, pair[0].lead_id))
    ranks = [RANK[split] for _, split in ordered]
    assert ranks == sorted(ranks)


@given(rows=tables(grouped=True))
def test_group_stands_where_its_newest_row_would(rows: list[SplitRow]) -> None:
    alone = split_by_time([SplitRow(row.lead_id, None, row.position) for row in rows])
    groups = [row.group or f"alone {row.lead_id}" for row in rows]
    deepest: dict[str, int] = defaultdict(int)
    for group, split in zip(groups, alone, strict=True):
        deepest[group] = max(deepest[group], RANK[split])
    assert [RANK[split] for split in split_by_time(rows)] == [deepest[group] for group in groups]


def test_group_and_lead_of_equal_name_are_two_things() -> None:
    rows = [SplitRow("x", None, 0), *(SplitRow(f"old {i}", None, 1) for i in range(8)), SplitRow("new", "x", 2)]
    assert (split_by_time(rows)[0], split_by_time(rows)[-1]) == ("train", "test")


@given(rows=tables(grouped=True), by_time=st.booleans(), data=st.data())
def test_split_does_not_depend_on_the_order_of_rows(rows: list[SplitRow], by_time: bool, data: st.DataObject) -> None:
    split = split_by_time if by_time else split_by_hash
    expected = dict(zip(rows, split(rows), strict=True))
    shuffled = data.draw(st.permutations(rows))
    assert dict(zip(shuffled, split(shuffled), strict=True)) == expected


@given(count=st.integers(1, 500))
def test_sizes_by_time(count: int) -> None:
    sizes = Counter(split_by_time([SplitRow(str(i), None, i) for i in range(count)]))
    assert abs(sizes["train"] - 0.7 * count) <= 1
    assert abs(sizes["valid"] - 0.1 * count) <= 1
    assert abs(sizes["test"] - 0.2 * count) <= 1


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_sizes_by_hash(seed: int) -> None:
    sizes = Counter(split_by_hash([SplitRow(str(i)) for i in range(4000)], seed=seed))
    # Six standard deviations of a binomial of 4,000.
    assert abs(sizes["train"] / 4000 - 0.7) < 0.044
    assert abs(sizes["valid"] / 4000 - 0.1) < 0.029


def test_seed_changes_the_split() -> None:
    rows = [SplitRow(str(i)) for i in range(100)]
    assert split_by_hash(rows, seed=0) != split_by_hash(rows, seed=1)


def test_hash_split_never_changes_between_releases() -> None:
    # A changed split would let a model be tested on leads that its predecessor was trained on.
    assert split_by_hash([SplitRow(str(i)) for i in range(8)]) == HASH_SPLIT


def test_position_is_needed_by_time() -> None:
    with pytest.raises(ValueError, match="row 2 has no position"):
        split_by_time([SplitRow("a", None, 1), SplitRow("b")])


def example(split: str, *, won: bool) -> TrainingExample:
    return TrainingExample(
        snapshot=LeadSnapshot(as_of=UNDATED_AS_OF, lead_id="1"),
        outcome=Outcome(result=OutcomeResult.WON if won else OutcomeResult.LOST),
        split=split,
    )


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("", "has no training rows"),
        ("V+ V-", "has no training rows"),
        ("T+ T+ V+ V-", "all 2 training rows have the same result, won"),
        ("T- V+ V-", "all 1 training rows have the same result, lost"),
        ("T+ T-", "has no validation rows"),
        ("T+ T- X+ X-", "has no validation rows"),
        ("T+ T- V-", "all 1 validation rows have the same result, lost"),
    ],
)
def test_untrainable(code: str, says: str) -> None:
    names = {"T": "train", "V": "valid", "X": "test"}
    examples = [example(names[item[0]], won=item[1] == "+") for item in code.split()]
    with pytest.raises(DataError) as caught:
        require_trainable(examples, source="leads.csv")
    assert str(caught.value).startswith("leads.csv")
    assert says in str(caught.value)
    assert caught.value.hint


def test_both_results_in_both_splits_can_be_trained_on() -> None:
    examples = [example(split, won=won) for split in ("train", "valid") for won in (True, False)]
    require_trainable(examples)
    for missing in range(len(examples)):
        with pytest.raises(DataError):
            require_trainable(examples[:missing] + examples[missing + 1 :])
