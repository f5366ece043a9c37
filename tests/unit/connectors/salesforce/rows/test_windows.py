from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError, ServerError
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.client import QueryAnswer
from hpro_connectors.salesforce.errors import QueryTooLargeError
from hpro_connectors.salesforce.row_reader import Row, RowReader, Source

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
    assert all(page.resume != after.resume for page, after in zip(pages, pages[1:], strict=False))
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
def test_edge_case_8_pages_smaller_than_asked_are_followed_to_the_end(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps(range(700))
    crm.sizes = chain([3, 250, 1], repeat(100))
    assert numbers(read(crm, window(0, 700))) == list(range(700))
    assert [name for name, _ in crm.calls] == ["query_all", *["query_more"] * 7]


# Row 9: the cursor is gone at page 7.
def test_edge_case_9_an_expired_cursor_is_replaced_by_a_query_after_the_last_row(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([number // 40 for number in range(1000)])
    crm.sizes, crm.expiring = repeat(100), {6}
    assert numbers(read(crm, window(0, 1000))) == list(range(1000))
    first, second = crm.named("query_all")
    assert "SystemModstamp >= 2026-01-01T00:00:00Z" in first
    assert "(SystemModstamp > 2026-01-01T00:00:14Z OR Id > '00Q000000000000599')" in second
    assert "SystemModstamp >= 2026-01-01T00:00:14Z" in second


# Row 10: thousands of rows share a stamp across borders of pages and windows.
def test_edge_case_10_five_thousand_rows_of_one_second_come_once_each(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([9, *[10] * 5000, 11])
    crm.sizes, crm.expiring = repeat(700), {2, 5, 6}
    assert Counter(numbers(read(crm, window(0, 10)))) == {0: 1}
    assert Counter(numbers(read(crm, window(10, 11)))) == dict.fromkeys(range(1, 5001), 1)
    assert Counter(numbers(read(crm, window(11, 12)))) == {5001: 1}


# Row 11: a row appears after its window was read, with an earlier stamp.
def test_edge_case_11_a_late_row_is_found_by_the_next_window_that_overlaps(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([10, 30])
    assert numbers(read(crm, window(0, 20))) == [0]
    late = dict(crm.rows["00Q" + "0" * 15], Id="00Q000000000000009", Number=9)
    crm.rows["00Q000000000000009"] = late
    assert numbers(read(crm, window(20 - 15, 40))) == [0, 9, 1]


# Row 13: rows change while pages are read.
@pytest.mark.parametrize("fresh", [False, True])
def test_edge_case_13_a_row_changed_while_we_page_is_read_now_or_with_the_next_window(
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


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What people do before each request: change, delete, purge or add some row."""
    kinds = st.sampled_from(["touch", "touch", "delete", "purge", "add", "wait"])
    return draw(st.lists(st.tuples(kinds, st.integers(0, 39)), max_size=30))


class People:
    """Change rows while they are read; no two changes of a row in one second."""

    def __init__(self, planned: list[tuple[str, int]]) -> None:
        self.planned = iter(planned)
        self.changed: set[str] = set()

    def __call__(self, crm: CrmDouble) -> None:
        crm.now += 1
        kind, number = next(self.planned, ("wait", 0))
        row_id = f"00Q{number:015d}"
        if kind == "add":
            row_id = f"00Q{100 + number + crm.now:015d}"
            crm.rows[row_id] = {"Id": row_id, "SystemModstamp": "", "IsDeleted": False, "Number": 0}
        if kind == "wait" or row_id not in crm.rows:
            return
        self.changed.add(row_id)
        if kind == "purge":
            del crm.rows[row_id]
        else:
            crm.touch(row_id, Number=crm.now, IsDeleted=kind == "delete")


plans = given(
    stamps=st.lists(st.integers(0, 12), max_size=40),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    fresh=st.booleans(),
    expiring=st.sets(st.integers(1, 12), max_size=4),
    most_rows=st.none() | st.integers(2, 30),
    killed_after=st.lists(st.integers(0, 5), max_size=6),
    planned=changes(),
    columns=st.sampled_from([0, 60]),
)


def read_while_people_work(crm: CrmDouble, asked: Window, source: Source, killed_after: list[int]) -> list[Row]:
    """Read with the process killed after some pages, each time once more."""
    rows: list[Row] = []
    resume: JsonValue = None
    for pages in [*killed_after, None]:
        reader = RowReader(crm).window(source, asked, resume)
        for count, page in enumerate(reader):
            if count == pages:
                break
            rows.extend(page.rows)
            resume = page.resume
            if page.complete:
                return rows
    raise AssertionError("the last page never came")


def a_crm(make: type[CrmDouble], wide: int, stamps: list[int]) -> tuple[CrmDouble, Source]:
    """Rows of a narrow object, or of one whose columns need several queries."""
    names = [f"A_rather_long_name_of_a_column_{number}__c" for number in range(wide)]
    crm = make.of_stamps(stamps, **dict.fromkeys(names, "x"))
    crm.longest = 3000 if wide else 16_000
    return crm, Source("Lead", (*LEADS.columns, *names), {})


@plans
def test_windows_that_lie_back_give_every_row_once_whatever_happens_meanwhile(
    crm_double: type[CrmDouble],
    stamps: list[int],
    sizes: list[int],
    fresh: bool,
    expiring: set[int],
    most_rows: int | None,
    killed_after: list[int],
    planned: list[tuple[str, int]],
    columns: int,
) -> None:
    crm, source = a_crm(crm_double, columns, stamps)
    crm.sizes, crm.fresh, crm.expiring = chain(sizes, repeat(sizes[-1])), fresh, expiring
    of_one_second = max(Counter(stamps).values(), default=0)
    crm.most_rows = most_rows if most_rows is not None and most_rows >= of_one_second else None
    crm.before_call = people = People(planned)
    began = crm.now
    first = read_while_people_work(crm, window(0, 13), source, killed_after)
    crm.before_call = crm.most_rows = None
    second = read_while_people_work(crm, window(13, crm.now + 1), source, [])
    unchanged = {f"00Q{number:015d}" for number in range(len(stamps))} - people.changed
    assert Counter(row["Id"] for row in first if row["Id"] in unchanged) == dict.fromkeys(unchanged, 1)
    assert max(Counter(str(row["Id"]) for row in first).values(), default=0) <= 1
    assert all(str(row["SystemModstamp"]) < "2026-01-01T00:00:13" for row in first)
    assert {row["Id"]: row["Number"] for row in second} == {
        row_id: row["Number"] for row_id, row in crm.rows.items() if row_id in people.changed
    }
    assert began < crm.now


@plans
def test_windows_up_to_now_lose_nothing_whatever_happens_meanwhile(
    crm_double: type[CrmDouble],
    stamps: list[int],
    sizes: list[int],
    fresh: bool,
    expiring: set[int],
    most_rows: int | None,
    killed_after: list[int],
    planned: list[tuple[str, int]],
    columns: int,
) -> None:
    crm, source = a_crm(crm_double, columns, [1_000_000 - 12 + stamp for stamp in stamps])
    crm.sizes, crm.fresh, crm.expiring = chain(sizes, repeat(sizes[-1])), fresh, expiring
    crm.before_call = people = People(planned)
    rows = read_while_people_work(crm, window(0, 2_000_000), source, killed_after)
    crm.before_call = None
    unchanged = {f"00Q{number:015d}" for number in range(len(stamps))} - people.changed
    assert Counter(row["Id"] for row in rows if row["Id"] in unchanged) == dict.fromkeys(unchanged, 1)
    versions = Counter((row["Id"], row["SystemModstamp"]) for row in rows)
    assert max(versions.values(), default=0) <= 1
    newest = {row["Id"]: row["Number"] for row in rows}
    overlapping = {row["Id"]: row["Number"] for row in read(crm, window(1_000_000, crm.now + 1), source)}
    assert {**newest, **overlapping}.items() >= {(row_id, row["Number"]) for row_id, row in crm.rows.items()}
