"""The events that passes and the service log, as ``extra={"event": LogEvent.PASS_ENDED}``."""

from __future__ import annotations

from enum import StrEnum


class LogEvent(StrEnum):
    """What a log record is about; its message is constant text, and its data are in ``extra``."""

    RUN_STARTED = "run_started"
    """A run began."""

    PAGE_STORED = "page_stored"
    """The rows of a page and the cursor after it were committed."""

    STREAM_READ = "stream_read"
    """A stream was read up to the end of its window."""

    RECONCILED = "reconciled"
    """All ids were compared with those of the CRM."""

    SCORED = "scored"
    """Leads were scored and ranked."""

    PLANNED = "planned"
    """What would be written was worked out and stored."""

    BATCH_WRITTEN = "batch_written"
    """A batch was sent, and its results were stored."""

    ROW_REJECTED = "row_rejected"
    """The CRM refused a row; it is a dead letter now."""

    ROW_RETRIED = "row_retried"
    """A row was not taken this time and will be sent again."""

    PASS_ENDED = "pass_ended"  # noqa: S105 - no password, though it is spelt like one
    """A pass ended; its counts are in the record."""

    RAIL_STOPPED = "rail_stopped"
    """A safety rail stopped the pass before it wrote."""

    LEASE_TAKEN = "lease_taken"
    """This process became the one that writes to the org."""

    LEASE_LOST = "lease_lost"
    """Another process became the one that writes to the org."""

    RETRIED = "retried"
    """A call failed and is tried again."""

    BREAKER_OPENED = "breaker_opened"
    """Too many calls failed in a row; calls pause."""

    BUDGET_REACHED = "budget_reached"
    """HPRO's share of the CRM's calls is used up."""

    SCHEDULE_TICK = "schedule_tick"
    """The clock asks for a pass."""

    SERVE_STOPPING = "serve_stopping"
    """The service was asked to stop; it finishes the batch in flight."""

    MODEL_INSTALLED = "model_installed"
    """Another model scores from now on."""

    FORGOTTEN = "forgotten"
    """A person was erased everywhere."""
