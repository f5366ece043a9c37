from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.errors import ServerError
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.errors import RequestTooLongError
from hpro_connectors.salesforce.rows.column_chunks import split_columns
from hpro_connectors.salesforce.rows.request_length import RequestLength
from hpro_connectors.salesforce.rows.row_reader import Row, RowReader, Source
from hpro_connectors.salesforce.rows.soql import encoded_length

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.rows.conftest import CrmDouble

START = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(seconds=1000))
NAMES = tuple(f"A_field_of_a_wide_object_{number}__c" for number in range(600))
WIDE = Source("Lead", ("Id", "Number", *NAMES, "SystemModstamp"), {})


def wide_crm(make: type[CrmDouble], count: int) -> CrmDouble:
    crm = make.of_stamps(range(count))
    for row in crm.rows.values():
        row.update({name: f"{row['Number']}.{number}.0" for number, name in enumerate(NAMES)})
    return crm


def read(crm: CrmDouble, source: Source = WIDE) -> list[Row]:
    return [row for page in RowReader(crm).window(source, WINDOW, None) for row in page.rows]


# Row 7: 600 columns are longer than any URL.
def test_row_7_columns_are_read_in_parts_and_joined_by_id(crm_double: type[CrmDouble]) -> None:
    crm = wide_crm(crm_double, 450)
    pages = list(RowReader(crm).window(WIDE, WINDOW, None))
    rows = [row for page in pages for row in page.rows]
    assert [row["Number"] for row in rows] == list(range(450))
    assert all(row == {name: crm.rows[str(row["Id"])][name] for name in WIDE.columns} for row in rows)
    assert max(encoded_length(soql) for name, soql in crm.calls if name == "query_all") <= 12_000
    assert max(len(page.rows) for page in pages) == 200
    parts = len(split_columns(WIDE, RequestLength(), ""))
    assert len(crm.calls) == 3 + 3 * (parts - 1)  # three pages, each completed by one query a part


def test_row_7_an_object_of_some_columns_is_read_in_one_query(crm_double: type[CrmDouble]) -> None:
    crm = wide_crm(crm_double, 50)
    read(crm, Source("Lead", ("Id", *NAMES[:150], "SystemModstamp"), {}))
    assert len(crm.calls) == 1


@pytest.mark.parametrize("part", [1, 2, 3])
def test_row_7_a_row_that_changes_between_two_parts_is_asked_for_once_more(
    crm_double: type[CrmDouble], part: int
) -> None:
    crm = wide_crm(crm_double, 20)

    def people(crm: CrmDouble) -> None:
        if len(crm.calls) == part:
            crm.touch("00Q000000000000007", **dict.fromkeys(NAMES, "new"))

    crm.now = 500  # the change lies inside the window
    crm.before_call = people
    rows = [row for row in read(crm) if row["Number"] == 7]
    assert rows
    for found in rows:
        assert len({found[name] for name in NAMES}) in {1, len(NAMES)}  # of one state, never of two
    assert rows[-1][NAMES[0]] == "new"


def test_row_7_a_row_that_changes_between_two_parts_of_an_early_page_comes_once(
    crm_double: type[CrmDouble],
) -> None:
    crm = wide_crm(crm_double, 30)
    crm.now, crm.sizes = 500, repeat(10)

    def people(crm: CrmDouble) -> None:
        if len(crm.calls) == 2:
            crm.touch("00Q000000000000007", **dict.fromkeys(NAMES, "new"))

    crm.before_call = people
    rows = read(crm)
    assert [row["Number"] for row in rows] == [*(number for number in range(30) if number != 7), 7]
    assert rows[-1][NAMES[-1]] == "new"


def test_row_7_a_row_that_changes_again_is_refused(crm_double: type[CrmDouble]) -> None:
    crm = wide_crm(crm_double, 20)

    def people(crm: CrmDouble) -> None:
        crm.now += 1
        if not crm.calls:
            return
        crm.touch("00Q000000000000007", **dict.fromkeys(NAMES, str(crm.now)))

    crm.before_call = people
    with pytest.raises(ServerError, match="keeps changing while its columns are read") as refused:
        read(crm)
    assert refused.value.record_id == "00Q000000000000007"


