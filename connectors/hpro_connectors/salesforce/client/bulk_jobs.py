"""Bulk API 2.0 query jobs, one request at a time: made, looked at, read page by page, ended.

The library's own functions for this poll until a job is done, keep its id to themselves and cannot sign in anew; a
process that is killed could not go on. So each step is one request here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.client.error_classes import no_data_error
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.client.vendor_words import one_line

JOBS_PATH = "jobs/query"


@dataclass(frozen=True, slots=True)
class QueryJob:
    """A query job as Salesforce describes it.

    Attributes:
        job_id: Its id.
        state: What it is doing.
        rows: Rows processed so far.
        error: Why it failed, in one line of the CRM's words.
    """

    job_id: str
    state: JobState
    rows: int
    error: str | None


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """A page of a job's results.

    Attributes:
        csv_text: CSV with a header line, decoded as UTF-8, without NUL; its lines end in a line feed.
        locator: Where the next page begins; ``None``: this is the last one.
        rows: Rows that the page has, as the CRM counts them; one that has fewer was cut short.
    """

    csv_text: str
    locator: str | None
    rows: int


def job_body(soql: str, *, include_deleted: bool) -> dict[str, JsonValue]:
    """Give the body that makes a job.

    Args:
        soql: The query.
        include_deleted: Whether deleted and archived rows are read too.
    """
    return {
        "operation": "queryAll" if include_deleted else "query",
        "query": soql,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }


def job_of(answer: JsonValue) -> QueryJob:
    """Read the description of a job.

    Args:
        answer: As Salesforce gives it.

    Raises:
        ServerError: It is none.
    """
    if not isinstance(answer, Mapping):
        raise no_data_error("a Bulk job")
    job_id, state, rows, error = (
        answer.get(name) for name in ("id", "state", "numberRecordsProcessed", "errorMessage")
    )
    if not isinstance(job_id, str) or state not in tuple(JobState):
        raise no_data_error("a Bulk job")
    told = one_line(error) if isinstance(error, str) else None
    return QueryJob(job_id, JobState(str(state)), rows if isinstance(rows, int) else 0, told)


def results_of(content: bytes, headers: Mapping[str, str]) -> BulkAnswer:
    """Read a page of results.

    Args:
        content: The body.
        headers: Of the answer, read without regard to upper and lower case.

    Raises:
        ServerError: It is no page of results, or one that was cut short.
    """
    content_type = headers.get("Content-Type", "").lower()
    count = headers.get("Sforce-NumberOfRecords", "")
    if "csv" not in content_type or not count.isdigit():
        raise no_data_error("the results of a Bulk job")
    try:
        text: str | None = content.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError:
        text = None
    # A cut within a cell leaves a quotation mark open; whoever reads the rows compares their number with `rows`.
    if text is None or text.count('"') % 2 == 1 or text.count("\n") < int(count):
        raise ServerError("The results of a Bulk job came cut short.", hint="Try again later.", connector=NAME)
    locator = headers.get("Sforce-Locator", "")
    return BulkAnswer(text, None if locator in {"", "null"} else locator, int(count))
