"""Optional parts: one place that imports them, or says in one line how to install them."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Literal

from hpro_sdk.errors import MissingExtraError

Extra = Literal["parquet", "train", "postgres"]


def require_extra(extra: Extra, module: str, purpose: str) -> ModuleType:
    """Import ``module``, which the extra ``extra`` brings.

    Args:
        extra: Name of the extra in ``pyproject.toml``.
        module: Dotted name of the module to import.
        purpose: What needs it, as the subject of a sentence ("Training").

    Raises:
        MissingExtraError: The module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name is None or module.partition(".")[0] != exc.name.partition(".")[0]:
            raise  # the module is there and broken inside: that is not a missing extra
        raise MissingExtraError(
            f"{purpose} needs the package {exc.name}, which is not installed.",
            hint=f"Install it with: pip install 'hpro-sdk[{extra}]'",
            extra=extra,
        ) from exc
