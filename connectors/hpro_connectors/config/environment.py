"""Keys of ``hpro.toml`` as environment variables: ``HPRO_SYNC__LAG_S``, ``HPRO_CRM__MAIN__STATE``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hpro_sdk.errors import ConfigError

PREFIX = "HPRO_"
DELIMITER = "__"


def variable_of(keys: tuple[str | int, ...]) -> str:
    """Give the name of the variable for a key.

    Args:
        keys: From the outermost table inwards, such as ``("sync", "lag_s")``.
    """
    return PREFIX + DELIMITER.join(str(key) for key in keys).upper()


def tables_of_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the variables ``HPRO_TABLE__KEY`` into nested tables.

    Names are read in lower case, a list is written as JSON, and an empty variable counts as not set. Variables
    without a double underscore, such as ``HPRO_CONFIG``, are none of this.

    Args:
        environ: The environment.

    Raises:
        ConfigError: A name has an empty part, or names a table that another one uses as a key.
    """
    tables: dict[str, Any] = {}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or DELIMITER not in variable or not environ[variable]:
            continue
        *outer, key = variable.removeprefix(PREFIX).lower().split(DELIMITER)
        if not all([*outer, key]):
            raise ConfigError(
                f"The environment variable {variable} names no key.", hint="Write it like HPRO_SYNC__LAG_S."
            )
        table = tables
        for name in outer:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                break
        if not isinstance(table, dict) or key in table:
            raise ConfigError(
                f"The environment variable {variable} contradicts another one: a key is no table.",
                hint="Remove one of them.",
            )
        table[key] = _value(environ[variable])
    return tables


def _value(text: str) -> str | list[Any]:
    if text.lstrip().startswith("["):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        if isinstance(value, list):
            return value
    return text
