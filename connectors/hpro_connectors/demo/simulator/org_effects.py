"""One company of a kind: what its sources, regions and products are worth, and the habits of its reps."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from hpro_connectors.demo.simulator.company import CategoryField, CompanyKind, NumberField
from hpro_sdk.lead import FieldValue

DELAY_DAYS = 5
"""A rep enters what happened at most so many days later."""

_NAMES = (
    "Ada", "Bela", "Chris", "Dana", "Emil", "Fina", "Gus", "Hana", "Ivo", "Jana", "Kim", "Leo", "Mara", "Nils", "Olga",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rep:
    """A rep's habits.

    Attributes:
        owner_id: Id of the rep.
        name: First name.
        diligence: Factor on how often the rep tries to reach a lead.
        logs: Share of calls, notes and meetings that the rep enters at all.
        delays: Chance that an entry comes 0, 1, ... :data:`DELAY_DAYS` days after it happened.
        mood: Share of what the rep reports that is the rep's own mood and not the lead's.
        sees_good: Chance that this mood is for the deal.
        terse: Chance of telegram style.
        typos: Typing errors per character.
        html: Whether notes are written in a rich text editor.
        emoji: Chance of an emoji.
    """

    owner_id: str
    name: str
    diligence: float
    logs: float
    delays: tuple[float, ...]
    mood: float
    sees_good: float
    terse: float
    typos: float
    html: bool
    emoji: float


@dataclass(frozen=True, slots=True)
class Org:
    """One company.

    Attributes:
        kind: What kind of company.
        seed: It was drawn with.
        effects: By category field and value: log-odds of good fit and of a warm start.
        weights: By category field: how common its values are here.
        reps: Who works here.
        reserved_phrases: Whether people here also use the phrasings that are kept from training companies.
    """

    kind: CompanyKind
    seed: int
    effects: Mapping[str, Mapping[str, float]]
    weights: Mapping[str, tuple[float, ...]]
    reps: tuple[Rep, ...]
    reserved_phrases: bool

    def log_odds(self, fields: Mapping[str, FieldValue]) -> float:
        """Give the log-odds that fields known at creation add; a missing value adds nothing."""
        total = 0.0
        for field in self.kind.fields:
            value = fields.get(field.name)
            if value is None:
                continue
            if isinstance(field, NumberField):
                # rounding to steps may give nought, whose logarithm is not finite
                total += field.slope * math.log(max(float(value), field.step / 2) / field.typical) / field.spread
            else:
                total += self.effects[field.name][str(value)]
        return total


def draw_org(kind: CompanyKind, seed: int, *, reserved_phrases: bool, reps: int = 9) -> Org:
    """Draw one company.

    Args:
        kind: What kind.
        seed: The same seed gives the same company.
        reserved_phrases: Whether people here also use phrasings that training companies never do.
        reps: How many.
    """
    draw = random.Random(f"org:{kind.name}:{seed}")
    effects: dict[str, dict[str, float]] = {}
    weights: dict[str, tuple[float, ...]] = {}
    for field in kind.fields:
        if isinstance(field, CategoryField):
            effects[field.name] = {o.value: o.effect + draw.gauss(0, field.spread) for o in field.options}
            weights[field.name] = tuple(o.weight * math.exp(draw.gauss(0, 0.3)) for o in field.options)
    names = draw.sample(_NAMES, reps)
    return Org(
        kind=kind,
        seed=seed,
        effects=effects,
        weights=weights,
        reps=tuple(_draw_rep(number, name, kind, draw) for number, name in enumerate(names, 1)),
        reserved_phrases=reserved_phrases,
    )


def _draw_rep(number: int, name: str, kind: CompanyKind, draw: random.Random) -> Rep:
    prompt = draw.betavariate(4, 1)
    rest = [(1 - prompt) * share for share in (0.4, 0.25, 0.17, 0.11, 0.07)]
    lazy = draw.random() < 0.12
    return Rep(
        owner_id=f"rep-{number}",
        name=name,
        diligence=draw.uniform(0.6, 1.4),
        logs=draw.uniform(0.15, 0.35) if lazy else draw.uniform(0.6, 0.98),
        delays=(prompt, *rest),
        mood=draw.uniform(0.1, kind.optimism),
        sees_good=draw.betavariate(2.5, 1.5),
        terse=draw.choice((0.05, 0.3, 0.8)),
        typos=draw.choice((0.0, 0.002, 0.01)),
        html=draw.random() < 0.3,
        emoji=draw.choice((0.0, 0.0, 0.05, 0.2)),
    )


def draw_fields(org: Org, draw: random.Random) -> dict[str, FieldValue]:
    """Draw the fields of a new lead."""
    fields: dict[str, FieldValue] = {}
    for field in org.kind.fields:
        if draw.random() < field.missing:
            fields[field.name] = None
        elif isinstance(field, NumberField):
            value = field.typical * math.exp(draw.gauss(0, field.spread))
            fields[field.name] = max(field.step, field.step * round(value / field.step))
        else:
            options = [option.value for option in field.options]
            fields[field.name] = draw.choices(options, org.weights[field.name])[0]
    return fields
