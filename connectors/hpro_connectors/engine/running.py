"""A run from its beginning to its end: whatever ends it, the state says how."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from hpro_connectors.engine.scoring import Scoring, score_leads, settle_open_leads
from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.engine.trend import TREND_AGE, TREND_POINTS
from hpro_connectors.errors import RunStoppedError
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import Connector, OrgDescription, OrgIdentity
from hpro_connectors.state import PassReport, RunKind, RunStatus, StateStore
from hpro_sdk.errors import HproError
from hpro_sdk.log_context import log_context
from hpro_sdk.scoring.scorer import Scorer

_LOGGER = logging.getLogger(__name__)


def silent(_what: str, _done: int) -> None:
    """Listen to progress and say nothing."""


@dataclass(slots=True)
class RunHandle:
    """A run under way.

    Attributes:
        run_id: Its number.
        report: What it did; set by whoever runs it.
    """

    run_id: int
    report: PassReport | None = None


@contextmanager
def running(store: StateStore, kind: RunKind, settings: PassSettings) -> Iterator[RunHandle]:
    """Note that a run begins, and how it ends.

    Args:
        store: The state.
        kind: What it is.
        settings: The clock.

    Yields:
        The run; its report decides how it ended.
    """
    handle = RunHandle(store.runs.begin(kind, settings.now()))
    with log_context(run_id=handle.run_id):
        yield from _until_the_end(handle, store, kind, settings)


def _until_the_end(handle: RunHandle, store: StateStore, kind: RunKind, settings: PassSettings) -> Iterator[RunHandle]:
    _LOGGER.info("run started", extra={"event": LogEvent.RUN_STARTED, "kind": kind.value})
    try:
        yield handle
    except BaseException as exc:
        code = type(exc).__name__
        # The message of an unknown error may hold anything.
        reason = exc.message if isinstance(exc, HproError) else None
        is_failure = isinstance(exc, Exception) and not isinstance(exc, RunStoppedError)
        status = RunStatus.FAILED if is_failure else RunStatus.INTERRUPTED
        with suppress(HproError):  # of a disk that is full or a lease that is lost, the first error tells
            store.runs.end(handle.run_id, status, settings.now(), code=code, reason=reason)
        _LOGGER.info("run failed", extra={"event": LogEvent.PASS_ENDED, "status": status.value, "code": code})
        raise
    report = handle.report
    status = RunStatus.DONE if report is None else status_of(report)
    store.runs.end(
        handle.run_id,
        status,
        settings.now(),
        report=report,
        code=None if report is None else report.stop_code,
        reason=None if report is None else report.stop_reason,
    )
    store.checkpoint()
    told = {} if report is None else report.model_dump(mode="json", exclude={"problems", "run_id"})
    _LOGGER.info("run ended", extra={"event": LogEvent.PASS_ENDED, "status": status.value, "report": told})


def status_of(report: PassReport) -> RunStatus:
    """Give how a run ended that came to its end."""
    if report.stop_code is not None:
        return RunStatus.STOPPED
    if report.ended_early or report.rejected or not report.is_backfilled:
        return RunStatus.PARTIAL
    return RunStatus.DONE


@dataclass(frozen=True, slots=True)
class OrgAtHand:
    """An org that was looked at: it is the state's, and the model fits it.

    Attributes:
        identity: Which org.
        description: What it holds.
        stages: Its stages in the funnel's words; ``None`` without a model.
        as_of: The server's clock.
    """

    identity: OrgIdentity
    description: OrgDescription
    stages: StageNames | None
    as_of: datetime


def look_at_org(connector: Connector, store: StateStore, scorer: Scorer | None) -> OrgAtHand:
    """Ask the CRM what it is, before anything is read or written.

    Raises:
        SafetyRailError: The credentials lead to another org, or another object, than the state is of.
        ModelFitError: The model does not fit the org.
        ConnectorError: The CRM failed.
    """
    identity = connector.identity()
    description = connector.describe()
    store.check_org(identity, description.object_type)
    stages = None if scorer is None else StageNames(description, scorer.manifest)
    store.pin(identity, description.object_type)
    return OrgAtHand(identity, description, stages, connector.server_time())


def score_and_rank(
    store: StateStore, scorer: Scorer, org: OrgAtHand, *, settings: PassSettings, progress: Progress, done: Scoring
) -> int | None:
    """Score what looks different, then rank all open leads.

    Returns:
        How many leads are ranked; ``None`` when scoring was asked to end early: half of a ranking ranks nothing.
    """
    if org.stages is None:
        return None
    settle_open_leads(store, org.stages, settings, done)
    score_leads(store, scorer, org.stages, org.as_of, settings=settings, progress=progress, done=done)
    if not done.complete:
        return None
    ranked = rank(store, org)
    extra = {
        "event": LogEvent.SCORED,
        "changed": done.changed,
        "due": done.due,
        "scored": done.scored,
        "ranked": ranked,
    }
    _LOGGER.info("leads scored and ranked", extra=extra)
    return ranked


def rank(store: StateStore, org: OrgAtHand) -> int:
    """Rank all open leads that have a score; give how many."""
    names = {} if org.stages is None else org.stages.names()
    return store.rank_open_leads(names, org.as_of - TREND_AGE, TREND_POINTS)


class Stopwatch:
    """Measures the parts of a run.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = self._last = clock()

    def lap(self) -> float:
        """Give the seconds since the last lap."""
        now = self._clock()
        lap, self._last = max(0.0, now - self._last), now
        return lap

    def total(self) -> float:
        """Give the seconds since the beginning."""
        return max(0.0, self._clock() - self._began)
