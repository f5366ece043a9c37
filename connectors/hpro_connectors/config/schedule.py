"""``[schedule]``: when ``hpro serve`` begins a pass."""

from __future__ import annotations

import re
import zoneinfo
from typing import Self

from pydantic import Field, field_validator, model_validator

from hpro_connectors.config.kinds import Minutes, PositiveSeconds, Seconds
from hpro_sdk.lead import Frozen

_CRON_FIELDS = ("minute", "hour", "day", "month", "day of the week")
_WEEKDAYS = re.compile(r"[a-z]{3}(-[a-z]{3})?(,[a-z]{3}(-[a-z]{3})?)*|\*", re.IGNORECASE)


class ScheduleConfig(Frozen):
    """``[schedule]``: when ``hpro serve`` begins a pass; either ``every_minutes`` or ``cron``."""

    every_minutes: Minutes | None = Field(
        default=15, description="Minutes between the beginnings of two passes; not together with cron."
    )
    cron: str | None = Field(
        default=None,
        description="Five fields: minute, hour, day, month, day of the week by name, such as 0 6 * * mon-fri.",
    )
    timezone: str = Field(default="UTC", description="IANA name of the time zone of cron, such as Europe/Berlin.")
    jitter_s: Seconds = Field(
        default=30.0, description="A pass begins up to this many seconds late, so that not all begin at once."
    )
    max_seconds: PositiveSeconds | None = Field(
        default=None, description="Seconds after which a pass ends early; the next one goes on. Default: no limit."
    )
    catch_up: bool = Field(default=True, description="Run once at the start when a pass was missed.")

    @model_validator(mode="before")
    @classmethod
    def _cron_replaces_the_default(cls, data: object) -> object:
        if isinstance(data, dict) and data.get("cron") is not None:
            if data.get("every_minutes") is not None:
                raise ValueError("needs one of every_minutes and cron, not both")
            return {**data, "every_minutes": None}
        return data

    @model_validator(mode="after")
    def _check_one_is_given(self) -> Self:
        if self.every_minutes is None and self.cron is None:
            raise ValueError("needs one of every_minutes and cron")
        return self

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("must be an IANA time zone that this machine knows, such as Europe/Berlin") from None
        return value

    @field_validator("cron")
    @classmethod
    def _check_cron(cls, value: str | None) -> str | None:
        if value is None:
            return None
        fields = value.split()
        if len(fields) != len(_CRON_FIELDS):
            raise ValueError(f"must have five fields ({', '.join(_CRON_FIELDS)}), such as 0 6 * * mon-fri")
        if not _WEEKDAYS.fullmatch(fields[-1]):
            # 1 is Monday to crontab and Tuesday to APScheduler: no number can be right for all.
            raise ValueError("must name days of the week, such as mon-fri or sat,sun")
        from apscheduler.triggers.cron import CronTrigger

        for position, name in enumerate(_CRON_FIELDS):
            alone = ["*"] * len(fields)
            alone[position] = fields[position]
            try:
                CronTrigger.from_crontab(" ".join(alone), timezone="UTC")
            except (ValueError, KeyError):
                raise ValueError(f"has a {name} that cron does not know") from None
        return value
