"""What an earlier demo left: whether it may be replaced, and taking its states away."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection
from pathlib import Path

from hpro_connectors.demo.demo_ids import DEMO_ORG_IDS, is_demo_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_errors import DamagedOrgError
from hpro_connectors.demo.org_files import state_named_after
from hpro_connectors.errors import SafetyRailError, StateError, StateLockedError
from hpro_connectors.protocol import OrgIdentity
from hpro_connectors.state import StateStore
from hpro_connectors.state.translation import translating
from hpro_sdk.errors import ConfigError

_REMEDY = "Move it away, or name another folder with --dir."


def require_replaceable(org_path: Path, state_path: Path) -> None:
    """Refuse to replace anything but the org and the state of an earlier demo.

    Args:
        org_path: Where a new org shall be.
        state_path: Where its state shall be; one that is named after the org is looked at as well.

    Raises:
        ConfigError: A file that stands there is something else, or damaged.
        StateLockedError: One of them is in use.
    """
    if org_path.exists():
        _require_demo_org(org_path)
    for state in (state_path, state_named_after(org_path)):
        require_replaceable_state(state)


def require_replaceable_state(path: Path, org_ids: Collection[str] = tuple(DEMO_ORG_IDS.values())) -> None:
    """Refuse to replace anything but the state of an earlier demo.

    Args:
        path: Where a new state shall be.
        org_ids: Of the orgs whose state it may be.

    Raises:
        ConfigError: A file that stands there is something else, or damaged.
        StateLockedError: It is in use.
    """
    if path.exists():
        _require_demo_state(path, org_ids)


def remove_states(org_path: Path, state_path: Path) -> None:
    """Take all states of an org away, with the logs that a killed process may have left beside them.

    Args:
        org_path: The org, which stays; a state may be named after it.
        state_path: Its state; it need not exist.
    """
    for state in (state_path, state_named_after(org_path)):
        remove_state(state)


def remove_state(path: Path) -> None:
    """Take a state away, with the logs that a killed process may have left beside it.

    Args:
        path: The state; it need not exist.
    """
    for file in (path, *(path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-shm"))):
        file.unlink(missing_ok=True)


def _require_demo_org(path: Path) -> None:
    try:
        with Org.open(path, writable=False) as org:
            org_id = org.definition().org_id
    except (ConfigError, DamagedOrgError) as exc:
        raise ConfigError(f"{path} cannot be replaced by a new org: {exc.message}", hint=_REMEDY) from exc
    if not is_demo_org(org_id):
        raise ConfigError(f"{path} is not the org of an earlier demo, so it is not replaced.", hint=_REMEDY)


def _require_demo_state(path: Path, org_ids: Collection[str]) -> None:
    try:
        with StateStore.open(path, create=False) as store:
            ours = any(_is_of(store, org_id) for org_id in org_ids)
        with translating(path), contextlib.closing(sqlite3.connect(path, timeout=0)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except StateLockedError:
        raise
    except (ConfigError, StateError) as exc:
        raise ConfigError(f"{path} cannot be replaced by a new state: {exc.message}", hint=_REMEDY) from exc
    if not ours:
        raise ConfigError(f"{path} is not the state of an earlier demo, so it is not replaced.", hint=_REMEDY)


def _is_of(store: StateStore, org_id: str) -> bool:
    try:
        store.check_org(OrgIdentity(org_id=org_id, name="", vendor="demo", is_test=True), "lead")
    except SafetyRailError:
        return False
    return True
