"""``hpro emulate``: a CRM's own API on this machine, with the data of a simulated company."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_connectors.cli.places import PATH

_COMPANIES = ("test_drive", "saas")  # hpro_connectors.demo.simulator.companies; importing that takes a while


@click.group(short_help="Run an emulated CRM on this machine, to try HPRO without one.")
def emulate() -> None:
    """Run an emulated CRM on this machine.

    An emulator speaks the CRM's own API over real sockets, on 127.0.0.1 only, and is filled with the leads, calls,
    mails and notes of a simulated company. Whatever speaks to the real CRM can be tried on it.
    """


@emulate.command("salesforce", short_help="Run an emulated Salesforce.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Where; 0 takes any free one."
)
@click.option("--leads", type=click.IntRange(1, 200_000), default=2000, show_default=True, help="New leads a year.")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed is another company of the kind."
)
@click.option(
    "--company", type=click.Choice(_COMPANIES), default="test_drive", show_default=True, help="The kind of company."
)
@click.option(
    "--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="Days of history that it has."
)
@click.option(
    "--key-file", type=PATH, metavar="FILE", help="Write the private key of the JWT flow here, for private_key_file."
)
@click.option("--strict", is_flag=True, help="End with 1 if a request went beyond a documented limit of the API.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.pass_context
def salesforce(
    ctx: click.Context,
    port: int,
    leads: int,
    seed: int,
    company: str,
    days: int,
    key_file: Path | None,
    strict: bool,
    as_json: bool,
) -> None:
    """Run an emulated Salesforce until Ctrl-C or SIGTERM.

    It lives in memory. Once it is filled, this prints where it is, the table for hpro.toml and the variable that holds
    the secret; paste both, and `hpro run --once` reads it as it would read the real one. Time goes on there from the
    last simulated day; POST /emulator/advance?days=7 lets a week of the company's life go by, GET /emulator/stats says
    what was asked, and /emulator/journal, /emulator/faults, /emulator/reset and /emulator/expire-sessions do the rest.
    """
    from hpro_connectors.cli.emulate_output import print_ready, ready_json, what_went_wrong, write_key
    from hpro_connectors.cli.emulate_run import EmulatorOptions, ending, running_salesforce
    from hpro_sdk.cli.output import to_json

    options = EmulatorOptions(port, company, seed, leads, days)
    with running_salesforce(options) as emulator, ending() as ended:
        if key_file is not None:
            write_key(emulator, key_file)
        if as_json:
            click.echo(to_json(ready_json(emulator, key_file), indent=None))
        else:
            print_ready(emulator, key_file)
        ended.wait()
        wrong = what_went_wrong(emulator, strict=strict)
    if wrong:
        click.echo("\n".join(wrong), err=True)
        ctx.exit(1)
