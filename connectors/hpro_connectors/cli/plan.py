"""``hpro plan`` and ``hpro apply``: see what would be written, then confirm it."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_connectors.cli.config_options import config_options, load_crm


@click.command(short_help="Show what would be written, and keep it as a plan.")
@click.option("--sample", type=click.IntRange(0), default=20, show_default=True, metavar="N", help="Rows to show.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def plan(sample: int, config_path: Path | None, crm_name: str | None, as_json: bool) -> None:
    """Read and score as a pass does, show what would be written, and keep it as a plan; nothing is written.

    `hpro apply --plan ID` writes it. The first scores of a new model, and a run that would change many bands, are
    written only so. A newer plan replaces one that was not applied.
    """
    from hpro_connectors.cli.pass_bars import pass_bars
    from hpro_connectors.cli.plan_output import plan_json, print_plan, write_calls
    from hpro_connectors.cli.run import stopping_politely
    from hpro_connectors.engine import make_plan
    from hpro_connectors.orgs import pass_settings_of, working_org
    from hpro_sdk.cli.output import print_json

    config, name, crm = load_crm(config_path, crm_name)
    with stopping_politely() as stop, working_org(config, name, crm, writes=False, stop=stop) as org:
        settings = pass_settings_of(config, crm, stop=org.stop)
        with pass_bars() as listener:
            made, report = make_plan(org.connector, org.store, org.require_scorer(), settings, listener)
        rows = org.store.plans.sample(made.plan_id, sample)
    calls = write_calls(made, config.writing.batch_rows)
    if as_json:
        print_json({**plan_json(made, rows, calls), "report": report})
        return
    print_plan(made, rows, calls)
    if made.rows:
        click.echo(f"Write it with `hpro apply --plan {made.plan_id}`.")


@click.command(short_help="Write a plan that a person has looked at.")
@click.option("--plan", "plan_id", type=click.IntRange(1), required=True, metavar="ID", help="As `hpro plan` gave it.")
@click.option("--dry-run", is_flag=True, help="Check that the plan can be applied; write nothing.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@click.pass_context
def apply(
    ctx: click.Context, plan_id: int, dry_run: bool, config_path: Path | None, crm_name: str | None, as_json: bool
) -> None:
    """Read what changed since the plan was made, then write its rows, less those whose leads moved.

    It also ends the stop of a safety rail that the plan was made after, and confirms the model of the plan.

    Exit codes: 0 done; 2 the plan cannot be applied; 3 rows were skipped because their leads moved, or refused.
    """
    from hpro_connectors.cli.pass_bars import pass_bars
    from hpro_connectors.cli.pass_output import PARTIAL, exit_code_of, print_pass
    from hpro_connectors.cli.problems import count_words
    from hpro_connectors.cli.run import stopping_politely
    from hpro_connectors.engine import apply_plan
    from hpro_connectors.orgs import pass_settings_of, working_org
    from hpro_sdk.cli.output import print_json

    config, name, crm = load_crm(config_path, crm_name)
    with stopping_politely() as stop, working_org(config, name, crm, writes=not dry_run, stop=stop) as org:
        settings = pass_settings_of(config, crm, stop=org.stop, dry_run=dry_run)
        with pass_bars() as listener:
            done = apply_plan(
                org.connector, org.store, org.require_scorer(), plan_id, settings=settings, progress=listener
            )
    if as_json:
        print_json({"plan": plan_id, "skipped": done.skipped, "report": done.report})
    else:
        print_pass(name, done.report)
        if done.skipped:
            words = count_words(done.skipped, "row")
            click.echo(
                f"{words} skipped: their leads moved since the plan was made. The next run writes them.", err=True
            )
    ctx.exit(PARTIAL if done.skipped else exit_code_of(done.report))
