"""Whether an org that stands in the way of an import was scored: then there is more to it than its table."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from hpro_connectors.demo.org_files import ORG_OF_A_DEMO, STATE_OF_A_DEMO, state_named_after
from hpro_connectors.demo.org_scores import existing_score_columns
from hpro_sdk.errors import ConfigError

_REMEDY = "Move it away with what belongs to it, or name another org with --out."


def require_unscored(org_path: Path) -> None:
    """Refuse to put a new org where one was scored: a state would take the scores of the old one for the new one's.

    Args:
        org_path: Where the new org shall be; nothing, or any file.

    Raises:
        ConfigError: An org with scores stands there, or a state beside it.
    """
    state, of_a_demo = state_named_after(org_path), org_path.with_name(STATE_OF_A_DEMO)
    if not state.exists() and (org_path.exists() or org_path.name == ORG_OF_A_DEMO):
        state = of_a_demo
    if state.exists():
        raise ConfigError(f"{state} is the state of an org that stood here and was scored.", hint=_REMEDY)
    if org_path.is_file() and _shows_scores(org_path):
        raise ConfigError(f"{org_path} is an org that was scored, so it is not replaced.", hint=_REMEDY)


def _shows_scores(path: Path) -> bool:
    """Look at the columns of an org of any version; what is no org, or damaged, has none."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return bool(existing_score_columns(connection))
    except sqlite3.Error:
        return False
