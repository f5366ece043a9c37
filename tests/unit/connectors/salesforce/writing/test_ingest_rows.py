"""Rows of a Bulk job as CSV, both ways."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.salesforce.wire.ingest_batch import csv_text, read_data
from hpro_connectors.errors import ServerError
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.salesforce.writing.ingest_rows import JobRow, cells_of, csv_of, read_results, refusal_of
from hpro_sdk.lead import Band, LeadKey

KEY = LeadKey("00D000000000001EAA", "lead", "00Q000000000001AAA")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
COLUMNS = ("Id", "A__c", "B__c")
ROWS = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=8)


def test_a_row_has_all_columns_and_none_is_left_as_it_is() -> None:
    row = ScoreRow(
        lead=KEY,
        score=Decimal("12.50"),
        band=Band.B,
        trend=Trend.STEADY,
        rank=3,
        scored_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    text = csv_of([cells_of(row)]).decode()
    assert text == (
        "Id,HPRO_Score__c,HPRO_Band__c,HPRO_Trend__c,HPRO_Rank__c,HPRO_Stage_Rank__c,HPRO_Stage_Size__c,HPRO_Model__c,"
        "HPRO_Scored_At__c\n"
        f"{KEY.lead_id},12.5,B,steady,3,#N/A,#N/A,#N/A,2026-03-01T00:00:00Z\n"
    )


@given(model=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=80))
def test_whatever_a_text_holds_arrives_as_it_is(model: str) -> None:
    cells = cells_of(ScoreRow(lead=KEY, model=model))
    data = read_data(csv_of([cells]), ",", "\n")
    assert dict(zip(data.columns, data.rows[0], strict=True)) == cells


@given(rows=ROWS, line_ending=st.sampled_from(["\n", "\r\n"]))
def test_results_are_read_byte_for_byte(rows: list[tuple[str, str, str]], line_ending: str) -> None:
    error = 'CANNOT_INSERT:Odd:\n"yes"; no:A__c,B__c --'
    told = [("", error, *row) for row in rows]
    content = csv_text(("sf__Id", "sf__Error", *COLUMNS), told, ",", line_ending).encode()
    assert list(read_results(content)) == [
        JobRow(dict(zip(COLUMNS, row, strict=True)), "CANNOT_INSERT", 'Odd:\n"yes"; no', ("A__c", "B__c"))
        for row in rows
    ]


@given(rows=ROWS, data=st.data())
def test_what_is_cut_short_is_refused_or_tells_of_whole_rows_only(
    rows: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    told = [("1", "false", *row) for row in rows]
    content = csv_text(("sf__Id", "sf__Created", *COLUMNS), told, ",", "\n").encode()
    cut = data.draw(st.integers(0, len(content)))
    try:
        found = list(read_results(content[:cut]))
    except ServerError:
        return
    assert [tuple(row.cells.values()) for row in found] == rows[: len(found)]


def test_what_is_no_list_of_rows_is_refused() -> None:
    for content in (b"<html>\n", b"A__c\n1\n", b"Id,A__c\n1\n", b"Id\n\xff\n", b'Id\n"open\n'):
        with pytest.raises(ServerError):
            list(read_results(content))
    assert list(read_results(b"")) == []
    assert list(read_results(b'\xef\xbb\xbf"Id"\n"1"\n')) == [JobRow({"Id": "1"})]


def test_a_cell_may_be_larger_than_pythons_own_limit() -> None:
    long = "x" * 200_000
    [row] = read_results(csv_text(("Id", "A__c"), [("1", long)], ",", "\n").encode())
    assert row.cells["A__c"] == long


@pytest.mark.parametrize(
    ("text", "code", "message", "fields"),
    [
        ("ENTITY_IS_DELETED:entity is deleted:--", "ENTITY_IS_DELETED", "entity is deleted", ()),
        (
            "STRING_TOO_LONG:Model: too large:HPRO_Model__c --",
            "STRING_TOO_LONG",
            "Model: too large",
            ("HPRO_Model__c",),
        ),
        ("A_B:one\ntwo:C__c D__c --", "A_B", "one\ntwo", ("C__c", "D__c")),
        ("UNABLE_TO_LOCK_ROW:no end", "UNABLE_TO_LOCK_ROW", "no end", ()),
        ("odd words", "UNKNOWN", "odd words", ()),
        ("", "UNKNOWN", "", ()),
    ],
)
def test_a_refusal_is_taken_apart(text: str, code: str, message: str, fields: tuple[str, ...]) -> None:
    assert refusal_of(text) == (code, message, fields)
