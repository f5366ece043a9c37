from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.salesforce.schema.crm_values import KINDS, field_value, read_moment
from hpro_sdk.field_kind import FieldKind

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("crm_type", "kind"),
    [
        ("currency", FieldKind.NUMBER),
        ("percent", FieldKind.NUMBER),
        ("int", FieldKind.NUMBER),
        ("double", FieldKind.NUMBER),
        ("boolean", FieldKind.FLAG),
        ("picklist", FieldKind.CATEGORY),
        ("date", FieldKind.DATE),
        ("datetime", FieldKind.DATE),
        ("string", FieldKind.TEXT),
        ("textarea", FieldKind.TEXT),
    ],
)
def test_field_types_are_of_the_kinds_that_prompts_know(crm_type: str, kind: FieldKind) -> None:
    assert KINDS[crm_type] is kind


@pytest.mark.parametrize("crm_type", ["reference", "id", "base64", "address", "location", "json", "complexvalue", "?"])
def test_what_is_no_value_of_its_own_is_not_read(crm_type: str) -> None:
    assert crm_type not in KINDS
    assert field_value(crm_type, "001000000000001AAA") is None


@pytest.mark.parametrize(
    ("crm_type", "raw", "expected"),
    [
        ("double", 5.0, 5),
        ("double", "5", 5),
        ("double", "5.0", 5),
        ("double", 5.25, 5.25),
        ("int", "12", 12),
        ("currency", 1e20, 1e20),
        ("boolean", True, True),
        ("boolean", "false", False),
        ("date", "2026-03-01", "2026-03-01T00:00:00+00:00"),
        ("datetime", "2026-03-01T10:20:30.000+0000", "2026-03-01T10:20:30+00:00"),
        ("datetime", "2026-03-01T10:20:30.000Z", "2026-03-01T10:20:30+00:00"),
        ("multipicklist", "a;b", "a;b"),
        ("string", "", None),
        ("string", "Acme & Sons", "Acme & Sons"),
        ("textarea", "<p>Wants <b>two</b></p>", "Wants two"),
    ],
)
def test_values_are_the_same_from_both_apis(crm_type: str, raw: JsonValue, expected: object) -> None:
    found = field_value(crm_type, raw)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("crm_type", "raw", "expected"),
    [
        ("double", "a dozen", None),
        ("double", True, None),
        ("double", "nan", None),
        ("boolean", "perhaps", None),
        ("boolean", 1, True),
        ("date", "soon", None),
        ("datetime", 17, None),
        ("string", 12.0, "12"),
        ("string", False, "false"),
        ("picklist", 3, "3"),
        ("string", {"city": "Ulm"}, None),
    ],
)
def test_row_5_a_value_of_an_earlier_type_is_turned_or_left_out(
    crm_type: str, raw: JsonValue, expected: object
) -> None:
    assert field_value(crm_type, raw) == expected


@given(st.sampled_from(sorted(KINDS)), _JSON)
def test_no_value_of_any_type_stops_a_pass(crm_type: str, raw: JsonValue) -> None:
    found = field_value(crm_type, raw)
    assert found is None or isinstance(found, bool | int | float | str)
    assert not isinstance(found, float) or math.isfinite(found)


def test_a_moment_is_in_utc_and_a_day_its_midnight() -> None:
    assert read_moment("2026-03-01T23:30:00.000-0100") == datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    assert read_moment("2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    assert read_moment("0001-01-01T00:00:00+14:00") is None
