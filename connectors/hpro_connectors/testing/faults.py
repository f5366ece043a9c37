"""A fault script: which call of a connector fails, and how; a ``FaultyConnector`` plays it.

Calls and pages are counted from 1. A fault of a method is one of its nth call, or of its nth call on a stream; a fault
of a page is one of the nth page of that call, whatever was resumed before. After a failure, a caller that tries again
makes a new call.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random
from typing import Final, Literal, NamedTuple, Self

from hpro_connectors.errors import NetworkError, RateLimitedError, ServerError
from hpro_connectors.protocol import WriteStatus

Method = Literal[
    "identity",
    "describe",
    "server_time",
    "streams",
    "read",
    "read_by_lead",
    "list_ids",
    "ensure_fields",
    "write",
    "read_back",
]
MakeError = Callable[[], Exception]
"""An exception class with a default message, or anything else that makes an exception."""

PAGED: Final = frozenset({"read", "read_by_lead"})
RETRIABLE_ERRORS: Final[tuple[MakeError, ...]] = (
    NetworkError,
    ServerError,
    lambda: RateLimitedError(retry_after_s=2.0),
)
"""One of each class that is worth another try."""


class FaultKind(StrEnum):
    """How a call fails.

    ``BEFORE``: an error; nothing happened. ``AFTER``: an error, but the call took effect: its answer was lost.
    ``ROWS``: some rows of a write are answered with a status and are not written. ``ENDS``: the pages end before this
    one, without a complete one. ``TWICE``: this page comes twice.
    """

    BEFORE = "before"
    AFTER = "after"
    ROWS = "rows"
    ENDS = "ends"
    TWICE = "twice"


ERRORS: Final = frozenset({FaultKind.BEFORE, FaultKind.AFTER})
"""Faults that raise."""


class Place(NamedTuple):
    """Where a connector is.

    Attributes:
        method: What was called.
        call: How many calls of that method there were, with this one.
        stream: What is read.
        stream_call: How many calls of that method on that stream there were, with this one.
        page: Which page of this call comes next; ``None`` where there are no pages.
        rows: How many rows are written.
    """

    method: Method
    call: int
    stream: str | None = None
    stream_call: int = 0
    page: int | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; make it with one of the methods below.

    Attributes:
        method: Of the connector.
        kind: What goes wrong.
        nth: In which call of that method, or of that method on ``stream``.
        times: In so many calls, one after the other.
        stream: Only on this stream.
        page: Before or after which page of the call; without pages it means nothing.
        error: Makes what is raised.
        status: What rows are answered with.
        rows: Which rows, counted from 0; those beyond the last one are passed over.
    """

    method: Method
    kind: FaultKind
    nth: int = 1
    times: int = 1
    stream: str | None = None
    page: int = 1
    error: MakeError = NetworkError
    status: WriteStatus = WriteStatus.RETRY
    rows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a fault that could never happen."""
        if min(self.nth, self.times, self.page) < 1:
            raise ValueError("nth, times and page are counted from 1")
        if self.kind in {FaultKind.ENDS, FaultKind.TWICE} and self.method not in PAGED:
            raise ValueError(f"{self.method} has no pages")
        if self.kind is FaultKind.ROWS and self.method != "write":
            raise ValueError(f"{self.method} has no rows")

    @classmethod
    def before(
        cls,
        method: Method,
        error: MakeError = NetworkError,
        *,
        nth: int = 1,
        times: int = 1,
        stream: str | None = None,
        page: int = 1,
    ) -> Self:
        """Raise before the call, or before the page is asked for: the CRM never heard of it."""
        return cls(method, FaultKind.BEFORE, nth, times, stream, page, error)

    @classmethod
    def after(
        cls,
        method: Method,
        error: MakeError = NetworkError,
        *,
        nth: int = 1,
        times: int = 1,
        stream: str | None = None,
        page: int = 1,
    ) -> Self:
        """Raise after the call took effect: the answer, or the page, is lost."""
        return cls(method, FaultKind.AFTER, nth, times, stream, page, error)

    @classmethod
    def answers(cls, status: WriteStatus, rows: Sequence[int], *, nth: int = 1, times: int = 1) -> Self:
        """Answer some rows of a write with a status, and do not write them."""
        return cls("write", FaultKind.ROWS, nth, times, status=status, rows=tuple(rows))

    @classmethod
    def ends(
        cls, method: Method = "read", *, nth: int = 1, times: int = 1, stream: str | None = None, page: int = 1
    ) -> Self:
        """End the pages before this one, as if there were no more, but without a complete page."""
        return cls(method, FaultKind.ENDS, nth, times, stream, page)

    @classmethod
    def twice(
        cls, method: Method = "read", *, nth: int = 1, times: int = 1, stream: str | None = None, page: int = 1
    ) -> Self:
        """Give this page twice."""
        return cls(method, FaultKind.TWICE, nth, times, stream, page)

    def is_at(self, place: Place) -> bool:
        """Say whether it happens there."""
        if self.method != place.method or self.stream not in {None, place.stream}:
            return False
        call = place.call if self.stream is None else place.stream_call
        return self.nth <= call < self.nth + self.times and place.page in {None, self.page}


class FaultScript:
    """What goes wrong, and where; the same calls always meet the same faults.

    Args:
        faults: All of them; several may meet in one place.
    """

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = tuple(faults)

    @classmethod
    def random(
        cls,
        seed: int,
        rate: float,
        kinds: Collection[FaultKind] = frozenset(FaultKind),
        *,
        methods: Collection[Method] | None = None,
        errors: Sequence[MakeError] = RETRIABLE_ERRORS,
        statuses: Sequence[WriteStatus] = (WriteStatus.RETRY,),
        limit: int | None = None,
        in_a_row: int | None = None,
    ) -> FaultScript:
        """Let calls and pages fail at random, the same way for the same seed.

        Args:
            seed: Of the random numbers.
            rate: Chance that a call without pages, or a page, fails.
            kinds: What may go wrong; a call fails in one of those ways that it knows.
            methods: Which methods fail; ``None``: all.
            errors: What may be raised.
            statuses: What rows may be answered with; ``GONE`` would claim that a lead is gone that is there.
            limit: So many faults in all; ``None``: for ever.
            in_a_row: After so many faults one after the other something succeeds; ``None``: chance alone decides.
        """
        return _RandomScript(
            Random(seed),
            rate,
            sorted(kinds),
            methods=None if methods is None else frozenset(methods),
            errors=errors,
            statuses=statuses,
            limit=limit,
            in_a_row=in_a_row,
        )

    def at(self, place: Place) -> list[Fault]:
        """Give what goes wrong in a place; asked once for each place, in the order of the calls."""
        return [fault for fault in self._faults if fault.is_at(place)]


class _RandomScript(FaultScript):
    def __init__(
        self,
        random: Random,
        rate: float,
        kinds: Sequence[FaultKind],
        *,
        methods: frozenset[str] | None,
        errors: Sequence[MakeError],
        statuses: Sequence[WriteStatus],
        limit: int | None,
        in_a_row: int | None,
    ) -> None:
        super().__init__()
        self._random = random
        self._rate = rate
        self._kinds = kinds
        self._methods = methods
        self._errors = errors
        self._statuses = statuses
        self._left = limit
        self._in_a_row = in_a_row
        self._row = 0

    def at(self, place: Place) -> list[Fault]:
        """Draw what goes wrong."""
        kinds = [kind for kind in self._kinds if _knows(place, kind)]
        wanted = self._methods is None or place.method in self._methods
        spent = self._left == 0 or self._row == self._in_a_row
        if not kinds or not wanted or spent or self._random.random() >= self._rate:
            self._row = 0
            return []
        self._row += 1
        if self._left is not None:
            self._left -= 1
        return [self._draw(place, self._random.choice(kinds))]

    def _draw(self, place: Place, kind: FaultKind) -> Fault:
        fault = Fault(place.method, kind)
        if kind in ERRORS:
            return replace(fault, error=self._random.choice(self._errors))
        if kind is FaultKind.ROWS:
            rows = [row for row in range(place.rows) if self._random.random() < 0.5]
            chosen = tuple(rows or [self._random.randrange(place.rows)])
            return replace(fault, rows=chosen, status=self._random.choice(self._statuses))
        return fault


def _knows(place: Place, kind: FaultKind) -> bool:
    """Say whether something can go wrong in that way there."""
    if kind is FaultKind.ROWS:
        return place.rows > 0
    return kind in ERRORS or place.page is not None
