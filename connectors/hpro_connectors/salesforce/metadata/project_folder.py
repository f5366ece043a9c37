"""The project on disk: comparing a folder with what it should hold, and writing it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hpro_connectors.salesforce.metadata.project import (
    FIELDS_PACKAGE,
    LIST_VIEWS_PACKAGE,
    PROJECT_FILE,
    PROJECT_NAME,
)
from hpro_connectors.salesforce.writing.score_fields import is_own
from hpro_sdk._files import replacing
from hpro_sdk.errors import ConfigError, OutputError


class FileState(StrEnum):
    """How a file of a folder differs from the project."""

    MISSING = "missing"
    DIFFERENT = "different"
    LEFT_OVER = "left over"


class FileDifference(NamedTuple):
    """A file that is not as the project has it.

    Attributes:
        path: Below the folder.
        state: What is wrong with it; one of ours that the project does not have is left over.
    """

    path: PurePosixPath
    state: FileState


def compare_project(folder: Path, files: Mapping[PurePosixPath, str]) -> tuple[FileDifference, ...]:
    """Say what differs, sorted by path; files that are not ours are left out of it.

    Args:
        folder: Of the project; it need not exist.
        files: What it should hold, from :func:`~hpro_connectors.salesforce.metadata.project_files`.
    """
    differences = [*_unequal(folder, files), *_left_over(folder, files)]
    return tuple(sorted(differences))


def write_project(
    folder: Path, files: Mapping[PurePosixPath, str], *, dry_run: bool = False
) -> tuple[FileDifference, ...]:
    """Write the project: all files are complete before the first one takes its place.

    Files that are left over stay: somebody may have put them there.

    Args:
        folder: Where to; it is made where it does not exist.
        files: What it shall hold.
        dry_run: Only say what would change.

    Returns:
        What differed before.

    Raises:
        ConfigError: The folder holds another project, or cannot be written.
        OutputError: The disk is full or another write failed; what stood there before is untouched.
    """
    _refuse_other_project(folder)
    differences = compare_project(folder, files)
    if not dry_run:
        _write(folder, {one.path: files[one.path] for one in differences if one.state is not FileState.LEFT_OVER})
    return differences


def _unequal(folder: Path, files: Mapping[PurePosixPath, str]) -> Iterator[FileDifference]:
    for path, text in files.items():
        file = folder / path
        if not file.exists():
            yield FileDifference(path, FileState.MISSING)
        elif not file.is_file() or file.read_bytes() != text.encode():
            yield FileDifference(path, FileState.DIFFERENT)


def _left_over(folder: Path, files: Mapping[PurePosixPath, str]) -> Iterator[FileDifference]:
    for package in (FIELDS_PACKAGE, LIST_VIEWS_PACKAGE):
        for file in (folder / package).rglob("*"):
            path = PurePosixPath(file.relative_to(folder).as_posix())
            if is_own(file.name) and path not in files and file.is_file():
                yield FileDifference(path, FileState.LEFT_OVER)


def _refuse_other_project(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file, not a folder.", hint="Name a folder to write to.")
    file = folder / PROJECT_FILE
    if not file.exists():
        return
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, IsADirectoryError):
        content = None
    if not isinstance(content, dict) or content.get("name") != PROJECT_NAME:
        raise ConfigError(f"{folder} holds another Salesforce project.", hint="Name a folder of its own.")


def _write(folder: Path, files: Mapping[PurePosixPath, str]) -> None:
    with _making_folders({(folder / path).parent for path in files}), contextlib.ExitStack() as stack:
        for path, text in files.items():
            temporary = stack.enter_context(replacing(folder / path))
            temporary.write_bytes(text.encode())


@contextlib.contextmanager
def _making_folders(folders: Iterable[Path]) -> Iterator[None]:
    """Make folders and those above them; take away again those that were made when the body raises."""
    made: list[Path] = []
    try:
        for folder in sorted(folders):
            for one in [*reversed(folder.parents), folder]:
                if not one.is_dir():
                    _make(one)
                    made.append(one)
        yield
    except BaseException:
        for one in reversed(made):
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except (PermissionError, FileExistsError, NotADirectoryError) as exc:
        raise ConfigError(
            f"The folder {folder} cannot be made: {exc.strerror}.", hint="Name another folder to write to."
        ) from exc
    except OSError as exc:
        raise OutputError(
            f"Making the folder {folder} failed: {exc.strerror or exc}.", hint="Free some disk space and run it again."
        ) from exc
