"""The events that passes and the service log, as ``extra={"event": LogEvent.PASS_ENDED}``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class LogEvent(StrEnum):
    """What a log record is about; its message is constant text, and its data are in ``extra``."""

    RUN_STARTED = "run_started"
    PAGE_STORED = "page_stored"
    STREAM_READ = "stream_read"
    RECONCILED = "reconciled"
    SCORED = "scored"
    PLANNED = "planned"
    BATCH_WRITTEN = "batch_written"
    ROW_REJECTED = "row_rejected"
    ROW_RETRIED = "row_retried"
    PASS_ENDED = "pass_ended"  # noqa: S105 - no password, though it is spelt like one
    RAIL_STOPPED = "rail_stopped"
    LEASE_TAKEN = "lease_taken"
    LEASE_LOST = "lease_lost"
    RETRIED = "retried"
    BREAKER_OPENED = "breaker_opened"
    BUDGET_REACHED = "budget_reached"
    SCHEDULE_TICK = "schedule_tick"
    SERVE_STOPPING = "serve_stopping"
    MODEL_INSTALLED = "model_installed"
    FORGOTTEN = "forgotten"


EVENT_MEANINGS: Final[Mapping[LogEvent, str]] = MappingProxyType(
    {
        LogEvent.RUN_STARTED: "A run began.",
        LogEvent.PAGE_STORED: "The rows of a page and the cursor after it were committed.",
        LogEvent.STREAM_READ: "A stream was read up to the end of its window.",
        LogEvent.RECONCILED: "All ids were compared with those of the CRM.",
        LogEvent.SCORED: "Leads were scored and ranked.",
        LogEvent.PLANNED: "What would be written was worked out and stored.",
        LogEvent.BATCH_WRITTEN: "A batch was sent, and its results were stored.",
        LogEvent.ROW_REJECTED: "The CRM refused a row; it is a dead letter now.",
        LogEvent.ROW_RETRIED: "A row was not taken this time and will be sent again.",
        LogEvent.PASS_ENDED: "A pass ended; its counts are in the record.",
        LogEvent.RAIL_STOPPED: "A safety rail stopped the pass before it wrote.",
        LogEvent.LEASE_TAKEN: "This process became the one that writes to the org.",
        LogEvent.LEASE_LOST: "Another process became the one that writes to the org.",
        LogEvent.RETRIED: "A call failed and is tried again.",
        LogEvent.BREAKER_OPENED: "Too many calls failed in a row; calls pause.",
        LogEvent.BUDGET_REACHED: "HPRO's share of the CRM's calls is used up.",
        LogEvent.SCHEDULE_TICK: "The clock asks for a pass.",
        LogEvent.SERVE_STOPPING: "The service was asked to stop; it finishes the batch in flight.",
        LogEvent.MODEL_INSTALLED: "Another model scores from now on.",
        LogEvent.FORGOTTEN: "A person was erased everywhere.",
    }
)
"""What each event says, for the README."""
