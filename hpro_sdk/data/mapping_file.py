"""Reading a mapping from its TOML file."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path

from pydantic import ValidationError

from hpro_sdk.data.mapping import TableMapping
from hpro_sdk.data.mapping_schema import mapping_keys
from hpro_sdk.data.validation_text import plain_problems
from hpro_sdk.errors import ConfigError

_SCHEMA_HINT = "Run `hpro mapping schema` to see every key."


def load_mapping(path: Path) -> TableMapping:
    """Read a mapping.

    Args:
        path: The TOML file. A relative ``interactions.file.path`` in it starts at its folder.

    Returns:
        The checked mapping.

    Raises:
        ConfigError: The file cannot be read, is not TOML, or breaks the format; the message names the key.
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as exc:
        raise ConfigError(
            f"The mapping {path} does not exist.", hint="Draft one with `hpro mapping guess FILE --out TOML`."
        ) from exc
    except OSError as exc:
        raise ConfigError(
            f"The mapping {path} cannot be read: {exc.strerror or exc}.", hint="Name a TOML file you may read."
        ) from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(
            f"The mapping {path} is not UTF-8 (byte {exc.start}).", hint="Save it as a UTF-8 text file."
        ) from exc
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"{path} is not valid TOML: {exc}.", hint="Correct it at the place named.") from exc
    try:
        return TableMapping.model_validate(data, context={"folder": path.parent})
    except ValidationError as exc:
        raise ConfigError(f"{path}: {plain_problems(exc)}.", hint=_hint(exc)) from exc


def _hint(exc: ValidationError) -> str:
    known = sorted({key.key.rpartition(".")[2] for key in mapping_keys()})
    for error in exc.errors(include_url=False, include_input=False):
        if error["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
            if near:
                return f"Did you mean {near[0]}? {_SCHEMA_HINT}"
    return _SCHEMA_HINT
