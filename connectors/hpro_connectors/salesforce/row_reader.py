"""Rows out of the CRM, by whichever of its APIs fits: windows, first loads, rows by a value, and all ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import JsonValue

from hpro_connectors.protocol import IdList, Window
from hpro_connectors.salesforce.rows import Row, RowPage, Source

if TYPE_CHECKING:
    from hpro_connectors.salesforce.client import SalesforceClient

__all__ = ["Row", "RowPage", "RowReader", "Source"]


class RowReader:
    """Reads rows of any object; one thread at a time.

    Args:
        client: Of one org.
        page_size: Rows that a REST answer is asked for, from 200 to 2,000; the CRM may give fewer.
    """

    def __init__(self, client: SalesforceClient, *, page_size: int = 2000) -> None:
        self._client = client
        self._page_size = page_size

    def window(self, source: Source, window: Window, resume: JsonValue) -> Iterator[RowPage]:
        """Give what was stamped in a window, deleted rows among it, ordered by stamp and id.

        Raises:
            ResumeExpiredError: ``resume`` is not of this window.
            ConnectorError: The rows cannot be read.
        """
        raise NotImplementedError

    def backfill(self, source: Source, end: datetime, resume: JsonValue) -> Iterator[RowPage]:
        """Give everything that exists and was stamped before ``end``.

        Raises:
            ResumeExpiredError: ``resume`` is not of this source, or the CRM no longer keeps what it points to.
            ConnectorError: The rows cannot be read.
        """
        raise NotImplementedError

    def by_values(self, source: Source, column: str, values: Sequence[str]) -> Iterator[RowPage]:
        """Give the rows that exist now and hold one of some values in a column; pages have no ``resume``.

        Raises:
            ConnectorError: The rows cannot be read.
        """
        raise NotImplementedError

    def ids(self, source: Source) -> IdList:
        """Give the ids of all rows that exist now; complete only when the CRM said that these are all.

        Raises:
            ConnectorError: The ids cannot be read.
        """
        raise NotImplementedError
