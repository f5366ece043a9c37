from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, pairwise, repeat
from typing import TYPE_CHECKING

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError, ServerError
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.client.salesforce_client import QueryAnswer
from hpro_connectors.salesforce.errors import QueryTooLargeError
from hpro_connectors.salesforce.rows.row_reader import Row, RowReader, Source

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.rows.conftest import CrmDouble

START = datetime(2026, 1, 1, tzinfo=UTC)
LEADS = Source("Lead", ("Id", "SystemModstamp", "IsDeleted", "Number"), {"Number": "int"})


def window(start: float, end: float) -> Window:
    return Window(start=START + timedelta(seconds=start), end=START + timedelta(seconds=end))


def read(crm: CrmDouble, asked: Window, source: Source = LEADS, resume: JsonValue = None) -> list[Row]:
    pages = list(RowReader(crm).window(source, asked, resume))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].resume is None
    assert all(page.rows and page.resume is not None for page in pages[:-1])
    assert all(page.resume != after.resume for page, after in pairwise(pages))
    return [row for page in pages for row in page.rows]


def numbers(rows: list[Row]) -> list[JsonValue]:
    return [row["Number"] for row in rows]


def test_a_window_is_half_open_and_ordered_by_stamp_and_id(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([30, 20, 10, 20, 9])
    assert numbers(read(crm, window(10, 30))) == [2, 1, 3]
    assert numbers(read(crm, window(30, 31))) == [0]


def test_both_ends_are_rounded_down_so_that_windows_meet(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10, 20])
    assert numbers(read(crm, window(10.4, 20.6))) == [0]
    assert numbers(read(crm, window(20.6, 30))) == [1]


def test_a_window_without_length_costs_no_call(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10])
    assert read(crm, window(10.2, 10.8)) == []
    assert crm.calls == []


def test_a_window_without_rows_costs_one_call(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10])
    assert read(crm, window(20, 30)) == []
    assert [name for name, _ in crm.calls] == ["query_all"]


def test_deleted_rows_are_in_a_window(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10, 11])
    crm.rows["00Q" + "0" * 15]["IsDeleted"] = True
    assert [row["IsDeleted"] for row in read(crm, window(0, 20))] == [True, False]


def test_a_condition_narrows_a_window(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10, 11, 12])
    source = Source("Lead", LEADS.columns, {}, condition="Id = '00Q000000000000000' OR Id = '00Q000000000000002'")
    assert numbers(read(crm, window(11, 20), source)) == [2]


