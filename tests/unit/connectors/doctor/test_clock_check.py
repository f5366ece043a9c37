"""Two clocks, compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hpro_connectors.doctor import Level, check_clock

THEIRS = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [0, 1, -1, 120, -120])
def test_a_small_difference_is_fine(seconds: int) -> None:
    (finding,) = check_clock(THEIRS, THEIRS + timedelta(seconds=seconds))
    assert finding.level is Level.OK
    assert f"{'2 minutes' if abs(seconds) == 120 else f'{abs(seconds)} s'}" in finding.seen


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (timedelta(seconds=121), "2 minutes fast"),
        (timedelta(minutes=-90), "90 minutes slow"),
        (timedelta(hours=3), "3 hours fast"),
        (timedelta(days=-400), "400 days slow"),
    ],
)
def test_a_large_one_is_named(difference: timedelta, words: str) -> None:
    (finding,) = check_clock(THEIRS, THEIRS + difference)
    assert finding.level is Level.WARNING
    assert words in finding.seen
