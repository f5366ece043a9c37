"""Training examples from an org's history: when leads are looked at, who trains and who tests, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hpro_connectors.config.enough_outcomes import FEW_WON, FEWEST_OF_EITHER
from hpro_connectors.learning.funnel import OrgFunnel
from hpro_connectors.learning.history import OrgHistory
from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.learning.template import ShownFields
from hpro_sdk.data import require_trainable
from hpro_sdk.errors import DataError
from hpro_sdk.lead import Frozen, TrainingExample
from hpro_sdk.leaks import find_leaks
from hpro_sdk.snapshots import build_snapshots

VALID_SHARE = 0.15
"""Share of the time to choose and calibrate on, before the newest fifth, which tests."""

FEWEST_CUTOFFS = 3
MOST_CUTOFFS = 36
"""Older history says little about today."""


class SideCounts(Frozen):
    """One side of the examples.

    Attributes:
        snapshots: Examples.
        won: Of them, how many were won within the horizon.
        leads: Different leads.
        first: The oldest moment at which leads are looked at.
        last: The newest.
    """

    snapshots: int
    won: int
    leads: int
    first: datetime
    last: datetime


class ExampleCounts(Frozen):
    """All examples.

    Attributes:
        won_leads: Leads that were won within the horizon of one of their snapshots.
        other_leads: The other leads.
        sides: Of ``train``, ``valid`` and ``test``.
    """

    won_leads: int
    other_leads: int
    sides: dict[str, SideCounts]


@dataclass(frozen=True, slots=True)
class LearningExamples:
    """What a model is trained and compared on.

    Attributes:
        examples: Train, valid and test.
        counts: How many.
        leaks: What alone nearly gives the outcome away, in one line each.
        warnings: What a person should know, in one line each.
    """

    examples: tuple[TrainingExample, ...]
    counts: ExampleCounts
    leaks: tuple[str, ...]
    warnings: tuple[str, ...]

    def of(self, side: str) -> list[TrainingExample]:
        """Give one side."""
        return [example for example in self.examples if example.split == side]


def make_examples(
    history: OrgHistory, funnel: OrgFunnel, fields: ShownFields, settings: LearningSettings
) -> LearningExamples:
    """Make the examples of an org.

    Leads are looked at every few days, the last time so long ago that the horizon has run out since. The newest fifth
    of these moments tests, the 15 % before them validate, the rest trains; nobody stands on two sides.

    Args:
        history: Of the org.
        funnel: Of the org.
        fields: What is shown.
        settings: Horizon and days between two looks.

    Raises:
        DataError: The history is too short, or fewer than 40 leads were won, or not won, in it.
    """
    examples = build_snapshots(
        (fields.only_shown(lead) for lead in history.leads),
        settings.horizon_days,
        look_at(history, settings),
        funnel=funnel.funnel,
        known_at_creation=fields.known_at_creation,
        known_until=history.known_until,
        valid_share=VALID_SHARE,
    )
    counts = _counts(examples)
    _require_enough(examples, counts)
    warnings: list[str] = []
    if counts.won_leads < FEW_WON:
        warnings.append(
            f"Only {counts.won_leads} leads were won in the history: a model of so few is a weak one "
            f"({FEW_WON} and more are better)."
        )
    leaks = tuple(finding.message for finding in find_leaks(examples))
    return LearningExamples(tuple(examples), counts, leaks, tuple(warnings))


def look_at(history: OrgHistory, settings: LearningSettings) -> list[datetime]:
    """Give the moments at which leads are looked at, oldest first.

    Args:
        history: Of the org.
        settings: Horizon and days between two looks.

    Raises:
        DataError: The history is too short.
    """
    created = sorted(lead.created_at for lead in history.leads if lead.created_at is not None)
    every = timedelta(days=settings.cutoff_every_days)
    last = history.known_until - timedelta(days=settings.horizon_days)
    moments: list[datetime] = []
    if created:
        # One lead of long ago, entered by mistake, must not stretch the history.
        first = created[len(created) // 100] + every
        if settings.retention_days is not None:
            first = max(first, history.known_until - timedelta(days=settings.retention_days))
        while len(moments) < MOST_CUTOFFS and last - len(moments) * every >= first:
            moments.append(last - len(moments) * every)
    if len(moments) < FEWEST_CUTOFFS:
        days = (history.known_until - created[0]).days if created else 0
        if settings.retention_days is not None:
            days = min(days, settings.retention_days)
        needed = settings.horizon_days + FEWEST_CUTOFFS * settings.cutoff_every_days
        raise DataError(
            f"The history covers {days} days, and at least {needed} are needed: a horizon of {settings.horizon_days}, "
            f"and {FEWEST_CUTOFFS} looks that lie {settings.cutoff_every_days} days apart.",
            hint="Wait for more history, or lower horizon_days or cutoff_every_days, or raise retention_days.",
        )
    return moments[::-1]


def _require_enough(examples: Sequence[TrainingExample], counts: ExampleCounts) -> None:
    for count, what in ((counts.won_leads, "were won"), (counts.other_leads, "were not won")):
        if count < FEWEST_OF_EITHER:
            raise DataError(
                f"Only {count} leads {what} within the horizon; {FEWEST_OF_EITHER} are needed to learn from.",
                hint="Wait for more history, or check the funnel: which stages count as won and lost.",
            )
    require_trainable(examples, source="The org's history")
    results = {example.outcome.won for example in examples if example.split == "test"}
    if len(results) < 2:
        raise DataError(
            "The newest fifth of the history has no won leads, or only won ones, so no model can be compared on it.",
            hint="Wait for more history, or lower horizon_days.",
        )


def _counts(examples: Sequence[TrainingExample]) -> ExampleCounts:
    leads = {example.snapshot.lead_id for example in examples}
    won = {example.snapshot.lead_id for example in examples if example.outcome.won}
    sides: dict[str, SideCounts] = {}
    for side in ("train", "valid", "test"):
        of_side = [example for example in examples if example.split == side]
        if of_side:
            moments = [example.snapshot.as_of for example in of_side]
            sides[side] = SideCounts(
                snapshots=len(of_side),
                won=sum(example.outcome.won for example in of_side),
                leads=len({example.snapshot.lead_id for example in of_side}),
                first=min(moments),
                last=max(moments),
            )
    return ExampleCounts(won_leads=len(won), other_leads=len(leads - won), sides=sides)
