from __future__ import annotations

from collections import Counter
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.errors import QueryTooLargeError, RequestTooLongError
from hpro_connectors.salesforce.rows.row_reader import Row, RowReader, Source
from hpro_connectors.salesforce.rows.soql import encoded_length

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.rows.conftest import CrmDouble

COLUMNS = ("Id", "SystemModstamp", "IsDeleted", "Number", "WhoId")
TASKS = Source("Task", COLUMNS, {"WhoId": "reference"})


def lead(number: int) -> str:
    return f"00Q{number:012d}AAA"


def tasks(make: type[CrmDouble], owners: list[int]) -> CrmDouble:
    crm = make.of_stamps([1] * len(owners))
    for row, owner in zip(crm.rows.values(), owners, strict=True):
        row["WhoId"] = lead(owner)
    return crm


def read(crm: CrmDouble, values: list[str], column: str = "WhoId", source: Source = TASKS) -> list[Row]:
    pages = list(RowReader(crm).by_values(source, column, values))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert all(page.resume is None for page in pages)
    assert all(page.rows for page in pages[:-1])
    return [row for page in pages for row in page.rows]


def numbers(rows: list[Row]) -> list[JsonValue]:
    return [row["Number"] for row in rows]


def test_rows_of_the_values_asked_for_are_given(crm_double: type[CrmDouble]) -> None:
    crm = tasks(crm_double, [1, 2, 1, 3])
    assert numbers(read(crm, [lead(1), lead(3), lead(1), lead(9)])) == [0, 2, 3]
    assert len(crm.calls) == 1


@pytest.mark.parametrize("values", [[], ["no-such-lead", "", "x' OR Id != '"]])
def test_nothing_is_asked_when_no_value_can_be_an_id(crm_double: type[CrmDouble], values: list[str]) -> None:
    crm = tasks(crm_double, [1])
    assert read(crm, values) == []
    assert read(crm, values, "Id") == []
    assert read(crm, values, "ParentId") == []
    assert crm.calls == []


def test_values_that_are_no_ids_are_asked_for_where_the_column_holds_none(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1, 1], Email='it\'s \\ "here"\n@x.org', WhoId="")
    crm.rows["00Q000000000000001"]["Email"] = "other"
    source = Source("Task", (*COLUMNS, "Email"), {"Email": "email"})
    assert numbers(read(crm, ['it\'s \\ "here"\n@x.org'], "Email", source)) == [0]


def test_only_rows_that_exist_are_given(crm_double: type[CrmDouble]) -> None:
    crm = tasks(crm_double, [1, 1])
    crm.rows["00Q000000000000001"]["IsDeleted"] = True
    assert numbers(read(crm, [lead(1)])) == [0]
    archived = Source("Task", COLUMNS, {}, archived=True, condition="Number != 7")
    assert numbers(read(crm, [lead(1)], source=archived)) == [0]
    assert crm.calls[-1][0] == "query_all"
    assert "(Number != 7) AND IsDeleted = FALSE" in crm.calls[-1][1]


def test_many_values_are_asked_for_in_queries_that_fit_into_a_url(crm_double: type[CrmDouble]) -> None:
    crm = tasks(crm_double, list(range(1500)))
    assert numbers(read(crm, [lead(number) for number in range(1500)])) == list(range(1500))
    lengths = [encoded_length(soql) for soql in crm.named("query")]
    assert max(lengths) <= 12_000
    assert len(lengths) == -(-1500 * 27 // 6000)


def test_a_proxy_that_takes_less_is_learnt_from(crm_double: type[CrmDouble]) -> None:
    crm = tasks(crm_double, list(range(600)))
    crm.longest = 2500
    reader = RowReader(crm)
    wanted = [lead(number) for number in range(600)]
    for refused in (1, 0):
        crm.calls.clear()
        rows = [row for page in reader.by_values(TASKS, "WhoId", wanted) for row in page.rows]
        assert numbers(rows) == list(range(600))
        assert sum(encoded_length(soql) > 2500 for soql in crm.named("query")) == refused


def test_a_single_value_that_is_too_long_ends_with_the_reason(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1], Email="")
    crm.longest = 8000
    source = Source("Lead", ("Id", "SystemModstamp", "Email"), {"Email": "email"})
    with pytest.raises(RequestTooLongError):
        read(crm, ["x" * 20_000, "y" * 20_000], "Email", source)
    assert len(crm.calls) < 12


def test_an_answer_that_is_too_large_is_asked_for_in_halves(crm_double: type[CrmDouble]) -> None:
    crm = tasks(crm_double, [number // 4 for number in range(400)])
    crm.most_rows = 30
    assert numbers(read(crm, [lead(number) for number in range(100)])) == list(range(400))
    crm.most_rows = 3
    with pytest.raises(QueryTooLargeError):
        read(crm, [lead(1), lead(2)])


def test_an_expired_cursor_is_replaced_by_a_query_after_the_last_row(crm_double: type[CrmDouble]) -> None:
    crm = tasks(crm_double, [1] * 50)
    crm.sizes, crm.expiring = repeat(10), {3}
    assert numbers(read(crm, [lead(1)])) == list(range(50))
    assert "Id > '00Q000000000000029'" in crm.named("query")[-1]


def test_an_answer_that_becomes_too_large_after_some_pages_gives_only_the_rows_after_them(
    crm_double: type[CrmDouble],
) -> None:
    crm = tasks(crm_double, [1, 2] * 50)
    crm.sizes, crm.expiring = repeat(10), {3}

    def slow(crm: CrmDouble) -> None:
        crm.most_rows = 50 if len(crm.calls) == 4 else None

    crm.before_call = slow
    rows = numbers(read(crm, [lead(1), lead(2)]))
    assert rows[:30] == list(range(30))
    assert Counter(rows) == dict.fromkeys(range(100), 1)


def test_an_answer_that_never_ends_is_not_followed_for_ever(crm_double: type[CrmDouble]) -> None:
    crm = tasks(crm_double, [1] * 50)
    crm.sizes = chain([10], repeat(0))
    with pytest.raises(ServerError, match="more rows of Task, and gives none"):
        read(crm, [lead(1)])
    assert len(crm.calls) < 10


@given(
    owners=st.lists(st.integers(0, 60), max_size=60),
    wanted=st.lists(st.integers(0, 70), max_size=80),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    expiring=st.sets(st.integers(1, 9), max_size=4),
    most_rows=st.none() | st.integers(1, 40),
    longest=st.sampled_from([1300, 2000, 4000, 16_000]),
    wide=st.sampled_from([0, 40]),
    fresh=st.booleans(),
)
def test_every_row_comes_once_however_the_answer_is_cut(
    *,
    crm_double: type[CrmDouble],
    owners: list[int],
    wanted: list[int],
    sizes: list[int],
    expiring: set[int],
    most_rows: int | None,
    longest: int,
    wide: int,
    fresh: bool,
) -> None:
    crm = tasks(crm_double, owners)
    names = [f"A_rather_long_name_of_a_column_{number}__c" for number in range(wide)]
    source = Source("Task", (*COLUMNS, *names), {"WhoId": "reference"})
    of_one = max((count for owner, count in Counter(owners).items() if owner in wanted), default=0)
    crm.most_rows = most_rows if most_rows is None or most_rows >= of_one else None
    crm.sizes, crm.expiring, crm.longest, crm.fresh = chain(sizes, repeat(sizes[-1])), expiring, longest, fresh
    rows = read(crm, [lead(number) for number in wanted], source=source)
    assert Counter(numbers(rows)) == dict.fromkeys((at for at, owner in enumerate(owners) if owner in wanted), 1)
