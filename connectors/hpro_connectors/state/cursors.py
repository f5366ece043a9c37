"""How far streams were read: the increments' place, and that of a backfill, which goes its own way."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, func, select, update

from hpro_connectors.protocol import Backfill, Page, Window
from hpro_connectors.state._sql import insert_ignoring, upsert
from hpro_connectors.state.rows import StreamCursor
from hpro_connectors.state.schema import CURSORS
from hpro_connectors.state.transactions import Transactions


def read_cursor(connection: Connection, stream: str) -> StreamCursor:
    """Give how far the increments of a stream were read."""
    row = connection.execute(select(CURSORS).where(CURSORS.c.stream == stream)).first()
    if row is None:
        return StreamCursor()
    begins: datetime | None = row.window_start
    window = None if begins is None or row.window_end is None else Window(start=begins, end=row.window_end)
    return StreamCursor(cursor=row.cursor, window=window, resume=_value(row.resume))


def read_backfill(connection: Connection, stream: str) -> tuple[Backfill, JsonValue] | None:
    """Give a backfill that has not ended, and the resume of its last page; ``None`` when there is none."""
    row = connection.execute(select(CURSORS).where(CURSORS.c.stream == stream)).first()
    if row is None or row.backfill_end is None:
        return None
    return Backfill(end=row.backfill_end), _value(row.backfill_resume)


def store_place(connection: Connection, stream: str, window: Window | Backfill, page: Page) -> None:
    """Remember that a page was stored: where to go on, or that the window or the backfill is done.

    A cursor never goes back: the end of a window that lies before it moves nothing.

    Args:
        connection: Within the transaction that stores the page.
        stream: Which one.
        window: That the page is part of.
        page: The page.
    """
    resume = None if page.resume is None else json.dumps(page.resume)
    row: dict[str, object] = {"stream": stream}
    cursor = read_cursor(connection, stream).cursor
    if isinstance(window, Backfill):
        row |= {"cursor": window.end if cursor is None else cursor, "backfilled": page.complete}
        row |= {
            "backfill_end": None if page.complete else window.end,
            "backfill_resume": None if page.complete else resume,
        }
    elif page.complete:
        end = window.end if cursor is None else max(cursor, window.end)
        row |= {"cursor": end, "window_start": None, "window_end": None, "resume": None}
    else:
        row |= {"window_start": window.start, "window_end": window.end, "resume": resume}
    upsert(connection, CURSORS, [row])


class Cursors:
    """How far each stream was read; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def increments(self, stream: str) -> StreamCursor:
        """Give how far a stream was read, and a window that was begun and not ended."""
        with self._transactions.reading() as connection:
            return read_cursor(connection, stream)

    def backfill(self, stream: str) -> tuple[Backfill, JsonValue] | None:
        """Give a backfill that has not ended, and the resume of its last page; ``None`` when there is none."""
        with self._transactions.reading() as connection:
            return read_backfill(connection, stream)

    def begin_backfills(self, streams: Iterable[str], end: datetime) -> list[str]:
        """Begin the backfill of every stream that was never read, all of them at once, and give those streams.

        Their increments begin at the end of the backfill, so that what changes while it runs is not waited for.

        Args:
            streams: All streams of the connector.
            end: The server's clock minus the lag.
        """
        with self._transactions.writing() as connection:
            known = set(connection.scalars(select(CURSORS.c.stream).where(CURSORS.c.cursor.is_not(None))))
            new = [stream for stream in streams if stream not in known]
            rows = [{"stream": stream, "cursor": end, "backfill_end": end} for stream in new]
            insert_ignoring(connection, CURSORS, rows)
        return new

    def is_backfilled(self) -> bool:
        """Whether the backfill of every stream that was ever begun has ended, and there is one."""
        with self._transactions.reading() as connection:
            begun, ended = connection.execute(
                select(func.count(), func.count().filter(CURSORS.c.backfilled.is_(True))).select_from(CURSORS)
            ).one()
        return begun > 0 and begun == ended

    def forget_resume(self, stream: str, window: Window | Backfill) -> None:
        """Forget how far a window or a backfill was read, so that it begins anew; its end stays.

        Args:
            stream: Which one.
            window: Either the window that was begun or the backfill.
        """
        column = "backfill_resume" if isinstance(window, Backfill) else "resume"
        with self._transactions.writing() as connection:
            connection.execute(update(CURSORS).where(CURSORS.c.stream == stream).values({column: None}))


def _value(resume: str | None) -> JsonValue:
    value: JsonValue = None if resume is None else json.loads(resume)
    return value
