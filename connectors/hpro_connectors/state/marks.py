"""Single facts about an org that stand over all runs, by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, select

from hpro_connectors.state._sql import upsert
from hpro_connectors.state.schema import MARKS
from hpro_connectors.state.transactions import Transactions


class MarkName(StrEnum):
    """What is remembered.

    ``STOPPED``: a safety rail stopped writing, ``value`` says why. ``PAUSED``: a rollback or a person paused writing.
    ``LAST_READ``: every stream was read up to then, by the server's clock. ``LAST_RECONCILED``: ids were compared.
    ``MISSING``: so many leads were missing that a person must confirm. ``FORGET_KEY``: of the hashes of what was
    forgotten. ``LAST_ERASED``: texts past their retention were erased. ``METADATA``: a hash of what the CRM says of
    our fields. ``DELETIONS_LOST``: the CRM forgot deletions; ``value`` lists the streams, ``None`` stands for all.
    """

    STOPPED = "stopped"
    PAUSED = "paused"
    LAST_READ = "last_read"
    LAST_RECONCILED = "last_reconciled"
    MISSING = "missing"
    FORGET_KEY = "forget_key"
    LAST_ERASED = "last_erased"
    METADATA = "metadata"
    DELETIONS_LOST = "deletions_lost"


@dataclass(frozen=True, slots=True)
class Mark:
    """A fact: since when, and what about it."""

    at: datetime | None
    value: str | None


def read_mark(connection: Connection, name: MarkName) -> Mark | None:
    """Give a mark; ``None`` when it is not set."""
    row = connection.execute(select(MARKS).where(MARKS.c.name == name.value)).first()
    return None if row is None else Mark(row.at, row.value)


def set_mark(connection: Connection, name: MarkName, at: datetime | None = None, value: str | None = None) -> None:
    """Set a mark, whether it was set or not."""
    upsert(connection, MARKS, [{"name": name.value, "at": at, "value": value}])


def clear_mark(connection: Connection, name: MarkName) -> None:
    """Take a mark off."""
    connection.execute(delete(MARKS).where(MARKS.c.name == name.value))


def note_lost_deletions(connection: Connection, stream: str) -> None:
    """Remember that the CRM no longer knows of all deletions in a stream, beside the streams noted before."""
    before = read_mark(connection, MarkName.DELETIONS_LOST)
    if before is not None and before.value is None:
        return
    streams = set() if before is None else set(json.loads(before.value or "[]"))
    set_mark(connection, MarkName.DELETIONS_LOST, value=json.dumps(sorted({*streams, stream})))


class Marks:
    """The marks of one state file; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def get(self, name: MarkName) -> Mark | None:
        """Give a mark; ``None`` when it is not set."""
        with self._transactions.reading() as connection:
            return read_mark(connection, name)

    def set(self, name: MarkName, at: datetime | None = None, value: str | None = None) -> None:
        """Set a mark, whether it was set or not."""
        with self._transactions.writing() as connection:
            set_mark(connection, name, at, value)

    def clear(self, name: MarkName) -> None:
        """Take a mark off."""
        with self._transactions.writing() as connection:
            clear_mark(connection, name)
