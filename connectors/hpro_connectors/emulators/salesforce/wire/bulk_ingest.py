"""Ingest jobs of Bulk API 2.0: made, filled with one upload, closed, and done by being looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.bulk_jobs import OVER, BulkState, JobStore, format_of
from hpro_connectors.emulators.salesforce.wire.bulk_results import DELIMITERS, LINE_ENDINGS
from hpro_connectors.emulators.salesforce.wire.call import Call
from hpro_connectors.emulators.salesforce.wire.ingest_batch import (
    ROWS_OF_A_CHUNK,
    InvalidBatchError,
    RowResult,
    RowWriter,
    check_columns,
    csv_text,
    read_data,
)
from hpro_connectors.emulators.salesforce.wire.ingest_job import IngestJob
from hpro_connectors.emulators.salesforce.wire.limits import OrgLimits

LARGEST_UPLOAD = 150_000_000
"""Bytes."""

_FIRST_NUMBER = 500_000  # query jobs have the numbers below
_OPERATIONS = ("insert", "update", "delete")
_ROWS_OF_A_BATCH = 10_000


class IngestJobs:
    """The ingest jobs of an org. Safe to use from several threads.

    Args:
        org: What is written to.
        limits: Of the org.
        delay_polls: How often a job says that it is in progress.

    Attributes:
        delay_polls: See above.
        rows_per_poll: Rows that are written each time that a job is looked at; ``None``: all of them.
        unprocessed: So many rows at the end of the next job are never looked at, though it completes.
        fail_next: Why the next job to work fails; ``None``: it does not.
        fails_after: How many rows such a job has written by then.
        aborts_next: Whether somebody aborts the next job that works.
    """

    def __init__(self, org: SalesforceOrg, limits: OrgLimits, delay_polls: int) -> None:
        self.delay_polls = delay_polls
        self.rows_per_poll: int | None = None
        self.unprocessed = 0
        self.fail_next: str | None = None
        self.fails_after = 0
        self.aborts_next = False
        self._org, self._limits = org, limits
        self._jobs = JobStore[IngestJob](org.clock, _FIRST_NUMBER)

    @property
    def made(self) -> int:
        """How many were made."""
        return self._jobs.made

    @property
    def held(self) -> tuple[IngestJob, ...]:
        """Those that are there, oldest first."""
        return self._jobs.held

    def object_of(self, job_id: str) -> str | None:
        """Say what a job writes.

        Args:
            job_id: Which.
        """
        job = self._jobs.peek(job_id)
        return None if job is None else job.object_name

    def create(self, call: Call) -> Response:
        """Make a job.

        Args:
            call: With ``object`` and ``operation``.
        """
        body = call.object_body()
        operation, name = body.get("operation"), body.get("object")
        if operation not in _OPERATIONS:
            raise ApiFault(400, "INVALIDJOB", f"Unsupported operation: {operation}")
        one = self._org.schema.find(str(name))
        if one is None or not one.bulk or not self._org.access.can_see_object(call.user_id, one.name):
            raise ApiFault(400, "INVALIDENTITY", f"Entity '{name}' is not supported by the Bulk API.")
        if body.get("contentType", "CSV") != "CSV":
            raise ApiFault(400, "INVALIDJOB", "Unsupported contentType")
        delimiter, line_ending = format_of(body)
        self._limits.check_batches()
        now = self._org.clock.now()
        job = IngestJob(
            job_id=self._jobs.new_id(),
            operation=str(operation),
            object_name=one.name,
            user_id=call.user_id,
            version=call.version,
            delimiter=delimiter,
            line_ending=line_ending,
            created_at=now,
            changed_at=now,
        )
        self._jobs.add(job)
        return Response.of_json(job.told())

    def upload(self, call: Call) -> Response:
        """Take the data of a job; once.

        Args:
            call: With the job's id, and CSV as its body.
        """
        job = self._jobs.find(call.parts["id"])
        kind = call.request.headers.value("Content-Type").partition(";")[0].strip().lower()
        with job.lock:
            if job.state is not BulkState.OPEN:
                raise ApiFault(400, "INVALIDJOBSTATE", f"A Job in state {job.state.value} takes no data")
            if job.was_uploaded:
                raise ApiFault(400, "INVALIDJOBSTATE", f"Found multiple contents for job: <{job.job_id}>")
            if kind != "text/csv":
                raise ApiFault(400, "INVALIDJOB", "The data have to be text/csv")
            if len(call.request.body) > LARGEST_UPLOAD:
                raise ApiFault(413, "REQUEST_ENTITY_TOO_LARGE", "The data are too large for one Job")
            job.content = call.request.body
        return Response.empty(201)

    def change(self, call: Call) -> Response:
        """Close a job, or abort it.

        Args:
            call: With the state ``UploadComplete`` or ``Aborted``.
        """
        job = self._jobs.find(call.parts["id"])
        asked = call.object_body().get("state")
        with job.lock:
            if asked == BulkState.ABORTED.value:
                if job.state in OVER:
                    raise ApiFault(400, "INVALIDJOBSTATE", f"Aborting already {job.state.value} Job not allowed")
                self._abort(job)
            elif asked == BulkState.UPLOAD_COMPLETE.value:
                if job.state is not BulkState.OPEN:
                    raise ApiFault(400, "INVALIDJOBSTATE", f"Closing already {job.state.value} Job not allowed")
                if not job.was_uploaded:
                    raise ApiFault(400, "INVALIDJOBSTATE", "Closing a Job without data not allowed")
                self._change(job, BulkState.UPLOAD_COMPLETE)
            else:
                raise ApiFault(400, "INVALIDJOBSTATE", f"A Job cannot be changed to {asked}")
            return Response.of_json(job.told())

    def look_at(self, call: Call) -> Response:
        """Say how far a job is; looking at it is what makes it go on.

        Args:
            call: With the job's id.
        """
        job = self._jobs.find(call.parts["id"])
        with job.lock:
            self._go_on(job)
            return Response.of_json(job.told_whole())

    def finish(self) -> None:
        """Let all jobs that are closed come to their end, while nobody looks."""
        for job in self.held:
            with job.lock:
                while job.state in {BulkState.UPLOAD_COMPLETE, BulkState.IN_PROGRESS}:
                    self._go_on(job)

    def all(self, _: Call) -> Response:
        """Name all jobs, newest first."""
        told = [job.told() for job in reversed(self.held)]
        return Response.of_json({"done": True, "records": told, "nextRecordsUrl": None})

    def delete(self, call: Call) -> Response:
        """Take a job and its results away.

        Args:
            call: With the job's id.
        """
        job = self._jobs.find(call.parts["id"])
        with job.lock:
            if job.state in {BulkState.OPEN, BulkState.IN_PROGRESS}:
                raise ApiFault(400, "INVALIDJOBSTATE", f"Deleting a Job in state {job.state.value} not allowed")
        self._jobs.forget(job)
        return Response.empty()

    def successful(self, call: Call) -> Response:
        """Give the rows that were written.

        Args:
            call: With the job's id.
        """
        return self._results(call, ("sf__Id", "sf__Created"), _written)

    def failed(self, call: Call) -> Response:
        """Give the rows that were refused; their record is told by their own cells only.

        Args:
            call: With the job's id.
        """
        return self._results(call, ("sf__Id", "sf__Error"), _refused)

    def unprocessed_rows(self, call: Call) -> Response:
        """Give the rows that nothing became of.

        Args:
            call: With the job's id.
        """
        job = self._ended(call)
        return self._csv(job, job.data.columns, job.data.rows[len(job.results) :])

    def forget_all(self) -> None:
        """Let all jobs be gone."""
        for job in self.held:
            self._jobs.forget(job)

    def reset(self) -> None:
        """Let all jobs be gone, count anew, and let nothing go wrong with the next one that was to."""
        self.forget_all()
        self._jobs.count_anew()
        self.fail_next, self.aborts_next = None, False
        self.fails_after = self.unprocessed = 0

    def _go_on(self, job: IngestJob) -> None:
        if job.state is BulkState.UPLOAD_COMPLETE:
            self._change(job, BulkState.IN_PROGRESS)
            self._read(job)
        if job.state is not BulkState.IN_PROGRESS:
            return
        job.polls += 1
        if self.aborts_next:
            self.aborts_next = False
            self._work(job, self.fails_after)
            self._abort(job)
        elif self.fail_next is not None:
            self._work(job, self.fails_after)
            job.error, self.fail_next = self.fail_next, None
            self._change(job, BulkState.FAILED)
        else:
            end = len(job.data.rows) - self.unprocessed
            self._work(job, end if self.rows_per_poll is None else min(end, len(job.results) + self.rows_per_poll))
            if len(job.results) >= end and job.polls > self.delay_polls:
                self.unprocessed = 0
                self._change(job, BulkState.JOB_COMPLETE)

    def _read(self, job: IngestJob) -> None:
        content, job.content = job.content or b"", None
        try:
            job.data = read_data(content, DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending])
            check_columns(self._org, job.object_name, job.user_id, job.data, job.operation)
        except InvalidBatchError as exc:
            job.error = str(exc)
            self._change(job, BulkState.FAILED)
        self._limits.batches.add(-(-len(job.data.rows) // _ROWS_OF_A_BATCH))

    def _work(self, job: IngestJob, end: int) -> None:
        """Write rows up to one."""
        writer = RowWriter(
            self._org, job.object_name, user_id=job.user_id, operation=job.operation, columns=job.data.columns
        )
        while (start := len(job.results)) < end:
            job.results += writer.write(job.data.rows[start : min(end, start + ROWS_OF_A_CHUNK)])

    def _abort(self, job: IngestJob) -> None:
        if job.content is not None:
            self._read(job)
        self._change(job, BulkState.ABORTED)

    def _results(
        self, call: Call, columns: tuple[str, str], cells_of: Callable[[RowResult], tuple[str, ...] | None]
    ) -> Response:
        job = self._ended(call)
        rows = [(*cells, *one.row) for one in job.results if (cells := cells_of(one)) is not None]
        return self._csv(job, (*columns, *job.data.columns), rows)

    def _csv(self, job: IngestJob, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Response:
        text = csv_text(columns, rows, DELIMITERS[job.delimiter], LINE_ENDINGS[job.line_ending])
        return Response(200, text.encode("utf-8"), "text/csv")

    def _ended(self, call: Call) -> IngestJob:
        job = self._jobs.find(call.parts["id"])
        job.require_results(OVER)
        return job

    def _change(self, job: IngestJob, state: BulkState) -> None:
        job.change(state, self._org.clock.now())


def _written(one: RowResult) -> tuple[str, str] | None:
    return None if one.error else (one.record_id, "true" if one.created else "false")


def _refused(one: RowResult) -> tuple[str, str] | None:
    return ("", one.error) if one.error else None
