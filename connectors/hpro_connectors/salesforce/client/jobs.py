"""What query jobs and ingest jobs of the Bulk API 2.0 have in common: their states, and how one is asked about."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from hpro_connectors.errors import RecordRejectedError
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.record_ids import is_record_id
from hpro_connectors.salesforce.errors import CursorExpiredError, JobGoneError

Answer = TypeVar("Answer")


class JobState(StrEnum):
    """What a job is doing."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"

    @property
    def is_over(self) -> bool:
        """Whether it stays so."""
        return self in {self.JOB_COMPLETE, self.FAILED, self.ABORTED}


def ask_about(job_id: str, jobs_path: str, ask: Callable[[str], Answer], *, hint: str) -> Answer:
    """Ask about a job; what Salesforce does not find is a job that it no longer has.

    Args:
        job_id: As Salesforce gave it, or as it was stored.
        jobs_path: Of all jobs of its kind.
        ask: Sends a request to the job's own path.
        hint: What becomes of the rows of a job that is gone.

    Raises:
        JobGoneError: Salesforce no longer has the job, its results, or the place in them.
        ConnectorError: The request failed.
    """
    if not is_record_id(job_id):
        raise JobGoneError("What was stored is no id of a Bulk job.", hint=hint, connector=NAME)
    try:
        return ask(f"{jobs_path}/{job_id}")
    except (RecordRejectedError, CursorExpiredError) as exc:
        message = f"Salesforce no longer has a Bulk job, or its results. {exc.message}"
        raise JobGoneError(message, hint=hint, connector=NAME) from exc
