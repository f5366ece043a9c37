"""The command ``hpro``: its own commands, and those that the other packages of the distribution register."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from hpro_sdk.cli.errors import CliState, run_guarded
from hpro_sdk.cli.lazy_group import LazyCommand, LazyGroup
from hpro_sdk.cli.logging_setup import configure_logging

__all__ = ["COMMANDS", "hpro", "main"]

COMMANDS = {
    "evaluate": LazyCommand("hpro_sdk.cli.evaluate:evaluate", "Measure how well a model ranks a set of leads."),
    "mapping": LazyCommand("hpro_sdk.cli.mapping:mapping", "Say which column of a table is what."),
    "render": LazyCommand("hpro_sdk.cli.render:render", "Show the prompt that a lead is scored by."),
    "score": LazyCommand("hpro_sdk.cli.score:score", "Score and rank the leads of a file."),
    "train": LazyCommand(
        "hpro_sdk.cli.train:train", "Train a model on leads whose outcome is known.", "train", ("torch", "transformers")
    ),
}
"""The commands of the SDK; each is imported when it runs."""


def _raise_verbosity(ctx: click.Context, _option: click.Parameter, count: int) -> None:
    if ctx.resilient_parsing:  # the shell asks for completions
        return
    state = ctx.ensure_object(CliState)
    state.verbosity += count
    if count or ctx.parent is None:
        configure_logging(state.verbosity)


def _verbose_option() -> click.Option:
    return click.Option(
        ["-v", "--verbose"],
        count=True,
        expose_value=False,
        callback=_raise_verbosity,
        help="Say more, and show the traceback of an error; -vv says everything.",
    )


hpro = LazyGroup(
    table=COMMANDS,
    entry_point_group="hpro.commands",
    listen_verbose=_verbose_option,
    name="hpro",
    help="Score and rank leads with a model that runs beside your own CRM.",
    params=[_verbose_option()],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 failed, 2 something must be changed, 3 partial, 4 busy, 5 quota.",
)
hpro = click.version_option(package_name="hpro-sdk", prog_name="hpro", message="%(prog)s %(version)s")(hpro)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line.

    Args:
        arguments: Without the program's name; default: those of the process.

    Returns:
        The exit code, see :mod:`hpro_sdk.cli.errors`.
    """
    if instruction := os.environ.get("_HPRO_COMPLETE"):
        from click.shell_completion import shell_complete

        return shell_complete(hpro, {}, "hpro", "_HPRO_COMPLETE", instruction)
    state = CliState()
    given = sys.argv[1:] if arguments is None else list(arguments)

    def run() -> None:
        with hpro.make_context("hpro", given, obj=state) as ctx:
            hpro.invoke(ctx)

    return run_guarded(run, state)
