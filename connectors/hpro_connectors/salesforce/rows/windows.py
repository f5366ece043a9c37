"""What was stamped in a stretch of time, by REST, in the order (stamp, id).

A long answer comes in pages behind a cursor, and a cursor may show rows as they are now and not as they were when the
query was made. Where the stretch lies well in the past, a row that changed since shows a stamp beyond its end: it is
left to the reading of that later time. Where it does not, each page is a query of its own, which is right at any time.
So a place in the order is always that of a row which stands there, and nothing between two places is passed over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hpro_connectors.salesforce.client.salesforce_client import QueryAnswer
from hpro_connectors.salesforce.errors import CursorExpiredError, QueryTooLargeError
from hpro_connectors.salesforce.rows.keyset import Place, read_id, read_stamp, whole_seconds
from hpro_connectors.salesforce.rows.request_length import RequestLength
from hpro_connectors.salesforce.rows.rest_queries import RestQueries, no_more_rows
from hpro_connectors.salesforce.rows.row_client import RowClient
from hpro_connectors.salesforce.rows.row_source import Row, RowPage, Source
from hpro_connectors.salesforce.rows.soql import moment_literal

LONGEST_QUERY_TIME = timedelta(seconds=120)
"""A query takes no longer; what lies further back was settled when it began."""

_BEFORE_ANY_ROW = datetime(1999, 1, 1, tzinfo=UTC)
_SHORTEST_SPAN = timedelta(seconds=1)
_EMPTY_PAGES = 3
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, ``[start, end)`` in whole seconds; without a start it reaches back to the first row."""

    start: datetime | None
    end: datetime


class WindowReader:
    """Reads one stretch once.

    Args:
        client: Of one org.
        source: What is read.
        length: How long a query may be.
        page_size: Rows that an answer is asked for.
        live: Whether only rows that exist are read; otherwise deleted ones are, too.
    """

    def __init__(
        self, client: RowClient, source: Source, length: RequestLength, *, page_size: int, live: bool = False
    ) -> None:
        self._client = client
        self._source = source
        self._length = length
        self._queries = RestQueries(
            client, source, length, page_size=page_size, include_deleted=not live or source.archived
        )
        self._fixed = (source.narrowed, source.alive if live else "")
        self._place: Place | None = None
        self._spans: list[Span] = []
        self._is_settled = False

    def read(self, start: datetime | None, end: datetime, place: Place | None) -> Iterator[RowPage]:
        """Give the rows that come after a place.

        Args:
            start: Where the stretch begins.
            end: Where it ends.
            place: After which row; ``None``: from the beginning.

        Raises:
            ConnectorError: The rows cannot be read.
        """
        self._place = place
        whole = Span(None if start is None else whole_seconds(start), whole_seconds(end))
        if whole.start is not None and whole.start >= whole.end:
            yield RowPage((), None, complete=True)
            return
        self._spans = [whole]
        while self._spans:
            span = self._spans.pop()
            try:
                yield from self._pages(span)
            except QueryTooLargeError as refused:
                self._halve(span, refused)

    def _pages(self, span: Span) -> Iterator[RowPage]:
        answer = self._ask(span)
        idle = 0
        while True:
            done = answer.next_path is None
            place = self._place
            for piece in self._queries.pieces(answer):
                rows = tuple(self._kept(piece.rows, piece.first, span, last=done))
                if piece.is_last and done and not self._spans:
                    yield RowPage(rows, None, complete=True)
                    return
                if rows:
                    yield self._page(rows)
            if done:
                return
            idle = idle + 1 if not answer.records or (place is not None and place == self._place) else 0
            if idle > _EMPTY_PAGES:
                raise no_more_rows(self._source)
            answer = self._next(span, answer)

    def _page(self, rows: tuple[Row, ...]) -> RowPage:
        return RowPage(rows, None if self._place is None else self._place.as_resume(), complete=False)

    def _kept(self, rows: Sequence[Row], first: Sequence[Row], span: Span, *, last: bool) -> Iterator[Row]:
        """Move on to the last row that stands in the span, and give the rows that no later page brings.

        Args:
            rows: As they are now.
            first: As they were when their place in the order was read.
            span: What is read.
            last: Whether no further query is made in this span.
        """
        for row in first:
            stamp = read_stamp(row, self._source)
            if stamp < span.end and (self._place is None or stamp >= self._place.stamp):
                self._place = Place.after(row, self._source)
        seen = {read_id(row, self._source): read_stamp(row, self._source) for row in first}
        for row in rows:
            stamp = read_stamp(row, self._source)
            moved = stamp != seen[read_id(row, self._source)]
            beyond = self._place is not None and stamp > self._place.stamp
            if stamp < span.end and (last or not (moved and beyond)):
                yield row

    def _ask(self, span: Span) -> QueryAnswer:
        source, place = self._source, self._place
        after: tuple[str, ...] = ()
        if place is not None:  # nothing lies between it and the start of a later half
            after = place.conditions(source)
        elif span.start is not None:
            after = (f"{source.stamp} >= {moment_literal(span.start)}",)
        before = f"{source.stamp} < {moment_literal(span.end)}"
        answer = self._queries.ask((*after, before, *self._fixed), (source.stamp, source.id))
        if answer.next_path is not None:
            self._is_settled = span.end + LONGEST_QUERY_TIME <= self._client.server_time()
        return answer

    def _next(self, span: Span, answer: QueryAnswer) -> QueryAnswer:
        if self._is_settled:
            try:
                return self._queries.more(answer)
            except CursorExpiredError:
                _LOGGER.info("a cursor has expired; reading goes on after the last row", extra=self._extra)
        return self._ask(span)

    def _halve(self, span: Span, refused: QueryTooLargeError) -> None:
        """Put what is left of a span back in two halves; of a single second, with fewer columns at a time."""
        begin = span.start or _BEFORE_ANY_ROW
        if self._place is not None:
            begin = max(begin, self._place.stamp)
        if span.end - begin <= _SHORTEST_SPAN:
            self._length.halve(self._queries.asked, refused)
            self._spans.append(span)
            return
        middle = whole_seconds(begin + (span.end - begin) / 2)
        _LOGGER.info("a query was too large; its time is halved", extra=self._extra)
        self._spans += [Span(middle, span.end), Span(span.start, middle)]

    @property
    def _extra(self) -> dict[str, str]:
        return {"stream": self._source.object_name}
