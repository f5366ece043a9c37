"""How large the pages of a Bulk result are: few calls for thin rows, little memory where wide ones follow them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.salesforce.client.bulk_jobs import BulkAnswer, QueryJob
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.rows.row_reader import BulkOptions, RowReader, Source

if TYPE_CHECKING:
    from tests.unit.connectors.salesforce.rows.conftest import CrmDouble

TASKS = Source("Task", ("Id", "SystemModstamp"), {})
ID, STAMP = "00T000000000001AAA", "2026-01-01T00:00:00.000Z"
THIN = len(f'"{ID}","{STAMP}"\n')


class WidthsOnly:
    """A job whose rows differ in nothing but their width; they are made when they are asked for.

    Attributes:
        sizes: Characters of the pages that were asked for.
    """

    def __init__(self, crm: CrmDouble, widths: Sequence[tuple[int, int]]) -> None:
        self._widths = widths
        self.sizes: list[int] = []
        self.query, self.query_more, self.server_time = crm.query, crm.query_more, crm.server_time
        self.create_query_job, self.delete_query_job = crm.create_query_job, crm.delete_query_job
        self.abort_query_job = crm.abort_query_job

    def query_job(self, job_id: str) -> QueryJob:
        """Look at the job."""
        return QueryJob(job_id, JobState.JOB_COMPLETE, sum(count for count, _ in self._widths), None)

    def query_results(self, job_id: str, locator: str | None, max_rows: int) -> BulkAnswer:
        """Make a page."""
        at, before, text, rows = int(locator or 0), 0, '"Id","SystemModstamp","Text"\n', 0
        for count, width in self._widths:
            taken = max(0, min(at + max_rows, before + count) - max(at, before))
            text += f'"{ID}","{STAMP}","{"x" * (width - THIN - 3)}"\n' * taken
            before, rows = before + count, rows + taken
        self.sizes.append(len(text))
        return BulkAnswer(text, None if at + rows == before else str(at + rows), rows)

    @property
    def calls(self) -> int:
        """Calls for the job, without looks at it: results, and what makes and deletes it."""
        return len(self.sizes) + 2


def read(crm: CrmDouble, *widths: tuple[int, int]) -> WidthsOnly:
    client = WidthsOnly(crm, widths)
    reader = RowReader(client)
    rows = sum(len(page.rows) for page in reader.backfill(TASKS, datetime(2026, 2, 1, tzinfo=UTC), None))
    assert rows == sum(count for count, _ in widths)
    return client


@pytest.mark.parametrize(("rows", "width"), [(256_000, 390), (300_000, 333), (100_000, 250)])
def test_thin_rows_take_at_most_twelve_calls_for_100_mb(crm_double: type[CrmDouble], rows: int, width: int) -> None:
    assert read(crm_double(), (rows, width)).calls <= 12 * -(-rows * width // 100_000_000)


def test_a_hundred_thousand_rows_take_at_most_nine_calls(crm_double: type[CrmDouble]) -> None:
    assert read(crm_double(), (100_000, 300)).calls <= 9


def test_wide_rows_after_thin_ones_do_not_come_all_at_once(crm_double: type[CrmDouble]) -> None:
    client = read(crm_double(), (73_000, 60), (100_000, 520))
    assert max(client.sizes) < 1.5 * BulkOptions().page_characters
