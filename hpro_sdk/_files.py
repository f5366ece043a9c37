"""Writing files so that nothing half written is ever left behind."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from hpro_sdk.errors import ConfigError, OutputError


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path beside ``target``; on success it takes the target's place in one step.

    The temporary file lies in the same folder (a rename is atomic only within one file system), is synced to
    disk before the rename, and is removed when the body raises.

    Args:
        target: The file to write. What stands there stays until the new content is complete.

    Yields:
        The path to write to; it does not exist yet.

    Raises:
        ConfigError: The folder of ``target`` is missing or not writable, or the target is a folder.
        OutputError: The disk is full or another write failed.
    """
    if not target.parent.is_dir():
        raise ConfigError(f"The folder {target.parent} does not exist.", hint="Create it, or name another one.")
    if target.is_dir():
        raise ConfigError(f"{target} is a folder, not a file.", hint="Name a file to write to.")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except PermissionError as exc:
        raise ConfigError(f"{target} cannot be written: {exc.strerror}.", hint="Check its permissions.") from exc
    except OSError as exc:
        raise OutputError(
            f"Writing {target} failed: {exc.strerror or exc}.", hint="Free some disk space and run it again."
        ) from exc
    finally:
        temporary.unlink(missing_ok=True)


def write_private(target: Path, text: str) -> None:
    """Write a file that only its owner can read; what stands there stays until the new content is complete.

    Args:
        target: The file.
        text: Its content.

    Raises:
        ConfigError: The folder of ``target`` is missing or not writable, or the target is a folder.
        OutputError: The disk is full or another write failed.
    """
    with replacing(target) as temporary:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
