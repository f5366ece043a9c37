from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.fields import SCORE_FIELDS, ScoreRow, Trend
from hpro_connectors.protocol import FieldState
from hpro_connectors.salesforce.schema.crm_schema import CrmField, CrmObject, CrmOption
from hpro_connectors.salesforce.writing.score_fields import (
    SCORE_COLUMN_TYPES,
    SCORE_COLUMNS,
    column_of,
    is_own,
    plan_fields,
    read_shown,
    to_crm,
)
from hpro_sdk.lead import Band, LeadKey

KEY = LeadKey("00D000000000001EAA", "lead", "00Q000000000001AAA")

_ROWS = st.builds(
    ScoreRow,
    lead=st.just(KEY),
    score=st.none() | st.decimals(0, 100, places=2),
    band=st.none() | st.sampled_from(Band),
    trend=st.none() | st.sampled_from(Trend),
    rank=st.none() | st.integers(1, 999_999_999),
    stage_rank=st.none() | st.integers(1, 999_999_999),
    stage_size=st.none() | st.integers(1, 999_999_999),
    model=st.none() | st.text("abc-1", min_size=1, max_size=80),
    scored_at=st.none()
    | st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
        lambda at: at.replace(microsecond=0)
    ),
)


def _fields(**changes: dict[str, object]) -> CrmObject:
    """The scored object with our fields as they should be, but for some changes."""
    made = []
    for field in SCORE_FIELDS:
        column = column_of(field)
        if changes.get(field.name) == {}:
            continue
        values: dict[str, object] = {
            "name": column,
            "label": field.label,
            "type": SCORE_COLUMN_TYPES[column],
            "precision": field.precision,
            "scale": field.scale,
            "length": field.precision,
            "updateable": True,
        }
        made.append(CrmField.model_validate(values | changes.get(field.name, {})))
    return CrmObject(name="Lead", fields=(CrmField(name="Id", label="Id", type="id"), *made))


def test_names_come_from_the_one_table() -> None:
    assert list(SCORE_COLUMNS.values()) == [
        "HPRO_Score__c",
        "HPRO_Band__c",
        "HPRO_Trend__c",
        "HPRO_Rank__c",
        "HPRO_Stage_Rank__c",
        "HPRO_Stage_Size__c",
        "HPRO_Model__c",
        "HPRO_Scored_At__c",
    ]
    assert all(is_own(column) for column in SCORE_COLUMNS.values())
    assert not is_own("Score__c")


@given(_ROWS)
def test_a_row_comes_back_as_it_was_written(row: ScoreRow) -> None:
    shown = to_crm(row) | {"Id": KEY.lead_id}
    assert read_shown(shown, KEY, tuple(SCORE_COLUMNS.values())) == row


def test_values_are_written_as_the_crm_takes_them() -> None:
    row = ScoreRow(
        lead=KEY,
        score=Decimal("61.25"),
        band=Band.B,
        trend=Trend.NOT_ENOUGH_INFORMATION,
        rank=3,
        model="hpro-1",
        scored_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    )
    assert to_crm(row) == {
        "HPRO_Score__c": 61.25,
        "HPRO_Band__c": "B",
        "HPRO_Trend__c": "not enough information",
        "HPRO_Rank__c": 3,
        "HPRO_Stage_Rank__c": None,
        "HPRO_Stage_Size__c": None,
        "HPRO_Model__c": "hpro-1",
        "HPRO_Scored_At__c": "2026-03-02T09:00:00Z",
    }


@pytest.mark.parametrize(
    ("column", "odd"),
    [
        ("HPRO_Score__c", 250.0),
        ("HPRO_Score__c", "high"),
        ("HPRO_Score__c", float("inf")),
        ("HPRO_Rank__c", 1.5),
        ("HPRO_Rank__c", -1.0),
        ("HPRO_Band__c", "Z"),
        ("HPRO_Scored_At__c", "yesterday"),
    ],
)
def test_what_people_entered_and_no_row_can_hold_counts_as_empty(column: str, odd: JsonValue) -> None:
    row: dict[str, JsonValue] = {"Id": KEY.lead_id, "HPRO_Stage_Size__c": 40.0, column: odd}
    assert read_shown(row, KEY, tuple(SCORE_COLUMNS.values())) == ScoreRow(lead=KEY, stage_size=40)


def test_what_shows_some_of_our_fields_only_says_nothing_of_what_was_written() -> None:
    columns = [column for column in SCORE_COLUMNS.values() if column != "HPRO_Band__c"]
    assert read_shown({"Id": KEY.lead_id, "HPRO_Rank__c": 1.0}, KEY, columns) is None
    assert read_shown({"Id": KEY.lead_id}, KEY, ()) is None


def test_missing_fields_would_be_made_and_good_ones_are_left() -> None:
    assert {one.state for one in plan_fields(_fields())} == {FieldState.PRESENT}
    planned = {one.name: one.state for one in plan_fields(_fields(band={}))}
    assert planned.pop("HPRO_Band__c") is FieldState.CREATED
    assert set(planned.values()) == {FieldState.PRESENT}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"score": {"type": "string"}}, "string"),
        ({"score": {"precision": 4, "scale": 2}}, "digits"),
        ({"score": {"precision": 5, "scale": 0}}, "digits"),
        ({"rank": {"calculated": True}}, "formula"),
        ({"model": {"length": 40}}, "40 characters"),
        (
            {"band": {"restricted": True, "options": (CrmOption(value="A", label="A"),)}},
            "lacks B, C, D",
        ),
    ],
)
def test_row_45_a_field_of_another_kind_is_a_conflict(changes: dict[str, dict[str, object]], told: str) -> None:
    (conflict,) = [one for one in plan_fields(_fields(**changes)) if one.state is FieldState.CONFLICT]
    assert told in conflict.detail


def test_an_unrestricted_picklist_takes_any_value() -> None:
    assert {one.state for one in plan_fields(_fields(band={"options": ()}))} == {FieldState.PRESENT}
