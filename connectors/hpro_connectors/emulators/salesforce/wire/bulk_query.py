"""Query jobs of Bulk API 2.0: from made to done by being looked at, and gone after seven days."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.querying import OpenQuery, QueryResult, Row
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.bulk_jobs import OVER, BulkJob, BulkState, JobStore, format_of
from hpro_connectors.emulators.salesforce.wire.bulk_results import DELIMITERS, LINE_ENDINGS, ResultFile
from hpro_connectors.emulators.salesforce.wire.bulk_rules import check_bulk_query
from hpro_connectors.emulators.salesforce.wire.call import Call
from hpro_connectors.emulators.salesforce.wire.limits import OrgLimits

MOST_ROWS = 250_000
"""Rows of one answer when the client names no number."""

_READ_AT_ONCE = 2_000
_OPERATIONS = ("query", "queryAll")


@dataclass(slots=True, kw_only=True)
class QueryJob(BulkJob):
    """A query job.

    Attributes:
        soql: What is asked.
        results: What was found, in a file.
        state: What became of it.
    """

    soql: str
    results: ResultFile
    state: BulkState = BulkState.UPLOAD_COMPLETE

    def let_go(self) -> None:
        """Remove the file."""
        self.results.remove()

    def told_whole(self) -> dict[str, object]:
        """Describe the job with its progress."""
        return self.told(
            {
                "jobType": "V2Query",
                "numberRecordsProcessed": self.results.rows if self.state is BulkState.JOB_COMPLETE else 0,
                "isPkChunkingSupported": True,
            }
        )


class BulkQueryJobs:
    """The query jobs of an org. Safe to use from several threads.

    Args:
        org: What is read.
        limits: What is left of the 24 hours.
        folder: Where results are kept.
        delay_polls: How often a job says that it is in progress.

    Attributes:
        delay_polls: See above; may be changed.
        most_rows: Rows of one answer at most, whatever the client asks for; ``None``: as many as it asks for.
        fail_next: Why the next job that begins to work fails, when it is to.
    """

    def __init__(self, org: SalesforceOrg, limits: OrgLimits, folder: Path, delay_polls: int) -> None:
        self.delay_polls = delay_polls
        self.most_rows: int | None = None
        self.fail_next: str | None = None
        self._org, self._limits, self._folder = org, limits, folder
        self._jobs = JobStore[QueryJob](org.clock)

    @property
    def made(self) -> int:
        """How many were made."""
        return self._jobs.made

    def query_of(self, job_id: str) -> str | None:
        """Say what a job asks.

        Args:
            job_id: Which.
        """
        job = self._jobs.peek(job_id)
        return None if job is None else job.soql

    def create(self, call: Call) -> Response:
        """Make a job.

        Args:
            call: With ``operation`` and ``query``.
        """
        body = call.object_body()
        operation, soql = body.get("operation"), body.get("query")
        if operation not in _OPERATIONS:
            raise ApiFault(400, "INVALIDJOB", f"Unsupported operation: {operation}")
        if not isinstance(soql, str) or not soql.strip():
            raise ApiFault(400, "INVALIDJOB", "query is a required field")
        delimiter, line_ending = format_of(body)
        object_name = check_bulk_query(self._org, soql, call.user_id)
        self._limits.count_query_job()
        now, job_id = self._org.clock.now(), self._jobs.new_id()
        job = QueryJob(
            job_id=job_id,
            soql=soql,
            operation=str(operation),
            object_name=object_name,
            user_id=call.user_id,
            version=call.version,
            delimiter=delimiter,
            line_ending=line_ending,
            created_at=now,
            changed_at=now,
            results=ResultFile(self._folder / f"{job_id}.csv", DELIMITERS[delimiter], LINE_ENDINGS[line_ending]),
        )
        self._jobs.add(job)
        return Response.of_json(job.told())

    def look_at(self, call: Call) -> Response:
        """Say how far a job is; looking at it is what makes it go on.

        Args:
            call: With the job's id.
        """
        job = self._jobs.find(call.parts["id"])
        with job.lock:
            if job.state not in OVER:
                job.polls += 1
                if job.state is BulkState.UPLOAD_COMPLETE:
                    self._work(job)
                elif job.polls > self.delay_polls:
                    self._change(job, BulkState.JOB_COMPLETE)
            return Response.of_json(job.told_whole())

    def all(self, _: Call) -> Response:
        """Name all jobs, newest first."""
        told = [job.told() for job in reversed(self._jobs.held)]
        return Response.of_json({"done": True, "records": told, "nextRecordsUrl": None})

    def change(self, call: Call) -> Response:
        """Abort a job.

        Args:
            call: With the state ``Aborted``.
        """
        job = self._jobs.find(call.parts["id"])
        if call.object_body().get("state") != BulkState.ABORTED.value:
            raise ApiFault(400, "INVALIDJOBSTATE", "A query job may only be changed to Aborted")
        with job.lock:
            if job.state in OVER:
                raise ApiFault(400, "INVALIDJOBSTATE", f"Aborting already {job.state.value} Job not allowed")
            job.results.remove()
            self._change(job, BulkState.ABORTED)
            return Response.of_json(job.told())

    def delete(self, call: Call) -> Response:
        """Take a job and its results away.

        Args:
            call: With the job's id.
        """
        job = self._jobs.find(call.parts["id"])
        with job.lock:
            if job.state not in OVER:
                raise ApiFault(400, "INVALIDJOBSTATE", f"Deleting a Job in state {job.state.value} not allowed")
        self._jobs.forget(job)
        return Response.empty()

    def results(self, call: Call) -> Response:
        """Give results, from a locator on.

        Args:
            call: With the job's id, and ``locator`` and ``maxRecords`` in the query.
        """
        job = self._jobs.find(call.parts["id"])
        job.require_results(frozenset({BulkState.JOB_COMPLETE}))
        first = _row_of(call.request.query.get("locator"), job.results.rows)
        asked = call.request.query.get("maxRecords", str(MOST_ROWS))
        if not asked.isdecimal() or int(asked) < 1:
            raise ApiFault(400, "INVALID_ARGUMENT", "maxRecords is a number of at least 1")
        count = min(int(asked), job.results.rows - first, self.most_rows or int(asked))
        body, length = job.results.part(first, count)
        response = Response(200, body, "text/csv", length=length)
        response.headers["Sforce-NumberOfRecords"] = str(count)
        response.headers["Sforce-Locator"] = _locator_of(first + count) if first + count < job.results.rows else "null"
        return response

    def forget_all(self) -> None:
        """Let all jobs be gone."""
        for job in self._jobs.held:
            self._jobs.forget(job)

    def reset(self) -> None:
        """Let all jobs be gone, count anew, and let no job fail that was to."""
        self.forget_all()
        self._jobs.count_anew()
        self.fail_next = None

    def _work(self, job: QueryJob) -> None:
        """Ask the query and write its results."""
        self._change(job, BulkState.IN_PROGRESS)
        if self.fail_next is not None:
            job.error, self.fail_next = self.fail_next, None
            self._change(job, BulkState.FAILED)
            return
        try:
            answer = self._org.open_query(
                job.soql,
                user_id=job.user_id,
                include_deleted=job.operation == "queryAll",
                api_version=job.version,
                ordered=False,
            )
            with self._org.transaction():  # nothing changes while the rows are read
                job.results.write(answer.columns, [field.type for field in answer.fields], rows_of(answer))
            self._limits.result_bytes.add(job.results.size)
        except ApiFault as exc:
            job.results.remove()
            job.error = f"{exc.code}: {exc.message}"
            self._change(job, BulkState.FAILED)
            return
        if self.delay_polls < 1:
            self._change(job, BulkState.JOB_COMPLETE)

    def _change(self, job: QueryJob, state: BulkState) -> None:
        job.change(state, self._org.clock.now())


def rows_of(answer: OpenQuery | QueryResult) -> Iterator[Row]:
    """Give the rows of an answer one after the other.

    Args:
        answer: What was found.
    """
    if isinstance(answer, QueryResult):
        yield from answer.rows
        return
    for start in range(0, answer.total, _READ_AT_ONCE):
        yield from answer.rows(start, _READ_AT_ONCE)


def _locator_of(row: int) -> str:
    return base64.urlsafe_b64encode(str(row).encode("ascii")).decode("ascii").rstrip("=")


def _row_of(locator: str | None, rows: int) -> int:
    if not locator or locator == "null":
        return 0
    try:
        row = int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode("ascii"))
    except (binascii.Error, ValueError):
        row = 0
    if not 0 < row < rows:
        raise ApiFault(400, "INVALID_LOCATOR", "invalid locator")
    return row
