"""One pass: read what changed, score what looks different, rank, write what people should see."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from hpro_connectors.engine.rails import Stop, check_rails, current_stop
from hpro_connectors.engine.read_stage import Reading, read_stage
from hpro_connectors.engine.running import OrgAtHand, Stopwatch, look_at_org, rank, running, score_and_rank, silent
from hpro_connectors.engine.scoring import Scoring
from hpro_connectors.engine.settings import PassSettings, Progress, Stage
from hpro_connectors.engine.writeback import Sender, Writeback
from hpro_connectors.engine.writing_rule import limits_of
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import Connector
from hpro_connectors.state import PassReport, Plan, RunKind, StageSeconds, StateStore, Wanted
from hpro_connectors.state.desired import WriteReason, WritingLimits
from hpro_connectors.state.pass_report import MAX_PROBLEMS
from hpro_sdk.errors import ConfigError
from hpro_sdk.scoring.scorer import Scorer

_LOGGER = logging.getLogger(__name__)

_NOTHING = Wanted(rows=0, clears=0, reasons={})


def run_pass(
    connector: Connector,
    store: StateStore,
    scorer: Scorer | None,
    settings: PassSettings | None = None,
    progress: Progress | None = None,
) -> PassReport:
    """Bring the scores that a CRM shows up to date with what it holds.

    A pass that is cut off anywhere loses nothing: the next one goes on where pages, scores and writes were stored.
    One after a pass in which nothing happened calls no model and writes nothing.

    Args:
        connector: One scored object of one org.
        store: The state of that org.
        scorer: The model; without one the pass only reads.
        settings: Stages, lag, overlap, limits; default: as :class:`~hpro_connectors.engine.settings.PassSettings` says.
        progress: Called now and then with what is being done, and how many of it.

    Returns:
        What was done. Leads that could not be scored or written are among its problems; they stop no other lead. A
        pause or a safety rail that kept it from writing is told there too.

    Raises:
        SafetyRailError: The credentials lead to another org, or another object, than the state is of.
        ModelFitError: The model does not fit the org; nothing has been read or written.
        StateError: The state cannot be used, or another process took it over.
        ConnectorError: The CRM failed; what was stored stays.
    """
    settings = settings or PassSettings()
    with running(store, RunKind.PASS, settings) as run:
        work = Work.begin(connector, store, scorer, settings, progress or silent)
        work.read()
        work.score()
        if work.may_write():
            limits = limits_of(settings, work.org.description, work.org.as_of)
            work.wanted = store.outbox.count_wanted(limits)
            work.stop = current_stop(store)
            if settings.dry_run or work.stop is not None:
                work.took["rank"] += work.watch.lap()
            else:
                if work.wanted.rows or work.wanted.clears:
                    work.stop = check_rails(store, limits, work.model_id, settings, run.run_id)
                if work.stop is None:
                    if work.wanted.rows or work.wanted.clears or store.outbox.holds_anything():
                        work.confirm_scores(limits)
                        work.wanted = store.outbox.fill(limits, run.run_id)
                    work.took["rank"] += work.watch.lap()
                    work.send(run.run_id, limits.metadata_hash)
        run.report = work.report(run.run_id)
    return run.report


def make_plan(
    connector: Connector,
    store: StateStore,
    scorer: Scorer,
    settings: PassSettings | None = None,
    progress: Progress | None = None,
) -> tuple[Plan, PassReport]:
    """Read and score as a pass does, and keep what would be written as a plan instead of writing it.

    Args:
        connector: One scored object of one org.
        store: The state of that org.
        scorer: The model.
        settings: As for :func:`run_pass`.
        progress: As for :func:`run_pass`.

    Returns:
        The plan, and what reading and scoring did.

    Raises:
        ConfigError: The org was not read whole yet, or the time was up before all leads were scored.
        HproError: As for :func:`run_pass`.
    """
    settings = settings or PassSettings()
    with running(store, RunKind.PLAN, settings) as run:
        work = Work.begin(connector, store, scorer, settings, progress or silent)
        work.read()
        work.score()
        if not work.may_write():
            raise ConfigError(
                "There is no plan yet: the org was not read and scored to the end.", hint="Run it again to go on."
            )
        limits = limits_of(settings, work.org.description, work.org.as_of)
        plan = store.plans.make(limits, run.run_id, work.model_id, settings.now())
        _LOGGER.info("plan made", extra={"event": LogEvent.PLANNED, "plan": plan.plan_id, "rows": plan.rows})
        work.wanted = store.outbox.count_wanted(limits)
        run.report = work.report(run.run_id).model_copy(update={"dry_run": True})
    return plan, run.report


@dataclass(slots=True)
class Work:
    """What a pass has done so far."""

    connector: Connector
    store: StateStore
    scorer: Scorer | None
    settings: PassSettings
    progress: Progress
    org: OrgAtHand
    watch: Stopwatch
    calls_before: int
    model_calls_before: int
    took: dict[str, float]
    scoring: Scoring
    writeback: Writeback
    wanted: Wanted = _NOTHING
    stop: Stop | None = None
    reading: Reading | None = None
    is_backfilled: bool = False
    ranked: int | None = None

    @classmethod
    def begin(
        cls,
        connector: Connector,
        store: StateStore,
        scorer: Scorer | None,
        settings: PassSettings,
        progress: Progress,
    ) -> Work:
        """Look at the org."""
        watch = Stopwatch(settings.clock)
        calls = connector.limits().calls
        return cls(
            connector=connector,
            store=store,
            scorer=scorer,
            settings=settings,
            progress=progress,
            org=look_at_org(connector, store, scorer),
            watch=watch,
            calls_before=calls,
            model_calls_before=0 if scorer is None else scorer.model_calls,
            took=dict.fromkeys(StageSeconds.model_fields, 0.0),
            scoring=Scoring(),
            writeback=Writeback(),
            is_backfilled=store.is_backfilled(),
        )

    @property
    def model_id(self) -> str:
        """The model's name; empty without one."""
        return "" if self.scorer is None else self.scorer.model_id

    def read(self) -> None:
        """Read what changed."""
        if Stage.READ in self.settings.stages:
            self.reading = read_stage(
                self.connector,
                self.store,
                self.org.description,
                self.org.as_of,
                settings=self.settings,
                progress=self.progress,
            )
        self.is_backfilled = self.store.is_backfilled()
        self.took["read"] += self.watch.lap()

    def score(self) -> None:
        """Score and rank, or only rank where scoring is not asked for.

        Without a model nothing is done; nor before everything was read once: half of an org has no ranking.
        """
        if self.scorer is None or not self.is_backfilled or not self._is_read:
            return
        if Stage.SCORE in self.settings.stages:
            self.ranked = score_and_rank(
                self.store,
                self.scorer,
                self.org,
                settings=self.settings,
                progress=self.progress,
                done=self.scoring,
            )
        elif Stage.WRITE in self.settings.stages:
            self.ranked = rank(self.store, self.org)
        self.took["render"] += self.scoring.render_s
        self.took["score"] += self.scoring.score_s
        self.took["rank"] += max(0.0, self.watch.lap() - self.scoring.render_s - self.scoring.score_s)

    @property
    def _is_read(self) -> bool:
        return self.reading is None or self.reading.complete

    def may_write(self) -> bool:
        """Whether all that comes before writing is done, and writing is asked for."""
        return self.ranked is not None and Stage.WRITE in self.settings.stages

    def confirm_scores(self, limits: WritingLimits) -> None:
        """Before rows are written only to show life: have them say when their scores were last looked at."""
        if WriteReason.REFRESH.value in self.wanted.reasons:
            self.store.outbox.confirm_scores(limits, self.model_id, self.org.as_of)

    def send(self, run_id: int, metadata_hash: str) -> None:
        """Send the outbox."""
        sender = Sender(self.connector, self.store, self.settings, run_id, self.org.as_of, metadata_hash)
        self.writeback = sender.send(self.progress)
        self.took["write"] += self.watch.lap()

    def report(self, run_id: int) -> PassReport:
        """Sum up."""
        scoring, done, wanted = self.scoring, self.writeback, self.wanted
        ranked = self.ranked or 0
        reading = self.reading or Reading(read=0, complete=True)
        problems = (*reading.problems, *scoring.problems, *done.problems)
        return PassReport(
            run_id=run_id,
            as_of=self.org.as_of,
            model_id=None if self.scorer is None else self.scorer.model_id,
            dry_run=self.settings.dry_run,
            read=reading.read,
            deleted=reading.deleted,
            texts_erased=reading.texts_erased,
            changed=scoring.changed,
            due=scoring.due,
            scored=scoring.scored,
            model_calls=0 if self.scorer is None else self.scorer.model_calls - self.model_calls_before,
            open_leads=ranked,
            to_write=wanted.rows,
            to_clear=wanted.clears,
            reasons=wanted.reasons,
            written=done.written,
            cleared=done.cleared,
            unchanged=max(0, ranked - wanted.rows) if self.may_write() else 0,
            rejected=len(done.not_taken),
            dead=done.dead,
            waiting=self.store.outbox.size(),
            skipped=done.skipped,
            gone=done.gone,
            calls=self.connector.limits().calls - self.calls_before,
            seconds=self.watch.total(),
            took=StageSeconds(**self.took),
            stop_code=None if self.stop is None else self.stop.code.value,
            stop_reason=None if self.stop is None else self.stop.reason,
            is_backfilled=self.is_backfilled,
            ended_early=not (self._is_read and scoring.complete and done.complete),
            problem_count=len(reading.problems) + scoring.problem_count + len(done.not_taken),
            problems=problems[:MAX_PROBLEMS],
        )
