"""Which Bulk jobs were made to write rows, so that whoever comes next finds them: a process may be killed meanwhile."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from hpro_sdk._files import write_private
from hpro_sdk.errors import HproError
from hpro_sdk.lead import Frozen

_LAYOUT: Final = 1

_LOGGER = logging.getLogger(__name__)


class _Jobs(Frozen):
    """What the file holds."""

    layout: int = _LAYOUT
    org_id: str
    object_name: str
    jobs: tuple[str, ...]


class WriteJobFile:
    """Keeps ids of Bulk jobs in a file that only its owner can read.

    A file that cannot be read, or is of another org or object, counts as none.

    Args:
        path: The file; ``None``: they are kept in memory only.
        org_id: Of the org that is signed in to.
        object_name: The scored object.
    """

    def __init__(self, path: Path | None, org_id: str, object_name: str) -> None:
        self._path = path
        self._org_id, self._object_name = org_id, object_name
        self._jobs = self._load()

    @property
    def jobs(self) -> tuple[str, ...]:
        """Ids of the jobs whose rows may not have been answered for, oldest first."""
        return self._jobs

    def add(self, job_id: str) -> bool:
        """Note a job, before anything is sent to it.

        Args:
            job_id: Its id.

        Returns:
            Whether the next process will find it.
        """
        self._jobs = (*self._jobs, job_id)
        if self._path is None:
            return True
        kept = _Jobs(org_id=self._org_id, object_name=self._object_name, jobs=self._jobs)
        try:
            write_private(self._path, kept.model_dump_json())
        except HproError as exc:
            extra = {"path": str(self._path), "error": type(exc).__name__}
            _LOGGER.warning("a Bulk job cannot be noted, and is not used", extra=extra)
            self._jobs = self._jobs[:-1]
            return False
        return True

    def forget(self) -> None:
        """Know of no job any more: its rows were answered for."""
        self._jobs = ()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _load(self) -> tuple[str, ...]:
        if self._path is None:
            return ()
        try:
            kept = _Jobs.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return ()
        if (kept.layout, kept.org_id, kept.object_name) != (_LAYOUT, self._org_id, self._object_name):
            return ()
        return kept.jobs
