"""Pydantic's findings in plain words: which key, and what is wrong with it, in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pydantic import ValidationError
from pydantic_core import ErrorDetails

OFFSET_HINT = "Write every moment with its offset from UTC, such as 2026-01-31T09:00:00+00:00."

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def quoted(text: str) -> str:
    """Write a text as a quoted string that TOML and people can read, on one line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match.group()):04x}", escaped) + '"'


def dotted_key(parts: Iterable[str | int]) -> str:
    """Write a path of keys as TOML does: ``features."Lead Origin".kind``, positions as ``[0]``."""
    text = ""
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else quoted(part))
    return text


def plain_problem(error: ErrorDetails) -> str:
    """Say what one finding is about, without the value that was found."""
    if error["type"] == "extra_forbidden":
        return "unknown key"
    if error["type"] == "missing":
        return "is required"
    if error["type"] in ("model_type", "dict_type", "model_attributes_type"):
        return "must be a table of keys"
    if error["type"] in {"tuple_type", "list_type"}:
        return "must be a list"
    message = error["msg"].removeprefix("Value error, ")
    return " ".join(message.split())


def plain_problems(exc: ValidationError, *, at_most: int = 3) -> str:
    """Join the findings of a failed validation into one line, each with its dotted key."""
    errors = exc.errors(include_url=False, include_input=False, include_context=False)
    texts = []
    for error in errors[:at_most]:
        key = dotted_key(error["loc"])
        texts.append(f"{key}: {plain_problem(error)}" if key else plain_problem(error))
    if len(errors) > at_most:
        texts.append(f"and {len(errors) - at_most} more")
    return "; ".join(texts)
