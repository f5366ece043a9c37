"""The tables of ``hpro.toml`` that hold for every CRM."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hpro_connectors.config.kinds import Count, Days, Percent, Points, PositiveNumber, PositiveSeconds, Seconds
from hpro_sdk.lead import Frozen


class SyncConfig(Frozen):
    """``[sync]``: how a CRM is read."""

    lag_s: Seconds = Field(
        default=120.0, description="Seconds: changes newer than this are left for the next pass; a CRM's index lags."
    )
    overlap_s: Seconds = Field(
        default=600.0, description="Seconds of what was read that are read again, because a CRM's clocks disagree."
    )
    reconcile_every_days: Days = Field(
        default=7, description="Days between two comparisons of all ids, which find what was deleted for good."
    )
    reconcile_after_outage_days: Days = Field(
        default=14, description="Compare all ids also when the last pass is this many days old."
    )
    max_missing_percent: Percent = Field(
        default=5.0, description="A comparison that misses more than this share of the leads waits for a person."
    )


class WritingConfig(Frozen):
    """``[writing]``: what is written back, and when a person must confirm."""

    score_epsilon: Points = Field(default=1.0, description="Score points by which a score must move to be written.")
    refresh_days: Days = Field(default=30, description="A lead is written anew after this many days, moved or not.")
    batch_rows: Count = Field(default=200, description="Rows per write; a CRM's own limit may make it less.")
    max_attempts: Count = Field(default=5, description="Tries of a row before it becomes a dead letter.")
    max_band_change_percent: Percent = Field(
        default=30.0,
        description="A run that would change the band of more than this share of the leads that have one waits for a "
        "person and writes nothing.",
    )
    band_margin: Points = Field(
        default=1.5, description="Score points beyond a band's edge that a lead must reach to change its band."
    )


class BudgetConfig(Frozen):
    """``[budget]``: how many calls a CRM gets, and what happens when they fail."""

    stop_at_percent: Percent = Field(
        default=80.0, description="Stop when this share of the org's daily calls is used, by whomever."
    )
    run_percent: Percent = Field(default=25.0, description="Share of the org's daily calls that one run may use.")
    calls_per_second: PositiveNumber = Field(default=10.0, description="Calls a second, on average.")
    burst: Count = Field(default=20, description="Calls that may follow each other without a pause.")
    max_tries: Count = Field(default=5, description="Tries of a call that fails in a way that may pass.")
    breaker_failures: Count = Field(default=5, description="Failures in a row after which calls pause.")
    breaker_pause_s: PositiveSeconds = Field(default=60.0, description="Seconds of that pause.")


class PrivacyConfig(Frozen):
    """``[privacy]``: how long personal data are kept."""

    retention_days: Days | None = Field(
        default=None, description="Erase the texts of leads that ended this many days ago; default: keep them."
    )


class LogConfig(Frozen):
    """``[log]``: what is logged to stderr, and how."""

    format: Literal["auto", "text", "json"] = Field(
        default="auto", description="auto is text on a terminal and JSON lines otherwise."
    )
    level: Literal["warning", "info", "debug"] = Field(
        default="warning", description="The least level that is shown; -v and -vv show more."
    )
