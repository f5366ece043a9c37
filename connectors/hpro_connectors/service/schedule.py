"""When passes begin: every so many minutes, or by the clock on the wall of one time zone.

Where clocks are put back, a time of the day comes twice; a pass begins at the first of the two only. Where they are put
forward, a daily time that is skipped comes an hour later by the new time. However many beginnings were missed, they are
made up for by one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from hpro_sdk.errors import ConfigError

_SOME_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)
_SHORTEST_MINUTES = 1 / 60
_LONGEST_MINUTES = 366 * 24 * 60
_MOST_JITTER_S = 86_400


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """When passes begin; either ``every_minutes`` or ``cron``.

    Attributes:
        every_minutes: Minutes between the beginnings of two passes.
        cron: Minute, hour, day, month and day of the week, which is named: ``30 6 * * mon-fri``.
        timezone: IANA name of the zone of ``cron``.
        jitter_s: A pass begins up to so many seconds late, so that not all of them begin at once; never more than half
            the time to the next one.
        catch_up: Whether a pass that was missed while no process ran is made up for at the start.

    Raises:
        ConfigError: A value makes no sense, or the time that ``cron`` names never comes.
    """

    every_minutes: float | None = None
    cron: str | None = None
    timezone: str = "UTC"
    jitter_s: float = 0.0
    catch_up: bool = True

    def __post_init__(self) -> None:
        """Refuse what would never begin a pass, or would begin one after the other."""
        if (self.every_minutes is None) == (self.cron is None):
            raise ConfigError("A schedule needs every_minutes or cron.", hint="Give one of the two.")
        if self.every_minutes is not None and not _SHORTEST_MINUTES <= self.every_minutes <= _LONGEST_MINUTES:
            raise ConfigError(
                f"every_minutes = {self.every_minutes} is no interval.", hint="Give a number from a second to a year."
            )
        if not 0 <= self.jitter_s <= _MOST_JITTER_S:
            raise ConfigError(f"jitter_s = {self.jitter_s} is no delay.", hint="Give a number from 0 to a day.")
        if self.cron is not None and _trigger(self.cron, self.timezone).get_next_fire_time(None, _SOME_YEAR) is None:
            raise ConfigError(f"The time that cron = {self.cron!r} names never comes.", hint="Name another day.")


class Schedule:
    """Says when passes begin; all its answers depend on its arguments alone.

    Args:
        settings: When that is.
    """

    def __init__(self, settings: ScheduleSettings) -> None:
        self.settings = settings
        self._cron = None if settings.cron is None else _trigger(settings.cron, settings.timezone)

    def next_tick(self, last_started_at: datetime | None, now: datetime) -> datetime:
        """Give the first beginning after ``now``, in UTC.

        Args:
            last_started_at: When a pass began last, from which intervals are counted; ``None``: from ``now`` on.
            now: The time.
        """
        if self._cron is not None:
            return _first_after(self._cron, now)
        interval = timedelta(minutes=self.settings.every_minutes or 0)
        start = now if last_started_at is None else min(last_started_at, now)  # a clock may have been put back
        return (start + interval * ((now - start) // interval + 1)).astimezone(UTC)

    def is_overdue(self, last_success_at: datetime | None, now: datetime) -> bool:
        """Whether a beginning was missed since the last pass that did its work began.

        Args:
            last_success_at: When that was; ``None``: never yet.
            now: The time.
        """
        return last_success_at is None or self.next_tick(last_success_at, last_success_at) <= now

    def next_due(self, last_started_at: datetime | None, now: datetime) -> datetime:
        """Give when the next pass begins: now when one was missed and is to be made up for, else by the schedule.

        Args:
            last_started_at: When the last pass that counts began; ``None``: never yet.
            now: The time.
        """
        if self.settings.catch_up and self.is_overdue(last_started_at, now):
            return now
        return self.next_tick(last_started_at, now)

    def trigger(self, jitter: random.Random | None = None) -> PassTrigger:
        """Give what tells APScheduler the beginnings.

        Args:
            jitter: Draws the delays; default: anew in every process.
        """
        return PassTrigger(self, jitter or random.Random())


class PassTrigger(BaseTrigger):  # type: ignore[misc] # APScheduler is published without types
    """A schedule as APScheduler asks for it: what was missed is left out, so that there is no storm.

    Args:
        schedule: When passes begin.
        jitter: Draws the delays.
    """

    def __init__(self, schedule: Schedule, jitter: random.Random) -> None:
        self._schedule = schedule
        self._jitter = jitter

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Give the next beginning after now and after the previous one, a little late."""
        after = now if previous_fire_time is None else max(now, previous_fire_time)
        tick = self._schedule.next_tick(previous_fire_time, after)
        room = (self._schedule.next_tick(tick, tick) - tick) / 2
        latest = min(timedelta(seconds=self._schedule.settings.jitter_s), room)
        return tick + latest * self._jitter.random()


def _first_after(trigger: CronTrigger, moment: datetime) -> datetime:
    while True:
        # Told of no fire time before: with one, APScheduler would go through all that were missed since.
        found: datetime = trigger.get_next_fire_time(None, moment + _MOMENT)
        moment = found.astimezone(UTC)
        if found.fold == 0:
            return moment


def _trigger(cron: str, timezone: str) -> CronTrigger:
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ConfigError(
            f"There is no time zone {timezone!r} on this machine.", hint="Give an IANA name such as Europe/Berlin."
        ) from exc
    if any(map(str.isdigit, "".join(cron.split()[4:]))):
        # 1 is Monday to crontab and Tuesday to APScheduler: no number can be right for all.
        raise ConfigError(f"cron = {cron!r} gives days of the week as numbers.", hint="Name them, such as mon-fri.")
    try:
        return CronTrigger.from_crontab(cron, timezone=zone)
    except (ValueError, KeyError) as exc:
        raise ConfigError(
            f"cron = {cron!r} cannot be read: {exc}",
            hint="Give minute, hour, day, month and day of the week, such as 30 6 * * mon-fri.",
        ) from exc
