"""The lines of a prompt before any token budget: a fixed label, and a value that is CRM data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from hpro_sdk.lead import Interaction, LeadSnapshot
from hpro_sdk.rendering.ages import describe_age
from hpro_sdk.rendering.field_lines import describe_value
from hpro_sdk.rendering.template import Template
from hpro_sdk.rendering.text import clean_text


class Line(NamedTuple):
    """One line of a prompt.

    Attributes:
        label: Fixed text, from the template.
        value: Data, one cleaned line of text.
        max_tokens: Budget of the value, or ``None`` where its length is bounded anyway.
        next_edge_at: When the line changes by itself.
    """

    label: str
    value: str
    max_tokens: int | None = None
    next_edge_at: datetime | None = None


def field_lines(template: Template, snapshot: LeadSnapshot) -> Iterator[Line]:
    """Give the lines above the interactions: age of the lead, stage, fields in the template's order."""
    if snapshot.created_at is not None:
        age = describe_age(snapshot.created_at, snapshot.as_of)
        yield Line("created", age.words, None, age.next_edge_at)
    if snapshot.stage is not None:
        yield _stage_line(snapshot, clean_text(snapshot.stage))
    for field in template.fields:
        words, next_edge_at = describe_value(field, snapshot.fields.get(field.field), snapshot.as_of)
        yield Line(field.label, words, field.max_tokens if field.kind == "text" else None, next_edge_at)


def _stage_line(snapshot: LeadSnapshot, stage: str) -> Line:
    if snapshot.stage_entered_at is None:
        return Line("stage", stage)
    age = describe_age(snapshot.stage_entered_at, snapshot.as_of)
    return Line("stage", f"{stage}, since {age.words}", None, age.next_edge_at)


def interaction_line(interaction: Interaction, as_of: datetime) -> Line:
    """Give the line of one interaction: what, who, when and how long in the label, its text as the value."""
    parts = [interaction.kind.value]
    next_edge_at = None
    if interaction.speaker is not None:
        parts.append(f"by {interaction.speaker.value}")
    if interaction.occurred_at is not None:
        age = describe_age(interaction.occurred_at, as_of)
        parts.append(age.words)
        next_edge_at = age.next_edge_at
    if interaction.call_seconds is not None:
        parts.append(_duration(interaction.call_seconds))
    return Line(f"- {', '.join(parts)}", clean_text(interaction.text), None, next_edge_at)


def _duration(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(min(seconds, 36_000) / 60)
    return f"{minutes} min" if minutes < 600 else "over 10 h"


def count_line(shown: int, dropped: int) -> Line:
    """Give the line that says how many interactions follow and how many older ones were left out."""
    return Line("interactions", f"{shown} shown, {dropped} older left out" if dropped else f"{shown} shown")
