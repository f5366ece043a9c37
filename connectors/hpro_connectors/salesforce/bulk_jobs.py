"""Bulk API 2.0 query jobs, one request at a time: made, looked at, read page by page, ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class JobState(StrEnum):
    """What a query job is doing."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"


@dataclass(frozen=True, slots=True)
class QueryJob:
    """A query job as Salesforce describes it.

    Attributes:
        job_id: Its id.
        state: What it is doing.
        rows: Rows processed so far.
        error: Why it failed, in the CRM's words.
    """

    job_id: str
    state: JobState
    rows: int
    error: str | None


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """A page of a job's results.

    Attributes:
        csv_text: CSV with a header line, decoded as UTF-8, without NUL; lines end in a line feed.
        locator: Where the next page begins; ``None``: this is the last one.
        rows: Rows in this page.
    """

    csv_text: str
    locator: str | None
    rows: int
