"""Raw values to values of the domain model."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.data.field_values import read_field, read_label, read_number, read_split, read_stage
from hpro_sdk.data.place import Cell, Place
from hpro_sdk.errors import DataError, UnknownStageError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel

NAN, INF = float("nan"), float("inf")


def cell(value: object) -> Cell:
    return Cell(Place(Path("leads.csv"), 3, 4), "field", value)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("number", "", None),
        ("number", None, None),
        ("number", "  ", None),
        ("number", "7", 7),
        ("number", " -7.50 ", -7.5),
        ("number", "1e3", 1000),
        ("number", 7, 7),
        ("number", 7.25, 7.25),
        ("number", Decimal("2.5"), 2.5),
        ("flag", "Yes", True),
        ("flag", "F", False),
        ("flag", 1, True),
        ("flag", 0.0, False),
        ("flag", False, False),
        ("flag", None, None),
        ("category", "nan", "nan"),
        ("category", 3, "3"),
        ("category", 3.0, "3"),
        ("category", 3.5, "3.5"),
        ("category", True, "true"),
        ("category", "", None),
        ("text", " a\nb ", " a\nb "),
        ("date", "2026-01-31T10:00:00+01:00", "2026-01-31T09:00:00+00:00"),
        ("date", "2026-01-31T09:00:00Z", "2026-01-31T09:00:00+00:00"),
        ("date", datetime(2026, 1, 31, 10, tzinfo=timezone(timedelta(hours=1))), "2026-01-31T09:00:00+00:00"),
        ("date", "", None),
    ],
)
def test_value_that_fits(kind: str, value: object, expected: object) -> None:
    read = read_field(cell(value), FieldKind(kind))
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("number", "nan", "is not a finite number"),
        ("number", "-Infinity", "is not a finite number"),
        ("number", "inf", "is not a finite number"),
        ("number", "1e999", "is not a finite number"),
        ("number", "9" * 400, "is not a finite number"),
        ("number", 10**400, "is not a finite number"),
        ("number", NAN, "is not a finite number"),
        ("number", INF, "is not a finite number"),
        ("number", Decimal("NaN"), "is not a finite number"),
        ("category", NAN, "is not a finite number"),
        ("number", "12 kg", "is not a number"),
        ("number", "1_000", "is not a number"),
        ("number", "\u0663", "is not a number"),
        ("number", True, "is not a number"),
        ("number", [1], "is not a number"),
        ("flag", "maybe", "is not a truth value"),
        ("flag", 2, "is not a truth value"),
        ("text", {"a": 1}, "holds a list, an object or bytes"),
        ("category", b"x", "holds a list, an object or bytes"),
        ("date", "2026-01-31T09:00:00", "has no time zone"),
        ("date", "2026-01-31", "has no time zone"),
        ("date", datetime(2026, 1, 31), "has no time zone"),  # noqa: DTZ001 (that is the point)
        ("date", date(2026, 1, 31), "has no time zone"),
        ("date", "yesterday", "is not a date and time in ISO 8601"),
        ("date", 1700000000, "is not a date and time"),
        ("date", "0001-01-01T00:00:00+14:00", "is outside the years"),
    ],
)
def test_value_that_does_not_fit(kind: str, value: object, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read_field(cell(value), FieldKind(kind))
    assert str(caught.value).startswith(f'leads.csv, row 3 (line 4), column "field" {says}')
    assert caught.value.hint


def test_naive_moment_says_how_to_write_it() -> None:
    with pytest.raises(DataError) as caught:
        read_field(cell("2026-01-31 09:00"), FieldKind.DATE)
    assert "2026-01-31T09:00:00+00:00" in str(caught.value.hint)


def test_message_does_not_repeat_the_value() -> None:
    with pytest.raises(DataError) as caught:
        read_number(cell("Jane Doe"))
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "won"),
    [("1", True), ("WON", True), ("yes", True), (True, True), (1.0, True), ("lost", False), (0, False), ("", None)],
)
def test_label(value: object, won: object) -> None:
    assert read_label(cell(value)) is won


@pytest.mark.parametrize("value", ["2", "maybe", 0.5])
def test_wrong_label(value: object) -> None:
    with pytest.raises(DataError, match="is not a result"):
        read_label(cell(value))


@pytest.mark.parametrize(("value", "split"), [("Train", "train"), ("validation", "valid"), ("val", "valid")])
def test_split(value: object, split: str) -> None:
    assert read_split(cell(value)) == split


@pytest.mark.parametrize("value", ["dev", "", None])
def test_wrong_split(value: object) -> None:
    with pytest.raises(DataError, match="names no split"):
        read_split(cell(value))


def test_unknown_stage_names_row_and_column() -> None:
    funnel = Funnel(stages=("new",), values={"2": "won"})
    assert read_stage(cell(2.0), funnel) == "won"
    with pytest.raises(UnknownStageError) as caught:
        read_stage(cell("old"), funnel)
    assert "row 3 (line 4), column \"field\": The stage 'old'" in str(caught.value)
    assert "[funnel.values]" in str(caught.value.hint)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_survives_being_written_as_text(number: float) -> None:
    assert read_number(cell(repr(number))) == number


@given(st.integers(min_value=-(10**290), max_value=10**290))
def test_every_whole_number_stays_whole(number: int) -> None:
    assert read_number(cell(str(number))) == number


@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_every_moment_is_kept(moment: datetime) -> None:
    text = read_field(cell(moment.isoformat()), FieldKind.DATE)
    assert isinstance(text, str)
    assert datetime.fromisoformat(text) == moment.astimezone(UTC)


@given(st.text(), st.sampled_from(FieldKind))
def test_any_text_is_read_or_refused(text: str, kind: FieldKind) -> None:
    try:
        read_field(cell(text), kind)
    except DataError as exc:
        assert exc.hint  # noqa: PT017 (the error is optional here)
