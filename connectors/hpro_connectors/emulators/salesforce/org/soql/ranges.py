"""Ranges of days, such as ``LAST_N_DAYS:7``, as SQL; days are those of UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.field_schema import FieldType
from hpro_connectors.emulators.salesforce.org.soql.tree import Literal


def range_condition(
    column: str, kind: FieldType, operator: str, literal: Literal, today: str
) -> tuple[str, list[StoredValue]]:
    """Give the SQL that compares a date or a moment with a range of days.

    Args:
        column: SQL of the field.
        kind: Whether it is a date or a moment.
        operator: As the query has it; ``<`` is before the range, ``>`` after it.
        literal: The range.
        today: The date.

    Returns:
        The SQL, and the values that it binds.
    """
    first, end = literal.value if isinstance(literal.value, tuple) else (0, 1)
    begins, ends = _bound(kind, today, first), _bound(kind, today, end)
    if operator in {"=", "!="}:
        inside = f"({column} >= ? AND {column} < ?)"
        return (inside if operator == "=" else f"{inside} IS NOT TRUE"), [begins, ends]
    bound = begins if operator in {"<", ">="} else ends
    return f"{column} {'<' if operator in {'<', '<='} else '>='} ?", [bound]


def _bound(kind: FieldType, today: str, days: int) -> StoredValue:
    day = date.fromisoformat(today) + timedelta(days=days)
    if kind is FieldType.DATE:
        return day.isoformat()
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
