"""``hpro doctor``: examine a CRM, and say what to do about what is found."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_connectors.cli.config_options import config_option, load_configured


@click.command(short_help="Examine a CRM: what works, what does not, and what to do.")
@click.argument("crm_name", metavar="[NAME]", required=False)
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@click.pass_context
def doctor(ctx: click.Context, crm_name: str | None, config_path: Path | None, as_json: bool) -> None:
    """Examine each CRM of the configuration, or the one of the table [crm.NAME]; nothing is changed anywhere.

    Looked at are: configuration and secrets, the sign-in, which org it is, quotas and clocks, the records, fields and
    interactions that the user sees, our own fields and whether they may be written, the history, how many leads were
    won and lost, the funnel, the state and the model. For everything that is not as it should be it says what to do.

    Exit codes: 0 all is fine; 1 there is no sign-in, or the CRM cannot be reached; 2 something prevents reading or
    writing; 3 there are only warnings.
    """
    from hpro_connectors.cli.doctor_output import checkup_json, checkup_lines, output_width
    from hpro_connectors.doctor import exit_code_of
    from hpro_connectors.orgs.doctor import examine
    from hpro_sdk.cli.output import print_json

    config = load_configured(config_path)
    names = [config.crm_named(crm_name)[0]] if crm_name is not None else sorted(config.crm)
    checkups = {}
    for place, name in enumerate(names):
        checkups[name] = checkup = examine(config, config.crm[name])
        if not as_json:
            if place:
                click.echo()
            for line in checkup_lines(name, checkup, output_width()):
                click.echo(line)
    if as_json:
        print_json({name: checkup_json(checkup) for name, checkup in checkups.items()})
    ctx.exit(exit_code_of(finding for checkup in checkups.values() for finding in checkup.findings))
