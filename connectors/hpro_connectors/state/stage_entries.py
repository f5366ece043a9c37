"""The stages that a lead went through, made whole from the CRM's history and our own ledger.

CRMs that log changes (Salesforce's history objects) say what was left and what was entered, to the second; rows of one
second come in no certain order. Where logging began after the creation, nothing in them says so: what the first row
left was entered at some time before it, and not at the creation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from hpro_sdk.lead import StageChange


class StageEntry(NamedTuple):
    """A row of history: the stage entered, when, and the stage left.

    ``previous`` is empty where there was none, and ``None`` where the CRM does not say.
    """

    stage: str
    at: datetime
    previous: str | None = None


def stages_entered(entries: Sequence[StageEntry]) -> tuple[StageChange, ...]:
    """Give the stages entered, in order.

    A first entry that does not say what was left is of the creation, or of a CRM that never does; what the first change
    left is then the better word on it, also where it left none. After a merge there are two creations, and both are
    told by that word: what they show may be of today. One that comes after a change tells nothing: the lead had left
    its first stage by then.

    A first entry that does say what was left shows that the creation was not logged: when that stage was entered is not
    known, and nothing is told of it. Put at the creation, the deepest stage that a lead reached before logging began
    would be seen at every moment before.

    Entries of one second are put so that each leaves what the one before entered, as far as that goes.

    Args:
        entries: Of one lead, by time.
    """
    stages: list[StageEntry] = []
    waiting = list(entries)
    while waiting:
        stages.append(waiting.pop(_next(waiting, stages[-1].stage if stages else None)))
    creations = list(takewhile(lambda entry: entry.previous is None, stages))
    changes = [entry for entry in stages if entry.previous is not None]
    if changes:
        first = changes[0].previous
        creations = [entry._replace(stage=first) for entry in creations] if first else []
    return tuple(StageChange(stage=entry.stage, at=entry.at) for entry in (*creations, *changes))


def joined(
    history: Sequence[StageChange], seen: Sequence[StageChange], created_at: datetime | None
) -> tuple[StageChange, ...]:
    """Give the CRM's history between what our own ledger knows of the time before it and of the time after it.

    From its first row to its last one the history alone counts. Afterwards the CRM may have ceased to log; a change
    that it logged too, and that the ledger saw later, is told once. Without any row of a lead the ledger tells all.

    Args:
        history: See :func:`stages_entered`.
        seen: Of our own ledger, by time.
        created_at: When the lead was created, if that is known; what the ledger has from before came with a merge.
    """
    if not history:
        return tuple(seen)
    told = [change for change in seen if change.at < history[0].at and (created_at is None or change.at >= created_at)]
    told += history
    for change in seen:
        if change.at > history[-1].at and change.stage != told[-1].stage:
            told.append(change)
    return tuple(told)


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
