"""``[schedule]``: one of an interval and cron, in a time zone that exists."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hpro_connectors.config import ScheduleConfig


@pytest.mark.parametrize(
    "cron", ["0 6 * * mon-fri", "*/15 * * * *", "0 6,18 1-15 * sat,sun", "30 2 * * MON", "0 0 1 jan *"]
)
def test_cron_is_taken(cron: str) -> None:
    schedule = ScheduleConfig(cron=cron, timezone="Europe/Berlin")
    assert (schedule.cron, schedule.every_minutes) == (cron, None)


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("", "five fields"),
        ("0 6 * *", "five fields"),
        ("0 0 6 * * mon", "five fields"),
        ("61 6 * * *", "minute"),
        ("0 25 * * *", "hour"),
        ("0 6 0 * *", "day"),
        ("0 6 * 13 *", "month"),
        ("0 6 * * 1-5", "such as mon-fri"),
        ("0 6 * * */2", "such as mon-fri"),
        ("0 6 * * xyz", "day of the week"),
        ("hunter2 6 * * *", "minute"),
    ],
)
def test_cron_is_refused(cron: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        ScheduleConfig(cron=cron)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("zone", ["", "Europe/Nowhere", "America", "../etc/passwd", "/etc/localtime", "hunter2\0"])
def test_a_time_zone_must_exist(zone: str) -> None:
    with pytest.raises(ValidationError, match="IANA time zone") as caught:
        ScheduleConfig(timezone=zone)
    assert "hunter2" not in str(caught.value)


def test_an_interval_and_cron_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="not both"):
        ScheduleConfig(every_minutes=5, cron="0 6 * * *")
    with pytest.raises(ValidationError, match="needs one of"):
        ScheduleConfig(every_minutes=None)


@pytest.mark.parametrize("minutes", [0, -1, 525_601, True])
def test_an_interval_has_bounds(minutes: int) -> None:
    with pytest.raises(ValidationError):
        ScheduleConfig(every_minutes=minutes)
