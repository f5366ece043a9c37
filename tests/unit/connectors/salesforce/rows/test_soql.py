from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.format import format_soql

from hpro_connectors.salesforce.rows.row_reader import Source
from hpro_connectors.salesforce.rows.soql import (
    among,
    encoded_length,
    is_name,
    moment_literal,
    select,
    text_literal,
)


@given(st.text())
def test_texts_are_escaped_as_the_client_library_does(text: str) -> None:
    assert text_literal(text) == format_soql("{}", text)
    assert among("Id", [text, "b"]) == f"Id IN ({format_soql('{}', text)},'b')"


@given(st.text(alphabet=st.sampled_from("\\'\"\n\r\t\b\fa")))
def test_no_text_ends_its_own_literal(text: str) -> None:
    inner = text_literal(text)[1:-1]
    assert "'" not in inner.replace("\\\\", "").replace("\\'", "")


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_written_in_whole_seconds(moment: datetime) -> None:
    literal = moment_literal(moment)
    assert datetime.fromisoformat(literal) == moment.replace(microsecond=0)
    assert len(literal) == len("2026-01-01T00:00:00Z")


def test_moments_are_written_in_utc() -> None:
    moment = datetime(2026, 1, 1, 1, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert moment_literal(moment) == "2025-12-31T23:30:00Z"


def test_a_query_leaves_out_what_is_empty() -> None:
    assert select(["Id"], "Lead", ["", ""]) == "SELECT Id FROM Lead"
    made = select(["Id", "Name"], "Lead", ["A = 1", "", "(B = 2 OR C = 3)"], ["Name", "Id"])
    assert made == "SELECT Id,Name FROM Lead WHERE A = 1 AND (B = 2 OR C = 3) ORDER BY Name,Id"


@given(st.text())
def test_the_length_of_a_query_is_that_in_a_url(text: str) -> None:
    soql = select(["Id"], "Lead", [among("Name", [text])])
    assert encoded_length(soql) == len(urlencode({"q": soql})) - len("q=")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *[(name, True) for name in ("Id", "Owner.Name", "X__c", "X__r.Y__c")],
        *[(name, False) for name in ("", "Id FROM", "a.", ".a", "1a", "Id,Name", "Id)", "Größe")],
    ],
)
def test_names_are_names(text: str, is_one: bool) -> None:
    assert is_name(text) is is_one


@pytest.mark.parametrize(
    "columns",
    [("Id",), ("SystemModstamp",), ("Id", "SystemModstamp", "Id"), ("Id", "SystemModstamp", "Name FROM User")],
)
def test_a_source_without_id_or_stamp_or_with_strange_columns_is_refused(columns: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"must include|once each|cannot name"):
        Source("Lead", columns, {})
