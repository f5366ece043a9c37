"""The share of an org's call quota that a run may use: people and other tools keep the rest."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from hpro_connectors.errors import QuotaExhaustedError
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import CallLimits

_LOGGER = logging.getLogger(__name__)


class CallBudget:
    """Refuses the next call once the org, or this run, has used its share.

    What is left is known only from answers of this run. So the first call always goes out: what an earlier run was told
    may be of a quota that has begun anew since.

    Args:
        stop_at_percent: Of the org's quota, whoever used it.
        run_percent: Of the org's quota, used by this run.
        calls_before: Requests that the connector had sent when the run began.
    """

    def __init__(self, stop_at_percent: float, run_percent: float, calls_before: int) -> None:
        self._stop_at_percent = stop_at_percent
        self._run_percent = run_percent
        self._calls_before = calls_before
        self._known: CallLimits | None = None

    def learn(self, limits: CallLimits) -> None:
        """Take note of what the CRM said with its last answer."""
        self._known = limits

    def check(self) -> None:
        """Raise when nothing more may be called; where the quota is not known, there is no limit.

        Raises:
            QuotaExhaustedError: The org's quota, or the share of this run, is used up.
        """
        known = self._known
        if known is None:
            return
        by_run = known.calls - self._calls_before
        left, most = known.requests_left, known.requests_max
        if left is not None and most is not None and most > 0:
            used = max(0, most - left)
            if used >= most * self._stop_at_percent / 100:
                others = max(0, used - by_run)
                raise _reached(
                    f"The org has used {used:,} of its {most:,} CRM requests: this run {by_run:,}, "
                    f"people, other tools and earlier runs {others:,}. HPRO stops at {self._stop_at_percent:g} %.",
                    "raise stop_at_percent",
                    known.resets_at,
                )
        elif left is not None and left <= 0:
            raise _reached(
                f"The org has no CRM requests left; this run used {by_run:,}.",
                "ask for a larger quota",
                known.resets_at,
            )
        if most is not None and most > 0 and by_run >= most * self._run_percent / 100:
            raise _reached(
                f"This run has used {by_run:,} of the org's {most:,} CRM requests, its share of "
                f"{self._run_percent:g} %.",
                "raise run_percent",
                known.resets_at,
            )


def _reached(message: str, remedy: str, resets_at: datetime | None) -> QuotaExhaustedError:
    _LOGGER.warning("the budget of calls is used up", extra={"event": LogEvent.BUDGET_REACHED, "resets_at": resets_at})
    when = f"after {resets_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if resets_at else "later"
    hint = f"What was stored stays; run again {when}, or {remedy}."
    return QuotaExhaustedError(message, resets_at=resets_at, hint=hint)
