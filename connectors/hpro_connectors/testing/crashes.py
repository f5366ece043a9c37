"""A process that dies at any step: between two transactions of the state, or inside one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from typing import Self

from sqlalchemy import Connection

from hpro_connectors.state.transactions import Transactions

Begin = Callable[[], AbstractContextManager[Connection]]


class Crash(BaseException):
    """The process is gone; no handler of errors is meant to see it."""


class CrashPlace(StrEnum):
    """Where a process dies: before a transaction begins, before it is committed, or right after."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


class CrashPoint:
    """Lets a process die at one of its transactions; each later one dies too, for the process is gone.

    Example::

        with CrashPoint(store.transactions, number=7, place=CrashPlace.INSIDE), suppress(Crash):
            run_pass(connector, store, scorer)
        store.close()  # and open it anew, as the next process does

    Args:
        transactions: Of the state that the process has open.
        number: Of the transaction, counted from 0; readers count too.
        place: Where.

    Attributes:
        happened: Whether it came so far.
    """

    def __init__(self, transactions: Transactions, number: int, place: CrashPlace) -> None:
        self.happened = False
        self._transactions = transactions
        self._left = number
        self._place = place

    def __enter__(self) -> Self:
        own = self._transactions
        # In place of the methods, and not as attributes of another type.
        vars(own).update(reading=self._watched(own.reading), writing=self._watched(own.writing))
        return self

    def __exit__(self, *_: object) -> None:
        del self._transactions.reading
        del self._transactions.writing

    def _watched(self, begin: Begin) -> Begin:
        @contextmanager
        def watched() -> Iterator[Connection]:
            here = self._left == 0
            self._left -= 1
            if self.happened or (here and self._place is CrashPlace.BEFORE):
                self._die()
            with begin() as connection:
                yield connection
                if here and self._place is CrashPlace.INSIDE:
                    self._die()
            if here and self._place is CrashPlace.AFTER:
                self._die()

        return watched

    def _die(self) -> None:
        self.happened = True
        raise Crash
