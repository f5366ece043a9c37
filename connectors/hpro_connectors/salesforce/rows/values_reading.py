"""The rows that exist now and hold one of many values in a column, asked for a list of values at a time."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpro_connectors.salesforce.client.record_ids import is_record_id
from hpro_connectors.salesforce.client.salesforce_client import QueryAnswer
from hpro_connectors.salesforce.errors import CursorExpiredError, QueryTooLargeError, RequestTooLongError
from hpro_connectors.salesforce.rows.keyset import read_id
from hpro_connectors.salesforce.rows.request_length import RequestLength
from hpro_connectors.salesforce.rows.rest_queries import RestQueries, no_more_rows
from hpro_connectors.salesforce.rows.row_client import RowClient
from hpro_connectors.salesforce.rows.row_source import RowPage, Source
from hpro_connectors.salesforce.rows.soql import among, encoded_length, text_literal

_ID_TYPES = {"id", "reference"}
_EMPTY_ANSWERS = 3
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Group:
    """Values of one query, and the id after which its rows are still to be read."""

    values: tuple[str, ...]
    after: str | None = None


class ValuesReader:
    """Reads the rows of a source that hold some values.

    Args:
        client: Of one org.
        source: What is read.
        length: How long a query may be.
        page_size: Rows that an answer is asked for.
    """

    def __init__(self, client: RowClient, source: Source, length: RequestLength, *, page_size: int) -> None:
        self._source = source
        self._length = length
        self._queries = RestQueries(client, source, length, page_size=page_size, include_deleted=source.archived)
        self._groups: deque[_Group] = deque()
        self._after: str | None = None

    def read(self, column: str, values: Sequence[str]) -> Iterator[RowPage]:
        """Give the rows; the last page is complete.

        Args:
            column: Where the values are looked for.
            values: Of ids, those that have not the form of one are passed over: there is no such record.

        Raises:
            ConnectorError: The rows cannot be read.
        """
        wanted = list(dict.fromkeys(values))
        if self._holds_ids(column):
            wanted = [value for value in wanted if is_record_id(value)]
        self._groups = deque([_Group(tuple(wanted))] if wanted else [])
        if not self._groups:
            yield RowPage((), None, complete=True)
        while self._groups:
            group = self._groups.popleft()
            self._after = group.after
            fitting = _grouped(group.values, self._length.limit // 2)
            if len(fitting) > 1:
                self._put_back(fitting)
                continue
            try:
                yield from self._pages(column, group)
            except RequestTooLongError:
                if len(group.values) == 1:
                    raise
                self._put_back(_halves(group.values))
            except QueryTooLargeError as refused:
                if len(group.values) == 1:
                    self._length.halve(self._queries.asked, refused)
                self._put_back(_halves(group.values))

    def _pages(self, column: str, group: _Group) -> Iterator[RowPage]:
        answer = self._ask(column, group)
        idle = 0
        while True:
            done = answer.next_path is None
            for piece in self._queries.pieces(answer):
                if piece.first:
                    self._after = read_id(piece.first[-1], self._source)
                complete = piece.is_last and done and not self._groups
                if piece.rows or complete:
                    yield RowPage(tuple(piece.rows), None, complete=complete)
            if done:
                return
            idle = 0 if answer.records else idle + 1
            if idle > _EMPTY_ANSWERS:
                raise no_more_rows(self._source)
            answer = self._next(column, group, answer)

    def _ask(self, column: str, group: _Group) -> QueryAnswer:
        source = self._source
        beyond = "" if self._after is None else f"{source.id} > {text_literal(self._after)}"
        conditions = (among(column, group.values), beyond, source.narrowed, source.alive)
        return self._queries.ask(conditions, (source.id,))

    def _next(self, column: str, group: _Group, answer: QueryAnswer) -> QueryAnswer:
        try:
            return self._queries.more(answer)
        except CursorExpiredError:
            extra = {"stream": self._source.object_name}
            _LOGGER.info("a cursor has expired; reading goes on after the last row", extra=extra)
            return self._ask(column, group)

    def _put_back(self, groups: Sequence[tuple[str, ...]]) -> None:
        self._groups.extendleft(_Group(values, self._after) for values in reversed(groups) if values)

    def _holds_ids(self, column: str) -> bool:
        kind = self._source.types.get(column)
        return kind in _ID_TYPES or column == self._source.id or (kind is None and column.endswith("Id"))


def _grouped(values: Sequence[str], room: int) -> list[tuple[str, ...]]:
    """Put values together that fit into a query."""
    groups: list[list[str]] = []
    left = 0
    for value in values:
        needed = encoded_length(text_literal(value) + ",")
        if not groups or needed > left:
            groups.append([])
            left = room - encoded_length(" IN ()")
        groups[-1].append(value)
        left -= needed
    return [tuple(group) for group in groups]


def _halves(values: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    middle = -(-len(values) // 2)
    return values[:middle], values[middle:]
