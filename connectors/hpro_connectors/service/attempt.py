"""One run of a job: whatever becomes of it, the service goes on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from hpro_connectors.errors import FatalError, StateError
from hpro_connectors.service.job import RunResult, ServiceJob, StopSignal
from hpro_connectors.state.runs import RunStatus
from hpro_sdk.errors import HproError

_LOGGER = logging.getLogger(__name__)

AT_START_CODES = frozenset({2, 4})
"""Exit codes of errors that end a service at its start: a person must change something; another process is busy."""


def ends_at_start(error: HproError) -> bool:
    """Whether what the check of a job raised ends the service; in a pass it would be logged, and the next tick tried.

    Beside the exit codes it is a state file that cannot be opened: damaged, foreign or of another version. No tick
    would find it otherwise, and a person who just started the service is there to see it.

    Args:
        error: As it was raised.
    """
    return error.exit_code in AT_START_CODES or isinstance(error, StateError)


_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one run of a job ended.

    Attributes:
        status: How.
        code: Name of the error that ended it.
        reason: In words; never lead text.
        again_soon: Whether to try again before the next beginning by the schedule.
        error: What ended it, where that is one of our errors.
    """

    status: RunStatus
    code: str | None = None
    reason: str | None = None
    again_soon: bool = False
    error: HproError | None = None


def attempt(job: ServiceJob, stop: StopSignal) -> Attempt:
    """Run a job once; raises nothing.

    Args:
        job: Which one.
        stop: Tells its run when to come to an end.
    """
    try:
        result = job.run(stop)
    except HproError as exc:
        return _ended_by_ours(job, exc, stopping=stop.is_set())
    except Exception as exc:  # a service outlives whatever happens in a pass
        # The message of a foreign error may quote a record.
        _LOGGER.error("pass failed", extra={"job": job.name, "error": type(exc).__name__})  # noqa: TRY400
        _LOGGER.debug("where the pass failed", extra={"job": job.name}, exc_info=exc)
        return Attempt(RunStatus.FAILED, type(exc).__name__, again_soon=True)
    return _ended(job, result)


def _ended(job: ServiceJob, result: RunResult) -> Attempt:
    failed = result.status is RunStatus.FAILED
    level = logging.INFO if result.status in {RunStatus.DONE, RunStatus.PARTIAL} else logging.WARNING
    extra = {"job": job.name, "status": result.status.value, "reason": result.reason}
    _LOGGER.log(level, "pass of a job ended", extra=extra)
    return Attempt(result.status, reason=result.reason, again_soon=failed)


def _ended_by_ours(job: ServiceJob, exc: HproError, *, stopping: bool) -> Attempt:
    code = type(exc).__name__
    extra = {"job": job.name, "error": code, "reason": str(exc)}
    if stopping:
        _LOGGER.info("pass cut short", extra=extra)
        return Attempt(RunStatus.INTERRUPTED, code, str(exc), error=exc)
    _LOGGER.error("pass failed", extra=extra)
    # What a person must change, a busy org and a used-up quota do not go by within minutes, nor do refused credentials.
    again_soon = exc.exit_code == HproError.exit_code and not isinstance(exc, FatalError)
    return Attempt(RunStatus.FAILED, code, str(exc), again_soon=again_soon, error=exc)


def back_off(failures: int, first_s: float) -> timedelta:
    """Give how long to wait after so many failures in a row: twice as long each time.

    Args:
        failures: At least 1.
        first_s: Seconds after the first one.
    """
    return timedelta(seconds=first_s * 2 ** min(failures - 1, _MOST_DOUBLINGS))
