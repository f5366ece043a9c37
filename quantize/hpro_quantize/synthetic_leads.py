"""Made-up leads that show a model everything its template knows: no real data are needed to compare two files.

Numbers lie on, beside and between the learnt edges, categories are the learnt ones and others, any field may be
missing, and texts are made of neutral words.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue, Interaction, InteractionKind, LeadSnapshot, Speaker
from hpro_sdk.rendering.template import FieldTemplate
from hpro_sdk.scoring.manifest import ScorerManifest

AS_OF = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""The moment of every synthetic snapshot, so that the same model gives the same prompts on any day."""

_MISSING = 0.12
_UNSEEN = 0.15
_WORDS = re.findall(
    r"\S+",
    "asked about price delivery colour size contract next week month offer sent wants call back later visit "
    "shop online order sample budget team decision not yet happy waiting for reply test planned cancelled new old "
    "model service question answered details compare others long short meeting agreed date open 3 12 250 déjà größe",
)


def synthetic_leads(manifest: ScorerManifest, count: int = 200, seed: int = 0) -> list[LeadSnapshot]:
    """Make leads from a model's template and funnel.

    Args:
        manifest: Of the model.
        count: How many.
        seed: The same seed gives the same leads.
    """
    draw = random.Random(seed)
    return [_snapshot(manifest, index, draw) for index in range(count)]


def _snapshot(manifest: ScorerManifest, index: int, draw: random.Random) -> LeadSnapshot:
    stage = None if draw.random() < _MISSING else draw.choice(manifest.funnel.stages)
    return LeadSnapshot(
        as_of=AS_OF,
        object_type=manifest.object_type,
        lead_id=f"synthetic-{index}",
        created_at=None if draw.random() < _MISSING else _moment(draw),
        stage=stage,
        stage_entered_at=_moment(draw) if stage is not None and draw.random() < 0.5 else None,
        fields={field.field: _value(field, draw) for field in manifest.template.fields if draw.random() >= _MISSING},
        interactions=_interactions(index, draw),
    )


def _value(field: FieldTemplate, draw: random.Random) -> FieldValue:
    match field.kind:
        case FieldKind.NUMBER:
            return _number(field.edges, draw)
        case FieldKind.CATEGORY:
            unseen = not field.categories or draw.random() < _UNSEEN
            return f"{draw.choice(_WORDS)} {draw.randrange(100)}" if unseen else draw.choice(field.categories)
        case FieldKind.FLAG:
            return draw.random() < 0.5
        case FieldKind.TEXT:
            return _text(draw, 30)
        case FieldKind.DATE:
            return (_moment(draw) + timedelta(days=draw.choice((0, 0, 60)))).isoformat()


def _number(edges: Sequence[float], draw: random.Random) -> float:
    if not edges:
        return float(draw.randrange(1000))
    edge = draw.choice(edges)
    spread = (edges[-1] - edges[0]) or abs(edge) or 1.0
    value = draw.choice(
        (
            edge,
            math.nextafter(edge, math.inf),
            math.nextafter(edge, -math.inf),
            draw.uniform(edges[0], edges[-1]),
            edges[0] - draw.random() * spread,
            edges[-1] + draw.random() * spread,
        )
    )
    return value if math.isfinite(value) else edge


def _interactions(index: int, draw: random.Random) -> tuple[Interaction, ...]:
    made = []
    for number in range(draw.choice((0, 0, 1, 2, 3, 6))):
        kind = draw.choice(tuple(InteractionKind))
        made.append(
            Interaction(
                interaction_id=f"{index}-{number}",
                kind=kind,
                speaker=draw.choice((None, *Speaker)),
                text=_text(draw, 60),
                call_seconds=draw.randrange(1200) if kind is InteractionKind.CALL else None,
                occurred_at=_moment(draw),
            )
        )
    return tuple(sorted(made, key=lambda interaction: interaction.occurred_at or AS_OF, reverse=True))


def _text(draw: random.Random, longest: int) -> str:
    return " ".join(draw.choices(_WORDS, k=draw.randrange(longest + 1)))


def _moment(draw: random.Random) -> datetime:
    """A moment before :data:`AS_OF`, recent ones more often than old ones."""
    return AS_OF - timedelta(days=math.expm1(draw.uniform(0.0, 6.2)), seconds=draw.randrange(86_400))
