"""``hpro serve``: passes on a schedule, in a process that is left running."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_connectors.cli.config_options import config_options, load_configured

if TYPE_CHECKING:
    from datetime import datetime

    from hpro_connectors.config import CrmConfig, HproConfig
    from hpro_connectors.service import RunResult, ServiceJob, StopSignal


@click.command(short_help="Run passes on a schedule until told to stop.")
@config_options
def serve(config_path: Path | None, crm_name: str | None) -> None:
    """Run passes over each CRM of the configuration, or over that of --crm, as [schedule] says, until SIGTERM.

    The first signal lets the batch in flight end, for 25 seconds at most; a second one ends the process at once. A pass
    that fails is tried again, and never ends the service. After the stop of a safety rail it goes on reading and
    scoring, and writes nothing until a plan is applied.

    Exit codes: 0 stopped as told; 2 the configuration is wrong; 4 another process holds the org.
    """
    from hpro_connectors.service import serve as serve_jobs

    config = load_configured(config_path)
    names = [config.crm_named(crm_name)[0]] if crm_name is not None else sorted(config.crm)
    if sys.stderr.isatty():
        schedule = config.schedule
        when = f"every {schedule.every_minutes} minutes" if schedule.cron is None else f"by {schedule.cron!r}"
        click.echo(
            f"Passes over {', '.join(names)} {when}, until Ctrl-C. `hpro status` says how they stand; -v logs each.",
            err=True,
        )
    with contextlib.ExitStack() as held:
        code = serve_jobs([job_of(config, name, config.crm[name], held) for name in names])
    click.get_current_context().exit(code)


def job_of(config: HproConfig, name: str, crm: CrmConfig, held: contextlib.ExitStack) -> ServiceJob:
    """Give the passes over one configured CRM as a job.

    Args:
        config: The configuration.
        name: Of the CRM's table.
        crm: The CRM.
        held: Holds what tells other services that this one runs.
    """
    from hpro_connectors.service import ScheduleSettings, ServiceJob

    schedule = config.schedule
    return ServiceJob(
        name=name,
        schedule=ScheduleSettings(
            every_minutes=schedule.every_minutes,
            cron=schedule.cron,
            timezone=schedule.timezone,
            jitter_s=schedule.jitter_s,
            catch_up=schedule.catch_up,
        ),
        run=lambda stop: _run(config, name, crm, stop),
        last_success=lambda: _last_success(crm),
        check=lambda: _check(config, name, crm, held),
    )


def _run(config: HproConfig, name: str, crm: CrmConfig, stop: StopSignal) -> RunResult:
    from hpro_connectors.cli.run import pass_over
    from hpro_connectors.engine import report_status
    from hpro_connectors.service import RunResult

    report = pass_over(config, name, crm, max_seconds=config.schedule.max_seconds, stop=stop)
    return RunResult(report_status(report), report.stop_reason)


def _last_success(crm: CrmConfig) -> datetime | None:
    from hpro_connectors.state import RunKind, RunStatus, StateStore

    if not crm.state.exists():
        return None
    did_its_work = {RunStatus.DONE, RunStatus.PARTIAL, RunStatus.STOPPED}
    with StateStore.open(crm.state, create=False) as store:
        runs = store.runs.newest(50, RunKind.PASS)
    return next((run.started_at for run in runs if run.status in did_its_work), None)


def _check(config: HproConfig, name: str, crm: CrmConfig, held: contextlib.ExitStack) -> None:
    """Refuse at the start what no pass could work with: a wrong org, a missing model, a state in use."""
    from hpro_connectors.orgs import working_org
    from hpro_connectors.service import one_service

    with working_org(config, name, crm) as org:
        org.scorer()
        held.enter_context(one_service(crm.state))
