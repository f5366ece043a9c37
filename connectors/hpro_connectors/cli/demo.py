"""``hpro demo``: a simulated company's CRM, scored, a week later, and scored again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_connectors.cli.places import DEFAULT_FOLDER, PATH, Places, places_in, places_of
from hpro_connectors.demo.org_files import STATE_OF_A_SALESFORCE_DEMO
from hpro_sdk.errors import ConfigError

if TYPE_CHECKING:
    from hpro_connectors.cli.demo_run import DemoOptions, Step
    from hpro_connectors.cli.salesforce_demo_steps import SalesforceStep

_COMPANIES = ("test_drive", "saas")  # hpro_connectors.demo.simulator.companies; importing that takes a while
_CRMS = ("demo", "salesforce")
_OF_A_NEW_ORG = ("crm", "leads", "seed", "days", "company", "folder")


@click.command(short_help="Try HPRO on the CRM of a simulated company.")
@click.option(
    "--crm",
    type=click.Choice(_CRMS),
    default="demo",
    show_default=True,
    help="What the company uses: a CRM in one file, or Salesforce, emulated on this machine.",
)
@click.option("--leads", type=click.IntRange(1, 200_000), default=2000, show_default=True, help="New leads a year.")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Another seed is another company of the kind."
)
@click.option(
    "--days", type=click.IntRange(1, 365), default=7, show_default=True, help="Days that pass between the passes."
)
@click.option(
    "--company", type=click.Choice(_COMPANIES), default="test_drive", show_default=True, help="The kind of company."
)
@click.option(
    "--dir",
    "folder",
    type=PATH,
    default=DEFAULT_FOLDER,
    show_default=True,
    metavar="DIR",
    help="Where org.sqlite and state.sqlite are made; those of an earlier demo are replaced.",
)
@click.option("--only-org", is_flag=True, help="Only make the org, for `hpro run`; no pass, no model needed.")
@click.option("--org", type=PATH, metavar="FILE", help="Score this org as it is, such as one of `hpro import`.")
@click.option(
    "--advance", type=click.IntRange(1, 365), metavar="N", help="With --org: let N days go by, and score nothing."
)
@click.option("--model", "-m", type=PATH, metavar="M", help="A GGUF file, or a checkpoint folder. Default: bundled.")
@click.option("--demo-model", is_flag=True, help="Use the bundled model on an org that no simulator made.")
@click.option(
    "--train/--no-train",
    default=None,
    help="With --crm salesforce: train a model on the org's own history. Default: where the extra train is installed, "
    "and --model names none.",
)
@click.option(
    "--train-minutes",
    type=click.FloatRange(0, min_open=True),
    default=4.0,
    show_default=True,
    metavar="N",
    help="Minutes of that training at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")
@click.pass_context
def demo(
    ctx: click.Context,
    crm: str,
    leads: int,
    seed: int,
    days: int,
    company: str,
    folder: Path,
    only_org: bool,
    org: Path | None,
    advance: int | None,
    model: Path | None,
    demo_model: bool,
    train: bool | None,
    train_minutes: float,
    as_json: bool,
) -> None:
    """Make the CRM of a simulated company, score its leads, let a week go by, and score them again.

    The company lives for a year in one SQLite file: leads with calls, mails and notes, reps, stages, deletions and
    duplicates. A pass reads it as it would read a real CRM, scores the open leads with the bundled model, ranks them
    and writes score, band, trend and ranks back. After --days the second pass reads only what changed; the third one,
    with nothing new, calls no model and writes nothing. Because the simulator knows what every lead hides, the demo
    says how close the ranking comes to the best that is possible.

    With --crm salesforce the same company uses Salesforce: an emulator on this machine that speaks Salesforce's own API
    and is gone with the command. The demo then goes the whole way: our fields are installed, the org is examined and
    read, a model is trained on its history (with the extra train; otherwise the bundled one scores), a plan is made and
    applied, and two passes follow. That takes some minutes. The state stays, as state-salesforce.sqlite.

    With --org an existing org is scored by one pass instead; its state is kept beside it, and that of an org that
    this command made goes on. With --only-org and --org FILE --advance N the command only makes an org, or lets days go
    by in it: `hpro run`, `hpro plan` and `hpro serve` can then work on it as on any CRM.
    """
    if org is not None and (given := [name for name in _OF_A_NEW_ORG if _is_given(ctx, name)]):
        flag = "--dir" if given[0] == "folder" else f"--{given[0]}"
        raise ConfigError(f"--org scores an org as it is, and {flag} is about making a new one.", hint="Give one.")
    if advance is not None and org is None:
        raise ConfigError("--advance is about an org that exists.", hint="Name its file with --org.")
    if only_org and org is not None:
        raise ConfigError("--only-org makes an org, and --org names one that exists.", hint="Give one of them.")
    if crm != "demo" and only_org:
        raise ConfigError("--only-org makes an org file.", hint="Run `hpro emulate salesforce` for one without a pass.")
    if crm != "salesforce" and (train is not None or _is_given(ctx, "train_minutes")):
        raise ConfigError(
            "Training is a step of the demo with --crm salesforce only.", hint="Or run `hpro model train` on an org."
        )
    from hpro_connectors.cli.demo_output import print_next
    from hpro_connectors.cli.demo_run import DemoOptions, run_demo, run_on_org

    options = DemoOptions(company, leads, seed, days, model, demo_model, train, train_minutes)
    if crm == "salesforce":
        _on_salesforce(ctx, folder / STATE_OF_A_SALESFORCE_DEMO, options, as_json)
        return
    places = places_in(folder) if org is None else places_of(org)
    if only_org or advance is not None:
        _without_a_pass(places, options, advance, as_json)
        return
    steps = run_demo(places, options) if org is None else run_on_org(places, model, demo_model=demo_model)
    done = _tell(steps, places.org, places.state, as_json)
    if not as_json:
        print_next(places, done, model, generated=org is None)
    _end(ctx, done)


def _on_salesforce(ctx: click.Context, state: Path, options: DemoOptions, as_json: bool) -> None:
    """Go through the steps of the demo on an emulated Salesforce, and tell of each once it is done."""
    from hpro_connectors.cli.salesforce_demo import run_salesforce_demo
    from hpro_connectors.cli.salesforce_demo_output import (
        print_salesforce_next,
        print_salesforce_step,
        salesforce_demo_json,
    )
    from hpro_connectors.cli.salesforce_demo_steps import passes_of
    from hpro_sdk.cli.output import print_json

    done: list[SalesforceStep] = []
    for step in run_salesforce_demo(state, options):
        done.append(step)
        if not as_json:
            print_salesforce_step(step)
    print_json(salesforce_demo_json(state, done)) if as_json else print_salesforce_next()
    _end(ctx, passes_of(done))


def _tell(steps: Iterable[Step], org: Path, state: Path, as_json: bool) -> list[Step]:
    """Print each step once it is done, or all of them as JSON."""
    from hpro_connectors.cli.demo_output import demo_json, print_step
    from hpro_sdk.cli.output import print_json

    done: list[Step] = []
    for step in steps:
        done.append(step)
        if not as_json:
            print_step(step)
    if as_json:
        print_json(demo_json(org, state, done))
    return done


def _end(ctx: click.Context, done: Iterable[Step]) -> None:
    """Tell of the problems of the last pass, and leave with 3 where there are any."""
    from hpro_connectors.cli.demo_run import PassStep
    from hpro_connectors.cli.problems import problem_lines

    last = [step.outcome.report for step in done if isinstance(step, PassStep)][-1]
    if problems := problem_lines(last):
        click.echo("\n".join(problems), err=True)
        ctx.exit(3)


def _without_a_pass(places: Places, options: DemoOptions, advance: int | None, as_json: bool) -> None:
    from hpro_connectors.cli.demo_run import advance_org, make_org
    from hpro_sdk.cli.output import print_json

    if advance is None:
        make_org(places, options)
        told: dict[str, object] = {"org": {"path": places.org}}
        words = f"Made {places.org}. Next: `hpro config init --org {places.org}`, then `hpro run --once`."
    else:
        clock = advance_org(places.org, advance)
        told = {"org": {"path": places.org}, "clock": clock}
        words = f"{advance} days went by in {places.org}: it is {clock:%Y-%m-%d} there now."
    print_json(told) if as_json else click.echo(words)


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
