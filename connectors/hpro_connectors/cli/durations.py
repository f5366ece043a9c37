"""Lengths of time on the command line, such as 26h."""

from __future__ import annotations

import re
from datetime import timedelta

import click

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def parse_duration(text: str) -> timedelta:
    """Read a length of time above 0, such as ``90m``, ``26h``, ``2d`` or ``1d12h``.

    Args:
        text: Numbers, each with one of the units s, m, h, d and w.

    Raises:
        ValueError: It is none.
    """
    plain = text.strip().lower()
    if not _WHOLE.fullmatch(plain):
        raise ValueError(f"{text!r} is no length of time such as 90m, 26h or 2d")
    try:
        length = sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _PART.findall(plain)), timedelta())
    except OverflowError:
        raise ValueError(f"{text!r} is longer than HPRO can count") from None
    if length <= timedelta(0):
        raise ValueError("it must be above 0")
    return length


def as_duration(ctx: click.Context, param: click.Parameter, value: str) -> timedelta:
    """Read an option as a length of time: its ``callback``.

    Args:
        ctx: Of the command.
        param: The option.
        value: What was given.

    Raises:
        click.BadParameter: It is none.
    """
    try:
        return parse_duration(value)
    except ValueError as exc:
        raise click.BadParameter(f"{exc}.", ctx=ctx, param=param) from exc
