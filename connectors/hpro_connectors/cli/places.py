"""Where the commands keep an org and its state."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import click

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
    return Places(folder / "org.sqlite", folder / "state.sqlite")


def places_beside(org: Path) -> Places:
    """Give an org file and the state beside it.

    Args:
        org: The org file.
    """
    return Places(org, org.with_name(f"{org.stem}.state.sqlite"))
