"""Queries by REST of one source, split into column parts where its columns are too long for a URL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.client.salesforce_client import QueryAnswer
from hpro_connectors.salesforce.errors import CursorExpiredError, RequestTooLongError
from hpro_connectors.salesforce.rows.column_chunks import ROWS_AT_ONCE, Chunk, ids_at_once, join_chunks, split_columns
from hpro_connectors.salesforce.rows.keyset import read_id
from hpro_connectors.salesforce.rows.request_length import RequestLength
from hpro_connectors.salesforce.rows.rest_rows import rest_rows
from hpro_connectors.salesforce.rows.row_client import RowClient
from hpro_connectors.salesforce.rows.row_source import Row, Source
from hpro_connectors.salesforce.rows.soql import among, encoded_length, select

_IDLE_ANSWERS = 5


class Piece(NamedTuple):
    """Some rows of an answer.

    Attributes:
        rows: Whole, as they are now.
        first: What was first read of them, in their order.
        is_last: Whether the answer holds no more.
    """

    rows: list[Row]
    first: list[Row]
    is_last: bool


class RestQueries:
    """Asks for rows of a source under changing conditions.

    Args:
        client: Of one org.
        source: What is read.
        length: How long a query may be.
        page_size: Rows that an answer is asked for.
        include_deleted: Whether deleted and archived rows are among those asked for.
    """

    def __init__(
        self, client: RowClient, source: Source, length: RequestLength, *, page_size: int, include_deleted: bool
    ) -> None:
        self._client = client
        self._source = source
        self._length = length
        self._page_size = page_size
        self._include_deleted = include_deleted
        self._chunks: list[Chunk] = [source.columns]
        self.asked = 0
        """Encoded characters of the latest query."""

    @property
    def is_split(self) -> bool:
        """Whether the latest query asked for a part of the columns only."""
        return len(self._chunks) > 1

    def ask(self, conditions: Sequence[str], order: Sequence[str]) -> QueryAnswer:
        """Ask for the first page of all rows under some conditions, or of the first part of their columns.

        Raises:
            RequestTooLongError: The conditions are too long, whatever is asked for.
        """
        source = self._source
        while True:
            besides = select((), source.object_name, conditions, order)
            self._chunks = split_columns(source, self._length, besides)
            soql = select(self._chunks[0], source.object_name, conditions, order)
            try:
                return self._query(soql)
            except RequestTooLongError as refused:
                self._length.halve(self.asked, refused)
                if encoded_length(besides) > self._length.limit // 2:
                    raise

    def more(self, answer: QueryAnswer) -> QueryAnswer:
        """Ask for the page after one that is not the last.

        Raises:
            CursorExpiredError: The CRM no longer knows it.
        """
        if answer.next_path is None:
            raise ValueError("nothing comes after the last page")
        return self._client.query_more(answer.next_path, batch_size=self._batch_size)

    def pieces(self, answer: QueryAnswer) -> Iterator[Piece]:
        """Give the rows of an answer whole, a bounded number at a time; at least one piece."""
        first = rest_rows(answer, self._source.object_name, self._chunks[0])
        if not self.is_split:
            yield Piece(first, first, is_last=True)
            return
        for at in range(0, max(1, len(first)), ROWS_AT_ONCE):
            piece = first[at : at + ROWS_AT_ONCE]
            whole = join_chunks(self._source, piece, self._chunks, self._ask_by_ids)
            yield Piece(whole, piece, is_last=at + ROWS_AT_ONCE >= len(first))

    @property
    def _batch_size(self) -> int:
        return ROWS_AT_ONCE if self.is_split else self._page_size

    def _query(self, soql: str) -> QueryAnswer:
        self.asked = encoded_length(soql)
        return self._client.query(soql, include_deleted=self._include_deleted, batch_size=self._batch_size)

    def _ask_by_ids(self, chunk: Chunk, ids: Sequence[str]) -> list[Row]:
        """Give a part of the rows that have some ids; what does not exist is left out."""
        source = self._source
        rows: dict[str, Row] = {}
        waiting = list(ids)
        idle = 0
        while waiting:
            some = waiting[: ids_at_once(self._length)]
            soql = select(chunk, source.object_name, [among(source.id, some)])
            known = len(rows)
            try:
                for answer in self._all_pages(soql):
                    rows.update((read_id(row, source), row) for row in rest_rows(answer, source.object_name, chunk))
                waiting = waiting[len(some) :]
            except RequestTooLongError as refused:
                self._length.halve(self.asked, refused)
            except CursorExpiredError:
                waiting = [row_id for row_id in waiting if row_id not in rows]
            idle = idle + 1 if len(rows) == known else 0
            if idle > _IDLE_ANSWERS:
                raise no_more_rows(source)
        return list(rows.values())

    def _all_pages(self, soql: str) -> Iterator[QueryAnswer]:
        answer = self._query(soql)
        yield answer
        while answer.next_path is not None:
            answer = self.more(answer)
            yield answer


def no_more_rows(source: Source) -> ServerError:
    """Make the error of an answer that goes on and gives nothing."""
    return ServerError(
        f"Salesforce keeps saying that there are more rows of {source.object_name}, and gives none.",
        hint="Try again later.",
        connector="salesforce",
        stream=source.object_name,
    )
