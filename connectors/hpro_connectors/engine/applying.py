"""Applying a plan: a person saw what would be written, and confirmed it."""

from __future__ import annotations

from dataclasses import dataclass

from hpro_connectors.engine.passes import Work
from hpro_connectors.engine.rails import StopCode, current_stop
from hpro_connectors.engine.running import running, silent
from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.engine.writing_rule import limits_of
from hpro_connectors.protocol import Connector, PreparedWriter
from hpro_connectors.state import PassReport, Plan, PlanStatus, RunKind, StateStore, Wanted
from hpro_sdk.errors import ConfigError
from hpro_sdk.scoring.scorer import Scorer


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What became of a plan.

    Attributes:
        plan_id: Which one.
        skipped: Rows whose leads moved since the plan was made; the next pass writes what they need.
        report: What the run did.
    """

    plan_id: int
    skipped: int
    report: PassReport


def apply_plan(
    connector: Connector,
    store: StateStore,
    scorer: Scorer,
    plan_id: int,
    *,
    settings: PassSettings | None = None,
    progress: Progress | None = None,
) -> ApplyReport:
    """Read and score what changed since a plan was made, then write its rows, less those whose leads moved.

    It confirms the plan's model, and ends the stop of a safety rail that the plan was made after. With ``dry_run`` the
    plan is only looked at, and whether it could be written.

    Args:
        connector: One scored object of one org.
        store: The state of that org.
        scorer: The model.
        plan_id: Which plan.
        settings: As for a pass.
        progress: As for a pass.

    Raises:
        ConfigError: There is no such plan, it was applied, it is of another model, it was made before the stop that it
            would end, writing is paused, or the org could not be read and scored to the end.
        HproError: As for a pass.
    """
    settings = settings or PassSettings()
    plan = _usable(store, plan_id, scorer.model_id)
    with running(store, RunKind.APPLY, settings) as run:
        work = Work.begin(connector, store, scorer, settings, progress or silent)
        work.read()
        work.score()
        if not work.may_write():
            raise ConfigError(
                "The plan was not applied: the org was not read and scored to the end.", hint="Run it again."
            )
        limits = limits_of(settings, work.org.description, work.org.as_of)
        # Before anything is confirmed or stands in the outbox: a plan that cannot be written stays one to apply.
        if plan.rows and isinstance(connector, PreparedWriter):
            connector.prepare_write(plan.rows, settings.write_batch)
        work.wanted = Wanted.of(plan.reasons)
        skipped = 0
        if not settings.dry_run:
            work.confirm_scores(limits)
            queued = store.plans.queue(plan_id, run.run_id, settings.score_epsilon, settings.now())
            skipped = queued.skipped
            work.wanted = queued.queued
            work.took["rank"] += work.watch.lap()
            work.send(run.run_id, limits.metadata_hash)
        run.report = work.report(run.run_id)
    return ApplyReport(plan_id, skipped, run.report)


def _usable(store: StateStore, plan_id: int, model_id: str) -> Plan:
    plan = store.plans.get(plan_id)
    if plan is None:
        raise ConfigError(f"There is no plan {plan_id}.", hint="Make one with `hpro plan`; a newer one replaces it.")
    if plan.status is PlanStatus.APPLIED:
        raise ConfigError(f"The plan {plan_id} was applied already.", hint="Make another one with `hpro plan`.")
    if plan.status is PlanStatus.REPLACED:
        raise ConfigError(
            f"The plan {plan_id} was replaced by a newer one.", hint="Look at that one, or make another: `hpro plan`."
        )
    if plan.model_id != model_id:
        raise ConfigError(
            f"The plan {plan_id} is of the model {plan.model_id}; the model in use is {model_id}.",
            hint="Make another one with `hpro plan`.",
        )
    stop = current_stop(store)
    if stop is not None and stop.code is StopCode.PAUSED:
        raise ConfigError(f"Nothing is applied while writing is paused. {stop.reason}", hint="Run `hpro resume` first.")
    # By the order of runs: this machine's clock may have been set in between.
    if stop is not None and stop.run_id is not None and plan.run_id < stop.run_id:
        raise ConfigError(
            f"The plan {plan_id} was made before run {stop.run_id} stopped writing: {stop.reason}.",
            hint="Make another one with `hpro plan`, look at it, and apply that one.",
        )
    return plan
