"""The stages that a lead went through, made whole from a history that may lack the first one.

CRMs that log changes (Salesforce's history objects) say what was left and what was entered, to the second, and nothing
of the stage at creation; rows of one second come in no certain order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from hpro_sdk.lead import StageChange


class StageEntry(NamedTuple):
    """A row of history: the stage entered, when, and the stage left where the CRM says so."""

    stage: str
    at: datetime
    previous: str | None = None


def stages_entered(entries: Sequence[StageEntry], created_at: datetime | None) -> tuple[StageChange, ...]:
    """Give the stages entered, in order.

    Where the first entry says what was left, that stage was entered at the creation. An entry that does not say what
    was left is of the creation or of a CRM that never does; what the next one left is then the better word on it.
    Entries of one second are put so that each leaves what the one before entered, as far as that goes.

    Args:
        entries: Of one lead, by time.
        created_at: When the lead was created, if that is known.
    """
    stages: list[StageEntry] = []
    waiting = list(entries)
    while waiting:
        stages.append(waiting.pop(_next(waiting, stages[-1].stage if stages else None)))
    for position, entry in enumerate(stages[1:], start=1):
        before = stages[position - 1]
        if entry.previous is not None and before.previous is None:
            stages[position - 1] = before._replace(stage=entry.previous)
    first = stages[0] if stages else None
    if first is not None and first.previous is not None and created_at is not None and created_at <= first.at:
        stages.insert(0, StageEntry(first.previous, created_at))
    return tuple(StageChange(stage=entry.stage, at=entry.at) for entry in stages)


def _next(waiting: Sequence[StageEntry], stage: str | None) -> int:
    """Give the place of the entry that comes next, out of those of the earliest second."""
    same = [place for place, entry in enumerate(waiting) if entry.at == waiting[0].at]
    if len(same) == 1:
        return 0
    for place in same:
        if waiting[place].previous is None or waiting[place].previous == stage:
            return place
    # Nothing before it is known: the chain begins with what no other one entered.
    entered = {waiting[place].stage for place in same}
    return next((place for place in same if waiting[place].previous not in entered), 0)
