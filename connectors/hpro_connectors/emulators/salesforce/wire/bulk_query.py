"""Query jobs of Bulk API 2.0: from made to done by being looked at, and gone after seven days."""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, not_found
from hpro_connectors.emulators.salesforce.org.ids import long_id, make_id
from hpro_connectors.emulators.salesforce.org.querying import OpenQuery, QueryResult, Row
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.bulk_results import DELIMITERS, LINE_ENDINGS, ResultFile
from hpro_connectors.emulators.salesforce.wire.bulk_rules import check_bulk_query
from hpro_connectors.emulators.salesforce.wire.call import Call
from hpro_connectors.emulators.salesforce.wire.limits import OrgLimits

LIFE = timedelta(days=7)
"""Jobs and results older than this are gone."""

MOST_ROWS = 250_000
"""Rows of one answer when the client names no number."""

_PREFIX = "750"
_READ_AT_ONCE = 2_000
_OPERATIONS = ("query", "queryAll")


class JobState(StrEnum):
    """What became of a job."""

    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"


_OVER = frozenset({JobState.JOB_COMPLETE, JobState.FAILED, JobState.ABORTED})


@dataclass(slots=True)
class QueryJob:
    """A job.

    Attributes:
        job_id: Its id.
        soql: What is asked.
        operation: ``query`` or ``queryAll``.
        object_name: What it is about.
        user_id: Who made it.
        version: Of the API in which it was made.
        delimiter: By name, as the client gave it.
        line_ending: By name, as the client gave it.
        created_at: When it was made.
        changed_at: When its state changed.
        results: What was found, in a file.
        state: What became of it.
        polls: How often it was looked at.
        error: Why it failed.
    """

    job_id: str
    soql: str
    operation: str
    object_name: str
    user_id: str
    version: str
    delimiter: str
    line_ending: str
    created_at: datetime
    changed_at: datetime
    results: ResultFile
    state: JobState = JobState.UPLOAD_COMPLETE
    polls: int = 0
    error: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


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
        self._lock = threading.Lock()
        self._jobs: dict[str, QueryJob] = {}
        self._made = 0

    @property
    def made(self) -> int:
        """How many were made."""
        return self._made

    def query_of(self, job_id: str) -> str | None:
        """Say what a job asks.

        Args:
            job_id: Which.
        """
        with self._lock:
            job = self._jobs.get(long_id(job_id) or "")
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
        delimiter, line_ending = str(body.get("columnDelimiter", "COMMA")), str(body.get("lineEnding", "LF"))
        if delimiter not in DELIMITERS or line_ending not in LINE_ENDINGS:
            raise ApiFault(400, "INVALIDJOB", "Unsupported columnDelimiter or lineEnding")
        object_name = check_bulk_query(self._org, soql, call.user_id)
        self._limits.count_query_job()
        now = self._org.clock.now()
        with self._lock:
            self._made += 1
            job_id = make_id(_PREFIX, self._made)
            results = ResultFile(self._folder / f"{job_id}.csv", DELIMITERS[delimiter], LINE_ENDINGS[line_ending])
            job = QueryJob(
                job_id,
                soql,
                str(operation),
                object_name,
                call.user_id,
                call.version,
                delimiter,
                line_ending,
                now,
                now,
                results,
            )
            self._jobs[job_id] = job
        return Response.of_json(_told(job, whole=False))

    def look_at(self, call: Call) -> Response:
        """Say how far a job is; looking at it is what makes it go on.

        Args:
            call: With the job's id.
        """
        job = self._find(call.parts["id"])
        with job.lock:
            if job.state not in _OVER:
                job.polls += 1
                if job.state is JobState.UPLOAD_COMPLETE:
                    self._work(job)
                elif job.polls > self.delay_polls:
                    self._change(job, JobState.JOB_COMPLETE)
            return Response.of_json(_told(job))

    def all(self, _: Call) -> Response:
        """Name all jobs, newest first."""
        with self._lock:
            jobs = sorted(self._jobs.values(), key=lambda job: (job.created_at, job.job_id), reverse=True)
        return Response.of_json(
            {"done": True, "records": [_told(job, whole=False) for job in jobs], "nextRecordsUrl": None}
        )

    def change(self, call: Call) -> Response:
        """Abort a job.

        Args:
            call: With the state ``Aborted``.
        """
        job = self._find(call.parts["id"])
        if call.object_body().get("state") != JobState.ABORTED.value:
            raise ApiFault(400, "INVALIDJOBSTATE", "A query job may only be changed to Aborted")
        with job.lock:
            if job.state in _OVER:
                raise ApiFault(400, "INVALIDJOBSTATE", f"Aborting already {job.state.value} Job not allowed")
            job.results.remove()
            self._change(job, JobState.ABORTED)
            return Response.of_json(_told(job, whole=False))

    def delete(self, call: Call) -> Response:
        """Take a job and its results away.

        Args:
            call: With the job's id.
        """
        job = self._find(call.parts["id"])
        with job.lock:
            if job.state not in _OVER:
                raise ApiFault(400, "INVALIDJOBSTATE", f"Deleting a Job in state {job.state.value} not allowed")
        self._forget(job)
        return Response.empty()

    def results(self, call: Call) -> Response:
        """Give results, from a locator on.

        Args:
            call: With the job's id, and ``locator`` and ``maxRecords`` in the query.
        """
        job = self._find(call.parts["id"])
        with job.lock:
            if job.state is not JobState.JOB_COMPLETE:
                raise ApiFault(
                    400, "INVALIDJOBSTATE", f"The results of a Job in state {job.state.value} are not available"
                )
        first = _row_of(call.request.query.get("locator"), job.results.rows)
        asked = call.request.query.get("maxRecords", str(MOST_ROWS))
        if not asked.isdecimal() or int(asked) < 1:
            raise ApiFault(400, "INVALID_ARGUMENT", "maxRecords is a number of at least 1")
        count = min(int(asked), job.results.rows - first, self.most_rows or int(asked))
        body, length = job.results.part(first, count)
        self._limits.result_bytes.add(length)
        response = Response(200, body, "text/csv", length=length)
        response.headers["Sforce-NumberOfRecords"] = str(count)
        response.headers["Sforce-Locator"] = _locator_of(first + count) if first + count < job.results.rows else "null"
        return response

    def forget_all(self) -> None:
        """Let all jobs be gone."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            self._forget(job)

    def _work(self, job: QueryJob) -> None:
        """Ask the query and write its results."""
        self._change(job, JobState.IN_PROGRESS)
        if self.fail_next is not None:
            job.error, self.fail_next = self.fail_next, None
            self._change(job, JobState.FAILED)
            return
        try:
            answer = self._org.open_query(
                job.soql,
                user_id=job.user_id,
                include_deleted=job.operation == "queryAll",
                api_version=job.version,
            )
            with self._org.transaction():  # nothing changes while the rows are read
                job.results.write(answer.columns, [field.type for field in answer.fields], rows_of(answer))
        except ApiFault as exc:
            job.results.remove()
            job.error = f"{exc.code}: {exc.message}"
            self._change(job, JobState.FAILED)
            return
        if self.delay_polls < 1:
            self._change(job, JobState.JOB_COMPLETE)

    def _change(self, job: QueryJob, state: JobState) -> None:
        job.state, job.changed_at = state, self._org.clock.now()

    def _find(self, job_id: str) -> QueryJob:
        with self._lock:
            job = self._jobs.get(long_id(job_id) or "")
        if job is not None and self._org.clock.now() - job.created_at > LIFE:
            self._forget(job)
            job = None
        if job is None:
            raise not_found()
        return job

    def _forget(self, job: QueryJob) -> None:
        with self._lock:
            self._jobs.pop(job.job_id, None)
        job.results.remove()


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


def _told(job: QueryJob, *, whole: bool = True) -> dict[str, object]:
    told: dict[str, object] = {
        "id": job.job_id,
        "operation": job.operation,
        "object": job.object_name,
        "createdById": job.user_id,
        "createdDate": _moment(job.created_at),
        "systemModstamp": _moment(job.changed_at),
        "state": job.state.value,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "lineEnding": job.line_ending,
        "columnDelimiter": job.delimiter,
    }
    if whole:
        told |= {
            "jobType": "V2Query",
            "numberRecordsProcessed": job.results.rows if job.state is JobState.JOB_COMPLETE else 0,
            "retries": 0,
            "totalProcessingTime": int((job.changed_at - job.created_at).total_seconds() * 1000),
            "isPkChunkingSupported": True,
        }
        if job.error is not None:
            told["errorMessage"] = job.error
    return told


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000+0000"


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
