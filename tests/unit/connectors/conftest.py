"""Worlds of a company in memory; see ``hpro_connectors.testing``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hpro_connectors.testing import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "state.db")
    with made.store:
        yield made
