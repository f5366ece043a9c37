"""Rows out of the CRM, by whichever of its APIs fits: windows, first loads, rows by a value, and all ids."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import JsonValue

from hpro_connectors.protocol import IdList, Window
from hpro_connectors.salesforce.errors import BulkUnsupportedError, QueryTooLargeError, RequestTooLongError
from hpro_connectors.salesforce.rows.bulk_reading import BulkOptions, BulkReader, Clock, JobFailedError, Sleep
from hpro_connectors.salesforce.rows.id_lists import read_ids
from hpro_connectors.salesforce.rows.keyset import Place
from hpro_connectors.salesforce.rows.request_length import RequestLength
from hpro_connectors.salesforce.rows.row_client import RowClient
from hpro_connectors.salesforce.rows.row_source import Row, RowPage, Source
from hpro_connectors.salesforce.rows.soql import moment_literal
from hpro_connectors.salesforce.rows.values_reading import ValuesReader
from hpro_connectors.salesforce.rows.windows import WindowReader

__all__ = ["BulkOptions", "Row", "RowPage", "RowReader", "Source"]

_NOT_IN_BULK = {"address", "location", "base64", "json", "complexvalue"}
_LOGGER = logging.getLogger(__name__)


class RowReader:
    """Reads rows of any object; one thread at a time.

    Args:
        client: Of one org.
        page_size: Rows that a REST answer is asked for, from 200 to 2,000; the CRM may give fewer.
        bulk: How Bulk jobs are waited for and read.
        sleep: Waits some seconds while a Bulk job is at work; may raise where the run is to end.
        clock: Seconds; moves on while ``sleep`` sleeps.
    """

    def __init__(
        self,
        client: RowClient,
        *,
        page_size: int = 2000,
        bulk: BulkOptions | None = None,
        sleep: Sleep = time.sleep,
        clock: Clock = time.monotonic,
    ) -> None:
        if not 200 <= page_size <= 2000:
            raise ValueError(f"page_size must be from 200 to 2,000, not {page_size}")
        self._client = client
        self._page_size = page_size
        self._bulk = bulk or BulkOptions()
        self._sleep = sleep
        self._clock = clock
        self._length = RequestLength()

    def window(self, source: Source, window: Window, resume: JsonValue) -> Iterator[RowPage]:
        """Give what was stamped in a window, deleted rows among it, ordered by stamp and id.

        Args:
            source: What is read.
            window: Of ``source.stamp``, half open; both ends are rounded down to a second.
            resume: Of the last page that was stored; ``None`` begins anew.

        Raises:
            ResumeExpiredError: ``resume`` is not of this window.
            ConnectorError: The rows cannot be read.
        """
        place = None if resume is None else Place.from_resume(resume, source, window.start, window.end)
        reader = WindowReader(self._client, source, self._length, page_size=self._page_size)
        yield from reader.read(window.start, window.end, place)

    def backfill(self, source: Source, end: datetime, resume: JsonValue) -> Iterator[RowPage]:
        """Give everything that exists and was stamped before ``end``, in any order.

        By a Bulk job, whose id comes with a first page without rows, so that it is stored before the job is waited
        for; by REST, in the order of a window, where Bulk does not know the object or fails.

        Args:
            source: What is read.
            end: Of ``source.stamp``, rounded down to a second; what is stamped later is left out.
            resume: Of the last page that was stored; ``None`` begins anew.

        Raises:
            ResumeExpiredError: ``resume`` is not of this source, or the CRM no longer has what it points to.
            RunStoppedError: A Bulk job takes too long, or the run is to end; a later read goes on with it.
            ConnectorError: The rows cannot be read.
        """
        if isinstance(resume, list):
            yield from self._backfill_by_rest(source, end, Place.from_resume(resume, source, None, end))
            return
        before = f"{source.stamp} < {moment_literal(end)}"
        job = self._job(source, (before, source.narrowed, source.alive))
        if resume is None:
            if not _is_for_bulk(source):
                yield from self._backfill_by_rest(source, end, None)
                return
            try:
                begun = job.begin()
            except (BulkUnsupportedError, QueryTooLargeError, RequestTooLongError):
                _LOGGER.info("Bulk does not take an object; it is read by REST", extra={"stream": source.object_name})
                yield from self._backfill_by_rest(source, end, None)
                return
            yield begun
            resume = begun.resume
        try:
            yield from job.read(resume)
        except JobFailedError:  # REST gives the rows, or says why it cannot in words that help
            yield from self._backfill_by_rest(source, end, None)

    def by_values(self, source: Source, column: str, values: Sequence[str]) -> Iterator[RowPage]:
        """Give the rows that exist now and hold one of some values in a column.

        Args:
            source: What is read.
            column: Where the values are looked for.
            values: Of any number. Those that are no ids are passed over where the column holds ids.

        Returns:
            Pages without ``resume``; the last one is complete.

        Raises:
            ConnectorError: The rows cannot be read.
        """
        return ValuesReader(self._client, source, self._length, page_size=self._page_size).read(column, values)

    def ids(self, source: Source) -> IdList:
        """Give the ids of all rows that exist now; complete only when the CRM said that these are all.

        Raises:
            RunStoppedError: A Bulk job takes too long, or the run is to end; the job is ended too.
            ConnectorError: The ids cannot be read.
        """
        make_job = self._job if source.bulk else None
        return read_ids(self._client, source, self._length, make_job, page_size=self._page_size)

    def _backfill_by_rest(self, source: Source, end: datetime, place: Place | None) -> Iterator[RowPage]:
        reader = WindowReader(self._client, source, self._length, page_size=self._page_size, live=True)
        return reader.read(None, end, place)

    def _job(self, source: Source, conditions: tuple[str, ...]) -> BulkReader:
        return BulkReader(self._client, source, conditions, self._bulk, sleep=self._sleep, clock=self._clock)


def _is_for_bulk(source: Source) -> bool:
    return source.bulk and not any(source.types.get(column) in _NOT_IN_BULK for column in source.columns)
