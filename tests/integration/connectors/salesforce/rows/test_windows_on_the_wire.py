"""Windows read over sockets from an emulated org that keeps to the documented limits."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS, transient_faults
from hpro_connectors.errors import AuthError
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.rows import id_lists
from hpro_connectors.salesforce.rows.row_reader import Row, RowPage, Source

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.rows.conftest import ServedOrg

COLUMNS = ("Id", "SystemModstamp", "IsDeleted", "LastName", "Number__c")
LEADS = Source("Lead", COLUMNS, {"Number__c": "double"})
QUERY_ALL = "GET queryAll"


def numbers(rows: list[Row]) -> Counter[object]:
    return Counter(row["Number__c"] for row in rows)


def once(count: int) -> dict[object, int]:
    return {float(number): 1 for number in range(count)}


def read(served: ServedOrg, source: Source = LEADS, page_size: int = 2000) -> list[Row]:
    pages = served.reader(page_size=page_size).window(source, served.window(), None)
    return [row for page in pages for row in page.rows]


def test_row_7_a_wide_object_is_read_in_parts_that_fit_into_urls(served: ServedOrg) -> None:
    names = [f"A_field_of_a_wide_object_{number}__c" for number in range(600)]
    for name in names:
        served.org.schema.add_field("Lead", FieldSchema(name, FieldType.STRING, length=80))
    served.fill(230)
    values: dict[str, Any] = {name: name for name in names}
    one = served.fill(1, **values)[0]
    served.wait(minutes=5)
    rows = read(served, Source("Lead", (*COLUMNS, *names), {}))
    assert len(rows) == 231
    (wide,) = [row for row in rows if row["Id"] == one]
    assert all(wide[name] == name for name in names)
    assert all(row[names[-1]] is None for row in rows if row["Id"] != one)
    assert served.emulator.violations == ()


def test_row_7_a_row_that_changes_between_two_parts_is_of_one_state(served: ServedOrg) -> None:
    names = [f"A_field_of_a_wide_object_{number}__c" for number in range(600)]
    for name in names:
        served.org.schema.add_field("Lead", FieldSchema(name, FieldType.STRING, length=80))
    ids = served.fill(20)
    served.wait(minutes=5)
    reader = served.reader()
    window = Window(start=served.window().start, end=served.clock.now())
    served.wait(seconds=1)
    client = reader._client
    asked = client.query

    def people_between(soql: str, **options: object) -> object:
        if " IN (" in soql:
            client.query = asked  # type: ignore[method-assign]
            served.org.update("Lead", ids[7], dict.fromkeys(names, "new"))
        return asked(soql, **options)  # type: ignore[arg-type]

    client.query = people_between  # type: ignore[method-assign,assignment]
    rows = [row for page in reader.window(Source("Lead", (*COLUMNS, *names), {}), window, None) for row in page.rows]
    assert {row["Id"] for row in rows} == set(ids) - {ids[7]}
    served.wait(minutes=5)
    (changed,) = [
        row
        for page in served.reader().window(
            Source("Lead", (*COLUMNS, *names), {}), Window(start=window.end, end=served.clock.now()), None
        )
        for row in page.rows
    ]
    assert {changed[name] for name in names} == {"new"}


def test_row_8_pages_smaller_than_asked_are_followed_to_the_end(served: ServedOrg) -> None:
    served.emulator.queries.page_size = 7
    served.fill(100)
    served.wait(minutes=5)
    assert numbers(read(served)) == once(100)
    assert served.calls()[QUERY_ALL] == 15


def test_row_9_an_expired_cursor_loses_and_repeats_nothing(served: ServedOrg) -> None:
    served.emulator.queries.page_size = 10
    served.fill(200, a_second=3)
    served.wait(minutes=5)
    served.emulator.faults.add(FAULTS["expire_cursors"](), path="queryAll", nth=7)
    assert numbers(read(served)) == once(200)
    assert len(served.queries()) == 2


def test_row_10_rows_of_one_second_come_once_each(served: ServedOrg) -> None:
    served.emulator.queries.page_size = 170
    served.fill(1200, a_second=1000)
    served.wait(minutes=5)
    served.emulator.faults.add(FAULTS["expire_cursors"](), path="queryAll", nth=2, times=4)
    assert numbers(read(served)) == once(1200)


def test_row_13_rows_changed_while_we_page_come_now_or_with_the_next_window(served: ServedOrg) -> None:
    served.emulator.queries.page_size = 10
    ids = served.fill(100)
    served.wait(minutes=5)
    first = served.window()
    rows: list[Row] = []
    for number, page in enumerate(served.reader().window(LEADS, first, None)):
        rows.extend(page.rows)
        served.wait(seconds=1)
        served.org.update("Lead", ids[number * 9], {"LastName": "changed"})
        served.org.update("Lead", ids[-1 - number], {"LastName": "changed"})
    assert max(Counter(row["Id"] for row in rows).values()) == 1
    served.wait(minutes=5)
    second = Window(start=first.end, end=served.window().end)
    later = [row for page in served.reader().window(LEADS, second, None) for row in page.rows]
    changed = {row["Id"] for row in later}
    assert all(row["LastName"] == "changed" for row in later)
    assert {row["Id"] for row in rows} | changed == set(ids)


def test_row_14_deleted_rows_are_told(served: ServedOrg) -> None:
    ids = served.fill(3)
    served.org.delete("Lead", ids[1])
    served.wait(minutes=5)
    assert {row["Id"]: row["IsDeleted"] for row in read(served)} == {ids[0]: False, ids[1]: True, ids[2]: False}


def test_row_20_a_session_that_ends_mid_page_costs_one_sign_in_and_no_row(served: ServedOrg) -> None:
    served.emulator.queries.page_size = 10
    served.fill(100)
    served.wait(minutes=5)
    served.emulator.faults.add(FAULTS["expire_sessions"](), path="queryAll", nth=4)
    assert numbers(read(served)) == once(100)
    assert served.calls()["POST oauth2/token"] == 2


def test_row_21_a_session_that_is_never_accepted_ends_the_read(served: ServedOrg) -> None:
    served.emulator.queries.page_size = 10
    served.fill(100)
    served.wait(minutes=5)
    served.emulator.faults.add(FAULTS["session_expired"](), path="queryAll", nth=4, times=None)
    pages: list[RowPage] = []
    with pytest.raises(AuthError):
        pages.extend(served.reader().window(LEADS, served.window(), None))
    assert len(pages) == 3
    assert not any(page.complete for page in pages)
    assert served.calls()["POST oauth2/token"] == 2


def test_a_query_that_takes_too_long_is_halved(served: ServedOrg) -> None:
    served.fill(100)
    served.wait(minutes=5)
    served.emulator.faults.add(FAULTS["query_timeout"](), path="queryAll", times=3)
    assert numbers(read(served)) == once(100)


def test_a_line_that_is_too_long_for_a_proxy_is_shortened(served: ServedOrg) -> None:
    served.fill(100)
    served.wait(minutes=5)
    served.emulator.faults.add(FAULTS["uri_too_long"](), path="queryAll", text="LastName", times=1)
    names = [f"A_field_of_a_wide_object_{number}__c" for number in range(60)]
    for name in names:
        served.org.schema.add_field("Lead", FieldSchema(name, FieldType.STRING, length=80))
    assert numbers(read(served, Source("Lead", (*COLUMNS, *names), {}))) == once(100)
    asked = [entry.text or "" for entry in served.emulator.journal.entries if "queryAll" in entry.path]
    assert len(asked[1]) < len(asked[0])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_row_26_a_read_with_many_failures_gives_every_row_once(served: ServedOrg, seed: int) -> None:
    served.emulator.queries.page_size = 20
    served.fill(300, a_second=7)
    served.wait(minutes=5)
    rule = served.emulator.faults.add(*transient_faults(), share=0.3, seed=seed, path="query")
    assert numbers(served.read_through_failures(LEADS, first_load=False)) == once(300)
    assert rule.played > 3


def test_rows_by_value_are_asked_for_in_lines_that_fit(served: ServedOrg) -> None:
    ids = served.fill(900)
    served.org.delete("Lead", ids[3])
    pages = served.reader().by_values(LEADS, "Id", [*ids, "no-such-lead", "00Q000000000000AAA"])
    rows = [row for page in pages for row in page.rows]
    assert {row["Id"] for row in rows} == set(ids) - {ids[3]}
    assert len(rows) == 899
    assert served.emulator.violations == ()


def test_ids_are_all_that_exist(served: ServedOrg) -> None:
    ids = served.fill(30)
    served.org.delete("Lead", ids[3])
    listed = served.reader().ids(LEADS)
    assert listed.complete
    assert listed.ids == set(ids) - {ids[3]}


def test_ids_of_many_rows_come_by_a_job(served: ServedOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_lists, "MOST_BY_REST", 20)
    ids = served.fill(30)
    listed = served.reader().ids(LEADS)
    assert listed.complete
    assert listed.ids == set(ids)
    assert served.calls()["POST jobs/query"] == served.calls()["DELETE jobs/query"] == 1


def test_archived_activities_count_as_existing(served: ServedOrg) -> None:
    tasks = Source("Task", ("Id", "SystemModstamp", "IsDeleted", "WhoId"), {"WhoId": "reference"}, archived=True)
    lead_id = served.fill(1)[0]
    task_id = served.org.create("Task", {"Subject": "Call", "WhoId": lead_id, "ActivityDate": "2026-03-01"})
    served.wait(days=500)
    reader = served.reader()
    assert reader.ids(tasks).ids == {task_id}
    by_lead = [row["Id"] for page in reader.by_values(tasks, "WhoId", [lead_id]) for row in page.rows]
    loaded = [row["Id"] for page in reader.backfill(tasks, served.clock.now(), None) for row in page.rows]
    assert by_lead == loaded == [task_id]
