"""Transactions on the state file; those that write may be fenced off by a lease."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from hpro_connectors.state.translation import translating


class Transactions:
    """Begins transactions on one connection.

    Args:
        path: Of the state file, for messages.
        connection: Open.

    Attributes:
        path: Of the state file.
        fence: Called inside every transaction that writes, before anything else; raises when this process no longer
            holds the org. A process that slept while another one took over so cannot change anything.
    """

    def __init__(self, path: Path, connection: Connection) -> None:
        self.path = path
        self.fence: Callable[[Connection], None] | None = None
        self._connection = connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give the connection within a transaction that only reads."""
        with translating(self.path), self._connection.execution_options(writes=False).begin():
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give the connection within a transaction that writes: all of it is kept, or nothing when the body raises.

        Raises:
            StateLockedError: Another process holds the org by now, or writes to the file.
        """
        with translating(self.path), self._connection.execution_options(writes=True).begin():
            if self.fence is not None:
                self.fence(self._connection)
            yield self._connection
