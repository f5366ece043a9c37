"""Kinds of values that several tables of ``hpro.toml`` share.

A validator here never repeats the value that it refuses: it may be a secret in the wrong place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        # True counts as 1 in Python, and would pass; Pydantic turns only a ValueError into a finding.
        raise ValueError("must be a number")  # noqa: TRY004
    return value


def _refuse_empty_path(value: object) -> object:
    if isinstance(value, str) and (not value.strip() or "\0" in value):
        raise ValueError("must be a path")
    return value


_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


def is_loopback_url(url: str) -> bool:
    """Tell whether a URL is plain HTTP to a port of this machine, and nothing else.

    Args:
        url: Such as ``http://127.0.0.1:8080``.
    """
    try:
        place = urlsplit(url)
        port = place.port
    except ValueError:
        return False
    is_bare = not (place.path.strip("/") or place.query or place.fragment or place.username)
    return place.scheme == "http" and place.hostname in _THIS_MACHINE and port is not None and is_bare


def _check_loopback(value: str) -> str:
    if not is_loopback_url(value):
        raise ValueError("must be http://127.0.0.1:PORT: an emulator runs on this machine")
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) < len(values):
        raise ValueError("must not name anything twice")
    return values


Seconds = Annotated[float, BeforeValidator(_refuse_bool), Field(ge=0, le=31_536_000, allow_inf_nan=False)]
"""A span of up to a year; 0 is allowed."""

PositiveSeconds = Annotated[float, BeforeValidator(_refuse_bool), Field(gt=0, le=31_536_000, allow_inf_nan=False)]
"""A span of up to a year that is not empty."""

Days = Annotated[int, BeforeValidator(_refuse_bool), Field(ge=1, le=36_500)]
"""Whole days, up to a hundred years."""

Minutes = Annotated[int, BeforeValidator(_refuse_bool), Field(ge=1, le=525_600)]
"""Whole minutes, up to a year."""

Count = Annotated[int, BeforeValidator(_refuse_bool), Field(ge=1, le=1_000_000_000)]
"""How many; at least one."""

Percent = Annotated[float, BeforeValidator(_refuse_bool), Field(ge=0, le=100, allow_inf_nan=False)]
"""0 to 100."""

Points = Annotated[float, BeforeValidator(_refuse_bool), Field(ge=0, le=100, allow_inf_nan=False)]
"""Score points, 0 to 100."""

PositiveNumber = Annotated[float, BeforeValidator(_refuse_bool), Field(gt=0, le=1_000_000, allow_inf_nan=False)]
"""A number above zero."""

Seed = Annotated[int, BeforeValidator(_refuse_bool), Field(ge=0, le=2**32 - 1)]
"""Of a random number generator."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""What a CRM calls a field or a stage."""

Names = Annotated[tuple[Name, ...], AfterValidator(_distinct)]
"""Some of them, none twice."""

PathKey = Annotated[Path, BeforeValidator(_refuse_empty_path)]
"""A path; :mod:`hpro_connectors.config.loading` makes it absolute, from the folder of the file that names it."""

LoopbackUrl = Annotated[str, AfterValidator(_check_loopback)]
"""Where an emulator is: on this machine."""