def test_row_7_a_row_purged_between_two_parts_is_left_out(crm_double: type[CrmDouble]) -> None:
    crm = wide_crm(crm_double, 20)

    def people(crm: CrmDouble) -> None:
        if len(crm.calls) == 1:
            del crm.rows["00Q000000000000007"]

    crm.before_call = people
    assert [row["Number"] for row in read(crm)] == [number for number in range(20) if number != 7]


def test_a_change_is_seen_even_where_windows_go_by_the_stamp_of_a_parent(crm_double: type[CrmDouble]) -> None:
    crm = wide_crm(crm_double, 20)
    for row in crm.rows.values():
        row["Parent.SystemModstamp"] = row["SystemModstamp"]
    source = Source("Lead", (*WIDE.columns, "Parent.SystemModstamp"), {}, stamp="Parent.SystemModstamp")

    def people(crm: CrmDouble) -> None:
        if len(crm.calls) == 2:
            crm.touch("00Q000000000000007", **dict.fromkeys(NAMES, "new"))

    crm.before_call = people
    (seventh,) = [row for row in read(crm, source) if row["Number"] == 7]
    assert {seventh[name] for name in NAMES} == {"new"}


@pytest.mark.parametrize("longest", [11_000, 6000, 2500, 1100])
def test_row_7_a_server_that_takes_less_is_given_less(crm_double: type[CrmDouble], longest: int) -> None:
    crm = wide_crm(crm_double, 30)
    crm.longest, crm.sizes = longest, repeat(7)
    rows = read(crm)
    assert [row["Number"] for row in rows] == list(range(30))
    assert all(row == {name: crm.rows[str(row["Id"])][name] for name in WIDE.columns} for row in rows)


@pytest.mark.parametrize("call", [2, 20, 38, 40, 42])
@pytest.mark.parametrize("by_value", [False, True])
def test_row_7_a_part_that_takes_too_long_loses_no_rows(crm_double: type[CrmDouble], call: int, by_value: bool) -> None:
    source = Source("Lead", ("Id", "SystemModstamp", "Number", *NAMES[:80]), {})
    crm = crm_double.of_stamps(range(250), **dict.fromkeys(NAMES[:80], "x"))
    crm.longest = 2400

    def slow(crm: CrmDouble) -> None:
        crm.most_rows = 10 if len(crm.calls) == call else None

    crm.sizes = repeat(250)  # more than asked for: a query is answered with more rows than are joined at once
    crm.before_call = slow
    reader = RowReader(crm)
    pages = reader.by_values(source, NAMES[0], ["x"]) if by_value else reader.window(source, WINDOW, None)
    assert [row["Number"] for page in pages for row in page.rows] == list(range(250))
    assert len(crm.calls) > 10


def test_a_server_that_takes_nothing_ends_with_the_reason(crm_double: type[CrmDouble]) -> None:
    crm = wide_crm(crm_double, 30)
    crm.longest = 100
    with pytest.raises(RequestTooLongError):
        read(crm)
    assert len(crm.calls) < 10


@pytest.mark.parametrize("limit", [1000, 1500, 4000, 12_000, 40_000])
def test_parts_hold_every_column_once_beside_id_and_stamp(limit: int) -> None:
    parts = split_columns(WIDE, RequestLength(limit), "SELECT  FROM Lead WHERE SystemModstamp < 2026-01-01T00:00:00Z")
    named = [name for part in parts for name in part if name not in {"Id", "SystemModstamp"}]
    assert named == ["Number", *NAMES]
    assert all({"Id", "SystemModstamp"} <= set(part) for part in parts)
    assert all(encoded_length(",".join(part)) < limit for part in parts)
