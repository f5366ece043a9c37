"""``hpro run --once``: one pass over each configured CRM, or a part of one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_connectors.cli.config_options import config_options, load_configured

if TYPE_CHECKING:
    from hpro_connectors.config import CrmConfig, HproConfig
    from hpro_connectors.service import StopSignal
    from hpro_connectors.state import PassReport

_WORST_LAST = (0, 3, 5, 4, 1, 2)


@click.command(short_help="Read, score and write once.")
@click.option("--once", is_flag=True, required=True, help="Say that one run is meant; `hpro serve` runs on a schedule.")
@click.option(
    "--stage", type=click.Choice(["read", "score", "write"]), help="Only this stage; the others are left to other runs."
)
@click.option("--max-seconds", type=click.FloatRange(min=0, min_open=True), metavar="N", help="End early after N.")
@click.option("--dry-run", is_flag=True, help="Read and score, and say what would be written.")
@click.option(
    "--confirm-missing", is_flag=True, help="Take leads for deleted that a comparison of all ids missed, however many."
)
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@click.pass_context
def run(
    ctx: click.Context,
    once: bool,  # noqa: ARG001 - it only has to be said
    stage: str | None,
    max_seconds: float | None,
    dry_run: bool,
    confirm_missing: bool,
    config_path: Path | None,
    crm_name: str | None,
    as_json: bool,
) -> None:
    """Run one pass over each CRM of the configuration, or over that of --crm.

    A pass reads what changed, scores the leads that look different now, ranks all open leads, and writes the fields
    that should show something else. It may be killed at any time: the next one goes on. Without a model it only reads.

    Exit codes: 0 done; 2 writing is paused, or a safety rail stopped it; 3 some rows were refused or put off, or it
    ended early; 4 another process holds the org; 5 the budget of calls is used up; 1 it failed.
    """
    from hpro_connectors.cli.pass_output import exit_code_of, print_pass
    from hpro_connectors.engine import Stage
    from hpro_connectors.engine.settings import ALL_STAGES
    from hpro_sdk.cli.errors import CliState
    from hpro_sdk.cli.output import print_json, terminal_safe
    from hpro_sdk.errors import HproError

    config = load_configured(config_path)
    names = [config.crm_named(crm_name)[0]] if crm_name is not None else sorted(config.crm)
    stages = ALL_STAGES if stage is None else frozenset({Stage(stage)})
    reports: dict[str, PassReport] = {}
    codes: list[int] = []
    for name in names:
        try:
            report = pass_over(
                config,
                name,
                config.crm[name],
                stages=stages,
                max_seconds=max_seconds,
                dry_run=dry_run,
                confirm_missing=confirm_missing,
            )
        except HproError as exc:
            if len(names) == 1 or ctx.ensure_object(CliState).verbosity:
                raise
            click.echo(terminal_safe(f"Error: {name}: {exc}"), err=True)
            codes.append(exc.exit_code)
            continue
        reports[name] = report
        codes.append(exit_code_of(report))
        if not as_json:
            print_pass(name, report)
    if as_json:
        print_json(reports)
    ctx.exit(max(codes, key=_WORST_LAST.index, default=0))


def pass_over(
    config: HproConfig,
    name: str,
    crm: CrmConfig,
    *,
    stages: frozenset[str] | None = None,
    max_seconds: float | None = None,
    dry_run: bool = False,
    confirm_missing: bool = False,
    stop: StopSignal | None = None,
) -> PassReport:
    """Run one pass over one configured CRM.

    Args:
        config: The configuration.
        name: Of the CRM's table.
        crm: The CRM.
        stages: What is done; default: all of it.
        max_seconds: It ends early after these.
        dry_run: Whether nothing is written.
        confirm_missing: Whether a person confirms that many leads are gone.
        stop: Set when it shall end early; default: by SIGTERM and SIGINT.

    Raises:
        HproError: See :func:`~hpro_connectors.orgs.working_org` and :func:`~hpro_connectors.engine.run_pass`.
    """
    from hpro_connectors.cli.pass_bars import pass_bars
    from hpro_connectors.engine import Stage, run_pass
    from hpro_connectors.engine.settings import ALL_STAGES
    from hpro_connectors.orgs import pass_settings_of, working_org
    from hpro_sdk.log_context import log_context

    chosen = ALL_STAGES if stages is None else frozenset(Stage(stage) for stage in stages)
    with (
        log_context(crm=name),
        stopping_politely(stop) as asked,
        working_org(
            config,
            name,
            crm,
            writes=not dry_run,
            scores_are_written=Stage.WRITE in chosen,
            stop=asked,
            max_seconds=max_seconds,
        ) as org,
        pass_bars() as listener,
    ):
        settings = pass_settings_of(
            config,
            crm,
            stop=org.stop,
            stages=chosen,
            dry_run=dry_run,
            confirm_missing=confirm_missing,
        )
        return run_pass(org.connector, org.store, org.scorer(), settings, listener)


@contextmanager
def stopping_politely(stop: StopSignal | None = None) -> Iterator[StopSignal]:
    """Let the first SIGTERM or SIGINT end the body after its batch in flight; a second one ends the process.

    Args:
        stop: Set by somebody else; then signals are left alone.

    Yields:
        What says that the body shall end.
    """
    from hpro_connectors.service.signals import stop_requests

    if stop is not None or threading.current_thread() is not threading.main_thread():
        yield stop or threading.Event()
        return
    import os

    asked = threading.Event()
    with stop_requests(lambda _name: asked.set(), os._exit):
        yield asked
