"""Drafts of mappings load, find the special columns and leave out what leaks or names people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.cli.mapping import mapping as command
from hpro_sdk.data import guess_mapping, load_mapping, read_leads
from hpro_sdk.errors import ConfigError, DataError
from hpro_sdk.field_kind import FieldKind

Write = Callable[..., Path]


def sales_row(number: int) -> dict[str, Any]:
    return {
        "Lead Number": f"L{number}",
        "split": ["train", "valid", "test"][number % 3],
        "Converted": str(number % 2),
        "created_at": "2026-01-31T09:00:00+00:00",
        "as_of": "2026-02-28T09:00:00Z",
        "Stage": ["new", "engaged"][number % 2],
        "account_id": str(number % 7),
        "Visits": str(number % 60),
        "Source": ["web", "fair"][number % 2],
        "Do Not Email": ["Yes", "No"][number % 2],
        "Notes": f"We spoke about the offer for quite a while, number {number}.",
        "Due": f"2026-03-{1 + number % 28:02}T09:00:00Z",
        "naive": f"2026-03-{1 + number % 28:02} 09:00:00",
        "First Name": f"Ann {number}",
        "contact mail": f"ann{number}@example.org",
        "reach": f"+49 170 000{number:04}",
        "Close Date": f"2026-04-{1 + number % 28:02}T09:00:00Z",
        "same": "x",
        "nothing": "",
        "token": f"tk{number:05}",
        'odd "name"\n#': str(number),
    }


def test_draft_of_a_sales_table(write_csv: Write, tmp_path: Path) -> None:
    path = write_csv([sales_row(number) for number in range(200)])
    toml = tmp_path / "draft.toml"
    toml.write_text(guess_mapping(path), encoding="utf-8")
    mapping = load_mapping(toml)

    assert (mapping.id, mapping.split, mapping.time) == ("Lead Number", "split", "as_of")
    assert (mapping.created_at, mapping.account_id, mapping.stage) == ("created_at", "account_id", None)
    assert mapping.outcome is not None
    assert mapping.outcome.label == "Converted"
    assert mapping.interactions is not None
    assert mapping.interactions.text == "Notes"
    assert {name: feature.kind for name, feature in mapping.features.items()} == {
        "Visits": FieldKind.NUMBER,
        "Source": FieldKind.CATEGORY,
        "Do Not Email": FieldKind.FLAG,
        "Due": FieldKind.DATE,
        'odd "name"\n#': FieldKind.NUMBER,
    }
    text = toml.read_text(encoding="utf-8")
    assert '# "Close Date" = "date"  # leaky?' in text
    assert '# "First Name": left out, names' in text
    assert '# "reach": left out, e-mail addresses or phone numbers' in text
    assert '# "naive": left out, dates without a time zone' in text
    assert '# "Stage" looks like a stage' in text
    assert len(list(read_leads(path, mapping))) == 200


@pytest.mark.parametrize(
    "name",
    [
        "outcome",
        "poutcome",
        "Converted",
        "is_won",
        "ClosedDate",
        "label_good",
        "LeadStage",
        "close date",
        "modified_at",
        "reached",
    ],
)
def test_leaky_name_is_commented_out(write_csv: Write, name: str) -> None:
    draft = guess_mapping(write_csv([{"lead_id": str(n), name: f"value {n % 5}"} for n in range(20)]))
    features = draft.partition("[features]")[2].splitlines()[1:]
    assert all(line.startswith("#") or not line for line in features)


@pytest.mark.parametrize("name", ["mens", "womens", "wonder", "channel"])
def test_harmless_name_stays(write_csv: Write, name: str) -> None:
    draft = guess_mapping(write_csv([{"lead_id": str(n), name: f"value {n % 5}"} for n in range(20)]))
    assert f'\n"{name}" = "category"' in draft


def test_not_finite_numbers_are_pointed_out(write_csv: Write) -> None:
    draft = guess_mapping(write_csv([{"lead_id": str(n), "amount": "nan" if n == 3 else str(n)} for n in range(9)]))
    assert '"amount" = "number"  # 1 values are NaN' in draft


def test_json_lists_become_interactions(write_jsonl: Write) -> None:
    draft = guess_mapping(write_jsonl([{"lead_id": "1", "interactions": [{"text": "a"}], "more": {"a": 1}}]))
    assert '[interactions]\ncolumn = "interactions"' in draft
    assert '# "more": left out, it holds lists or objects' in draft


def test_table_without_an_id(write_csv: Write) -> None:
    with pytest.raises(DataError, match="none can be the lead's id"):
        guess_mapping(write_csv([{"a": "1"}, {"a": "1"}]))


def test_table_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("lead_id\n")
    with pytest.raises(DataError, match="has no rows"):
        guess_mapping(path)


@pytest.mark.parametrize("name", ["xeducation", "craigslist", "bank_additional", "hillstrom"])
def test_draft_of_public_data(public_table: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    path, toml = public_table(name), tmp_path / "draft.toml"
    toml.write_text(guess_mapping(path), encoding="utf-8")
    mapping = load_mapping(toml)
    assert (mapping.id, mapping.split) == ("lead_id", "split")
    assert mapping.outcome is not None
    assert mapping.outcome.label == "label"
    assert {"stage", "split_hash", "text"}.isdisjoint(mapping.features)
    assert len(list(read_leads(path, mapping))) > 900


texts = st.text(max_size=12)


@given(rows=st.lists(st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts), min_size=1, max_size=6))
def test_every_draft_loads(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> None:
    import json

    folder = tmp_path_factory.mktemp("draft")
    path = folder / "leads.jsonl"
    path.write_text("".join(json.dumps({**row, "lead_id": n}) + "\n" for n, row in enumerate(rows)))
    toml = folder / "draft.toml"
    toml.write_text(guess_mapping(path), encoding="utf-8")
    assert load_mapping(toml).id == "lead_id"


class TestCommand:
    def test_guess_prints_the_draft(self, write_csv: Write) -> None:
        path = write_csv([{"lead_id": "1"}])
        result = CliRunner().invoke(command, ["guess", str(path)])
        assert result.exit_code == 0
        assert result.stdout == guess_mapping(path)

    def test_guess_writes_and_does_not_overwrite(self, write_csv: Write, tmp_path: Path) -> None:
        path, out = write_csv([{"lead_id": "1"}]), tmp_path / "mapping.toml"
        out.write_text("mine")
        result = CliRunner().invoke(command, ["guess", str(path), "--out", str(out)])
        assert isinstance(result.exception, ConfigError)
        assert "--force" in str(result.exception)
        assert out.read_text() == "mine"

        result = CliRunner().invoke(command, ["guess", str(path), "--out", str(out), "--force"])
        assert result.exit_code == 0
        assert result.stdout == ""
        assert load_mapping(out).id == "lead_id"

    def test_schema_is_json(self) -> None:
        import json

        schema = json.loads(CliRunner().invoke(command, ["schema"]).stdout)
        assert schema["properties"]["id"]["description"]
