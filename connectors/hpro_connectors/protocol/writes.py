"""What became of fields and rows that were written, and what it cost."""

from __future__ import annotations

from enum import StrEnum

from hpro_sdk.lead import Frozen, LeadKey, UtcDatetime


class FieldState(StrEnum):
    """What became, or would become, of one of our own fields."""

    PRESENT = "present"
    CREATED = "created"
    CONFLICT = "conflict"


class EnsuredField(Frozen):
    """One of our own fields, and what was done or would be done; ``detail`` explains a conflict."""

    name: str
    state: FieldState
    detail: str = ""


class WriteStatus(StrEnum):
    """What became of one row.

    ``WRITTEN``: the CRM holds it. ``RETRY``: not now (a lock, a busy server). ``REJECTED``: not this payload.
    ``GONE``: the record was deleted or merged away. ``SKIPPED``: the CRM takes no writes on it (a converted lead).
    """

    WRITTEN = "written"
    RETRY = "retry"
    REJECTED = "rejected"
    GONE = "gone"
    SKIPPED = "skipped"


class WriteResult(Frozen):
    """The result of one row; ``code`` and ``message`` are the CRM's own words."""

    lead: LeadKey
    status: WriteStatus
    code: str | None = None
    message: str | None = None


class CallLimits(Frozen):
    """Counters of this connector, and what the CRM says is left.

    Attributes:
        calls: Requests sent since the connector was made.
        rows_written: Rows the CRM took since then.
        requests_left: Of the org's quota; ``None`` when there is none or it is not known yet.
        requests_max: The whole quota.
        resets_at: When it starts anew.
    """

    calls: int
    rows_written: int
    requests_left: int | None = None
    requests_max: int | None = None
    resets_at: UtcDatetime | None = None
