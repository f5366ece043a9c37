"""One service an org: a second one leaves at once, also while the first one waits for its next pass.

The lease of an org is held during a pass only, so that between two of them a person may plan and apply.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpro_connectors.errors import StateLockedError
from hpro_connectors.state.owner_lock import OwnerLock


@contextmanager
def one_service(state_path: Path) -> Iterator[None]:
    """Be the one service of an org while the body runs; a process that dies is so no longer.

    Args:
        state_path: Of the org's state file; its folder must exist.

    Raises:
        StateLockedError: Another process is.
        StateError: The lock file cannot be made.
    """
    lock = OwnerLock(state_path, "serve.lock")
    try:
        if lock.take():
            lock.name(str(os.getpid()))
        elif lock.works:
            raise StateLockedError(
                f"`hpro serve` runs for this org already: process {lock.named() or '?'} (state file {state_path}).",
                hint="Stop that one first.",
            )
        yield
    finally:
        lock.close()
