"""The moments at which training snapshots are taken, and which of them train, validate and test."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from hpro_sdk.errors import ConfigError

VALID_SHARE = 0.1
"""Share of the cutoffs to choose and calibrate on."""

TEST_SHARE = 0.2
"""Share of the cutoffs, the newest, for the test."""

Side = Literal["train", "valid", "test"]


def spaced_cutoffs(first: datetime, last: datetime, every_days: int) -> list[datetime]:
    """Give evenly spaced moments, in UTC.

    Args:
        first: The first one, with a time zone.
        last: None is later; with a time zone.
        every_days: Days of 24 hours from one to the next.

    Raises:
        ValueError: A datetime has no time zone.
        ConfigError: ``every_days`` is below 1, or ``last`` is before ``first``.
    """
    start, end = to_utc(first, "first"), to_utc(last, "last")
    if every_days < 1:
        raise ConfigError(f"every_days is {every_days}.", hint="Give 1 or more days between cutoffs.")
    if end < start:
        raise ConfigError(
            f"The last cutoff, {end.isoformat()}, is before the first, {start.isoformat()}.", hint="Swap them."
        )
    count = (end - start).days // every_days + 1
    return [start + timedelta(days=every_days * number) for number in range(count)]


def to_utc(moment: datetime, name: str) -> datetime:
    """Give a moment in UTC.

    Args:
        moment: With a time zone.
        name: What the message calls it.

    Raises:
        ValueError: It has no time zone.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{name} {moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)


def divide_cutoffs(cutoffs: Sequence[datetime], valid_share: float = VALID_SHARE) -> dict[datetime, Side]:
    """Divide cutoffs by time: the newest 20 % test, the share before them (10 %) validates, the oldest train.

    Of three or more, each side gets at least one. Two are train and valid, without which nothing can be trained;
    one is train.

    Args:
        cutoffs: Distinct, in any order.
        valid_share: Share of the cutoffs that validate.
    """
    ordered = sorted(cutoffs)
    count = len(ordered)
    test = 0 if count < 3 else max(1, round(TEST_SHARE * count))
    valid = 0 if count < 2 else max(1, round(valid_share * count))
    counts: list[tuple[Side, int]] = [("train", count - valid - test), ("valid", valid), ("test", test)]
    sides = [side for side, cutoffs_of_side in counts for _ in range(cutoffs_of_side)]
    return dict(zip(ordered, sides, strict=True))
