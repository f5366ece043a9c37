"""What a service runs, and what can be said of it while it does."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hpro_connectors.service.schedule import ScheduleSettings
from hpro_connectors.state.runs import RunStatus

StopSignal = threading.Event
"""Set when a run should come to an end; asked between pages and batches, and ends every wait."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended that raised nothing.

    Attributes:
        status: How. A stop of a safety rail is one of these, no error: the next pass reads and scores.
        reason: In words; never lead text.
    """

    status: RunStatus
    reason: str | None = None


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class ServiceJob:
    """The passes over one org.

    Attributes:
        name: Of the org in the configuration; no two jobs share one.
        schedule: When passes begin.
        run: Runs one pass. Takes the org's lease and gives it back; raises what a pass raises.
        last_success: When the last pass that did its work began; ``None``: never yet. Asked once, at the start.
        check: Called once before anything begins; raises when the configuration, the org or the state is wrong, or when
            another process holds the org.
    """

    name: str
    schedule: ScheduleSettings
    run: Callable[[StopSignal], RunResult]
    last_success: Callable[[], datetime | None]
    check: Callable[[], None] = _nothing


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands.

    Attributes:
        name: Of the job.
        running: Whether a pass runs now.
        last_started_at: When the last pass of this process began.
        last_ended_at: When the last pass of this process ended.
        last_status: How it ended.
        last_code: Name of the error that ended it.
        last_reason: In words.
        failures: Passes that failed since the last one that did not.
        next_due_at: When the next pass begins.
    """

    name: str
    running: bool = False
    last_started_at: datetime | None = None
    last_ended_at: datetime | None = None
    last_status: RunStatus | None = None
    last_code: str | None = None
    last_reason: str | None = None
    failures: int = 0
    next_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceState:
    """How a service stands.

    Attributes:
        at: When this was asked.
        started_at: When the service began; ``None``: it has not.
        awake_at: When its main loop gave its last sign of life.
        stopping: Whether it is about to end.
        jobs: All of them, by name.
    """

    at: datetime
    started_at: datetime | None
    awake_at: datetime | None
    stopping: bool
    jobs: tuple[JobState, ...]
