"""Everything that exists of an object, by a Bulk API 2.0 query job that a later process can go on with.

The id of a job is given away before it is waited for, and each page of rows with the place in the result after it. The
job is deleted once the page after the last rows is asked for: by then those rows are stored.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from pydantic import JsonValue

from hpro_connectors.errors import ConnectorError, RunStoppedError, ServerError
from hpro_connectors.salesforce.client.bulk_jobs import BulkAnswer, QueryJob
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.rows.bulk_place import BulkPlace, fingerprint
from hpro_connectors.salesforce.rows.bulk_rows import bulk_rows
from hpro_connectors.salesforce.rows.row_client import RowClient
from hpro_connectors.salesforce.rows.row_source import RowPage, Source
from hpro_connectors.salesforce.rows.soql import select

_LARGEST_GROWTH = 8
_LONGER_WAIT = 1.5
_EMPTY_PAGES = 3
_LOGGER = logging.getLogger(__name__)

Sleep = Callable[[float], None]
Clock = Callable[[], float]


@dataclass(frozen=True)
class BulkOptions:
    """How jobs are waited for and their results read.

    Attributes:
        first_poll_s: Seconds to wait after the first look at a job; each wait is longer than the one before.
        longest_poll_s: Seconds of the longest wait.
        longest_wait_s: Seconds after which waiting for a job is given up.
        notice_s: Seconds of waiting after which an empty page is given, so that whoever reads can stop.
        first_rows: Rows of the first page of a result, when nothing is known of how wide they are.
        most_rows: Rows of the largest page. A page is held in memory at once, and nobody knows how wide its rows are
            before it is there: this bounds one whose rows are far wider than those before it.
        page_characters: Characters of CSV that a page should have, if its rows are as wide as those of the page before.
        rows_at_once: Rows given away at once.
    """

    first_poll_s: float = 0.5
    longest_poll_s: float = 10.0
    longest_wait_s: float = 1800.0
    notice_s: float = 5.0
    first_rows: int = 1000
    most_rows: int = 40_000
    page_characters: int = 16 * 1024 * 1024
    rows_at_once: int = 2000


class JobFailedError(ConnectorError):
    """A Bulk job failed or was aborted."""


class BulkReader:
    """Reads one source by one job.

    Args:
        client: Of one org.
        source: What is read.
        conditions: Of the query.
        options: How the job is waited for and read.
        sleep: Waits some seconds; may raise where the run is to end.
        clock: Seconds; moves on while ``sleep`` sleeps.
    """

    def __init__(
        self,
        client: RowClient,
        source: Source,
        conditions: Iterable[str],
        options: BulkOptions,
        *,
        sleep: Sleep = time.sleep,
        clock: Clock = time.monotonic,
    ) -> None:
        self._client = client
        self._source = source
        self._conditions = tuple(conditions)
        self._of = fingerprint(source, self._conditions)
        self._options = options
        self._sleep = sleep
        self._clock = clock
        self._max_rows = options.first_rows

    def begin(self) -> RowPage:
        """Make the job; the page is empty, and its ``resume`` knows the job.

        Raises:
            BulkUnsupportedError: The Bulk API does not take it.
            RequestTooLongError: The query is too long.
        """
        source = self._source
        soql = select(source.columns, source.object_name, self._conditions)
        job_id = self._client.create_query_job(soql, include_deleted=source.archived)
        _LOGGER.info("a Bulk job was made", extra=self._extra(job_id))
        return RowPage((), BulkPlace(job_id, self._of).as_resume(), complete=False)

    def read(self, resume: JsonValue) -> Iterator[RowPage]:
        """Give all pages that come after one of the job.

        Args:
            resume: Of that page.

        Raises:
            ResumeExpiredError: ``resume`` is not of this source, or the CRM no longer has the job.
            JobFailedError: The job failed; it gave no row.
            RunStoppedError: The job takes too long, or the run is to end; a later read can go on with it.
            ServerError: Its result is damaged.
        """
        place = BulkPlace.from_resume(resume, self._source, self._of)
        if not place.done:
            if place.expected is None:
                job = yield from self._wait(place)
                place = BulkPlace(place.job_id, place.of, expected=job.rows)
            yield from self._rows(place)
        self._delete(place.job_id)
        yield RowPage((), None, complete=True)

    def give_up(self, resume: JsonValue) -> None:
        """End a job with which nobody will go on, whatever it is doing, and delete it.

        Args:
            resume: Of any page of it.

        Raises:
            ResumeExpiredError: ``resume`` is not of this source.
        """
        job_id = BulkPlace.from_resume(resume, self._source, self._of).job_id
        try:
            self._client.abort_query_job(job_id)
        except ConnectorError as exc:  # it is over, or the CRM cannot be reached
            extra = {**self._extra(job_id), "error": type(exc).__name__}
            _LOGGER.info("a Bulk job that is not needed could not be aborted", extra=extra)
        self._delete(job_id)

    def _wait(self, place: BulkPlace) -> Generator[RowPage, None, QueryJob]:
        """Look at a job until it is complete, with a page without rows now and then."""
        options = self._options
        began = told = self._clock()
        pause = options.first_poll_s
        while True:
            job = self._client.query_job(place.job_id)
            if job.state is JobState.JOB_COMPLETE:
                return job
            if job.state in {JobState.FAILED, JobState.ABORTED}:
                raise self._failed(job)
            if self._clock() - began >= options.longest_wait_s:
                raise RunStoppedError(
                    f"Salesforce has worked on Bulk job {place.job_id} of {self._source.object_name} for "
                    f"{options.longest_wait_s / 60:.0f} minutes and is not done.",
                    hint="Run again later, at a quieter time; see Setup > Bulk Data Load Jobs.",
                    connector="salesforce",
                    stream=self._source.object_name,
                )
            self._sleep(pause)
            pause = min(pause * _LONGER_WAIT, options.longest_poll_s)
            if self._clock() - told >= options.notice_s:
                told = self._clock()
                place = replace(place, polls=place.polls + 1)
                yield RowPage((), place.as_resume(), complete=False)

    def _rows(self, place: BulkPlace) -> Iterator[RowPage]:
        """Give the rows of a finished job; every page is held back until what follows it is known to be whole."""
        idle = 0
        while True:
            answer = self._client.query_results(place.job_id, place.locator, self._max_rows)
            self._learn(answer)
            rows = bulk_rows(answer, self._source)
            skipped = sum(1 for _ in islice(rows, place.skip))
            held = tuple(islice(rows, self._options.rows_at_once))
            if not held:
                place = replace(place, locator=answer.locator, skip=place.skip - skipped)
                idle = 0 if skipped else idle + 1
            while held:
                idle = 0
                following = tuple(islice(rows, self._options.rows_at_once))
                given = place.given + len(held)
                if following:
                    place = replace(place, given=given, skip=place.skip + len(held))
                else:
                    place = replace(place, given=given, locator=answer.locator, skip=0)
                    place = replace(place, done=answer.locator is None and self._is_all(place))
                if following or answer.locator is not None or place.done:
                    yield RowPage(held, place.as_resume(), complete=False)
                held = following
            if answer.locator is None and self._is_all(place):
                return
            if answer.locator is None or idle > _EMPTY_PAGES:
                raise self._too_few(place)

    def _is_all(self, place: BulkPlace) -> bool:
        return place.skip == 0 and place.given >= (place.expected or 0)

    def _learn(self, answer: BulkAnswer) -> None:
        """Ask for a page of about one size in characters, taking its rows to be as wide as those of the last one."""
        if answer.rows > 0:
            options = self._options
            fitting = options.page_characters * answer.rows // max(1, len(answer.csv_text))
            self._max_rows = max(1, min(fitting, self._max_rows * _LARGEST_GROWTH, options.most_rows))

    def _delete(self, job_id: str) -> None:
        """Delete a job; one that stays is deleted by the CRM after a week."""
        try:
            self._client.delete_query_job(job_id)
        except ConnectorError as exc:
            extra = {**self._extra(job_id), "error": type(exc).__name__}
            _LOGGER.info("a Bulk job could not be deleted", extra=extra)

    def _failed(self, job: QueryJob) -> JobFailedError:
        _LOGGER.warning("a Bulk job failed", extra={**self._extra(job.job_id), "state": job.state.value})
        self._delete(job.job_id)
        why = f": {job.error}" if job.error else ""
        return JobFailedError(
            f"Bulk job {job.job_id} of {self._source.object_name} is {job.state.value}{why}.",
            hint="See Setup > Bulk Data Load Jobs.",
            connector="salesforce",
            stream=self._source.object_name,
        )

    def _too_few(self, place: BulkPlace) -> ServerError:
        return ServerError(
            f"The result of Bulk job {place.job_id} of {self._source.object_name} ends after {place.given} rows of "
            f"{place.expected}.",
            hint="Try again later.",
            connector="salesforce",
            stream=self._source.object_name,
        )

    def _extra(self, job_id: str) -> dict[str, str]:
        return {"stream": self._source.object_name, "job_id": job_id}
