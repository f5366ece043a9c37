"""A query as a tree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LiteralKind(StrEnum):
    """What a literal is."""

    TEXT = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"
    DATE = "date"
    DATETIME = "dateTime"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in a query.

    Attributes:
        kind: What it is.
        value: Text without quotes and escapes (of a pattern, with its escapes); number; yes or no; ISO date; seconds
            since 1970; of a range of days such as ``LAST_N_DAYS:7`` its first day and the day after its last, as
            days from today.
        position: Where it begins in the query.
        pattern: The text as ``LIKE`` takes it.
    """

    kind: LiteralKind
    value: str | int | float | bool | tuple[int, int] | None
    position: int
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """A field, with the relationships that lead there.

    Attributes:
        names: As written.
        position: Where it begins in the query.
    """

    names: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A function of many rows, such as ``COUNT(Id)``.

    Attributes:
        function: In capitals.
        path: Of what; ``None`` for ``COUNT()``.
        alias: What the column is called, or an empty text.
        position: Where it begins in the query.
    """

    function: str
    path: Path | None
    alias: str
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """``path operator literal``."""

    path: Path
    operator: str
    literal: Literal


@dataclass(frozen=True, slots=True)
class InList:
    """``path IN (...)``."""

    path: Path
    literals: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InSelect:
    """``path IN (SELECT ...)``."""

    path: Path
    select: Select
    negated: bool


@dataclass(frozen=True, slots=True)
class Includes:
    """``path INCLUDES ('a;b', 'c')``: of a picklist of many values."""

    path: Path
    literals: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """``NOT condition``."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Every:
    """``condition AND condition ...``."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """``condition OR condition ...``."""

    conditions: tuple[Condition, ...]


Condition = Comparison | InList | InSelect | Includes | Not | Every | Some
"""What a row must fulfil."""


@dataclass(frozen=True, slots=True)
class Order:
    """One key of the order.

    Attributes:
        path: By which field.
        descending: Largest first.
        nulls_last: Empty ones last.
    """

    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A query.

    Attributes:
        columns: What is asked for.
        object_name: Of which object, as written.
        object_position: Where its name begins in the query.
        alias: What the query calls it, or an empty text.
        where: What rows must fulfil.
        groups: By which fields rows are put together.
        orders: Their order.
        limit: At most so many.
        offset: So many are left out first.
        position: Where the query begins.
    """

    columns: tuple[Path | Aggregate, ...]
    object_name: str
    object_position: int
    alias: str
    where: Condition | None
    groups: tuple[Path, ...]
    orders: tuple[Order, ...]
    limit: int | None
    offset: int | None
    position: int
