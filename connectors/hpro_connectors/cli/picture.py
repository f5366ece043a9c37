"""A small picture of how scores lie in each stage."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hpro_connectors.cli.columns import print_columns
from hpro_connectors.state import QueueRow
from hpro_sdk.lead import Band

TENS = 10
BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN = " .:-=+*%@"
"""Heights in ASCII, for terminals that cannot show blocks. Same length as :data:`BLOCKS`."""


@dataclass(frozen=True, slots=True)
class StageScores:
    """How the scores of one stage lie.

    Attributes:
        stage: The stage; ``None`` for leads without one.
        leads: How many.
        by_ten_points: Leads from 0 to below 10, from 10 to below 20, and so on; 100 is in the last.
        by_band: Leads by band.
    """

    stage: str | None
    leads: int
    by_ten_points: tuple[int, ...]
    by_band: dict[str, int]


def scores_by_stage(queue: Iterable[QueueRow], stages: Iterable[str]) -> list[StageScores]:
    """Count the scores of each stage.

    Args:
        queue: Ranked leads.
        stages: In order; further ones that leads are in come after them, in alphabetical order.
    """
    rows = list(queue)
    found = {row.stage for row in rows}
    order: list[str | None] = list(dict.fromkeys([*stages, *sorted(stage for stage in found if stage is not None)]))
    if None in found:
        order.append(None)
    return [_count(stage, [row for row in rows if row.stage == stage]) for stage in order]


def picture(counts: Sequence[int], heights: str) -> str:
    """Draw counts side by side, each two characters wide; the largest is as high as can be, and one lead is seen.

    Args:
        counts: Not negative.
        heights: Characters from nothing to the highest.
    """
    most = max(counts, default=0)
    top = len(heights) - 1
    return "".join(heights[0 if not count else max(1, round(top * count / most))] * 2 for count in counts)


def heights_for(encoding: str | None) -> str:
    """Give the characters to draw with.

    Args:
        encoding: Of the terminal.
    """
    try:
        BLOCKS.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return BLOCKS


def print_scores_by_stage(stages: Sequence[StageScores]) -> None:
    """Print a row per stage: drawn on a terminal, otherwise counts.

    Args:
        stages: As :func:`scores_by_stage` gives them.
    """
    if sys.stdout.isatty():
        heights = heights_for(sys.stdout.encoding)
        scale = f"{'0':<9}{'50':<9}{'100':>2}"
        drawn = [[one.stage or "(none)", one.leads, picture(one.by_ten_points, heights), _bands(one)] for one in stages]
        print_columns(["stage", "leads", scale, "bands"], drawn, title="Scores by stage", numbers=["leads"])
        return
    columns = [f"{10 * ten}-{10 * ten + 10}" for ten in range(TENS)]
    counted: list[list[object]] = [[one.stage or "(none)", one.leads, *one.by_ten_points] for one in stages]
    print_columns(["stage", "leads", *columns], counted, title="Scores by stage")


def _count(stage: str | None, rows: Sequence[QueueRow]) -> StageScores:
    tens = Counter(min(TENS - 1, int(row.score // 10)) for row in rows)
    bands = Counter(row.band.value for row in rows)
    return StageScores(
        stage, len(rows), tuple(tens[ten] for ten in range(TENS)), {band.value: bands[band.value] for band in Band}
    )


def _bands(one: StageScores) -> str:
    return " ".join(f"{band} {count}" for band, count in one.by_band.items() if count)
