from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise, repeat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.errors import FatalError, NetworkError, RunStoppedError, ServerError
from hpro_connectors.salesforce.client.bulk_jobs import BulkAnswer
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.errors import (
    BulkUnsupportedError,
    QueryTooLargeError,
    RequestTooLongError,
    UnknownColumnError,
)
from hpro_connectors.salesforce.rows.row_reader import BulkOptions, Row, RowPage, RowReader, Source
from hpro_connectors.testing import ManualClock, ManualSleep

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.rows.conftest import CrmDouble

START = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = {"Number": "int", "IsDeleted": "boolean", "SystemModstamp": "datetime"}
LEADS = Source("Lead", ("Id", "SystemModstamp", "IsDeleted", "Number"), TYPES)
SMALL = BulkOptions(first_rows=5, most_rows=20, rows_at_once=3)
RUNNING = (JobState.UPLOAD_COMPLETE, JobState.IN_PROGRESS, JobState.IN_PROGRESS, JobState.JOB_COMPLETE)


def end(second: float) -> datetime:
    return START + timedelta(seconds=second)


def reader(crm: CrmDouble, options: BulkOptions = SMALL) -> tuple[RowReader, ManualSleep]:
    clock = ManualClock()
    sleep = ManualSleep(clock)
    return RowReader(crm, bulk=options, sleep=sleep, clock=clock.seconds), sleep


def pages_of(
    crm: CrmDouble, second: float = 1000, source: Source = LEADS, resume: JsonValue = None
) -> Iterator[RowPage]:
    return reader(crm)[0].backfill(source, end(second), resume)


def rows_of(pages: list[RowPage]) -> list[Row]:
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert pages[-1].resume is None
    assert all(page.resume is not None for page in pages[:-1])
    assert all(page.resume != after.resume for page, after in pairwise(pages))
    return [row for page in pages for row in page.rows]


def numbers(pages: list[RowPage]) -> list[JsonValue]:
    return [row["Number"] for row in rows_of(pages)]


def test_the_job_is_known_before_it_is_waited_for_and_deleted_after_the_last_rows(
    crm_double: type[CrmDouble],
) -> None:
    crm = crm_double.of_stamps(range(40))
    crm.states = RUNNING
    pages = pages_of(crm)
    first = next(pages)
    assert (first.rows, first.complete) == ((), False)
    assert isinstance(first.resume, dict)
    assert first.resume["job"] == "750000000000000001"
    assert [name for name, _ in crm.calls] == ["create"]
    rest = list(pages)
    assert numbers([first, *rest]) == list(range(40))
    assert [name for name, _ in crm.calls] == ["create", *["poll"] * 4, *["results"] * 3, "delete"]
    assert all(len(page.rows) <= 3 for page in rest)


