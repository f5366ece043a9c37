"""Finding and reading ``hpro.toml``."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpro_sdk.errors import ConfigError

FILE_NAME = "hpro.toml"
FILE_VARIABLE = "HPRO_CONFIG"

_INIT_HINT = "Make one with `hpro config init`, or name one with --config FILE."


def find_file(given: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Find the file: the one given, else that of ``HPRO_CONFIG``, else ``hpro.toml`` in the working folder.

    Args:
        given: As named with ``--config``.
        environ: The environment.

    Returns:
        Its absolute path; ``None`` where none was named and the working folder has none.

    Raises:
        ConfigError: A file that was named does not exist.
    """
    named = environ.get(FILE_VARIABLE, "")
    if given is not None:
        place, how = given, "named with --config"
    elif named:
        place, how = Path(named), f"named by {FILE_VARIABLE}"
    else:
        place, how = Path(FILE_NAME), ""
    place = Path(os.path.expanduser(place)).absolute()  # noqa: PTH111 - Path's raises where there is no home
    if place.exists():
        return place
    if not how:
        return None
    raise ConfigError(f"The configuration {place}, {how}, does not exist.", hint=_INIT_HINT)


def no_file_error() -> ConfigError:
    """Give the error for a configuration that is nowhere, with every place that was looked at."""
    return ConfigError(
        f"There is no configuration: --config names none, {FILE_VARIABLE} is not set, {Path(FILE_NAME).absolute()} "
        "does not exist, and no variable HPRO_CRM__NAME__KEY is set.",
        hint=_INIT_HINT,
    )


def read_file(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Args:
        path: Where it is.

    Raises:
        ConfigError: It cannot be read, or is not TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as exc:
        raise ConfigError(
            f"The configuration {path} cannot be read: {exc.strerror or exc}.", hint="Name a TOML file you may read."
        ) from exc
    except UnicodeDecodeError as exc:
        # Without its cause: that holds the whole file.
        raise ConfigError(
            f"The configuration {path} is not UTF-8 (byte {exc.start}).", hint="Save it as a UTF-8 text file."
        ) from None
    return parse_text(text, path)


def parse_text(text: str, path: Path) -> dict[str, Any]:
    """Read TOML.

    Args:
        text: The content of a file.
        path: The file, for messages.

    Raises:
        ConfigError: It is not TOML; the message names the line and repeats nothing of it.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(
            f"{path} is nested too deeply to be a configuration.", hint="Write plain tables of keys."
        ) from None
    except tomllib.TOMLDecodeError as exc:
        line = re.search(r"at line (\d+)", str(exc))
        # Of tomllib's words only the line: they may repeat a key or a character of what stands there.
        number = int(line[1]) if line else max(len(text.splitlines()), 1)
        raise ConfigError(
            f"{path}, line {number}: this is not valid TOML.",
            hint='Write key = value, with a text in quotes ("..."), and each key once.',
        ) from None
