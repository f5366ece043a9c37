"""One training at a time in a models folder: two would write into the same unfinished one."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpro_connectors.errors import StateLockedError
from hpro_sdk.errors import ConfigError

_NAME = ".training.lock"


@contextmanager
def only_training(models: Path) -> Iterator[None]:
    """Hold the lock of a models folder; the operating system gives it back when the process ends.

    Args:
        models: The folder; it exists.

    Raises:
        StateLockedError: Another process trains a model of this org.
        ConfigError: The folder cannot be written.
    """
    try:
        descriptor = os.open(models / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise ConfigError(
            f"The models folder {models} cannot be written: {exc.strerror}.", hint="Check its permissions."
        ) from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise StateLockedError(
                f"Another training is under way in {models}.", hint="Wait for its end, or end it first."
            ) from exc
        yield
    finally:
        os.close(descriptor)
