"""What a pass may be told, and how it tells of its progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[str, int], None]
"""Called with what is being done (a stream's name, ``score``, ``write``) and how many were done since the last call."""


@dataclass(frozen=True, slots=True)
class PassSettings:
    """Settings of one pass.

    Attributes:
        lag_s: The newest changes are left for the next pass, because a CRM's index lags behind.
        overlap_s: How much of what was read is read again, because a CRM's clocks disagree.
        write_batch: Rows a write.
        dry_run: Do everything but write.
        clock: Gives seconds; only differences count.
    """

    lag_s: float = 120.0
    overlap_s: float = 600.0
    write_batch: int = 200
    dry_run: bool = False
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        """Refuse what would read nothing or write in empty batches."""
        if self.lag_s < 0 or self.overlap_s < 0 or self.write_batch < 1:
            raise ValueError("lag_s and overlap_s must not be negative, and write_batch must be at least 1")
