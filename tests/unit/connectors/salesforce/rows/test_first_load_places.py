"""Places in a first load that a later process goes on from, or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import TYPE_CHECKING

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError
from hpro_connectors.salesforce.errors import JobGoneError
from hpro_connectors.salesforce.rows.row_reader import BulkOptions, RowPage, RowReader, Source

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.rows.conftest import CrmDouble

START = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = {"Number": "int", "IsDeleted": "boolean", "SystemModstamp": "datetime"}
LEADS = Source("Lead", ("Id", "SystemModstamp", "IsDeleted", "Number"), TYPES)


def pages_of(
    crm: CrmDouble, second: float = 1000, source: Source = LEADS, resume: JsonValue = None
) -> Iterator[RowPage]:
    reader = RowReader(crm, bulk=BulkOptions(first_rows=5, most_rows=20, rows_at_once=3), sleep=lambda _seconds: None)
    return reader.backfill(source, START + timedelta(seconds=second), resume)


# Row 9, as far as first loads go: a result whose place is no longer known.
@pytest.mark.parametrize("after", [1, 2, 4])
def test_a_job_that_is_gone_is_told_by_name(crm_double: type[CrmDouble], after: int) -> None:
    crm = crm_double.of_stamps(range(40))
    resume = [page.resume for page in pages_of(crm)][after - 1]
    crm.jobs.clear()
    with pytest.raises(JobGoneError):
        list(pages_of(crm, resume=resume))


@pytest.mark.parametrize(
    "resume",
    [
        {"no": "such place"},
        {"job": "750000000000000001"},
        {"job": "750000000000000001", "of": "another", "polls": 0},
        {"job": "../limits", "of": None, "polls": 0},
        ["2026-01-01T00:16:40Z", "00Q000000000000000"],
        "x",
        7,
        [],
    ],
)
def test_a_resume_of_a_stranger_is_refused_by_name(crm_double: type[CrmDouble], resume: JsonValue) -> None:
    crm = crm_double.of_stamps(range(4))
    with pytest.raises(ResumeExpiredError):
        list(pages_of(crm, resume=resume))
    assert crm.calls == []


@pytest.mark.parametrize(
    ("source", "second"),
    [
        (Source("Lead", LEADS.columns, TYPES, condition="Number != 1"), 1000),
        (Source("Contact", LEADS.columns, TYPES), 1000),
        (Source("Lead", LEADS.columns, TYPES, archived=True), 1000),
        (LEADS, 999),
    ],
)
def test_a_job_made_for_something_else_is_not_gone_on_with(
    crm_double: type[CrmDouble], source: Source, second: float
) -> None:
    crm = crm_double.of_stamps(range(4))
    first = next(pages_of(crm))
    with pytest.raises(ResumeExpiredError):
        list(pages_of(crm, second, source, first.resume))


def test_a_job_that_lacks_a_new_column_is_read_anew_and_one_with_an_old_column_is_gone_on_with(
    crm_double: type[CrmDouble],
) -> None:
    crm = crm_double.of_stamps(range(4), New="n")
    first = next(pages_of(crm))
    fewer = Source("Lead", ("Id", "SystemModstamp", "Number"), TYPES)
    assert len(list(pages_of(crm, source=fewer, resume=first.resume))) > 1
    first = next(pages_of(crm))
    more = Source("Lead", (*LEADS.columns, "New"), TYPES)
    with pytest.raises(ResumeExpiredError, match="without the column New"):
        list(pages_of(crm, source=more, resume=first.resume))


def test_pages_that_were_all_given_before_are_passed_over_however_many_they_are(crm_double: type[CrmDouble]) -> None:
    crm = crm_double.of_stamps(range(60))
    crm.sizes = repeat(50)
    options = BulkOptions(first_rows=50, most_rows=50, rows_at_once=3)
    reader = RowReader(crm, bulk=options, sleep=lambda _seconds: None)
    pages = list(reader.backfill(LEADS, START + timedelta(seconds=1000), None))
    (resume,) = (page.resume for page in pages if page.rows and page.rows[-1]["Number"] == 44)
    crm = crm_double.of_stamps(range(60))
    next(pages_of(crm))
    crm.sizes = repeat(2)
    assert [row["Number"] for page in pages_of(crm, resume=resume) for row in page.rows] == list(range(45, 60))
