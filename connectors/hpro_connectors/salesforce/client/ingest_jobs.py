"""Bulk API 2.0 ingest jobs, one request at a time: made, filled, closed, looked at, read, ended.

The library's own functions poll until a job is done, keep its id to themselves, and read its results as if they were
in another encoding; so each step is one request here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import RecordRejectedError
from hpro_connectors.salesforce.client.error_classes import no_data_error
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.jobs import Answer, JobState, ask_about
from hpro_connectors.salesforce.client.record_ids import is_record_id
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.client.vendor_words import one_line
from hpro_connectors.salesforce.errors import BulkUnsupportedError, JobGoneError

_PATH: Final = "jobs/ingest"


class ResultKind(StrEnum):
    """What is told of the rows of a job that is over."""

    SUCCESSFUL = "successfulResults"
    FAILED = "failedResults"
    UNPROCESSED = "unprocessedrecords"


@dataclass(frozen=True, slots=True)
class IngestJob:
    """An ingest job as Salesforce describes it.

    Attributes:
        job_id: Its id.
        state: What it is doing.
        created_at: When it was made, by the server's clock; ``None`` where it does not say.
        created_by: The user who made it; empty where it does not say.
        error: Why it failed, in one line of the CRM's words.
    """

    job_id: str
    state: JobState
    created_at: datetime | None
    created_by: str
    error: str | None


class IngestJobs:
    """The ingest jobs of an org.

    Args:
        client: Of the org.
    """

    def __init__(self, client: SalesforceClient) -> None:
        self._client = client

    def create(self, object_name: str) -> str:
        """Make a job that changes records.

        Args:
            object_name: Of which object.

        Returns:
            Its id.

        Raises:
            BulkUnsupportedError: The Bulk API does not take the object, or this org has none.
        """
        body: JsonValue = {
            "object": object_name,
            "operation": "update",
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        try:
            return _job_of(self._client.request("POST", _PATH, json=body, where=object_name)).job_id
        except RecordRejectedError as exc:  # there is no such resource
            raise BulkUnsupportedError(exc.message, hint=exc.hint, connector=NAME, stream=object_name) from exc

    def upload(self, job_id: str, content: bytes) -> None:
        """Upload the data of a job; it takes one upload only.

        Args:
            job_id: As :meth:`create` gave it.
            content: CSV.
        """
        _of_job(job_id, lambda path: self._client.upload_csv(f"{path}/batches", content))

    def close(self, job_id: str) -> None:
        """Have a job begin to work.

        Args:
            job_id: As :meth:`create` gave it.
        """
        self._change(job_id, JobState.UPLOAD_COMPLETE)

    def abort(self, job_id: str) -> None:
        """End a job before it is over.

        Args:
            job_id: As :meth:`create` gave it.

        Raises:
            JobStateError: It is over.
        """
        self._change(job_id, JobState.ABORTED)

    def look(self, job_id: str) -> IngestJob:
        """Look at a job once.

        Args:
            job_id: As :meth:`create` gave it.

        Raises:
            JobGoneError: Salesforce no longer has it.
        """
        return _job_of(_of_job(job_id, lambda path: self._client.request("GET", path)))

    def results(self, job_id: str, kind: ResultKind) -> bytes:
        """Read what became of rows of a job that is over.

        Args:
            job_id: As :meth:`create` gave it.
            kind: Of which rows.

        Raises:
            JobGoneError: Salesforce no longer has the job, or its results.
        """
        return _of_job(job_id, lambda path: self._client.csv(f"{path}/{kind.value}"))

    def delete(self, job_id: str) -> None:
        """Delete a job that is over, with its results; one that is gone already is fine.

        Args:
            job_id: As :meth:`create` gave it.
        """
        try:
            _of_job(job_id, lambda path: self._client.request("DELETE", path))
        except JobGoneError:
            return

    def _change(self, job_id: str, state: JobState) -> None:
        _of_job(job_id, lambda path: self._client.request("PATCH", path, json={"state": state.value}))


def _of_job(job_id: str, ask: Callable[[str], Answer]) -> Answer:
    return ask_about(job_id, _PATH, ask, hint="Its rows are written again.")


def _job_of(answer: JsonValue) -> IngestJob:
    if not isinstance(answer, Mapping):
        raise no_data_error("a Bulk job")
    job_id, state, user_id, error = (answer.get(name) for name in ("id", "state", "createdById", "errorMessage"))
    if not isinstance(job_id, str) or state not in tuple(JobState):
        raise no_data_error("a Bulk job")
    return IngestJob(
        job_id,
        JobState(str(state)),
        _moment_of(answer.get("createdDate")),
        user_id if isinstance(user_id, str) and is_record_id(user_id) else "",
        one_line(error) if isinstance(error, str) else None,
    )


def _moment_of(text: JsonValue) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
