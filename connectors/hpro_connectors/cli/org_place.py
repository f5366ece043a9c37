"""Which org a command works on: its connector, its state, its models, and how its model is learnt."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hpro_connectors.cli.places import PATH

if TYPE_CHECKING:
    from hpro_connectors.protocol import Connector

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class OrgPlace:
    """An org.

    Attributes:
        state: Its state file.
        models: The folder of its models.
        org: The org file.
    """

    state: Path
    models: Path
    org: Path

    @contextlib.contextmanager
    def connector(self) -> Iterator[Connector]:
        """Give the connector of the org, for reading.

        Raises:
            ConfigError: There is no such org.
            ConnectorError: It cannot be read.
        """
        from hpro_connectors.demo.connector import DemoConnector
        from hpro_connectors.demo.org import Org

        with Org.open(self.org, writable=False) as org:
            yield DemoConnector(org)


def place_options(command: Command) -> Command:
    """Add the options that name an org, passed on to :func:`resolve_place`.

    Args:
        command: The function of a click command.
    """
    for option in (
        click.option("--models", type=PATH, metavar="DIR", help="Folder of its models.  [default: beside the org]"),
        click.option("--state", type=PATH, metavar="FILE", help="HPRO's state of it.  [default: beside the org]"),
        click.option("--org", type=PATH, required=True, metavar="FILE", help="The org file."),
    ):
        command = option(command)
    return command


def resolve_place(*, org: Path, state: Path | None = None, models: Path | None = None) -> OrgPlace:
    """Give the org that options name.

    Args:
        org: The org file.
        state: The state file; default: the one that goes on with the org.
        models: The models folder; default: beside the state, named after it.

    Raises:
        ConfigError: ``org`` is a folder.
    """
    from hpro_connectors.cli.places import places_of

    known = places_of(org).state if state is None else state
    return OrgPlace(known, known.with_name(f"{known.stem}-models") if models is None else models, org)
