"""Where the commands keep an org and its state."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, NamedTuple

import click

from hpro_connectors.demo.org_files import ORG_OF_A_DEMO, STATE_OF_A_DEMO, state_named_after
from hpro_sdk.errors import ConfigError

DEFAULT_FOLDER = Path("hpro-demo")
"""Folder of the demo, where no other one is named."""

PATH: Any = click.Path(path_type=Path)


class Places(NamedTuple):
    """The files of an org.

    Attributes:
        org: The org.
        state: HPRO's state of it.
    """

    org: Path
    state: Path


def places_in(folder: Path) -> Places:
    """Give the files of a demo.

    Args:
        folder: Of the demo.
    """
    return Places(folder / ORG_OF_A_DEMO, folder / STATE_OF_A_DEMO)


def places_beside(org: Path) -> Places:
    """Give an org file and the state that is named after it.

    Args:
        org: The org file; it need not exist.

    Raises:
        ConfigError: It is a folder.
    """
    if org.is_dir() or not org.name:
        raise ConfigError(f"{org} is a folder, not an org.", hint="Name the file of an org.")
    return Places(org, state_named_after(org))


def places_of(org: Path) -> Places:
    """Give an org file and the state that goes on with it: that of the demo which made the org there, if one did.

    An org with two states would be scored by turns, and each of them would take the other one's scores for its own.

    Args:
        org: The org file; it need not exist.

    Raises:
        ConfigError: It is a folder.
    """
    named_after = places_beside(org)
    of_a_demo = places_in(org.parent)
    return of_a_demo if org.name == of_a_demo.org.name and of_a_demo.state.exists() else named_after


def option_for(folder: Path | None, org: Path | None) -> str:
    """Give the options that name a place, as a person types them after a command; empty for the default one.

    Args:
        folder: As given with ``--dir``.
        org: As given with ``--org``.
    """
    if org is not None:
        return f" --org {shlex.quote(str(org))}"
    return "" if folder is None or folder == DEFAULT_FOLDER else f" --dir {shlex.quote(str(folder))}"
