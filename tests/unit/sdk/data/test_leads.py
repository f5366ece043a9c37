"""Leads from tables and from JSON."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hpro_sdk.data import TableMapping, load_mapping, read_leads
from hpro_sdk.errors import ConfigError, DataError, LeadValidationError, UnknownStageError
from hpro_sdk.lead import InteractionKind, Lead, Speaker

Write = Callable[..., Path]
Make = Callable[..., TableMapping]

NINE = datetime(2026, 1, 31, 9, tzinfo=UTC)
NINE_TEXT = "2026-01-31T10:00:00+01:00"


def one(path: Path, mapping: TableMapping | None) -> Lead:
    (row,) = read_leads(path, mapping)
    return row.lead


def test_every_key_of_a_row(write_csv: Write, make_mapping: Make) -> None:
    mapping = make_mapping(
        object_type="contact",
        person_id="person",
        account_id="company",
        created_at="created",
        time="seen",
        stage="stage",
        funnel={"stages": ["new"], "values": {"1": "new"}},
        features={"Visits": "number", "source": "category", "vip": "flag", "due": "date", "empty": "text"},
    )
    path = write_csv(
        [
            {
                "lead_id": " 007 ",
                "person": "p",
                "company": "3",
                "created": NINE_TEXT,
                "seen": NINE_TEXT,
                "stage": "1",
                "Visits": "3",
                "source": "web",
                "vip": "no",
                "due": NINE_TEXT,
                "empty": "",
                "unused": "x",
            }
        ]
    )
    (row,) = read_leads(path, mapping)

    assert row.row == 1
    assert row.as_of == NINE
    assert row.lead == Lead(
        object_type="contact",
        lead_id="007",
        person_id="p",
        account_id="3",
        created_at=NINE,
        stage="new",
        fields={"Visits": 3, "source": "web", "vip": False, "due": "2026-01-31T09:00:00+00:00", "empty": None},
    )
    assert list(row.lead.fields) == ["Visits", "source", "vip", "due", "empty"]


def test_all_formats_give_the_same_leads(
    write_csv: Write, write_jsonl: Write, write_parquet: Write, make_mapping: Make
) -> None:
    mapping = make_mapping(features={"n": "number", "c": "category", "f": "flag"})
    as_csv = write_csv([{"lead_id": "1", "n": "2.0", "c": "3", "f": "1"}, {"lead_id": "2", "n": "", "c": "", "f": ""}])
    as_jsonl = write_jsonl([{"lead_id": 1, "n": 2, "c": 3.0, "f": True}, {"lead_id": 2, "n": None}])
    as_parquet = write_parquet({"lead_id": [1, 2], "n": [2.0, None], "c": [3, None], "f": [True, None]})

    leads = [[row.lead for row in read_leads(path, mapping)] for path in (as_csv, as_jsonl, as_parquet)]

    assert leads[0] == leads[1] == leads[2]
    assert leads[0][0].fields == {"n": 2, "c": "3", "f": True}


def test_outcome_columns_need_not_be_there(write_csv: Write, make_mapping: Make) -> None:
    mapping = make_mapping(outcome={"label": "won"}, split="split", group="g", order="o")
    assert one(write_csv([{"lead_id": "1"}]), mapping).lead_id == "1"


def test_unknown_column_is_refused_at_the_call(write_csv: Write, make_mapping: Make) -> None:
    path = write_csv([{"lead_id": "1", "Total Visits": "1"}])
    with pytest.raises(ConfigError, match=r"features\.TotalVisits in the mapping names"):
        read_leads(path, make_mapping(features={"TotalVisits": "number"}))


def test_table_without_mapping_is_refused(write_csv: Write) -> None:
    with pytest.raises(ConfigError, match="hpro mapping guess"):
        read_leads(write_csv([{"lead_id": "1"}]), None)


@pytest.mark.parametrize(
    ("name", "content", "mapped"),
    [("a.csv", "lead_id\n", True), ("a.jsonl", "", True), ("a.jsonl", "\n", False)],
)
def test_table_without_rows(tmp_path: Path, make_mapping: Make, name: str, content: str, mapped: bool) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(DataError, match="has no rows"):
        list(read_leads(path, make_mapping() if mapped else None))


def test_parquet_without_rows(write_parquet: Write, make_mapping: Make) -> None:
    from pyarrow import array, string

    with pytest.raises(DataError, match="has no rows"):
        list(read_leads(write_parquet({"lead_id": array([], string())}), make_mapping()))


def test_nan_of_parquet_names_row_and_field(write_parquet: Write, make_mapping: Make) -> None:
    path = write_parquet({"lead_id": ["1", "2"], "n": [None, float("nan")]})
    with pytest.raises(DataError, match='row 2, column "n" is not a finite number'):
        list(read_leads(path, make_mapping(features={"n": "number"})))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_nan_of_json_names_row_and_field(tmp_path: Path, make_mapping: Make, number: str) -> None:
    path = tmp_path / "leads.jsonl"
    path.write_text(f'{{"lead_id": "1", "n": {number}}}')
    with pytest.raises(DataError, match=r'row 1 \(line 1\), column "n" is not a finite number'):
        list(read_leads(path, make_mapping(features={"n": "number"})))


def test_naive_parquet_timestamp(write_parquet: Write, make_mapping: Make) -> None:
    path = write_parquet({"lead_id": ["1"], "created": [datetime(2026, 1, 1)]})  # noqa: DTZ001 (that is the point)
    with pytest.raises(DataError, match='row 1, column "created" has no time zone'):
        list(read_leads(path, make_mapping(created_at="created")))


def test_lead_id_that_comes_twice_names_both_rows(write_csv: Write, make_mapping: Make) -> None:
    path = write_csv([{"lead_id": "1"}, {"lead_id": "2"}, {"lead_id": "1"}])
    with pytest.raises(DataError, match=r"row 3 \(line 4\) has the same lead id as row 1"):
        list(read_leads(path, make_mapping()))


def test_missing_or_long_lead_id(write_csv: Write, make_mapping: Make) -> None:
    with pytest.raises(DataError, match='column "lead_id" is empty'):
        list(read_leads(write_csv([{"lead_id": "", "b": "x"}]), make_mapping()))
    with pytest.raises(DataError, match='column "lead_id" is longer than the 255'):
        list(read_leads(write_csv([{"lead_id": "x" * 256}]), make_mapping()))


def test_unknown_stage_names_row_and_column(write_csv: Write, make_mapping: Make) -> None:
    mapping = make_mapping(stage="s", funnel={"stages": ["new"]})
    with pytest.raises(UnknownStageError, match=r'row 2 \(line 3\), column "s": The stage \'odd\''):
        list(read_leads(write_csv([{"lead_id": "1", "s": "won"}, {"lead_id": "2", "s": "odd"}]), mapping))


class TestInteractions:
    def test_column_of_text_becomes_one_undated_note(self, write_csv: Write, make_mapping: Make) -> None:
        mapping = make_mapping(interactions={"text": "t"})
        rows = list(read_leads(write_csv([{"lead_id": "1", "t": "hello"}, {"lead_id": "2", "t": " "}]), mapping))
        (note,) = rows[0].lead.interactions
        assert (note.interaction_id, note.kind, note.text, note.occurred_at) == ("1:1", "note", "hello", None)
        assert rows[1].lead.interactions == ()

    @pytest.mark.parametrize("format_", ["csv", "jsonl"])
    def test_json_list(self, format_: str, make_mapping: Make, request: pytest.FixtureRequest) -> None:
        import json

        items: Any = [
            {"kind": "call", "speaker": "lead", "call_seconds": 60, "occurred_at": NINE_TEXT},
            {"text": "b", "interaction_id": "x", "kind": None}
            if format_ == "jsonl"
            else {"text": "b", "interaction_id": "x"},
        ]
        write: Write = request.getfixturevalue(f"write_{format_}")
        path = write([{"lead_id": "1", "i": items if format_ == "jsonl" else json.dumps(items)}])
        call, note = one(path, make_mapping(interactions={"column": "i"})).interactions
        assert (call.interaction_id, call.kind, call.speaker) == ("1:1", InteractionKind.CALL, Speaker.LEAD)
        assert (call.call_seconds, call.occurred_at) == (60, NINE)
        assert (note.interaction_id, note.kind, note.text) == ("x", InteractionKind.NOTE, "b")

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("[{", "is not valid JSON"),
            ('{"text": "a"}', "is not a list of interactions"),
            ("[3]", "interaction 1 is not an object"),
            ('[{}, {"kind": "fax"}]', "interaction 2: kind: "),
            ('[{"texts": "a"}]', "interaction 1: texts: unknown key"),
            ('[{"occurred_at": "2026-01-31T09:00:00"}]', "interaction 1: occurred_at: Input should have timezone info"),
            ('[{"call_seconds": -1}]', "interaction 1: call_seconds: "),
            ('[{"text": "\\ud800"}]', "cannot be read"),
            ("[" * 100_000, "cannot be read"),
        ],
    )
    def test_wrong_json_names_row_and_column(self, write_csv: Write, make_mapping: Make, text: str, says: str) -> None:
        path = write_csv([{"lead_id": "0", "i": ""}, {"lead_id": "1", "i": text}])
        with pytest.raises(DataError) as caught:
            list(read_leads(path, make_mapping(interactions={"column": "i"})))
        assert str(caught.value).startswith(f'{path}, row 2 (line 3), column "i"')
        assert says in str(caught.value)
        assert caught.value.hint

    def test_second_file(self, write_csv: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        write_csv(
            [
                {"lead_id": "1", "kind": "Call", "body": "a", "call_seconds": "61.0", "occurred_at": NINE_TEXT},
                {"lead_id": "2", "kind": "", "body": "b", "call_seconds": "", "occurred_at": ""},
                {"lead_id": "1", "kind": "email", "body": "c", "call_seconds": "", "occurred_at": ""},
                {"lead_id": "9", "kind": "", "body": "d", "call_seconds": "", "occurred_at": ""},
            ],
            "calls.csv",
        )
        toml = tmp_path / "mapping.toml"
        toml.write_text('id = "lead_id"\n[interactions.file]\npath = "calls.csv"\ntext = "body"\n')
        path = write_csv([{"lead_id": "1"}, {"lead_id": "2"}, {"lead_id": "3"}])
        with caplog.at_level(logging.WARNING, "hpro_sdk.data"):
            first, second, third = (row.lead.interactions for row in read_leads(path, load_mapping(toml)))
        assert [(i.interaction_id, i.kind.value, i.text) for i in first] == [
            ("1:1", "call", "a"),
            ("1:2", "email", "c"),
        ]
        assert (first[0].call_seconds, first[0].occurred_at) == (61, NINE)
        assert [i.text for i in second] == ["b"]
        assert third == ()
        assert [(record.event, record.leads) for record in caplog.records] == [  # type: ignore[attr-defined]
            ("interactions_without_lead", 1)
        ]

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ({"lead_id": "", "text": "a"}, 'column "lead_id" is empty'),
            ({"lead_id": "1", "kind": "fax"}, 'column "kind" is not one of: note, call'),
            ({"lead_id": "1", "speaker": "robot"}, 'column "speaker" is not one of: lead, rep'),
            ({"lead_id": "1", "call_seconds": "-3"}, 'column "call_seconds" is below 0'),
            ({"lead_id": "1", "recorded_at": "2026-01-31 09:00"}, 'column "recorded_at" has no time zone'),
        ],
    )
    def test_wrong_second_file(self, write_csv: Write, make_mapping: Make, row: dict[str, str], says: str) -> None:
        calls = write_csv([row], "calls.csv")
        with pytest.raises(DataError) as caught:
            list(read_leads(write_csv([{"lead_id": "1"}]), make_mapping(interactions={"file": {"path": calls}})))
        assert str(caught.value).startswith(f"{calls}, row 1 (line 2), {says}")

    def test_second_file_without_a_named_column(self, write_csv: Write, make_mapping: Make) -> None:
        calls = write_csv([{"lead_id": "1", "text": "a"}], "calls.csv")
        mapping = make_mapping(interactions={"file": {"path": calls, "kind": "type"}})
        with pytest.raises(ConfigError, match=r"interactions\.file\.kind in the mapping names"):
            list(read_leads(write_csv([{"lead_id": "1"}]), mapping))

    def test_second_file_missing(self, write_csv: Write, make_mapping: Make, tmp_path: Path) -> None:
        mapping = make_mapping(interactions={"file": {"path": tmp_path / "none.csv"}})
        with pytest.raises(ConfigError, match="does not exist"):
            list(read_leads(write_csv([{"lead_id": "1"}]), mapping))


class TestJsonLeads:
    def test_lead_comes_back_as_it_was(self, tmp_path: Path) -> None:
        lead = Lead.model_validate(
            {
                "lead_id": "1",
                "stage": "any",
                "fields": {"a": 1, "b": 1.5, "c": True, "d": "x", "e": None},
                "interactions": [{"interaction_id": "i", "kind": "call", "occurred_at": NINE}],
                "stage_changes": [{"stage": "any", "at": NINE}],
            }
        )
        path = tmp_path / "leads.jsonl"
        path.write_text(lead.model_dump_json() + "\n")
        assert one(path, None) == lead

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ('{"id": "1"}', "field lead_id: is required"),
            ('{"lead_id": ""}', "field lead_id: "),
            ('{"lead_id": "1", "colour": 1}', "field colour: unknown key"),
            ('{"lead_id": "1", "fields": {"a b": NaN}}', 'field fields."a b": is not a finite number'),
            ('{"lead_id": "1", "fields": {"a": [1]}}', "field fields.a: must be a text"),
            ('{"lead_id": "1", "created_at": "2026-01-31T09:00:00"}', "created_at: Input should have timezone info"),
            ('{"lead_id": "1", "interactions": [{}]}', "field interactions[0].interaction_id: is required"),
        ],
    )
    def test_wrong_lead_names_row_and_field(self, tmp_path: Path, line: str, says: str) -> None:
        path = tmp_path / "leads.jsonl"
        path.write_text('{"lead_id": "0"}\n' + line)
        with pytest.raises(LeadValidationError) as caught:
            list(read_leads(path, None))
        assert str(caught.value).startswith(f"{path}, row 2 (line 2), ")
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_same_id_in_another_org_is_another_lead(self, write_jsonl: Write) -> None:
        path = write_jsonl([{"lead_id": "1"}, {"lead_id": "1", "org_id": "b"}])
        assert len(list(read_leads(path, None))) == 2
        with pytest.raises(DataError, match="has the same lead id as row 1"):
            list(read_leads(write_jsonl([{"lead_id": "1"}, {"lead_id": "1"}]), None))
