"""The one table of fields that HPRO writes into a CRM, and a row of their values.

Everything that names these fields is made from :data:`SCORE_FIELDS`: the demo org's columns, the metadata an admin
deploys, the properties of HubSpot, the table in README.md.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from hpro_sdk.errors import NonFiniteScoreError
from hpro_sdk.lead import Band, Frozen, LeadKey, UtcDatetime


class Trend(StrEnum):
    """How a score moved against the one of at least seven days before."""

    IMPROVING = "improving"
    STEADY = "steady"
    DECLINING = "declining"
    NOT_ENOUGH_INFORMATION = "not enough information"


class FieldType(StrEnum):
    """Type of a written field, in words that every CRM has a type for."""

    NUMBER = "number"
    PICKLIST = "picklist"
    TEXT = "text"
    DATETIME = "datetime"


class ScoreField(NamedTuple):
    """One field that is written.

    Attributes:
        name: Its attribute in :class:`ScoreRow`; connectors derive the vendor's name from it.
        label: As people see it.
        type: Of the values.
        help_text: What people are told beside it.
        precision: Digits of a number in all, or characters of a text.
        scale: Digits of a number behind the point.
        options: Of a picklist.
    """

    name: str
    label: str
    type: FieldType
    help_text: str
    precision: int = 0
    scale: int = 0
    options: tuple[str, ...] = ()


SCORE_FIELDS = (
    ScoreField("score", "HPRO Score", FieldType.NUMBER, "Chance to be won, 0 to 100.", 5, 2),
    ScoreField(
        "band", "HPRO Band", FieldType.PICKLIST, "A is the best band, D the last.", options=tuple(b.value for b in Band)
    ),
    ScoreField(
        "trend",
        "HPRO Trend",
        FieldType.PICKLIST,
        "The score against that of a week ago or more; five points count.",
        options=tuple(trend.value for trend in Trend),
    ),
    ScoreField("rank", "HPRO Rank", FieldType.NUMBER, "1 is the best of all open leads.", 9),
    ScoreField("stage_rank", "HPRO Stage Rank", FieldType.NUMBER, "1 is the best of all open leads in its stage.", 9),
    ScoreField("stage_size", "HPRO Stage Size", FieldType.NUMBER, "Open leads in its stage when it was ranked.", 9),
    ScoreField("model", "HPRO Model", FieldType.TEXT, "The model that gave the score.", 80),
    ScoreField("scored_at", "HPRO Scored At", FieldType.DATETIME, "When the score was made."),
)
"""The eight fields, in the order in which people see them."""

Rank = Annotated[int, Field(ge=1, le=999_999_999)]


class ScoreRow(Frozen):
    """Values of all eight fields for one record; a ``None`` clears the field.

    Ranks and stage size are cleared when a lead is no longer ranked (won, lost, excluded); the rest stays.
    """

    lead: LeadKey
    score: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)] | None = None
    band: Band | None = None
    trend: Trend | None = None
    rank: Rank | None = None
    stage_rank: Rank | None = None
    stage_size: Rank | None = None
    model: Annotated[str, StringConstraints(max_length=80)] | None = None
    scored_at: UtcDatetime | None = None


def written_score(score: float | Decimal) -> Decimal:
    """Round a score half-even to the two decimals that are written, clipped to 0 to 100.

    Args:
        score: 100 x probability.

    Raises:
        NonFiniteScoreError: It is NaN or infinite: refused before it reaches a CRM.
    """
    if not math.isfinite(score):
        raise NonFiniteScoreError(
            f"A score of {score} cannot be written.", hint="The model is damaged; export it anew."
        )
    return min(max(Decimal(score), Decimal(0)), Decimal(100)).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
