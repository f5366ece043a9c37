"""The stages of a lead over time, and what became of it within a horizon."""

from __future__ import annotations

import bisect
from datetime import datetime

from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import Lead, Outcome, OutcomeResult


class StageHistory:
    """The stage changes of a lead in order of time; those of one instant in the order given.

    Args:
        lead: Its ``stage_changes`` are read; today's stage says nothing about a past moment.
        funnel: Resolves their values to its stages.

    Raises:
        UnknownStageError: A value is not part of the funnel.
    """

    def __init__(self, lead: Lead, funnel: Funnel) -> None:
        changes = sorted(lead.stage_changes, key=lambda change: change.at)
        self._funnel = funnel
        self._today = lead.stage
        self._moments = [change.at for change in changes]
        self._stages = [funnel.resolve(change.stage) for change in changes]

    def stage_at(self, moment: datetime) -> tuple[str | None, datetime | None]:
        """Give the stage at a moment and when it was entered; ``None`` for both when no change tells it."""
        known = bisect.bisect_right(self._moments, moment)
        return (self._stages[known - 1], self._moments[known - 1]) if known else (None, None)

    def is_open_at(self, moment: datetime) -> bool:
        """Tell whether the lead was neither won nor lost; open where no change tells, and again when reopened."""
        return self.stage_at(moment)[0] not in {self._funnel.won, self._funnel.lost}

    @property
    def lacks_the_end(self) -> bool:
        """Whether today's record is won or lost, and the history does not end so: it cannot tell since when."""
        closed = {self._funnel.won, self._funnel.lost}
        today = self._funnel.values.get(self._today, self._today) if self._today else None
        return today in closed and (not self._stages or self._stages[-1] not in closed)

    def outcome(self, as_of: datetime, end: datetime) -> Outcome:
        """Give what became of a lead that was open at ``as_of``, later than that and up to ``end``.

        Won when it was won at any time in between, even if it was reopened afterwards; at the first such moment.
        Lost when it stood at lost at ``end``, since when it did so for good; a lead that was lost and reopened is
        open. ``reached`` is the deepest open stage of everything up to ``end``.

        Args:
            as_of: Beginning, not included.
            end: End of the horizon, included.
        """
        first, last = bisect.bisect_right(self._moments, as_of), bisect.bisect_right(self._moments, end)
        reached = self._deepest(self._stages[:last])
        for position in range(first, last):
            if self._stages[position] == self._funnel.won:
                return Outcome(result=OutcomeResult.WON, at=self._moments[position], reached=reached)
        if last == first or self._stages[last - 1] != self._funnel.lost:
            return Outcome(result=OutcomeResult.OPEN, reached=reached)
        position = last - 1
        while position > first and self._stages[position - 1] == self._funnel.lost:
            position -= 1
        return Outcome(result=OutcomeResult.LOST, at=self._moments[position], reached=reached)

    def _deepest(self, stages: list[str]) -> str | None:
        opened = self._funnel.stages
        return max((stage for stage in stages if stage in opened), key=opened.index, default=None)
