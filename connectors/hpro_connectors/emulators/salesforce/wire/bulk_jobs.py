"""What query and ingest jobs of Bulk API 2.0 share: their states, how they are described, and the keeping of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, not_found
from hpro_connectors.emulators.salesforce.org.ids import long_id, make_id
from hpro_connectors.emulators.salesforce.wire.bulk_results import DELIMITERS, LINE_ENDINGS

LIFE = timedelta(days=7)
"""Jobs and results older than this are gone."""

_PREFIX = "750"


class BulkState(StrEnum):
    """What became of a job; only an ingest job is ever open."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"


OVER = frozenset({BulkState.JOB_COMPLETE, BulkState.FAILED, BulkState.ABORTED})
"""States that a job stays in."""


@dataclass(slots=True, kw_only=True)
class BulkJob:
    """A job of either kind.

    Attributes:
        job_id: Its id.
        operation: What it does.
        object_name: What it is about.
        user_id: Who made it.
        version: Of the API in which it was made.
        delimiter: By name, as the client gave it.
        line_ending: By name, as the client gave it.
        created_at: When it was made.
        changed_at: When its state changed.
        state: What became of it.
        polls: How often it was looked at.
        error: Why it failed.
        lock: Held while it is looked at or changed.
    """

    job_id: str
    operation: str
    object_name: str
    user_id: str
    version: str
    delimiter: str
    line_ending: str
    created_at: datetime
    changed_at: datetime
    state: BulkState
    polls: int = 0
    error: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def let_go(self) -> None:
        """Let go of what is kept outside the job; a kind of job that keeps something says what."""

    def change(self, state: BulkState, at: datetime) -> None:
        """Go over into another state."""
        self.state, self.changed_at = state, at

    def require_results(self, states: frozenset[BulkState]) -> None:
        """Refuse to give results in any but some states.

        Args:
            states: In which there are some.
        """
        with self.lock:
            if self.state not in states:
                raise ApiFault(
                    400, "INVALIDJOBSTATE", f"The results of a Job in state {self.state.value} are not available"
                )

    def told(self, progress: Mapping[str, object] | None = None) -> dict[str, object]:
        """Describe the job as the API does.

        Args:
            progress: What the kind of job tells of how far it is; ``None``: nothing of that is told.
        """
        told: dict[str, object] = {
            "id": self.job_id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.user_id,
            "createdDate": f"{self.created_at:%Y-%m-%dT%H:%M:%S}.000+0000",
            "systemModstamp": f"{self.changed_at:%Y-%m-%dT%H:%M:%S}.000+0000",
            "state": self.state.value,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version),
            "lineEnding": self.line_ending,
            "columnDelimiter": self.delimiter,
        }
        if progress is not None:
            took = int((self.changed_at - self.created_at).total_seconds() * 1000)
            told |= {"retries": 0, "totalProcessingTime": took, **progress}
            if self.error is not None:
                told["errorMessage"] = self.error
        return told


Job = TypeVar("Job", bound=BulkJob)


class JobStore(Generic[Job]):
    """The jobs of one kind. Safe to use from several threads.

    Args:
        clock: Of the org.
        first_number: Of the ids; kinds of jobs that share a prefix begin apart.
    """

    def __init__(self, clock: EmulatorClock, first_number: int = 0) -> None:
        self._clock, self._first_number = clock, first_number
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._made = self._made_before = 0

    @property
    def made(self) -> int:
        """How many were made since they were counted anew."""
        return self._made - self._made_before

    def count_anew(self) -> None:
        """Count anew; ids go on, so that an old one leads to no other job."""
        with self._lock:
            self._made_before = self._made

    @property
    def held(self) -> tuple[Job, ...]:
        """Those that are there, oldest first."""
        with self._lock:
            return tuple(self._jobs.values())

    def new_id(self) -> str:
        """Give the id of the next job."""
        with self._lock:
            self._made += 1
            return make_id(_PREFIX, self._first_number + self._made)

    def add(self, job: Job) -> None:
        """Keep a job."""
        with self._lock:
            self._jobs[job.job_id] = job

    def peek(self, job_id: str) -> Job | None:
        """Give a job if it is there, however old."""
        with self._lock:
            return self._jobs.get(long_id(job_id) or "")

    def find(self, job_id: str) -> Job:
        """Give a job; one that is past its life goes with its results.

        Args:
            job_id: Which.

        Raises:
            ApiFault: It is not there, or no longer.
        """
        job = self.peek(job_id)
        if job is not None and self._clock.now() - job.created_at > LIFE:
            self.forget(job)
            job = None
        if job is None:
            raise not_found()
        return job

    def forget(self, job: Job) -> None:
        """Let a job be gone, and its results with it."""
        with self._lock:
            self._jobs.pop(job.job_id, None)
        job.let_go()


def format_of(body: Mapping[str, object]) -> tuple[str, str]:
    """Give delimiter and line ending that a client asks for, by name.

    Args:
        body: Of the request that makes a job.
    """
    delimiter, line_ending = str(body.get("columnDelimiter", "COMMA")), str(body.get("lineEnding", "LF"))
    if delimiter not in DELIMITERS or line_ending not in LINE_ENDINGS:
        raise ApiFault(400, "INVALIDJOB", "Unsupported columnDelimiter or lineEnding")
    return delimiter, line_ending
