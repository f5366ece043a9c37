"""Training examples: moment, outcome, group and split of each row."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hpro_sdk.data import UNDATED_AS_OF, TableMapping, load_mapping, read_examples, require_trainable
from hpro_sdk.errors import ConfigError, DataError, UnknownStageError
from hpro_sdk.lead import OutcomeResult, TrainingExample

Write = Callable[..., Path]
Make = Callable[..., TableMapping]

FUNNEL = {"stages": ["new", "engaged"], "values": {"0": "lost", "1": "new", "2": "engaged", "3": "won"}}
START = datetime(2026, 1, 1, tzinfo=UTC)


def read(write: Write, mapping: TableMapping, *rows: dict[str, Any]) -> list[TrainingExample]:
    return read_examples(write([{"lead_id": str(i), "won": "1", **row} for i, row in enumerate(rows)]), mapping)


@pytest.fixture
def make(make_mapping: Make) -> Make:
    return lambda **keys: make_mapping(**{"outcome": {"label": "won"}, **keys})


def test_mapping_without_outcome(write_csv: Write, make_mapping: Make) -> None:
    with pytest.raises(ConfigError, match=r"has no \[outcome\]"):
        read(write_csv, make_mapping(), {})


def test_outcome_column_must_be_there(write_csv: Write, make: Make) -> None:
    with pytest.raises(ConfigError, match=r"outcome\.label in the mapping names"):
        read(write_csv, make(outcome={"label": "wonn"}), {})
    with pytest.raises(ConfigError, match="split in the mapping names"):
        read(write_csv, make(split="s"), {})


def test_undated_rows_stand_at_a_fixed_moment(write_csv: Write, make: Make) -> None:
    (example,) = read(write_csv, make(interactions={"text": "t"}), {"t": "hello"})
    assert example.snapshot.as_of == UNDATED_AS_OF == datetime(2000, 1, 1, tzinfo=UTC)
    assert [i.text for i in example.snapshot.interactions] == ["hello"]


def test_time_is_the_moment_of_the_snapshot(write_csv: Write, make: Make) -> None:
    days = {"before": "2025-12-31T00:00:00Z", "after": "2026-02-01T00:00:00Z"}
    items = json.dumps([{"text": text, "occurred_at": day} for text, day in days.items()])
    mapping = make(time="t", interactions={"column": "i"})
    (example,) = read(write_csv, mapping, {"t": START.isoformat(), "i": items})
    assert example.snapshot.as_of == START
    assert [i.text for i in example.snapshot.interactions] == ["before"]


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"created_at": "t"}, 'created_at, column "t"'),
        ({"features": {"t": "date"}}, 'the feature "t"'),
        ({"interactions": {"column": "i"}}, "an interaction"),
        ({"created_at": "t", "order": "o"}, 'created_at, column "t"'),
    ],
)
def test_dates_without_time(write_csv: Write, make: Make, keys: dict[str, Any], says: str) -> None:
    row = {"t": START.isoformat(), "i": '[{"occurred_at": "2026-01-01T00:00:00Z"}]', "o": "1"}
    with pytest.raises(ConfigError) as caught:
        read(write_csv, make(**keys), row)
    assert f"row 1 (line 2) has a date ({says})" in str(caught.value)


def test_empty_time(write_csv: Write, make: Make) -> None:
    with pytest.raises(DataError, match=r'row 2 .*column "t" is empty'):
        read(write_csv, make(time="t"), {"t": START.isoformat()}, {"t": ""})


def test_empty_order(write_csv: Write, make: Make) -> None:
    with pytest.raises(DataError, match=r'row 2 .*column "o" is empty'):
        read(write_csv, make(order="o"), {"o": "1"}, {"o": ""})


def test_missing_label(write_csv: Write, make: Make) -> None:
    with pytest.raises(DataError, match=r'row 2 .*column "won" is empty'):
        read(write_csv, make(), {}, {"won": ""})


@pytest.mark.parametrize(
    ("won", "reached", "expected"),
    [
        ("1", "3", (OutcomeResult.WON, None)),
        ("1", "2", (OutcomeResult.WON, "engaged")),
        ("0", "2", (OutcomeResult.LOST, "engaged")),
        ("0", "0", (OutcomeResult.LOST, None)),
        ("0", "", (OutcomeResult.LOST, None)),
    ],
)
def test_outcome(write_csv: Write, make: Make, won: str, reached: str, expected: tuple[object, object]) -> None:
    mapping = make(outcome={"label": "won", "reached": "r", "at": "at"}, funnel=FUNNEL)
    (example,) = read(write_csv, mapping, {"won": won, "r": reached, "at": START.isoformat()})
    assert (example.outcome.result, example.outcome.reached) == expected
    assert example.outcome.at == START


@pytest.mark.parametrize(("won", "reached"), [("0", "3"), ("1", "0")])
def test_stage_that_contradicts_the_label(write_csv: Write, make: Make, won: str, reached: str) -> None:
    mapping = make(outcome={"label": "won", "reached": "r"}, funnel=FUNNEL)
    with pytest.raises(DataError, match=r'row 1 .*column "r" says .* and the label says'):
        read(write_csv, mapping, {"won": won, "r": reached})


def test_unknown_reached_stage(write_csv: Write, make: Make) -> None:
    mapping = make(outcome={"label": "won", "reached": "r"}, funnel=FUNNEL)
    with pytest.raises(UnknownStageError, match=r'row 1 .*column "r"'):
        read(write_csv, mapping, {"r": "7"})


def test_group_is_mapped_or_company_or_person(write_csv: Write, make: Make) -> None:
    mapping = make(group="g", account_id="a", person_id="p")
    rows = [{"g": "g", "a": "a", "p": "p"}, {"g": "", "a": "a", "p": "p"}, {"g": "", "a": "", "p": "p"}]
    examples = read(write_csv, mapping, *rows, {"g": "", "a": "", "p": ""})
    assert [example.group for example in examples] == ["g", "a", "p", None]


def test_split_column(write_csv: Write, make: Make) -> None:
    examples = read(write_csv, make(split="s"), {"s": "train"}, {"s": "VALIDATION"}, {"s": "test"})
    assert [example.split for example in examples] == ["train", "valid", "test"]


def test_mapped_group_in_two_splits(write_csv: Write, make: Make) -> None:
    rows = [{"s": "train", "g": "x"}, {"s": "test", "g": "x"}]
    with pytest.raises(DataError, match="the group 'x' stands both in train and in test"):
        read(write_csv, make(split="s", group="g"), *rows)
    assert len(read(write_csv, make(split="s", account_id="g"), *rows)) == 2


@pytest.mark.parametrize("key", ["time", "order"])
def test_newest_rows_are_the_test(write_csv: Write, make: Make, key: str) -> None:
    rows = [{"x": (START + timedelta(days=9 - i)).isoformat() if key == "time" else str(9 - i)} for i in range(10)]
    examples = read(write_csv, make(**{key: "x"}), *rows)
    assert [example.split for example in examples] == ["test"] * 2 + ["valid"] + ["train"] * 7


def test_table_without_rows(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("lead_id,won\n")
    with pytest.raises(DataError, match="has no rows"):
        read_examples(path, make())


@pytest.mark.parametrize("name", ["xeducation", "craigslist", "bank_additional", "hillstrom"])
def test_public_data_are_trainable(public_table: Callable[[str], Path], name: str) -> None:
    mapping = load_mapping(Path(__file__).parents[4] / "benchmarks" / "mappings" / f"{name}.toml")

    examples = read_examples(public_table(name), mapping)

    require_trainable(examples)
    assert mapping.funnel is not None
    reached = {example.outcome.reached for example in examples}
    assert reached - {None} == set(mapping.funnel.stages)
