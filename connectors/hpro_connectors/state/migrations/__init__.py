"""Numbered migrations of the state file: each brings a file from the version before to its own, whole or not at all.

Their SQL is frozen: what a migration once made it always makes. ``schema`` holds the tables as the newest leaves them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Final

from hpro_connectors.state.migrations.m002_first import m002_first
from hpro_connectors.state.migrations.m003_engine import m003_engine

MIGRATIONS: Final[Mapping[int, Callable[[sqlite3.Connection], None]]] = {2: m002_first, 3: m003_engine}
"""By the version that each leads to; files of version 1 were never released."""

OLDEST: Final = 2
