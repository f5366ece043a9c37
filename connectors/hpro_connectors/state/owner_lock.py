"""A lock file beside the state file that the operating system unlocks when its process dies.

The file names the owner that locked it last. Who gets the lock while the file still names the owner of the lease knows
that this owner is dead. A file that names somebody else, or nobody, proves nothing: an owner that took over from a
stalled process works without the lock until that process is gone, and a person may have deleted the file.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from hpro_connectors.state.translation import read_only_error

_MOST_BYTES = 1000


class OwnerLock:
    """The lock file of one state file; it stays where it is when nobody holds it.

    Args:
        state_path: Of the state file.
        suffix: What the lock file's name has in addition.

    Attributes:
        path: Of the lock file.
        held: Whether this object holds the lock.
        works: Whether the file system has locks, as far as is known.

    Raises:
        StateError: The file cannot be made or opened.
    """

    def __init__(self, state_path: Path, suffix: str = "lock") -> None:
        # Resolved: whatever name a process knows the state file by, it is the same lock file.
        resolved = state_path.resolve()
        self.path = resolved.with_name(f"{resolved.name}.{suffix}")
        self.held = False
        self.works = True
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise read_only_error(self.path) from exc

    def take(self) -> bool:
        """Try to get the lock, without waiting; give whether it is held now."""
        if not self.held:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.held = True
            except BlockingIOError:
                pass
            except OSError:  # some network file systems; there only the expiry of a lease decides
                self.works = False
        return self.held

    def named(self) -> str:
        """Give the owner that locked the file last; empty when there is none."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return os.pread(self._descriptor, _MOST_BYTES, 0).decode()
        return ""

    def name(self, owner: str) -> None:
        """Note who holds the lock; where the disk is full, nobody is named, which proves nothing."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, owner.encode(), 0)

    def close(self) -> None:
        """Give the lock back; closing twice is allowed."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor, self.held = -1, False
