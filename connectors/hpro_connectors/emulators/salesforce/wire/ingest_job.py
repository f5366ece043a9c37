"""An ingest job of Bulk API 2.0: what it is, and how the API describes it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hpro_connectors.emulators.salesforce.wire.ingest_batch import IngestData, RowResult


class IngestState(StrEnum):
    """What became of a job."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"


OVER = frozenset({IngestState.JOB_COMPLETE, IngestState.FAILED, IngestState.ABORTED})
"""States that a job stays in."""


@dataclass(slots=True)
class IngestJob:
    """A job.

    Attributes:
        job_id: Its id.
        object_name: What it writes.
        operation: How.
        user_id: Who made it.
        version: Of the API in which it was made.
        delimiter: By name, as the client gave it.
        line_ending: By name, as the client gave it.
        created_at: When it was made.
        changed_at: When its state changed.
        state: What became of it.
        content: What was uploaded and is not read yet.
        data: What was read of it.
        results: Of the rows that were written, in their order.
        polls: How often it was looked at since it was closed.
        error: Why it failed.
    """

    job_id: str
    object_name: str
    operation: str
    user_id: str
    version: str
    delimiter: str
    line_ending: str
    created_at: datetime
    changed_at: datetime
    state: IngestState = IngestState.OPEN
    content: bytes | None = None
    data: IngestData = field(default_factory=lambda: IngestData((), ()))
    results: list[RowResult] = field(default_factory=list)
    polls: int = 0
    error: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def was_uploaded(self) -> bool:
        """Whether its data came."""
        return self.content is not None or bool(self.data.columns)

    @property
    def failed(self) -> int:
        """How many rows were refused."""
        return sum(1 for one in self.results if one.error)


def told_of(job: IngestJob, *, whole: bool = True) -> dict[str, object]:
    """Describe a job as the API does.

    Args:
        job: Which.
        whole: Whether its progress is told too.
    """
    told: dict[str, object] = {
        "id": job.job_id,
        "operation": job.operation,
        "object": job.object_name,
        "createdById": job.user_id,
        "createdDate": f"{job.created_at:%Y-%m-%dT%H:%M:%S}.000+0000",
        "systemModstamp": f"{job.changed_at:%Y-%m-%dT%H:%M:%S}.000+0000",
        "state": job.state.value,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(job.version),
        "contentUrl": f"services/data/v{job.version}/jobs/ingest/{job.job_id}/batches",
        "lineEnding": job.line_ending,
        "columnDelimiter": job.delimiter,
    }
    if whole:
        told |= {
            "jobType": "V2Ingest",
            "numberRecordsProcessed": len(job.results),
            "numberRecordsFailed": job.failed,
            "retries": 0,
            "totalProcessingTime": int((job.changed_at - job.created_at).total_seconds() * 1000),
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }
        if job.error is not None:
            told["errorMessage"] = job.error
    return told