def test_the_job_stays_until_the_last_rows_are_stored(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps(range(4))
    read: list[Row] = []
    resume: JsonValue = None
    for page in pages_of(crm):
        read.extend(page.rows)
        resume = page.resume
        if len(read) == 4:
            break
    assert crm.jobs
    assert [(page.rows, page.complete) for page in pages_of(crm, resume=resume)] == [((), True)]
    assert not crm.jobs


def test_rows_of_a_job_look_like_those_of_rest(crm_double: type[CrmDouble]) -> None:
    values: dict[str, JsonValue] = {"Owner.Name": "Zoë, \"Z\"\r\n'O'", "Amount": 2.5, "Empty": None}
    crm = crm_double.of_stamps(range(3), **values)
    source = Source("Lead", (*LEADS.columns, "Owner.Name", "Amount", "Empty"), {**TYPES, "Amount": "currency"})
    by_bulk = rows_of(list(pages_of(crm, source=source)))
    crm.bulk = False
    by_rest = rows_of(list(pages_of(crm, source=source)))
    assert sorted(by_bulk, key=str) == sorted(by_rest, key=str)
    assert len(by_rest) == 3


@pytest.mark.parametrize("bulk", [True, False])
def test_a_first_load_ends_before_its_end_and_gives_no_deleted_rows(crm_double: type[CrmDouble], bulk: bool) -> None:
    crm = crm_double.of_stamps([9, 10, 11, 12])
    crm.bulk = bulk
    crm.rows["00Q000000000000001"]["IsDeleted"] = True
    assert numbers(list(pages_of(crm, second=12.5))) == [0, 2]
    archived = Source("Lead", LEADS.columns, TYPES, archived=True)
    assert numbers(list(pages_of(crm, second=12, source=archived))) == [0, 2]


def test_archived_rows_are_asked_for_along_with_deleted_ones(
    crm_double: type[CrmDouble], monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = crm_double.of_stamps([9])
    asked: list[tuple[str, bool]] = []
    create = crm.create_query_job

    def noted(soql: str, *, include_deleted: bool = False) -> str:
        asked.append((soql, include_deleted))
        return create(soql, include_deleted=include_deleted)

    monkeypatch.setattr(crm, "create_query_job", noted)
    list(pages_of(crm))
    list(pages_of(crm, source=Source("Lead", LEADS.columns, TYPES, archived=True, condition="Number != 7")))
    (plain, without), (archived, with_deleted) = asked
    assert (without, with_deleted) == (False, True)
    assert plain.endswith("WHERE SystemModstamp < 2026-01-01T00:16:40Z")
    assert archived.endswith(" AND (Number != 7) AND IsDeleted = FALSE")


@pytest.mark.parametrize(
    ("source", "bulk"),
    [
        (Source("Lead", LEADS.columns, TYPES, bulk=False), True),
        (Source("Lead", (*LEADS.columns, "Address"), {**TYPES, "Address": "address"}), True),
        (LEADS, False),
    ],
)
def test_row_6_what_bulk_does_not_take_is_read_by_rest(crm_double: type[CrmDouble], source: Source, bulk: bool) -> None:
    crm = crm_double.of_stamps([number // 7 for number in range(100)], Address=None)
    crm.bulk, crm.sizes = bulk, repeat(9)
    assert numbers(list(pages_of(crm, source=source))) == list(range(100))
    assert [name for name, _ in crm.calls if name in {"poll", "results"}] == []
    assert len(crm.named("create")) == (source is LEADS)


@pytest.mark.parametrize("refused", [BulkUnsupportedError, QueryTooLargeError, RequestTooLongError])
def test_a_query_that_no_job_takes_is_asked_by_rest(
    crm_double: type[CrmDouble], monkeypatch: pytest.MonkeyPatch, refused: type[FatalError]
) -> None:
    crm = crm_double.of_stamps(range(50))

    def refuses(*_: object, **__: object) -> None:
        raise refused

    monkeypatch.setattr(crm, "create_query_job", refuses)
    assert numbers(list(pages_of(crm))) == list(range(50))


def test_a_failed_job_is_made_up_for_by_rest(crm_double: type[CrmDouble], caplog: pytest.LogCaptureFixture) -> None:
    crm = crm_double.of_stamps(range(50))
    crm.states, crm.job_error, crm.sizes = (JobState.IN_PROGRESS, JobState.FAILED), "InternalServerError", repeat(20)
    with caplog.at_level(logging.INFO):
        assert numbers(list(pages_of(crm))) == list(range(50))
    assert any(record.levelno == logging.WARNING and record.msg == "a Bulk job failed" for record in caplog.records)


def test_a_failed_job_gives_the_reason_that_rest_gives(
    crm_double: type[CrmDouble], monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = crm_double.of_stamps(range(50))
    crm.states = (JobState.FAILED,)

    def refuses(*_: object, **__: object) -> None:
        raise UnknownColumnError("No such column 'Number' on entity 'Lead'.", columns=("Number",))

    monkeypatch.setattr(crm, "query", refuses)
    with pytest.raises(UnknownColumnError, match="No such column 'Number'"):
        list(pages_of(crm))


def test_waiting_grows_to_a_limit_and_lets_the_reader_stop(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps(range(4))
    crm.states = (*[JobState.IN_PROGRESS] * 30, JobState.JOB_COMPLETE)
    rows, sleep = reader(crm)
    pages = list(rows.backfill(LEADS, end(1000), None))
    assert numbers(pages) == list(range(4))
    assert sleep.waits[0] == 0.5
    assert sleep.waits == sorted(sleep.waits)
    assert max(sleep.waits) == 10
    empty = [page for page in pages if not page.rows and not page.complete]
    assert sum(sleep.waits) / 10 <= len(empty) <= 30


def test_a_job_that_never_ends_is_left_for_the_next_run(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps(range(4))
    crm.states = (JobState.IN_PROGRESS,)
    rows, sleep = reader(crm)
    pages: list[RowPage] = []
    with pytest.raises(RunStoppedError, match="is not done"):
        pages.extend(rows.backfill(LEADS, end(1000), None))
    assert 1800 <= sum(sleep.waits) < 1900
    assert crm.named("abort") == []
    crm.states = (JobState.JOB_COMPLETE,)
    assert numbers(list(pages_of(crm, resume=pages[-1].resume))) == list(range(4))
    assert len(crm.named("create")) == 1


def test_a_job_that_cannot_be_deleted_is_left(crm_double: type[CrmDouble], monkeypatch: pytest.MonkeyPatch) -> None:
    crm = crm_double.of_stamps(range(4))

    def fails(job_id: str) -> None:
        raise NetworkError

    monkeypatch.setattr(crm, "delete_query_job", fails)
    assert numbers(list(pages_of(crm))) == list(range(4))


# Row 26: a body cut off in the middle, or an answer that lacks what announces its next page, loses no row.
def test_row_26_a_result_that_is_cut_off_is_asked_for_again_and_loses_nothing(
    crm_double: type[CrmDouble],
) -> None:
    crm = crm_double.of_stamps(range(40))
    cut = iter([0, 1, 20, 60, 200, 0, 1])

    def damage(answer: BulkAnswer) -> BulkAnswer:
        size = next(cut, None)
        return answer if size is None else BulkAnswer(answer.csv_text[: -size or None], answer.locator, answer.rows)

    crm.damage = damage
    read: list[Row] = []
    resume: JsonValue = None
    failures = 0
    while True:
        try:
            for page in pages_of(crm, resume=resume):
                read.extend(page.rows)
                resume = page.resume
            break
        except ServerError:
            failures += 1
    assert failures >= 3
    assert Counter(row["Number"] for row in read) == dict.fromkeys(range(40), 1)


@pytest.mark.parametrize("rows", [40, 0])
def test_a_result_that_ends_too_early_is_not_taken_for_all(crm_double: type[CrmDouble], rows: int) -> None:
    crm = crm_double.of_stamps(range(rows))
    crm.total_is_wrong_by = 0 if rows else 1
    crm.damage = lambda answer: BulkAnswer(answer.csv_text, None, answer.rows)
    read: list[RowPage] = []
    with pytest.raises(ServerError, match="ends after"):
        read.extend(pages_of(crm))
    assert not any(page.complete for page in read)


def test_locators_that_lead_to_nothing_are_not_followed_for_ever(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps(range(40))
    crm.sizes = chain([5], repeat(0))
    with pytest.raises(ServerError, match="ends after 5 rows of 40"):
        list(pages_of(crm))
    assert len(crm.calls) < 12


@pytest.mark.parametrize("text", ["x" * 20, "x" * 2000, "é" * 90_000])
def test_pages_of_a_result_have_one_size_whatever_the_rows_hold(crm_double: type[CrmDouble], text: str) -> None:
    count = 4000 if len(text) < 10_000 else 40
    crm = crm_double.of_stamps([1] * count, Text=text)
    source = Source("Lead", (*LEADS.columns, "Text"), TYPES)
    sizes: list[int] = []

    def note(answer: BulkAnswer) -> BulkAnswer:
        sizes.append(len(answer.csv_text))
        return answer

    crm.damage = note
    options = BulkOptions(first_rows=4, page_characters=200_000, rows_at_once=50)
    pages = list(reader(crm, options)[0].backfill(source, end(1000), None))
    assert len(rows_of(pages)) == count
    assert max(len(page.rows) for page in pages) <= 50
    assert max(sizes[1:]) < 250_000
    assert len(sizes) <= 6 + sum(sizes) / 150_000


def test_a_page_is_not_many_times_as_long_as_the_one_before(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps([1] * 4000)
    rows, _ = reader(crm, BulkOptions(first_rows=4))
    assert len(rows_of(list(rows.backfill(LEADS, end(1000), None)))) == 4000
    assert crm.given_max_rows == [4, 32, 256, 2048, 16_384]


@given(
    count=st.integers(0, 60),
    sizes=st.lists(st.integers(1, 30), max_size=8),
    killed_after=st.lists(st.integers(1, 12), max_size=12),
    polls=st.integers(0, 4),
    at_once=st.integers(1, 9),
    first_rows=st.lists(st.integers(1, 25), min_size=13, max_size=13),
    bulk=st.booleans(),
    people_from=st.integers(0, 40),
)
def test_a_first_load_killed_at_any_page_gives_every_row_once(
    *,
    crm_double: type[CrmDouble],
    count: int,
    sizes: list[int],
    killed_after: list[int],
    polls: int,
    at_once: int,
    first_rows: list[int],
    bulk: bool,
    people_from: int,
) -> None:
    crm = crm_double.of_stamps([number % 7 for number in range(count)])
    crm.sizes = chain(sizes, repeat(11))
    crm.states = (*[JobState.IN_PROGRESS] * polls, JobState.JOB_COMPLETE)
    crm.bulk = bulk
    changed: set[str] = set()

    def people(crm: CrmDouble) -> None:
        crm.now += 1
        row_id = f"00Q{people_from + len(crm.calls):015d}"
        if row_id in crm.rows:
            changed.add(row_id)
            crm.touch(row_id, Number=-1)

    crm.before_call = people
    read: list[Row] = []
    resume: JsonValue = None
    complete = False
    for pages, rows in zip([*killed_after, None], first_rows, strict=False):
        options = BulkOptions(first_rows=rows, most_rows=25, rows_at_once=at_once, notice_s=1.0)
        for number, page in enumerate(reader(crm, options)[0].backfill(LEADS, end(7), resume), start=1):
            read.extend(page.rows)
            resume, complete = page.resume, page.complete
            if number == pages or complete:
                break
        if complete:
            break
    assert complete
    times = Counter(row["Id"] for row in read)
    assert max(times.values(), default=1) == 1
    assert times.keys() | changed == crm.rows.keys()
    assert len(crm.named("create")) == 1
