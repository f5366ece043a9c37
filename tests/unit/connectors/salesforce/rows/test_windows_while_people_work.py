"""Whatever people do while a window is read, and wherever the process is killed: no row is lost, none comes twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.rows.row_reader import Row, RowReader, Source

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.rows.conftest import CrmDouble

START = datetime(2026, 1, 1, tzinfo=UTC)
LEADS = Source("Lead", ("Id", "SystemModstamp", "IsDeleted", "Number"), {"Number": "int"})


def window(start: float, end: float) -> Window:
    return Window(start=START + timedelta(seconds=start), end=START + timedelta(seconds=end))


@st.composite
def changes(draw: st.DrawFn) -> list[tuple[str, int]]:
    """What people do before each request: change, delete, purge or add some row."""
    kinds = st.sampled_from(["touch", "touch", "delete", "purge", "add", "wait"])
    return draw(st.lists(st.tuples(kinds, st.integers(0, 24)), min_size=12, max_size=30))


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
    stamps=st.lists(st.integers(0, 12), min_size=15, max_size=25),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    fresh=st.booleans(),
    expiring=st.sets(st.integers(1, 8), max_size=3),
    most_rows=st.none() | st.integers(2, 30),
    killed_after=st.lists(st.integers(1, 4), max_size=3),
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
    *,
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
    *,
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
    again = read_while_people_work(crm, window(1_000_000, crm.now + 1), source, [])
    overlapping = {row["Id"]: row["Number"] for row in again}
    assert {**newest, **overlapping}.items() >= {(row_id, row["Number"]) for row_id, row in crm.rows.items()}
