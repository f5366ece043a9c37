"""Errors between HPRO and a CRM, classified by what the caller should do: retry, skip the record, or stop.

The first line of a docstring is the class's default message.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, TypedDict, Unpack

from hpro_sdk.errors import HproError


class Where(TypedDict, total=False):
    """What every connector error may be told beside its message.

    Attributes:
        hint: The remedy, in one line.
        connector: Which connector, such as ``salesforce``.
        stream: Which object type was read or written.
        record_id: Id of the record concerned.
        sync_run_id: The pass in which it happened.
    """

    hint: str | None
    connector: str | None
    stream: str | None
    record_id: str | None
    sync_run_id: str | None


class ConnectorError(HproError):
    """Something between HPRO and the CRM failed.

    Args:
        message: What happened, in one line.
        **where: Remedy and place, see :class:`Where`; never lead text.
    """

    def __init__(self, message: str | None = None, **where: Unpack[Where]) -> None:
        self.connector = where.get("connector")
        self.stream = where.get("stream")
        self.record_id = where.get("record_id")
        self.sync_run_id = where.get("sync_run_id")
        super().__init__(message, **where)


class RetriableError(ConnectorError):
    """The CRM could not answer now; the same call may succeed later."""


class RateLimitedError(RetriableError):
    """The CRM asks for fewer calls.

    Args:
        message: What happened, in one line.
        retry_after_s: Seconds to wait, when the CRM says so.
        **where: Remedy and place, see :class:`Where`.
    """

    def __init__(
        self, message: str | None = None, *, retry_after_s: float | None = None, **where: Unpack[Where]
    ) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message, **where)


class ServerError(RetriableError):
    """The CRM failed to answer."""


class NetworkError(RetriableError):
    """The CRM cannot be reached."""


class ResumeExpiredError(ConnectorError):
    """The CRM no longer knows the place where reading stopped."""


class SkippableError(ConnectorError):
    """One record cannot be used; the others go on."""

    exit_code: ClassVar[int] = 3


class RecordRejectedError(SkippableError):
    """The CRM refused a record.

    Args:
        message: What happened, in one line.
        vendor_code: The CRM's own code for the refusal.
        **where: Remedy and place, see :class:`Where`.
    """

    def __init__(self, message: str | None = None, *, vendor_code: str | None = None, **where: Unpack[Where]) -> None:
        self.vendor_code = vendor_code
        super().__init__(message, **where)


class SmallerBatchError(SkippableError):
    """The CRM does not take so many rows at once; in smaller batches nothing of them is lost.

    Args:
        message: What happened, in one line.
        rows: Rows of a batch that it takes.
        **where: Remedy and place, see :class:`Where`.
    """

    def __init__(self, message: str | None = None, *, rows: int, **where: Unpack[Where]) -> None:
        self.rows = rows
        super().__init__(message, **where)


class FatalError(ConnectorError):
    """The pass cannot go on."""


class AuthError(FatalError):
    """The CRM does not accept the credentials."""


class PermissionDeniedError(FatalError):
    """The CRM user lacks a permission."""

    exit_code: ClassVar[int] = 2


class QuotaExhaustedError(FatalError):
    """The CRM's call quota, or HPRO's share of it, is used up.

    Args:
        message: What happened, in one line.
        resets_at: When calls are available again, when that is known.
        **where: Remedy and place, see :class:`Where`.
    """

    exit_code: ClassVar[int] = 5

    def __init__(
        self, message: str | None = None, *, resets_at: datetime | None = None, **where: Unpack[Where]
    ) -> None:
        self.resets_at = resets_at
        super().__init__(message, **where)


class SchemaDriftError(FatalError):
    """The CRM's fields are no longer those that the configuration names."""

    exit_code: ClassVar[int] = 2


class SafetyRailError(FatalError):
    """A safety rail stopped the pass before it wrote: a person must decide."""

    exit_code: ClassVar[int] = 2


class RunStoppedError(ConnectorError):
    """The run was asked to stop; what was stored stays."""

    exit_code: ClassVar[int] = 3


class StateError(ConnectorError):
    """HPRO's own state cannot be used."""


class StateLockedError(StateError):
    """Another process holds this org."""

    exit_code: ClassVar[int] = 4


class MigrationError(StateError):
    """The state database cannot be brought to this version's schema."""
