"""The template of a prompt: data that travel inside the model file, never a template language.

A template in code form inside a downloaded model file would be code; this one is an ordered list of fields with
labels, learnt number edges and category lists, and token budgets, and is checked when it is loaded.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import Frozen

TEMPLATE_VERSION: Final = 1
MAX_CONTEXT_TOKENS = 32_768
RESERVED_LABELS = frozenset({"created", "stage", "interactions"})

Label = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\r\n\x00:]+$")]
FixedText = Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\r\n\x00]+$")]


class FieldTemplate(Frozen):
    """How one field is shown.

    Attributes:
        field: Its name in ``Lead.fields``.
        label: What the prompt calls it.
        kind: How its values are read.
        known_at_creation: Whether its value of today was already known when the lead was created.
        edges: Learnt decile edges of a number (nine, non-decreasing); empty before fitting.
        categories: Learnt values of a category; any other value is shown as ``other``.
        max_tokens: Budget of a text field.
    """

    field: Annotated[str, Field(min_length=1, max_length=255)]
    label: Label
    kind: FieldKind
    known_at_creation: bool = False
    edges: tuple[Annotated[float, Field(allow_inf_nan=False)], ...] = ()
    categories: tuple[str, ...] = ()
    max_tokens: Annotated[int, Field(ge=8, le=MAX_CONTEXT_TOKENS)] = 64

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.edges and (len(self.edges) != 9 or any(a > b for a, b in itertools.pairwise(self.edges))):
            raise ValueError(f"field {self.field!r}: edges must be nine numbers that do not decrease")
        return self


class Template(Frozen):
    """A whole prompt as data.

    Attributes:
        version: Of the rendering rules; a model of another version is refused.
        preamble: First line; the same for all leads, so it is evaluated once and shared.
        fields: In the order shown.
        closing: Last line; the score is read at its last token.
        max_tokens: Tokens of a whole prompt, which the model's context must hold.
        interaction_share: Largest share of the room left by the fields that one interaction may take.
    """

    version: Literal[1] = TEMPLATE_VERSION
    preamble: FixedText = "Sales lead, scored for its chance to be won."
    fields: tuple[FieldTemplate, ...] = ()
    closing: FixedText = "Score:"
    max_tokens: Annotated[int, Field(ge=32, le=MAX_CONTEXT_TOKENS)] = 512
    interaction_share: Annotated[float, Field(gt=0, le=1)] = 0.5

    @model_validator(mode="after")
    def _check(self) -> Self:
        labels = [field.label for field in self.fields]
        if taken := RESERVED_LABELS.intersection(labels):
            raise ValueError(f"the label {min(taken)!r} is taken by the prompt's own lines")
        if len(set(labels)) != len(labels):
            raise ValueError("two fields have the same label")
        if len({field.field for field in self.fields}) != len(self.fields):
            raise ValueError("a field is shown twice")
        return self
