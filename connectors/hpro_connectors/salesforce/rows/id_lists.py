"""The ids of all rows that exist now, and whether the CRM said that these are all.

A list that is short by mistake would have leads taken for deleted. So it is complete only when the CRM said that the
answer is at its end, and when it holds as many ids as the CRM had announced.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace

from hpro_connectors.protocol import IdList
from hpro_connectors.salesforce.errors import BulkUnsupportedError, CursorExpiredError, QueryTooLargeError
from hpro_connectors.salesforce.rows.bulk_reading import BulkReader, JobFailedError
from hpro_connectors.salesforce.rows.keyset import read_id
from hpro_connectors.salesforce.rows.request_length import RequestLength
from hpro_connectors.salesforce.rows.rest_queries import RestQueries, no_more_rows
from hpro_connectors.salesforce.rows.row_client import RowClient
from hpro_connectors.salesforce.rows.row_source import RowPage, Source
from hpro_connectors.salesforce.rows.soql import select, text_literal

MOST_BY_REST = 10_000
"""Ids; a Bulk job takes about as many calls as five pages of REST."""

_EMPTY_ANSWERS = 3
_LOGGER = logging.getLogger(__name__)


def read_ids(
    client: RowClient,
    source: Source,
    length: RequestLength,
    make_job: Callable[[Source, tuple[str, ...]], BulkReader] | None,
    *,
    page_size: int,
) -> IdList:
    """Read all ids of a source.

    Args:
        client: Of one org.
        source: Whose.
        length: How long a query may be.
        make_job: Reads a source under some conditions by Bulk; ``None``: Bulk does not know it.
        page_size: Rows that a REST answer is asked for.

    Raises:
        RunStoppedError: A job takes too long, or the run is to end; the job is ended too.
        ConnectorError: They cannot be read.
    """
    narrow = replace(source, columns=(source.id,), stamp=source.id)
    conditions = (source.narrowed, source.alive)
    if make_job is not None and _are_many(client, narrow, conditions):
        try:
            return _by_job(make_job(narrow, conditions), narrow)
        except (BulkUnsupportedError, JobFailedError) as exc:
            extra = {"stream": source.object_name, "error": type(exc).__name__}
            _LOGGER.warning("ids are read by REST, since Bulk failed", extra=extra)
    queries = RestQueries(client, narrow, length, page_size=page_size, include_deleted=source.archived)
    return _by_rest(queries, narrow, conditions)


def _are_many(client: RowClient, source: Source, conditions: tuple[str, ...]) -> bool:
    soql = select(("COUNT()",), source.object_name, conditions)
    try:
        return client.query(soql, include_deleted=source.archived).total > MOST_BY_REST
    except QueryTooLargeError:
        return True


def _by_job(job: BulkReader, source: Source) -> IdList:
    first = job.begin()
    try:
        ids = frozenset(_ids_of(job.read(first.resume), source))
    except JobFailedError:
        raise
    except BaseException:  # the place in it is stored nowhere, so that nobody goes on with it
        job.give_up(first.resume)
        raise
    return IdList(ids=ids, complete=True)  # the job's rows were counted


def _ids_of(pages: Iterator[RowPage], source: Source) -> Iterator[str]:
    return (read_id(row, source) for page in pages for row in page.rows)


def _by_rest(queries: RestQueries, source: Source, conditions: tuple[str, ...]) -> IdList:
    ids: set[str] = set()
    last: str | None = None
    while True:
        beyond = "" if last is None else f"{source.id} > {text_literal(last)}"
        answer = queries.ask((beyond, *conditions), (source.id,))
        announced, given, idle = answer.total, 0, 0
        while True:
            found = [read_id(row, source) for piece in queries.pieces(answer) for row in piece.rows]
            ids.update(found)
            given += len(found)
            last = found[-1] if found else last
            idle = 0 if found else idle + 1
            if answer.next_path is None:
                return IdList(ids=frozenset(ids), complete=given >= announced)
            if idle > _EMPTY_ANSWERS:
                raise no_more_rows(source)
            try:
                answer = queries.more(answer)
            except CursorExpiredError:
                break
