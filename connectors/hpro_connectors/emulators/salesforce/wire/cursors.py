"""Cursors of queries whose answer has several pages. They end some time, and pages may be smaller than asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.ids import make_id
from hpro_connectors.emulators.salesforce.org.querying import OpenQuery, QueryResult, Row

LIFE = timedelta(days=2)
MOST_OPEN = 10
"""A user who opens more loses the oldest."""

_PREFIX = "01g"


@dataclass(slots=True)
class Cursor:
    """The answer to a query.

    Attributes:
        cursor_id: Its id.
        user_id: Who asked; nobody else may go on.
        answer: What was found.
        opened_at: When the query was asked.
    """

    cursor_id: str
    user_id: str
    answer: OpenQuery | QueryResult
    opened_at: datetime

    @property
    def total(self) -> int:
        """How many rows were found."""
        return self.answer.total if isinstance(self.answer, OpenQuery) else len(self.answer.rows)

    @property
    def object_name(self) -> str | None:
        """What the rows are records of; ``None`` for what functions made of many records."""
        return self.answer.object_name if isinstance(self.answer, OpenQuery) else None

    def rows(self, start: int, count: int) -> list[Row]:
        """Give some of the rows; a record that is gone meanwhile is left out.

        Args:
            start: The first one, from 0.
            count: At most so many.
        """
        if isinstance(self.answer, OpenQuery):
            return self.answer.rows(start, count)
        return self.answer.rows[start : start + count]


class CursorStore:
    """The open cursors of an org. Safe to use from several threads.

    Args:
        clock: By which they end.
        life: How long they last.
    """

    def __init__(self, clock: EmulatorClock, life: timedelta = LIFE) -> None:
        self._clock = clock
        self._life = life
        self._lock = threading.Lock()
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()
        self._opened = 0

    @property
    def open(self) -> int:
        """How many there are."""
        return len(self._cursors)

    def add(self, user_id: str, answer: OpenQuery | QueryResult) -> Cursor:
        """Open a cursor.

        Args:
            user_id: Who asks.
            answer: What was found.
        """
        with self._lock:
            self._opened += 1
            cursor_id = make_id(_PREFIX, self._opened)
            cursor = Cursor(cursor_id, user_id, answer, self._clock.now())
            self._cursors[cursor_id] = cursor
            own = [known for known in self._cursors.values() if known.user_id == user_id]
            for known in own[:-MOST_OPEN]:
                del self._cursors[known.cursor_id]
        return cursor

    def find(self, locator: str, user_id: str) -> tuple[Cursor, int]:
        """Find the place where a page begins.

        Args:
            locator: Cursor and place, as the page before named them.
            user_id: Who asks.

        Returns:
            The cursor, and how many rows were given before.

        Raises:
            ApiFault: There is no such place, or no longer.
        """
        cursor_id, _, place = locator.rpartition("-")
        with self._lock:
            cursor = self._cursors.get(cursor_id)
            if (
                cursor is None
                or cursor.user_id != user_id
                or not place.isdecimal()
                or int(place) >= cursor.total
                or self._clock.now() - cursor.opened_at > self._life
            ):
                raise ApiFault(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
            return cursor, int(place)

    def object_of(self, cursor_id: str) -> str | None:
        """Say what a cursor reads.

        Args:
            cursor_id: Which.
        """
        with self._lock:
            cursor = self._cursors.get(cursor_id)
            return None if cursor is None else cursor.object_name

    def expire_all(self) -> None:
        """Let all of them end."""
        with self._lock:
            self._cursors.clear()
