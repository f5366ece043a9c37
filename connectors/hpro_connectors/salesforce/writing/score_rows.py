"""Writing score fields: by REST where rows are few, by a Bulk job where they are many."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

from hpro_connectors.errors import SmallerBatchError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteResult, WriteStatus
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.schema.links import Links
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.salesforce.writing.bulk_writer import BulkWriteOptions, BulkWriter, JobReport
from hpro_connectors.salesforce.writing.collections_writer import ROWS_PER_REQUEST, CollectionsWriter, Results
from hpro_connectors.salesforce.writing.first_writes import FirstWrites, ReadBack
from hpro_connectors.salesforce.writing.ingest_rows import JobRow, cells_of
from hpro_connectors.salesforce.writing.row_results import check_together, is_locked, may_be_of_fields, refused_result
from hpro_connectors.salesforce.writing.score_fields import to_crm
from hpro_connectors.salesforce.writing.writable_fields import require_writable
from hpro_connectors.salesforce.writing.write_job_file import WriteJobFile
from hpro_sdk.errors import NonFiniteScoreError

__all__ = ["ROWS_PER_JOB", "ROWS_PER_REQUEST", "ScoreWriter", "require_writable"]

ROWS_PER_JOB: Final = 50_000
"""Rows of one Bulk job; a process holds them in memory."""

_MOST_LOCKED: Final = 2000
_UNPROCESSED: Final = "UNPROCESSED"


class ScoreWriter:
    """Writes rows of one scored object; whatever a write that failed had done by then, the next one knows.

    Args:
        client: Of the org.
        links: Keys of its scored object.
        settings: From how many rows on a Bulk job is made, and where it is noted.
        options: How a job is waited for.
        sleep: Waits some seconds; may raise where the run is to end.
        clock: Seconds; moves on while ``sleep`` sleeps.
        random: Draws how long locked rows wait.
    """

    def __init__(
        self,
        client: SalesforceClient,
        links: Links,
        settings: SalesforceSettings,
        *,
        options: BulkWriteOptions | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        random: Random | None = None,
    ) -> None:
        name = links.scored_object.value
        noted = WriteJobFile(settings.write_job, links.org_id, name)
        self._client = client
        self._links = links
        self._name = name
        self._bulk_above = settings.bulk_above
        self._collections = CollectionsWriter(client, name, sleep=sleep, random=random)
        self._bulk = BulkWriter(client, name, noted, options, sleep=sleep, clock=clock)
        self._first = FirstWrites(name)
        self._written_by_job: dict[str, JobRow] = {}
        self._bulk_works = True
        self._owed: set[str] = set()
        self._is_answered = False

    def rows_at_once(self, waiting: int, usual: int) -> int:
        """Say how many rows the next write should have.

        Args:
            waiting: Rows that wait.
            usual: Rows of a write by REST.
        """
        by_rest = min(usual, ROWS_PER_REQUEST)
        if self._bulk.left:
            return min(max(waiting, by_rest), ROWS_PER_JOB)  # whatever a job of before tells, is heard at once
        if self._bulk_works and waiting > self._bulk_above:
            return min(waiting, ROWS_PER_JOB)
        return by_rest

    def write(self, rows: Sequence[ScoreRow], read_back: ReadBack, look_again: Callable[[], None]) -> list[WriteResult]:
        """Write rows.

        Args:
            rows: What to write; a record that comes twice is refused the second time.
            read_back: Gives what the CRM shows, by record id.
            look_again: Called where a value did not fit; raises where a field of ours is something else by now, so that
                no row becomes a dead letter for it.

        Returns:
            One result a row, in the order of the rows.

        Raises:
            SmallerBatchError: They were too many for REST, and a Bulk job did not take them all.
            RunStoppedError: A Bulk job takes too long; it goes on.
            PermissionDeniedError: The user may not write one of our fields, or the org does not keep it.
            SchemaDriftError: One of our fields is gone, or something else.
            ConnectorError: A request failed.
        """
        self.finish()
        refused = list(self._refused(rows))
        sent = [row for row, refusal in zip(rows, refused, strict=True) if refusal is None]
        results = self._write(sent) if sent else {}
        if may_be_of_fields(results.values()):
            look_again()
        self._owed -= results.keys()
        self._is_answered = not self._owed
        written = [row for row in sent if results[row.lead.lead_id].status is WriteStatus.WRITTEN]
        self._client.count_written(len(written))
        self._first.check(written, read_back)
        return [refusal or results[row.lead.lead_id] for row, refusal in zip(rows, refused, strict=True)]

    def finish(self) -> None:
        """Forget jobs whose rows were all answered for; to be called once the answers are stored, too."""
        if self._is_answered:
            self._bulk.forget()
            self._written_by_job.clear()
            self._is_answered = False

    def _write(self, rows: Sequence[ScoreRow]) -> Results:
        many = len(rows) > self._bulk_above or bool(self._bulk.left)
        for report in self._bulk.take_left():
            self._keep(report)
        results = self._known(rows)
        rest = [row for row in rows if row.lead.lead_id not in results]
        if len(rest) > self._bulk_above and self._bulk_works:
            by_job = self._write_by_job(rest)
            results |= by_job
            rest = [row for row in rest if row.lead.lead_id not in by_job]
        if len(rest) > ROWS_PER_REQUEST and many:
            self._owed |= {row.lead.lead_id for row in rows}
            raise SmallerBatchError(
                f"{len(rest)} rows of {self._name} were not written by a Bulk job.",
                rows=ROWS_PER_REQUEST,
                hint="They are written by REST.",
                connector=NAME,
                stream=self._name,
            )
        return results | (self._collections.write(rest) if rest else {})

    def _known(self, rows: Sequence[ScoreRow]) -> Results:
        """Give results of rows of which a job wrote the very values."""
        known = self._written_by_job
        return {
            row.lead.lead_id: WriteResult(lead=row.lead, status=WriteStatus.WRITTEN)
            for row in rows
            if (held := known.get(row.lead.lead_id)) is not None and held.cells == cells_of(row)
        }

    def _write_by_job(self, rows: Sequence[ScoreRow]) -> Results:
        """Give results of what a job took; those of a job that did not complete are of rows that it wrote only."""
        report = self._bulk.write(cells_of(row) for row in rows)
        if report is None or not report.complete:
            self._keep(report or JobReport({}, complete=False))
            return self._known(rows)
        results = {row.lead.lead_id: self._result(row, report.rows.get(row.lead.lead_id)) for row in rows}
        check_together(list(results.values()), object_name=self._name)
        locked = [row for row in rows if is_locked(results[row.lead.lead_id])]
        return results | self._collections.write_locked(locked[:_MOST_LOCKED])

    def _keep(self, report: JobReport) -> None:
        """Remember what a job wrote; after one that did not complete, REST writes what is left."""
        self._written_by_job |= {record_id: row for record_id, row in report.rows.items() if not row.code}
        self._bulk_works = self._bulk_works and report.complete

    def _result(self, row: ScoreRow, told: JobRow | None) -> WriteResult:
        if told is None:
            message = "The Bulk job left it unprocessed."
            return WriteResult(lead=row.lead, status=WriteStatus.RETRY, code=_UNPROCESSED, message=message)
        if told.code:
            return refused_result(row, told.code, told.message, told.fields, object_name=self._name)
        return WriteResult(lead=row.lead, status=WriteStatus.WRITTEN)

    def _refused(self, rows: Sequence[ScoreRow]) -> Iterator[WriteResult | None]:
        """Give results of rows that never reach the CRM: it would refuse the others of a request along with them."""
        seen: set[str] = set()
        for row in rows:
            key = row.lead
            if (key.org_id, key.object_type) != (self._links.org_id, self._links.object_type):
                yield _refusal(row, WriteStatus.REJECTED, "MALFORMED_ID", "It is no record of this org and object.")
            elif not self._links.is_scored(key.lead_id):
                yield _refusal(row, WriteStatus.GONE, "MALFORMED_ID", "There is no record with an id of this form.")
            elif key.lead_id in seen:
                yield _refusal(row, WriteStatus.REJECTED, "DUPLICATE_VALUE", "The record comes twice.")
            elif (number := _no_number(row)) is not None:
                yield _refusal(row, WriteStatus.REJECTED, "NUMBER_OUTSIDE_VALID_RANGE", number)
            else:
                seen.add(key.lead_id)
                yield None


def _refusal(row: ScoreRow, status: WriteStatus, code: str, message: str) -> WriteResult:
    return WriteResult(lead=row.lead, status=status, code=code, message=message)


def _no_number(row: ScoreRow) -> str | None:
    """Say what is wrong with a number that is none."""
    try:
        to_crm(row)
    except NonFiniteScoreError as exc:
        return exc.message
    return None
