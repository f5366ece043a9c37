"""What every connector can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from pydantic import JsonValue

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol.org import OrgDescription, OrgIdentity, StreamInfo
from hpro_connectors.protocol.pages import Backfill, IdList, Page, Window
from hpro_connectors.protocol.writes import CallLimits, EnsuredField, WriteResult


class Connector(Protocol):
    """One scored object of one org; see the module for what every connector keeps to."""

    def identity(self) -> OrgIdentity:
        """Say which org this is."""

    def describe(self) -> OrgDescription:
        """Give fields, stages and owners of the scored object."""

    def server_time(self) -> datetime:
        """Give the server's clock, the only one that windows and ages go by."""

    def streams(self) -> tuple[StreamInfo, ...]:
        """Give what can be read; leads first, then interactions, then history."""

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        """Give what changed in a window, page by page; the last page is complete.

        Args:
            stream: One of :meth:`streams`.
            window: What to read.
            resume: Of the last page that was stored; ``None`` begins anew.

        Raises:
            ResumeExpiredError: ``resume`` is not, or no longer, known. What was read is read again from the beginning.
        """

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        """Give all that a stream holds of some leads now, whenever it was modified.

        Args:
            stream: One of :meth:`streams`; a lead stream gives the leads themselves.
            lead_ids: Of the scored object. One that does not exist is passed over, and says nothing.
        """

    def list_ids(self, stream: str) -> IdList:
        """Give the ids of all records of a stream that exist now."""

    def ensure_fields(self, *, dry_run: bool = False) -> tuple[EnsuredField, ...]:
        """Make our own fields where they are missing; with ``dry_run`` only say what would be done."""

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Write score fields and nothing else.

        Returns:
            One result a row, in the order of the rows.
        """

    def read_back(self, lead_ids: Sequence[str]) -> dict[str, ScoreRow | None]:
        """Give what the CRM shows of our own fields, as :class:`LeadRecord` does; no record, no entry."""

    def limits(self) -> CallLimits:
        """Give the counters; costs no request."""


@runtime_checkable
class PreparedWriter(Protocol):
    """What a connector offers beside, where it looks at our fields before the first row, or likes many rows at once."""

    def prepare_write(self, waiting: int, usual: int) -> int:
        """Make sure that rows can be written, and say how many the next call of ``write`` should have.

        Called before each such call, while no row of it counts as sent.

        Args:
            waiting: Rows that wait to be written; at least one.
            usual: Rows of a call where the connector has no wish of its own.

        Returns:
            At least one.

        Raises:
            ConnectorError: No row could be written: a field of ours is missing, or may not be written.
        """
