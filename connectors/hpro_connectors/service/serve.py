"""The service: begins passes by their schedules, and ends when it is told to.

APScheduler is the clock and nothing else: its jobs live in memory, and what was done is known from the runs in the
state. One thread runs passes, one after the other; the main thread waits for signals, so that it, and never a pass,
shuts the clock down.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from hpro_connectors.engine.settings import utc_now
from hpro_connectors.log_events import LogEvent
from hpro_connectors.service.attempt import AT_START_CODES, attempt, back_off, ends_at_start
from hpro_connectors.service.job import JobState, ServiceJob, ServiceState
from hpro_connectors.service.schedule import Schedule
from hpro_connectors.service.signals import stop_requests
from hpro_connectors.state.runs import RunStatus
from hpro_sdk.errors import ConfigError, HproError

_LOGGER = logging.getLogger(__name__)

ExitNow = Callable[[int], object]
HUNG = 1
"""Exit code where a pass did not end in time."""


class Service:
    """Runs jobs by their schedules until it is told to stop.

    Args:
        jobs: At least one; names differ.
        clock: This machine's clock.
        grace_s: Seconds that a pass has to come to an end; after them the process leaves without it.
        awake_s: Seconds between two looks at the wall clock, which a machine that slept needs: its timers slept too.
            A signal that comes just before the main thread begins to wait is seen after them at the latest.
        first_back_off_s: Seconds until a failed pass is tried again; each failure in a row doubles them.
        jitter: Draws how late passes begin; default: anew in every process.
        exit_now: Leaves the process at once with an exit code.

    Raises:
        ConfigError: There is no job, or two of a name.
    """

    def __init__(
        self,
        jobs: Sequence[ServiceJob],
        *,
        clock: Callable[[], datetime] = utc_now,
        grace_s: float = 25.0,
        awake_s: float = 1.0,
        first_back_off_s: float = 60.0,
        jitter: random.Random | None = None,
        exit_now: ExitNow = os._exit,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        if not jobs or len(self._jobs) != len(jobs):
            raise ConfigError(
                "A service needs jobs with a name of their own each.", hint="Name each [crm.<name>] once."
            )
        self._clock = clock
        self._grace_s = grace_s
        self._awake_s = awake_s
        self._first_back_off_s = first_back_off_s
        self._jitter = jitter or random.Random()
        self._exit_now = exit_now
        self._stop = threading.Event()
        self._idle = threading.Lock()  # held by the pass that runs
        self._inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._states = {name: JobState(name) for name in sorted(self._jobs)}
        self._starting: set[str] = set()
        self._start_error: HproError | None = None
        self._started_at: datetime | None = None
        self._awake_at: datetime | None = None
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(1)},
            # Late is better than never, many missed beginnings are one, and no org is passed over twice at a time.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def run(self) -> int:
        """Run jobs until SIGTERM, SIGINT or :meth:`stop`; called from the main thread.

        The first signal ends the pass that runs after its batch in flight. A second one, or a pass that does not end
        within the grace, ends the process at once.

        Returns:
            The exit code of the process: 0.

        Raises:
            HproError: At the start only: the configuration, an org or a state is wrong (exit code 2), or another
                process holds an org (4).
        """
        with stop_requests(self._inbox.put, self._exit_now):
            self._begin(self._last_successes())
            reason = self._wait_for_a_reason_to_stop()
            self._end(reason)
        if self._start_error is not None:
            raise self._start_error
        return 0

    def stop(self) -> None:
        """Ask the service to end, from any thread."""
        self._inbox.put("asked to stop")

    def state(self) -> ServiceState:
        """Say how the service stands, from any thread."""
        jobs = []
        for name, state in self._states.items():
            planned = self._scheduler.get_job(name)
            jobs.append(replace(state, next_due_at=None if planned is None else planned.next_run_time))
        return ServiceState(self._clock(), self._started_at, self._awake_at, self._stop.is_set(), tuple(jobs))

    def _last_successes(self) -> dict[str, datetime | None]:
        """Check all jobs and ask when each did its work; what may go by, such as a dead network, ends nothing."""
        last: dict[str, datetime | None] = dict.fromkeys(self._jobs)
        for job in self._jobs.values():
            try:
                job.check()
                last[job.name] = job.last_success()
            except HproError as exc:
                if ends_at_start(exc):
                    raise
                extra = {"job": job.name, "error": type(exc).__name__, "reason": str(exc)}
                _LOGGER.error("check of a job failed", extra=extra)  # noqa: TRY400 - no traceback for our errors
        return last

    def _begin(self, last_successes: Mapping[str, datetime | None]) -> None:
        self._started_at = self._awake_at = now = self._clock()
        for job in self._jobs.values():
            schedule = Schedule(job.schedule)
            due = schedule.next_due(last_successes[job.name], now)
            if due <= now:
                self._starting.add(job.name)
            self._scheduler.add_job(
                self._run, schedule.trigger(self._jitter), args=(job,), id=job.name, name=job.name, next_run_time=due
            )
            _LOGGER.info("job planned", extra={"job": job.name, "due": due.isoformat()})
        self._scheduler.start()

    def _wait_for_a_reason_to_stop(self) -> str:
        while True:
            try:
                return self._inbox.get(timeout=self._awake_s)
            except queue.Empty:
                self._awake_at = self._clock()
                self._scheduler.wakeup()

    def _end(self, reason: str) -> None:
        extra = {"event": LogEvent.SERVE_STOPPING, "reason": reason, "grace_s": self._grace_s}
        _LOGGER.info("service stops", extra=extra)
        watchdog = threading.Timer(self._grace_s, self._leave_without_the_pass)
        watchdog.daemon = True
        watchdog.start()
        self._stop.set()
        self._scheduler.shutdown(wait=False)
        while not self._idle.acquire(timeout=self._awake_s):  # again and again, so that a second signal is seen
            pass
        self._idle.release()
        watchdog.cancel()
        _LOGGER.info("service stopped", extra={"reason": reason})

    def _leave_without_the_pass(self) -> None:
        running = [state.name for state in self._states.values() if state.running]
        _LOGGER.error("pass did not end in time", extra={"jobs": ", ".join(running), "grace_s": self._grace_s})
        self._exit_now(HUNG)

    def _run(self, job: ServiceJob) -> None:
        """Run a job once; in the thread of passes."""
        with self._idle:
            if self._stop.is_set():
                return
            before = self._states[job.name]
            self._states[job.name] = replace(before, running=True, last_started_at=self._clock())
            _LOGGER.info("pass begins", extra={"event": LogEvent.SCHEDULE_TICK, "job": job.name})
            done = attempt(job, self._stop)
            failures = before.failures + 1 if done.status is RunStatus.FAILED else 0
            self._states[job.name] = replace(
                self._states[job.name],
                running=False,
                last_ended_at=self._clock(),
                last_status=done.status,
                last_code=done.code,
                last_reason=done.reason,
                failures=failures,
            )
            at_start = job.name in self._starting
            self._starting.discard(job.name)
            if at_start and done.error is not None and done.error.exit_code in AT_START_CODES:
                self._start_error = self._start_error or done.error
                self._inbox.put("a job cannot begin")
            elif done.again_soon:
                self._plan_again(job, failures)

    def _plan_again(self, job: ServiceJob, failures: int) -> None:
        """Try again after a while, unless the schedule comes first."""
        again_at = self._clock() + back_off(failures, self._first_back_off_s)
        planned = self._scheduler.get_job(job.name)
        if planned is not None and again_at < planned.next_run_time:
            with contextlib.suppress(JobLookupError):  # the clock may be shut down at this very moment
                self._scheduler.modify_job(job.name, next_run_time=again_at)
            _LOGGER.info("pass tried again", extra={"job": job.name, "due": again_at.isoformat(), "failures": failures})


def serve(jobs: Sequence[ServiceJob], *, grace_s: float = 25.0) -> int:
    """Run jobs by their schedules until SIGTERM or SIGINT; see :class:`Service`.

    Args:
        jobs: At least one.
        grace_s: Seconds that a pass has to come to an end.

    Returns:
        The exit code of the process.

    Raises:
        HproError: At the start only: a person must change something (exit code 2), or an org is busy (4).
    """
    return Service(jobs, grace_s=grace_s).run()
