"""SOQL made of parts: names that were checked, literals that were escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
    }
)


def is_name(text: str) -> bool:
    """Tell whether a text can name an object, a column, or a column of a parent."""
    return _NAME.fullmatch(text) is not None


def text_literal(text: str) -> str:
    """Put a text in quotes, with everything escaped that means something there."""
    return f"'{text.translate(_ESCAPES)}'"


def moment_literal(moment: datetime) -> str:
    """Write a moment as SOQL compares it: whole seconds, rounded down, UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def among(column: str, values: Iterable[str]) -> str:
    """Say that a column holds one of some texts."""
    return f"{column} IN ({','.join(text_literal(value) for value in values)})"


def select(columns: Sequence[str], object_name: str, conditions: Iterable[str], order: Sequence[str] = ()) -> str:
    """Put a query together.

    Args:
        columns: What is asked for.
        object_name: Of which object.
        conditions: All of them must hold; empty ones are passed over.
        order: Columns to sort by, ascending.
    """
    where = " AND ".join(condition for condition in conditions if condition)
    query = f"SELECT {','.join(columns)} FROM {object_name}"  # noqa: S608 - names were checked, literals escaped
    if where:
        query += f" WHERE {where}"
    if order:
        query += f" ORDER BY {','.join(order)}"
    return query


def encoded_length(soql: str) -> int:
    """Count the characters that a query takes in a URL."""
    return len(quote_plus(soql))
