"""The commands that a person runs on an org day by day, here run on an emulated one: doctor, run, plan, apply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from hpro_connectors.cli.demo_run import PassStep
from hpro_connectors.cli.pass_bars import pass_bars
from hpro_connectors.cli.picture import scores_by_stage
from hpro_connectors.cli.plan_output import write_calls
from hpro_connectors.cli.salesforce_demo_calls import count_calls
from hpro_connectors.cli.salesforce_demo_steps import ApplyStep, DoctorStep, FirstLoadStep, PlanStep
from hpro_connectors.config import HproConfig
from hpro_connectors.demo.queue_changes import open_rank_scores, queue_changes
from hpro_connectors.demo.scored_org import PassOutcome
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.engine import PassReport, PassSettings, Progress, Stage, apply_plan, make_plan, run_pass
from hpro_connectors.orgs import WorkingOrg, pass_settings_of, working_org
from hpro_connectors.orgs.doctor import examine
from hpro_connectors.state import QueueRow
from hpro_sdk.lead import OutcomeResult
from hpro_sdk.scoring.scorer import Scorer

NAME = "main"
"""Of the org's table in the configuration."""

PLAN_ROWS = 5
"""Rows of a plan that are shown."""

BEFORE_A_PASS = timedelta(minutes=5)
"""More than the lag, so that what happened until the quiet minutes is read."""


class SalesforceLoop:
    """What is done with an org, each time with a sign-in of its own, as by commands and a schedule.

    The safety rails hold: the first scores are written by a plan, as a person would confirm it.

    Args:
        emulator: Of the org, up.
        config: How it is reached.

    Attributes:
        rank_scores: After the last pass, by record id.
    """

    def __init__(self, emulator: SalesforceEmulator, config: HproConfig) -> None:
        self._emulator = emulator
        self._config = config
        self._queue: tuple[QueueRow, ...] | None = None
        self.rank_scores: dict[str, float] = {}

    def examine(self) -> DoctorStep:
        """Do what `hpro doctor` does."""
        self._emulator.journal.clear()
        checkup = examine(self._config, self._config.crm[NAME])
        return DoctorStep(checkup, self._calls())

    def load(self) -> FirstLoadStep:
        """Do what `hpro run --once --stage read` does."""
        self._emulator.org.clock.advance(BEFORE_A_PASS)
        with self._at_work(writes=False) as (org, settings, listener):
            reading = replace(settings, stages=frozenset({Stage.READ}))
            report = run_pass(org.connector, org.store, None, reading, listener)
            return FirstLoadStep(report, self._calls())

    def confirm(self, scorer: Scorer) -> Iterator[PlanStep | ApplyStep]:
        """Do what `hpro plan` and `hpro apply --plan` do, one after the other.

        Args:
            scorer: The model.
        """
        with self._at_work(writes=False) as (org, settings, listener):
            made, report = make_plan(org.connector, org.store, scorer, settings, listener)
            rows = tuple(org.store.plans.sample(made.plan_id, PLAN_ROWS))
            planned = PlanStep(made, rows, write_calls(made, settings.write_batch), report, self._calls())
        yield planned
        with self._at_work(writes=True) as (org, settings, listener):
            applied = apply_plan(org.connector, org.store, scorer, made.plan_id, settings=settings, progress=listener)
            step = ApplyStep(made.plan_id, applied.skipped, self._pass_step(org, applied.report, None, 0))
        yield step

    def run(self, scorer: Scorer, number: int, days: int = 0) -> PassStep:
        """Do what `hpro run --once` does, some minutes after what happened last.

        Args:
            scorer: The model.
            number: Of the pass.
            days: That went by since the pass before.
        """
        self._emulator.org.clock.advance(BEFORE_A_PASS)
        with self._at_work(writes=True) as (org, settings, listener):
            report = run_pass(org.connector, org.store, scorer, settings, listener)
            return self._pass_step(org, report, number, days)

    @contextmanager
    def _at_work(self, *, writes: bool) -> Iterator[tuple[WorkingOrg, PassSettings, Progress]]:
        """Count calls anew, and take the org."""
        self._emulator.journal.clear()
        crm = self._config.crm[NAME]
        with working_org(self._config, NAME, crm, writes=writes) as org, pass_bars() as listener:
            yield org, pass_settings_of(self._config, crm, stop=org.stop), listener

    def _calls(self) -> dict[str, int]:
        return count_calls(self._emulator.journal.entries)

    def _pass_step(self, org: WorkingOrg, report: PassReport, number: int | None, days: int) -> PassStep:
        """Look at the list after a run, and at what became of it since the one before."""
        calls = self._calls()
        before, self._queue = self._queue, tuple(org.store.queue())
        self.rank_scores = open_rank_scores(org.store, org.identity, org.description)
        stages = [stage.name for stage in org.description.stages if stage.result is OutcomeResult.OPEN]
        return PassStep(
            number=number,
            identity=org.identity,
            outcome=PassOutcome(report, self._queue),
            stages=scores_by_stage(self._queue, stages),
            changes=None if before is None else queue_changes(org.store, org.description, before, self._queue),
            days=days,
            calls=calls,
        )
