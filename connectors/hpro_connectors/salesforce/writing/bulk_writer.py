"""Writing many score rows by one Bulk ingest job, which another process can find and finish.

The id of a job is noted before anything is sent to it. Whoever comes next waits for it before another row goes out, so
that old values never overtake new ones, and takes from its results what they tell: what a job wrote is not sent again.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hpro_connectors.errors import ConnectorError, PermissionDeniedError, QuotaExhaustedError, RunStoppedError
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.ingest_jobs import IngestJob, IngestJobs, ResultKind
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import BulkUnsupportedError, JobGoneError, JobStateError
from hpro_connectors.salesforce.rows.small_queries import read_all
from hpro_connectors.salesforce.rows.soql import moment_literal, select, text_literal
from hpro_connectors.salesforce.writing.ingest_rows import ID, Cells, JobRow, csv_of, read_results
from hpro_connectors.salesforce.writing.write_job_file import WriteJobFile

_LONGER_WAIT: Final = 1.5

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BulkWriteOptions:
    """How a job is waited for.

    Attributes:
        first_poll_s: Seconds before the first look at a job; each wait is longer than the one before.
        longest_poll_s: Seconds of the longest wait.
        longest_wait_s: Seconds after which a write stops waiting; the next one goes on with the same job.
        longest_job: A job that was made longer ago is aborted.
    """

    first_poll_s: float = 1.0
    longest_poll_s: float = 30.0
    longest_wait_s: float = 1800.0
    longest_job: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class JobReport:
    """What became of the rows of a job.

    Attributes:
        rows: By record id; of rows that are not here, nothing became.
        complete: Whether the job came to its end, and did not fail and was not aborted.
    """

    rows: dict[str, JobRow]
    complete: bool


class BulkWriter:
    """Writes rows of one object by jobs.

    Args:
        client: Of the org.
        object_name: Of which object the rows are.
        noted: Where jobs are noted.
        options: How they are waited for.
        sleep: Waits some seconds; may raise where the run is to end.
        clock: Seconds; moves on while ``sleep`` sleeps.
    """

    def __init__(
        self,
        client: SalesforceClient,
        object_name: str,
        noted: WriteJobFile,
        options: BulkWriteOptions | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._object_name = object_name
        self._noted = noted
        self._options = options or BulkWriteOptions()
        self._sleep = sleep
        self._clock = clock
        self._jobs = IngestJobs(client)
        self._over: set[str] = set()

    @property
    def left(self) -> tuple[str, ...]:
        """Jobs whose results nobody has taken yet: of a process that ended before, or of a write that failed."""
        return tuple(job_id for job_id in self._noted.jobs if job_id not in self._over)

    def write(self, rows: Iterable[Cells]) -> JobReport | None:
        """Write rows by a job, and wait for its end.

        Args:
            rows: Each of another record.

        Returns:
            What became of them; ``None`` where no job can be made, and nothing was sent.

        Raises:
            RunStoppedError: It takes too long, or the run is to end; the job goes on.
            ConnectorError: A request failed; :attr:`left` may have the job.
        """
        try:
            job_id = self._jobs.create(self._object_name)
        except (BulkUnsupportedError, PermissionDeniedError, QuotaExhaustedError) as exc:
            _LOGGER.warning("no Bulk job can be made", extra={**self._extra(), "error": type(exc).__name__})
            return None
        if not self._noted.add(job_id):
            self._abort(job_id)
            return None
        try:
            self._jobs.upload(job_id, csv_of(rows))
            self._jobs.close(job_id)
            _LOGGER.info("a Bulk job was sent", extra=self._extra(job_id))
            self._sleep(self._options.first_poll_s)
            report = self._report(self._jobs.look(job_id))
        except JobGoneError:
            report = JobReport({}, complete=False)
        self._over.add(job_id)
        return report

    def take_left(self) -> Iterator[JobReport]:
        """Bring jobs to their end that others left, and give the rows that each wrote.

        A job that never began is aborted: its values are old by now. A row that somebody else has changed since the job
        was made is none of them: what stands there is not what the job wrote.

        Raises:
            RunStoppedError: One takes too long, or the run is to end.
            ConnectorError: A request failed.
        """
        for job_id in self.left:
            try:
                job = self._jobs.look(job_id)
                if job.state is JobState.OPEN:
                    self._abort(job_id)
                else:
                    report = self._report(job)
                    changed = self._changed_since(job)
                    written = {one: row for one, row in report.rows.items() if not row.code and one not in changed}
                    extra = {**self._extra(job_id), "rows": len(written)}
                    _LOGGER.info("a Bulk job of before was found", extra=extra)
                    yield JobReport(written, report.complete)
            except JobGoneError:
                _LOGGER.info("a Bulk job of before is gone", extra=self._extra(job_id))
            self._over.add(job_id)

    def forget(self) -> None:
        """Delete all jobs that are over: their rows were answered for."""
        for job_id in self._noted.jobs:
            try:
                self._jobs.delete(job_id)
            except ConnectorError as exc:  # the CRM deletes it after a week
                extra = {**self._extra(job_id), "error": type(exc).__name__}
                _LOGGER.info("a finished Bulk job could not be deleted", extra=extra)
        if self._noted.jobs:
            self._noted.forget()
        self._over.clear()

    def _report(self, job: IngestJob) -> JobReport:
        """Wait for the end of a job, and read what it did."""
        job = self._wait(job)
        complete = job.state is JobState.JOB_COMPLETE
        if not complete:
            extra = {**self._extra(job.job_id), "state": job.state.value, "reason": job.error or ""}
            _LOGGER.warning("a Bulk job did not complete; what it left is written without it", extra=extra)
        rows: dict[str, JobRow] = {}
        for kind in (ResultKind.FAILED, ResultKind.SUCCESSFUL):
            rows |= {row.cells[ID]: row for row in self._results(job.job_id, kind, complete=complete)}
        if complete:  # of these rows nothing is known but that they were left
            left = len(self._results(job.job_id, ResultKind.UNPROCESSED, complete=complete))
            if left:
                _LOGGER.warning("a Bulk job left rows unprocessed", extra={**self._extra(job.job_id), "rows": left})
        return JobReport(rows, complete)

    def _results(self, job_id: str, kind: ResultKind, *, complete: bool) -> list[JobRow]:
        try:
            return list(read_results(self._jobs.results(job_id, kind)))
        except JobStateError:
            if complete:
                raise
            return []  # a job that failed early has none

    def _wait(self, job: IngestJob) -> IngestJob:
        """Look at a job until it is over."""
        options = self._options
        began, pause = self._clock(), options.first_poll_s
        while not job.state.is_over:
            if job.created_at is not None and self._client.server_time() - job.created_at >= options.longest_job:
                with contextlib.suppress(JobStateError):  # it ended just now
                    self._jobs.abort(job.job_id)
                return self._jobs.look(job.job_id)
            if self._clock() - began >= options.longest_wait_s:
                raise RunStoppedError(
                    f"Salesforce is still at work on Bulk job {job.job_id} of {self._object_name}, after "
                    f"{options.longest_wait_s:.0f} s.",
                    hint="The next run goes on with the same job; see Setup > Bulk Data Load Jobs.",
                    connector=NAME,
                    stream=self._object_name,
                )
            self._sleep(pause)
            pause = min(pause * _LONGER_WAIT, options.longest_poll_s)
            job = self._jobs.look(job.job_id)
        return job

    def _abort(self, job_id: str) -> None:
        """End a job to which nothing was sent, or not all; one that stays is ended by the CRM after a week."""
        try:
            self._jobs.abort(job_id)
        except ConnectorError as exc:
            extra = {**self._extra(job_id), "error": type(exc).__name__}
            _LOGGER.info("a Bulk job that was not used could not be aborted", extra=extra)

    def _changed_since(self, job: IngestJob) -> set[str]:
        """Give the records that others have changed since a job was made."""
        if job.created_at is None or not job.created_by:
            raise JobGoneError("Salesforce does not say when a Bulk job was made, and by whom.", connector=NAME)
        conditions = (
            f"SystemModstamp >= {moment_literal(job.created_at)}",
            f"LastModifiedById != {text_literal(job.created_by)}",
        )
        found = read_all(self._client, select((ID,), self._object_name, conditions))
        return {str(row.get(ID)) for row in found}

    def _extra(self, job_id: str | None = None) -> dict[str, str]:
        return {"stream": self._object_name} | ({} if job_id is None else {"job_id": job_id})
