"""How a kind of company works: stages, fields, and the rates at which things happen, by hidden state.

The hidden state of a lead is (fit, intent). *Intent* moves from day to day along :data:`INTENTS`; *fit* (there is
a need, and the money) never changes. Everything that can be seen depends on the hidden state of its day, the stage
and the rep alone, which is what makes the posterior exact and cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hpro_sdk.field_kind import FieldKind

INTENTS = ("gone", "cool", "warm", "hot")
"""Hidden intents, coldest first."""

FITS = ("poor", "good")
"""Hidden fits."""

STATES = len(FITS) * len(INTENTS)
"""Hidden states; state ``fit * len(INTENTS) + intent``."""

INTENT_TOPICS = ("step", "price", "timing", "rival", "mood", "reach", "paper")
"""What is said for or against the deal, telling of intent."""

FIT_TOPICS = ("money", "say", "need")
"""What is said for or against, telling of fit."""

PerIntent = tuple[float, float, float, float]


class FieldOption(NamedTuple):
    """A value of a category.

    Attributes:
        value: The value.
        weight: How common it is.
        effect: On the log-odds of good fit and of a warm start, the same in every company of the kind.
    """

    value: str
    weight: float
    effect: float = 0.0


@dataclass(frozen=True, slots=True)
class CategoryField:
    """A category, known at creation.

    Attributes:
        name: Of the field.
        label: As people see it.
        options: Its values.
        spread: Standard deviation of what each company adds to the effects of its own.
        missing: Share of leads without a value.
    """

    name: str
    label: str
    options: tuple[FieldOption, ...]
    spread: float = 0.0
    missing: float = 0.0
    kind: FieldKind = FieldKind.CATEGORY


@dataclass(frozen=True, slots=True)
class NumberField:
    """A number, known at creation; log-normal, and linear in its logarithm on the log-odds.

    Attributes:
        name: Of the field.
        label: As people see it.
        typical: Its median.
        spread: Standard deviation of its logarithm.
        slope: Log-odds per standard deviation.
        step: Values are rounded to a multiple of it.
        missing: Share of leads without a value.
    """

    name: str
    label: str
    typical: float
    spread: float
    slope: float
    step: int
    missing: float = 0.0
    kind: FieldKind = FieldKind.NUMBER


@dataclass(frozen=True, slots=True)
class StageStep:
    """An open stage.

    Attributes:
        name: Of the stage.
        advance: Chance a day to leave it for the next stage, or to be won from the last one, for a warm lead.
        by_intent: Factor on it by intent.
        by_fit: Factor on it by fit.
        contact: Chance a day that a rep of usual diligence tries to reach the lead.
        meeting: Whether a meeting is what brings a lead into this stage.
    """

    name: str
    advance: float
    by_intent: PerIntent = (0.45, 0.75, 1.0, 1.3)
    by_fit: tuple[float, float] = (0.9, 1.1)
    contact: float = 0.095
    meeting: bool = False


@dataclass(frozen=True, slots=True)
class CompanyKind:
    """A kind of company.

    Attributes:
        name: ``test_drive`` or ``saas``.
        title: As people see it.
        phrases: Languages of its phrases with the share of leads that use each.
        stages: Open stages in order.
        key_stage: The decisive one.
        fields: Shown to a model; known at creation.
        visits_label: Label of the number of visits to the web site, tracked.
        accounts: Whether leads belong to companies.
        good_fit: Log-odds of good fit where all effects are nought.
        start: Shares of intents at the start for log-odds of nought.
        start_slope: How far the log-odds of the fields move the start.
        rise: Chance a day to go one intent up.
        fall: Chance a day to go one intent down.
        drop: Chance a day that interest goes at once: bought elsewhere, changed plans.
        rise_by_fit: Factor on ``rise`` by fit.
        fall_by_fit: Factor on ``fall`` by fit.
        loss: Chance a day that the rep closes the lead as lost.
        lead_contact: Chance a day that the lead calls or writes.
        lead_calls: Share of those contacts that are calls rather than mails.
        answers: Chance that a call reaches the lead.
        long_call: Chance that a call that reached the lead is a long one.
        visit: Chance a day of a visit to the web site.
        rep_mail: Chance a day that the rep writes a mail, whoever the lead is.
        note: Chance a day that the rep notes something.
        lead_stance: Chance that what the lead says of an intent topic is for the deal.
        fit_stance: Chance that what is said of a fit topic is for the deal, by fit.
        neutral: Share of things said that tell nothing.
        optimism: How reps differ: share of what they report that is their own mood, at most.
    """

    name: str
    title: str
    phrases: tuple[tuple[str, float], ...]
    stages: tuple[StageStep, ...]
    key_stage: str
    fields: tuple[CategoryField | NumberField, ...]
    visits_label: str = "web visits"
    accounts: bool = False
    good_fit: float = -0.1
    start: PerIntent = (0.10, 0.36, 0.36, 0.18)
    start_slope: float = 0.45
    rise: PerIntent = (0.001, 0.008, 0.018, 0.0)
    fall: PerIntent = (0.0, 0.010, 0.008, 0.006)
    drop: PerIntent = (0.0, 0.002, 0.015, 0.014)
    rise_by_fit: tuple[float, float] = (0.6, 1.4)
    fall_by_fit: tuple[float, float] = (1.5, 0.7)
    loss: PerIntent = (0.014, 0.007, 0.002, 0.0005)
    lead_contact: PerIntent = (0.014, 0.022, 0.045, 0.08)
    lead_calls: float = 0.35
    answers: PerIntent = (0.25, 0.5, 0.7, 0.85)
    long_call: PerIntent = (0.08, 0.2, 0.42, 0.6)
    visit: PerIntent = (0.028, 0.03, 0.04, 0.048)
    rep_mail: float = 0.009
    note: float = 0.025
    lead_stance: PerIntent = (0.05, 0.16, 0.85, 0.97)
    fit_stance: tuple[float, float] = (0.12, 0.9)
    neutral: float = 0.1
    optimism: float = 0.5

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Open stages in order."""
        return tuple(stage.name for stage in self.stages)