# Row 8 of the table of edge cases: an answer with fewer rows than asked for is not the last one.
def test_row_8_pages_smaller_than_asked_are_followed_to_the_end(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps(range(700))
    crm.sizes = chain([3, 250, 1], repeat(100))
    assert numbers(read(crm, window(0, 700))) == list(range(700))
    assert [name for name, _ in crm.calls] == ["query_all", *["query_more"] * 7]


# Row 9: the cursor is gone at page 7.
def test_row_9_an_expired_cursor_is_replaced_by_a_query_after_the_last_row(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([number // 40 for number in range(1000)])
    crm.sizes, crm.expiring = repeat(100), {6}
    assert numbers(read(crm, window(0, 1000))) == list(range(1000))
    first, second = crm.named("query_all")
    assert "SystemModstamp >= 2026-01-01T00:00:00Z" in first
    assert "(SystemModstamp > 2026-01-01T00:00:14Z OR Id > '00Q000000000000599')" in second
    assert "SystemModstamp >= 2026-01-01T00:00:14Z" in second


# Row 10: thousands of rows share a stamp across borders of pages and windows.
def test_row_10_five_thousand_rows_of_one_second_come_once_each(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([9, *[10] * 5000, 11])
    crm.sizes, crm.expiring = repeat(700), {2, 5, 6}
    assert Counter(numbers(read(crm, window(0, 10)))) == {0: 1}
    assert Counter(numbers(read(crm, window(10, 11)))) == dict.fromkeys(range(1, 5001), 1)
    assert Counter(numbers(read(crm, window(11, 12)))) == {5001: 1}


# Row 11: a row appears after its window was read, with an earlier stamp.
def test_row_11_a_late_row_is_found_by_the_next_window_that_overlaps(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10, 30])
    assert numbers(read(crm, window(0, 20))) == [0]
    late = dict(crm.rows["00Q" + "0" * 15], Id="00Q000000000000009", Number=9)
    crm.rows["00Q000000000000009"] = late
    assert numbers(read(crm, window(20 - 15, 40))) == [0, 9, 1]


# Row 13: rows change while pages are read.
@pytest.mark.parametrize("fresh", [False, True])
def test_row_13_a_row_changed_while_we_page_is_read_now_or_with_the_next_window(
    crm_double: type[CrmDouble], fresh: bool
) -> None:
    crm = crm_double.of_stamps(range(100))
    crm.sizes, crm.fresh = repeat(10), fresh

    def people(crm: CrmDouble) -> None:
        crm.now += 1
        crm.touch(f"00Q{50 + len(crm.calls):015d}", Number=-1)

    crm.before_call = people
    first = read(crm, window(0, 100))
    crm.before_call = None
    now = read(crm, window(100, crm.now + 1))
    unchanged = {row_id for row_id, row in crm.rows.items() if row["Number"] != -1}
    assert Counter(row["Id"] for row in first if row["Id"] in unchanged) == dict.fromkeys(unchanged, 1)
    assert {row["Id"] for row in now} == crm.rows.keys() - unchanged
    assert all(row["Number"] == -1 for row in now)


def touch_when_asked(crm: CrmDouble, row_id: str, *, call: int) -> None:
    """Have a row changed just before some request."""

    def people(crm: CrmDouble) -> None:
        if len(crm.calls) == call:
            crm.touch(row_id, Number=-1)

    crm.before_call = people


@pytest.mark.parametrize("expiring", [set(), {2}])
@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("end", [100, 2_000_000])
def test_row_13_the_last_row_of_a_page_that_changed_is_no_place_to_go_on_from(
    crm_double: type[CrmDouble], end: int, killed: bool, expiring: set[int]
) -> None:
    crm = crm_double.of_stamps(range(60))
    crm.sizes, crm.fresh, crm.expiring = repeat(10), True, expiring
    touch_when_asked(crm, "00Q000000000000019", call=1)
    asked = window(0, end)
    if killed:
        pages = list(islice(RowReader(crm).window(LEADS, asked, None), 2))
        rows = [row for page in pages for row in page.rows]
        rows += read(crm, asked, resume=pages[-1].resume)
    else:
        rows = read(crm, asked)
    unchanged = [number for number in range(60) if number != 19]
    assert Counter(number for number in numbers(rows) if number != -1) == dict.fromkeys(unchanged, 1)
    assert numbers(rows).count(-1) == (end > crm.now)


@pytest.mark.parametrize(
    "resume",
    [
        {"job": "750000000000000001"},
        {"no": "such place"},
        [],
        ["2026-01-01T00:00:10Z"],
        ["2026-01-01T00:00:10Z", ""],
        ["2026-01-01T00:00:10Z", "x" * 65],
        ["2026-01-01T00:00:10", "00Q000000000000000"],
        ["yesterday", "00Q000000000000000"],
        ["2026-01-01T00:00:09Z", "00Q000000000000000"],
        ["2026-01-01T00:00:30Z", "00Q000000000000000"],
        [10, "00Q000000000000000"],
        "x",
        7,
    ],
)
def test_a_resume_of_another_window_is_refused_by_name(crm_double: type[CrmDouble], resume: JsonValue) -> None:
    crm = crm_double.of_stamps([10, 20])
    with pytest.raises(ResumeExpiredError):
        list(RowReader(crm).window(LEADS, window(10, 30), resume))
    assert crm.calls == []


def test_an_id_in_a_resume_is_escaped(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10, 20])
    rows = read(crm, window(10, 30), resume=["2026-01-01T00:00:10Z", "' OR Id != '"])
    assert numbers(rows) == [0, 1]  # it is only a text that sorts before the ids
    assert r"Id > '\' OR Id != \''" in crm.calls[0][1]


def test_a_query_that_is_too_large_is_halved_until_it_is_not(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([number // 3 for number in range(600)])
    crm.most_rows = 50
    assert numbers(read(crm, window(0, 100_000))) == list(range(600))


def test_a_query_that_becomes_too_large_on_a_later_page_goes_on_after_the_last_row(
    crm_double: type[CrmDouble],
) -> None:
    crm = crm_double.of_stamps(range(600))
    crm.sizes, crm.expiring = repeat(100), {2}

    def slow(crm: CrmDouble) -> None:
        if len(crm.calls) == 2:
            crm.most_rows = 120

    crm.before_call = slow
    assert numbers(read(crm, window(0, 1000))) == list(range(600))


def test_a_single_second_that_is_too_large_ends_with_the_reason(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10] * 60)
    crm.most_rows = 50
    with pytest.raises(QueryTooLargeError):
        read(crm, window(0, 1000))
    assert len(crm.calls) < 40


def test_an_answer_that_never_ends_is_not_followed_for_ever(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps(range(30))
    crm.sizes = chain([10], repeat(0))
    with pytest.raises(ServerError, match="more rows of Lead, and gives none"):
        read(crm, window(0, 100))
    assert len(crm.calls) < 10


def test_an_answer_without_an_asked_column_is_no_answer(
    crm_double: type[CrmDouble], monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = crm_double.of_stamps([10])
    broken = QueryAnswer(({"Id": "00Q000000000000000", "SystemModstamp": "2026-01-01T00:00:10.000+0000"},), None, 1)
    monkeypatch.setattr(crm, "query", lambda *_, **__: broken)
    with pytest.raises(ServerError, match="without the column IsDeleted"):
        read(crm, window(0, 100))


@pytest.mark.parametrize("stamp", [None, "", "soon", 7, "2026-01-01T00:00:10"])
def test_a_row_without_a_stamp_is_no_row(
    crm_double: type[CrmDouble], monkeypatch: pytest.MonkeyPatch, stamp: JsonValue
) -> None:
    crm = crm_double.of_stamps([10])
    record: dict[str, JsonValue] = {"Id": "x", "SystemModstamp": stamp, "IsDeleted": False, "Number": 1}
    monkeypatch.setattr(crm, "query", lambda *_, **__: QueryAnswer((record,), None, 1))
    with pytest.raises(ServerError, match="SystemModstamp is no moment"):
        read(crm, window(0, 100))


def test_a_parent_that_is_not_there_gives_empty_columns(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10], **{"Owner.Name": None})
    source = Source("Lead", ("Id", "SystemModstamp", "Owner.Name"), {})
    assert read(crm, window(0, 100), source)[0]["Owner.Name"] is None
    crm.rows["00Q" + "0" * 15]["Owner.Name"] = "Ann\0"
    assert read(crm, window(0, 100), source)[0]["Owner.Name"] == "Ann"
