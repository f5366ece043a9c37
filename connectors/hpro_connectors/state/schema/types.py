"""Column types, and the one collection of tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, Dialect, MetaData
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

METADATA: Final = MetaData()


def stored_moment(value: datetime) -> int:
    """Give a moment as it is stored: whole microseconds since 1970 in UTC."""
    return (value - _EPOCH) // _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """A datetime as whole microseconds since 1970 in UTC: exact, and ordered as numbers are."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Give the number that is stored."""
        return None if value is None else stored_moment(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the datetime, in UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND
