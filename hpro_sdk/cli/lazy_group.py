"""A click group whose commands are imported only when they run, so that help is quick and never breaks.

A command whose packages are not installed is still listed, as "(not installed: needs ...)", and calling it says
in one line what to install.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple

import click

from hpro_sdk.errors import MissingExtraError

OUR_PACKAGES = frozenset({"hpro_sdk", "hpro_connectors", "hpro_quantize"})


class LazyCommand(NamedTuple):
    """Where a command is, and what can be said about it without importing it.

    Attributes:
        target: ``module:attribute`` of the click command.
        help: One line for ``hpro --help``.
        extra: The extra that brings ``packages``.
        packages: Import names of packages outside the base install that it cannot do without.
    """

    target: str
    help: str
    extra: str = ""
    packages: tuple[str, ...] = ()

    def missing_package(self) -> str | None:
        """Import name of the first package that is not installed."""
        return next((package for package in self.packages if importlib.util.find_spec(package) is None), None)


class LazyGroup(click.Group):
    """A group with a table of commands, plus those that other packages register.

    Args:
        table: Command name to where it is.
        entry_point_group: Entry points of this group are commands too; the table wins on equal names.
        listen_verbose: Makes the ``-v`` that every command gets, so that it may also stand behind the command.
        **options: Passed on to :class:`click.Group`.
    """

    def __init__(
        self,
        *,
        table: Mapping[str, LazyCommand],
        entry_point_group: str,
        listen_verbose: Callable[[], click.Option],
        **options: object,
    ) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # click's own options, checked by click
        self.table = table
        self.entry_point_group = entry_point_group
        self.listen_verbose = listen_verbose

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, installed or not, in alphabetical order."""
        return sorted({*super().list_commands(ctx), *self.table, *self._entry_points()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or give a stub that says what is missing."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            return command
        entry_point = self._entry_points().get(cmd_name)
        if cmd_name in self.table:
            entry = self.table[cmd_name]
            package = entry.missing_package()
            if package:
                return _stub(cmd_name, package, entry.extra)
            command = _load(cmd_name, lambda: _import(entry.target), entry.extra)
        elif entry_point:
            command = _load(cmd_name, entry_point.load, extra="all")
        else:
            return None
        self._add_verbose(command)
        self.add_command(command, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing those of the table."""
        rows = [(name, self._short_help(ctx, name)) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def _short_help(self, ctx: click.Context, name: str) -> str:
        entry = self.table.get(name)
        if entry is None:
            try:
                command = self.get_command(ctx, name)
            except Exception as exc:  # noqa: BLE001 - help works even where another package's command is broken
                return f"(cannot be loaded: {type(exc).__name__})"
            return command.get_short_help_str(limit=100) if command else ""
        return _not_installed(entry.extra) if entry.missing_package() else entry.help

    def _entry_points(self) -> dict[str, EntryPoint]:
        return {entry_point.name: entry_point for entry_point in entry_points(group=self.entry_point_group)}

    def _add_verbose(self, command: click.Command) -> None:
        if isinstance(command, click.Group):
            for child in command.commands.values():
                self._add_verbose(child)
        elif not any("-v" in parameter.opts for parameter in command.params):
            command.params.append(self.listen_verbose())


def _import(target: str) -> object:
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _load(name: str, load: Callable[[], object], extra: str) -> click.Command:
    try:
        command = load()
    except MissingExtraError as exc:
        return _stub(name, str(exc.context.get("package", "")), str(exc.context.get("extra", extra)), exc)
    except ModuleNotFoundError as exc:
        package = (exc.name or "").partition(".")[0]
        if not package or package in OUR_PACKAGES:
            raise  # a mistake of ours, not a missing extra
        return _stub(name, package, extra)
    if not isinstance(command, click.Command):
        raise TypeError(f"the command {name!r} is a {type(command).__name__}, not a click command")
    return command


def _not_installed(extra: str) -> str:
    return f"(not installed: needs hpro-sdk[{extra}])" if extra else "(not installed: needs hpro-sdk)"


def _stub(name: str, package: str, extra: str, error: MissingExtraError | None = None) -> click.Command:
    """Make a command that takes any arguments and says what is missing."""

    def fail(_arguments: tuple[str, ...]) -> None:
        if error is not None:
            raise error
        wanted = f"hpro-sdk[{extra}]" if extra else "hpro-sdk"
        raise MissingExtraError(
            f"`hpro {name}` needs the package {package}, which is not installed.",
            hint=f"Install it with: pip install '{wanted}'",
            extra=extra,
        )

    return click.Command(
        name,
        callback=fail,
        params=[click.Argument(["_arguments"], nargs=-1, type=click.UNPROCESSED)],
        help=_not_installed(extra),
        context_settings={"ignore_unknown_options": True},
    )
