"""What a pass may be told, and how it tells of its progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

Progress = Callable[[str, int], None]
"""Called with what is being done (a stream's name, ``score``, ``write``) and how many were done since the last call."""


class Stage(StrEnum):
    """A stage of a pass."""

    READ = "read"
    SCORE = "score"
    WRITE = "write"


ALL_STAGES = frozenset(Stage)


def utc_now() -> datetime:
    """Give this machine's clock."""
    return datetime.now(UTC)


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class PassSettings:
    """Settings of one pass.

    Attributes:
        stages: What is done; the others are left to another run.
        lag_s: The newest changes are left for the next pass, because a CRM's index lags behind.
        overlap_s: How much of what was read is read again, because a CRM's clocks disagree.
        reconcile_after: Ids are compared with the CRM's when they were not for so long.
        reconcile_after_outage: Likewise when nothing was read for so long.
        max_missing_percent: More leads missing than that are not taken for deleted before a person confirms.
        confirm_missing: Whether a person does.
        retention: Texts of leads that closed longer ago are erased; ``None``: they are kept.
        exclude_field: A boolean field that keeps a lead from being scored; ``None``: there is none.
        band_margin: Score points by which a score must pass a band's edge to change its band.
        score_epsilon: A score that moved by no more points than that causes no write.
        refresh_after: A row is written again when it was not for so long, so that Scored At shows life.
        write_batch: Rows a write.
        max_attempts: A row that the CRM put off so often becomes a dead letter.
        max_band_change_percent: A run that would change more of the bands writes nothing.
        rails: Whether the safety rails hold. Only an invented org goes without.
        dry_run: Do everything but write.
        clock: Gives seconds; only differences count.
        now: This machine's clock: of runs and back-off. Windows and ages go by the server's.
        stop: Asked between pages and batches; when it says yes, the pass ends early. What was stored stays.
    """

    stages: frozenset[Stage] = ALL_STAGES
    lag_s: float = 120.0
    overlap_s: float = 600.0
    reconcile_after: timedelta = timedelta(days=7)
    reconcile_after_outage: timedelta = timedelta(days=14)
    max_missing_percent: float = 5.0
    confirm_missing: bool = False
    retention: timedelta | None = None
    exclude_field: str | None = None
    band_margin: float = 1.5
    score_epsilon: float = 1.0
    refresh_after: timedelta = timedelta(days=30)
    write_batch: int = 200
    max_attempts: int = 5
    max_band_change_percent: float = 30.0
    rails: bool = True
    dry_run: bool = False
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now
    stop: Callable[[], bool] = _never

    def __post_init__(self) -> None:
        """Refuse what would read nothing or write in empty batches."""
        if self.lag_s < 0 or self.overlap_s < 0 or self.write_batch < 1:
            raise ValueError("lag_s and overlap_s must not be negative, and write_batch must be at least 1")
