"""First loads over sockets, by Bulk jobs of an emulated org."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS, transient_faults
from hpro_connectors.errors import ResumeExpiredError
from hpro_connectors.salesforce.errors import UnknownColumnError
from hpro_connectors.salesforce.rows.row_reader import BulkOptions, Row, RowPage, Source

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.rows.conftest import ServedOrg

COLUMNS = ("Id", "SystemModstamp", "IsDeleted", "LastName", "Number__c")
TYPES = {"SystemModstamp": "datetime", "IsDeleted": "boolean", "Number__c": "double"}
LEADS = Source("Lead", COLUMNS, TYPES)
BY_REST = Source("Lead", COLUMNS, TYPES, bulk=False)
SMALL = BulkOptions(first_rows=40, most_rows=90, rows_at_once=25)


def numbers(rows: list[Row]) -> Counter[object]:
    return Counter(row["Number__c"] for row in rows)


def once(count: int) -> dict[object, int]:
    return {float(number): 1 for number in range(count)}


def load(served: ServedOrg, source: Source = LEADS, resume: JsonValue = None) -> list[RowPage]:
    return list(served.reader(SMALL).backfill(source, served.window().end, resume))


def rows_of(pages: list[RowPage]) -> list[Row]:
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    return [row for page in pages for row in page.rows]


def test_a_row_is_the_same_by_whichever_api_it_comes(served: ServedOrg) -> None:
    schema = served.org.schema
    schema.add_field("Lead", FieldSchema("Whole__c", FieldType.INT))
    schema.add_field("Lead", FieldSchema("Part__c", FieldType.PERCENT, precision=5, scale=2))
    schema.add_field("Lead", FieldSchema("Flag__c", FieldType.BOOLEAN))
    schema.add_field("Lead", FieldSchema("Day__c", FieldType.DATE))
    schema.add_field("Lead", FieldSchema("Moment__c", FieldType.DATETIME))
    schema.add_field("Lead", FieldSchema("Words__c", FieldType.TEXTAREA, length=32_000))
    kinds: dict[str, str] = {
        **TYPES,
        "Whole__c": "int",
        "Part__c": "percent",
        "Flag__c": "boolean",
        "Moment__c": "datetime",
    }
    source = Source("Lead", (*COLUMNS, *[name for name in kinds if name not in TYPES], "Day__c", "Words__c"), kinds)
    for words in ('Zoë said "yes",\nthen\r\nnothing; \u2028 🎉 \ttab', "N/A", "NA", "null", "0.0", "true", " x ", "'"):
        served.fill(
            1,
            Whole__c=7,
            Part__c=0.1,
            Flag__c=True,
            Day__c="2026-01-02",
            Moment__c="2026-01-02T03:04:05Z",
            Words__c=words,
        )
    served.fill(2)
    served.wait(minutes=5)
    by_bulk = rows_of(load(served, source))
    by_rest = rows_of(load(served, Source("Lead", source.columns, kinds, bulk=False)))
    key = lambda row: str(row["Id"])  # noqa: E731 - what rows are sorted by
    assert sorted(by_bulk, key=key) == sorted(by_rest, key=key)
    types = [[type(value) for value in row.values()] for row in sorted(by_bulk, key=key)]
    assert types == [[type(value) for value in row.values()] for row in sorted(by_rest, key=key)]
    assert len(by_bulk) == 10
    assert served.calls()["POST jobs/query"] == 1


def test_what_a_first_load_costs(served: ServedOrg) -> None:
    served.emulator.jobs.delay_polls = 3
    served.fill(300)
    served.wait(minutes=5)
    assert numbers(rows_of(load(served))) == once(300)
    calls = served.calls()
    assert calls.pop("GET jobs/query") == 4  # made to work, then three times in progress
    assert calls == {
        "POST oauth2/token": 1,
        "POST jobs/query": 1,
        "GET jobs/query/results": 4,
        "DELETE jobs/query": 1,
    }


def test_a_killed_process_goes_on_with_the_same_job_after_any_page(served: ServedOrg) -> None:
    served.fill(200)
    served.wait(minutes=5)
    pages = load(served)
    assert len(pages) > 8
    for stop in range(1, len(pages)):
        rows: list[Row] = []
        resume: JsonValue = None
        for number, page in enumerate(served.reader(SMALL).backfill(LEADS, served.window().end, None), start=1):
            rows.extend(page.rows)
            resume = page.resume
            if number == stop:
                break
        rows.extend(rows_of(load(served, resume=resume)))
        assert numbers(rows) == once(200)
    assert served.calls()["POST jobs/query"] == len(pages)
    assert served.calls()["DELETE jobs/query"] == len(pages)


def test_row_20_a_session_that_ends_while_a_job_runs_or_is_read_costs_no_job(served: ServedOrg) -> None:
    served.emulator.jobs.delay_polls = 4
    served.fill(300)
    served.wait(minutes=5)
    served.emulator.faults.add(FAULTS["expire_sessions"](), path="jobs/query/[^/]+$", nth=3)
    served.emulator.faults.add(FAULTS["expire_sessions"](), path="results", nth=2)
    assert numbers(rows_of(load(served))) == once(300)
    assert served.calls()["POST jobs/query"] == 1
    assert served.calls()["POST oauth2/token"] == 3


def test_a_job_whose_results_have_expired_is_told_by_name(served: ServedOrg) -> None:
    served.fill(100)
    served.wait(minutes=5)
    pages = served.reader(SMALL).backfill(LEADS, served.window().end, None)
    first, second = next(pages), next(pages)
    end = served.window().end
    served.wait(days=8)
    for page in (first, second):
        with pytest.raises(ResumeExpiredError):
            list(served.reader(SMALL).backfill(LEADS, end, page.resume))


def test_a_failed_job_is_made_up_for_by_rest(served: ServedOrg) -> None:
    served.fill(100)
    served.wait(minutes=5)
    served.emulator.faults.add(FAULTS["fail_bulk_job"](), path="jobs/query/")
    assert numbers(rows_of(load(served))) == once(100)
    assert len(served.queries()) > 0


def test_a_column_that_goes_while_the_job_waits_is_told_by_name(served: ServedOrg) -> None:
    served.fill(10)
    served.wait(minutes=5)
    pages = served.reader(SMALL).backfill(LEADS, served.window().end, None)
    next(pages)
    served.org.schema.remove_field("Lead", "Number__c")
    with pytest.raises(UnknownColumnError) as told:
        list(pages)
    assert told.value.columns == ("Number__c",)


def test_row_6_an_object_with_compound_columns_goes_by_rest(served: ServedOrg) -> None:
    served.fill(3)
    served.wait(minutes=5)
    source = Source("Lead", (*COLUMNS, "Address"), {**TYPES, "Address": "address"})
    assert numbers(rows_of(load(served, source))) == once(3)
    assert served.calls()["POST jobs/query"] == 0
    assert served.emulator.violations == ()


def test_a_first_load_leaves_out_what_changes_after_its_end(served: ServedOrg) -> None:
    ids = served.fill(50)
    end = served.clock.now() + timedelta(seconds=1)
    served.wait(minutes=5)
    served.org.update("Lead", ids[7], {"LastName": "changed"})
    for source in (LEADS, BY_REST):
        rows = rows_of(list(served.reader(SMALL).backfill(source, end, None)))
        assert {row["Id"] for row in rows} == set(ids) - {ids[7]}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("source", [LEADS, BY_REST])
def test_row_26_a_first_load_with_many_failures_gives_every_row_once(
    served: ServedOrg, source: Source, seed: int
) -> None:
    served.emulator.queries.page_size = 20
    served.fill(300)
    served.wait(minutes=5)
    rule = served.emulator.faults.add(*transient_faults(), share=0.3, seed=seed, path="query")
    assert numbers(served.read_through_failures(source, first_load=True)) == once(300)
    assert rule.played > 3
    jobs = [entry for entry in served.emulator.journal.entries if entry.method == "POST" and "jobs" in entry.path]
    made = [entry for entry in jobs if entry.fault is None]
    assert len(made) == source.bulk
