"""What the answers say beside their content: calls that were sent, calls that are left, the server's clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from hpro_connectors.protocol import CallLimits

_OF_ORG = re.compile(r"(?:^|[;\s])api-usage=(\d+)/(\d+)")
_OF_APP = re.compile(r"per-app-api-usage=(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls of a quota.

    Attributes:
        used: In the last 24 hours.
        most: The whole quota.
    """

    used: int
    most: int

    @property
    def left(self) -> int:
        """What is left; the org may be over its quota."""
        return max(0, self.most - self.used)


def usage_of(limit_info: str) -> Usage | None:
    """Read ``Sforce-Limit-Info``.

    Args:
        limit_info: Such as ``api-usage=18/15000; per-app-api-usage=17/250(appName=hpro)``.

    Returns:
        Of the org's quota and the app's own the one that has fewer calls left; ``None`` where it names none.
    """
    named = [Usage(int(used), int(most)) for used, most in _OF_ORG.findall(limit_info) + _OF_APP.findall(limit_info)]
    return min(named, key=lambda usage: usage.left, default=None)


class CallCounts:
    """Counters of one client, and the newest of what the CRM says with every answer.

    Args:
        clock: Seconds that only grow; tells how old an answer is.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.calls = 0
        self.rows_written = 0
        self._clock = clock
        self._usage: Usage | None = None
        self._date: datetime | None = None
        self._dated_at = 0.0

    def note_answer(self, headers: Mapping[str, str]) -> None:
        """Take note of an answer's headers, whatever its status.

        Args:
            headers: Read without regard to upper and lower case, as requests gives them.
        """
        self._usage = usage_of(headers.get("Sforce-Limit-Info", "")) or self._usage
        date = _date_of(headers.get("Date", ""))
        if date is not None:
            self._date, self._dated_at = date, self._clock()

    def server_time(self, *, younger_than_s: float) -> datetime | None:
        """Give the server's clock as the latest answer has it.

        Args:
            younger_than_s: An answer that is older counts as none.
        """
        if self._date is None or self._clock() - self._dated_at >= younger_than_s:
            return None
        return self._date

    def limits(self) -> CallLimits:
        """Give the counters; the quota is a rolling one, so that it never starts anew at one moment."""
        left, most = (self._usage.left, self._usage.most) if self._usage is not None else (None, None)
        return CallLimits(calls=self.calls, rows_written=self.rows_written, requests_left=left, requests_max=most)


def _date_of(text: str) -> datetime | None:
    """Read the header ``Date``."""
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
