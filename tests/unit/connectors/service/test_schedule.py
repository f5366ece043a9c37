"""When passes begin: intervals, the clock on the wall, the days on which it jumps, and what was missed."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.service import Schedule, ScheduleSettings
from hpro_sdk.errors import ConfigError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = Schedule(ScheduleSettings(every_minutes=15))
DAILY = Schedule(ScheduleSettings(cron="30 6 * * *", timezone="Europe/Berlin"))
CRONS = ("30 2 * * *", "0 2 * * *", "15 1-3 * * *", "*/30 * * * *", "0 * * * *", "30 1 * * *", "0 0 * * *")
JUMPS = (
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/New_York", date(2027, 3, 14)),
)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def beginnings(schedule: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """Give all beginnings after one moment up to another, as a process that never stops finds them."""
    found = [schedule.next_tick(None, start)]
    while found[-1] < end:
        found.append(schedule.next_tick(found[-1], found[-1]))
    return found[:-1]


def test_an_interval_counts_from_the_last_beginning() -> None:
    assert QUARTER.next_due(NOON - minutes(4), NOON) == NOON + minutes(11)
    assert QUARTER.next_tick(NOON, NOON) == NOON + minutes(15)
    assert QUARTER.next_tick(None, NOON) == NOON + minutes(15)


def test_a_missed_pass_is_made_up_for_at_once_or_left_out() -> None:
    last = NOON - minutes(8 * 60 + 4)
    assert QUARTER.is_overdue(last, NOON)
    assert QUARTER.next_due(last, NOON) == NOON
    patient = Schedule(ScheduleSettings(every_minutes=15, catch_up=False))
    assert patient.next_due(last, NOON) == NOON + minutes(11)
    assert patient.next_due(None, NOON) == NOON + minutes(15)


def test_an_org_that_was_never_passed_over_is_overdue() -> None:
    assert QUARTER.is_overdue(None, NOON)
    assert DAILY.is_overdue(None, NOON)
    assert DAILY.next_due(None, NOON) == NOON


def test_a_daily_pass_is_overdue_once_its_time_has_come() -> None:
    this_morning = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)  # half past six in Berlin
    assert not DAILY.is_overdue(this_morning, NOON)
    assert DAILY.next_due(this_morning, NOON) == this_morning + timedelta(days=1)
    assert DAILY.is_overdue(this_morning - timedelta(seconds=1), NOON)
    assert DAILY.is_overdue(this_morning, this_morning + timedelta(days=1))


def test_a_clock_that_was_put_back_stops_nothing() -> None:
    assert QUARTER.next_due(NOON + timedelta(days=900), NOON) == NOON + minutes(15)
    assert DAILY.next_due(NOON + timedelta(days=900), NOON) - NOON < timedelta(days=1)


@pytest.mark.parametrize(("zone", "day"), JUMPS)
@pytest.mark.parametrize("cron", CRONS)
def test_row_48_no_local_time_begins_a_pass_twice_where_clocks_jump(cron: str, zone: str, day: date) -> None:
    schedule = Schedule(ScheduleSettings(cron=cron, timezone=zone))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=2)
    found = beginnings(schedule, start, start + timedelta(days=4))
    assert found == sorted(set(found))
    local = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) for moment in found]
    assert len(set(local)) == len(local)


@pytest.mark.parametrize(("zone", "day"), JUMPS)
@pytest.mark.parametrize("cron", ["30 1 * * *", "0 2 * * *", "30 2 * * *", "0 3 * * *"])
def test_row_48_no_daily_pass_is_lost_where_clocks_jump(cron: str, zone: str, day: date) -> None:
    schedule = Schedule(ScheduleSettings(cron=cron, timezone=zone))
    local = ZoneInfo(zone)
    start = datetime(day.year, day.month, day.day, tzinfo=local) - timedelta(days=3)
    found = beginnings(schedule, start, start + timedelta(days=7))
    assert [moment.astimezone(local).date() - day for moment in found] == [timedelta(days=n) for n in range(-3, 4)]


def test_row_48_a_time_that_is_skipped_comes_an_hour_later_and_one_that_comes_twice_counts_at_first() -> None:
    schedule = Schedule(ScheduleSettings(cron="30 2 * * *", timezone="Europe/Berlin"))
    spring, autumn = datetime(2027, 3, 27, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert schedule.next_tick(None, spring) == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 3:30 of the new time
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert schedule.next_tick(None, autumn) == first
    assert schedule.next_tick(first, first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_row_48_a_restart_between_the_two_half_past_two_catches_up_nothing() -> None:
    schedule = Schedule(ScheduleSettings(cron="30 2 * * *", timezone="Europe/Berlin"))
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert not schedule.is_overdue(first, first + minutes(90))


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
    cron=st.sampled_from(CRONS),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ago=st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_a_pass_is_always_due_in_the_future_or_overdue_exactly_once(
    zone: str, cron: str, now: datetime, ago: timedelta
) -> None:
    schedule = Schedule(ScheduleSettings(cron=cron, timezone=zone))
    due = schedule.next_due(now - ago, now)
    assert (due == now) == schedule.is_overdue(now - ago, now)
    assert due >= now
    assert not schedule.is_overdue(now, now)  # the one that made up for it
    assert now < schedule.next_due(now, now) <= now + timedelta(days=2, hours=1)


@given(
    settings=st.sampled_from(
        [
            ScheduleSettings(every_minutes=1, jitter_s=30),
            ScheduleSettings(every_minutes=1, jitter_s=4000),
            ScheduleSettings(cron="* * * * *", jitter_s=4000),
            ScheduleSettings(cron="30 6 * * *", jitter_s=600),
        ]
    ),
    ago=st.timedeltas(timedelta(0), timedelta(days=4000)),
    seed=st.integers(0, 100),
)
def test_the_clock_is_told_one_beginning_however_long_it_slept(
    settings: ScheduleSettings, ago: timedelta, seed: int
) -> None:
    trigger = Schedule(settings).trigger(random.Random(seed))
    schedule = Schedule(settings)
    told = trigger.get_next_fire_time(NOON - ago, NOON)
    assert told > NOON
    tick = schedule.next_tick(NOON - ago, NOON)
    following = schedule.next_tick(tick, tick)
    assert tick <= told <= tick + timedelta(seconds=settings.jitter_s)
    assert told - tick <= (following - tick) / 2
    assert trigger.get_next_fire_time(told, told) > told


def test_no_beginning_is_passed_over_because_one_was_late() -> None:
    trigger = Schedule(ScheduleSettings(cron="*/10 * * * *", jitter_s=600)).trigger(random.Random(1))
    told = [trigger.get_next_fire_time(None, NOON)]
    for _ in range(50):
        told.append(trigger.get_next_fire_time(told[-1], told[-1]))
    assert [moment.replace(minute=moment.minute // 10 * 10, second=0, microsecond=0) for moment in told] == [
        NOON + minutes(10 * n) for n in range(1, 52)
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "needs every_minutes or cron"),
        ({"every_minutes": 5, "cron": "0 6 * * *"}, "needs every_minutes or cron"),
        ({"every_minutes": 0}, "no interval"),
        ({"every_minutes": float("nan")}, "no interval"),
        ({"every_minutes": float("inf")}, "no interval"),
        ({"every_minutes": 5, "jitter_s": -1}, "no delay"),
        ({"cron": "0 6 * *"}, "cannot be read"),
        ({"cron": ""}, "cannot be read"),
        ({"cron": "61 6 * * *"}, "cannot be read"),
        ({"cron": "0 6 * * moonday"}, "cannot be read"),
        ({"cron": "0 6 * * 1-5"}, "as numbers"),
        ({"cron": "0 6 31 feb *"}, "never comes"),
        ({"cron": "0 6 * * *", "timezone": "Europe/Nowhere"}, "no time zone"),
        ({"cron": "0 6 * * *", "timezone": "../etc/passwd"}, "no time zone"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        ScheduleSettings(**values)  # type: ignore[arg-type] # wrong on purpose
    assert caught.value.hint
