"""The mapping: which column of a table is what, written by a person as TOML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from hpro_sdk.data.validation_text import dotted_key
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import Frozen, Identifier

Column = Annotated[str, StringConstraints(strict=True, min_length=1)]
"""The name of a column, exactly as the table writes it."""


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        # True equals 1, and would pass; Pydantic turns only a ValueError into a finding.
        raise ValueError("must be the number 1")  # noqa: TRY004
    return value


class FeatureMapping(Frozen):
    """A column that is shown to the model."""

    kind: FieldKind = Field(description="What the column holds: number, category, flag, text or date.")
    label: Annotated[str, StringConstraints(strict=True, min_length=1)] | None = Field(
        default=None, description="Short words that stand for the column in the prompt; default: its name."
    )
    known_at_creation: StrictBool = Field(
        default=False,
        description="Whether the value was known when the lead was created and never changes afterwards.",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_kind(cls, data: object) -> object:
        return {"kind": data} if isinstance(data, str) else data

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Let the schema allow the short form, a kind alone, as well."""
        return {"anyOf": [{"type": "string", "enum": [kind.value for kind in FieldKind]}, handler(schema)]}


class OutcomeMapping(Frozen):
    """Columns that say what became of a lead: the answer, never shown to the model."""

    label: Column = Field(description="Column with the result: 1/0, true/false, yes/no or won/lost.")
    reached: Column | None = Field(
        default=None,
        description="Column with the deepest stage reached, read through [funnel]; makes preference pairs only.",
    )
    at: Column | None = Field(default=None, description="Column with the moment the result was decided.")


class InteractionFile(Frozen):
    """A second file with one interaction per row; a default column that it lacks counts as empty."""

    path: Path = Field(description="CSV, JSONL or Parquet file; a relative path starts at the mapping's folder.")
    lead_id: Column = Field(default="lead_id", description="Column of that file with the lead's id.")
    text: Column = Field(default="text", description="Column with what was said or written.")
    kind: Column = Field(default="kind", description="Column with note, call, email, meeting or task.")
    speaker: Column = Field(default="speaker", description="Column with lead or rep.")
    occurred_at: Column = Field(default="occurred_at", description="Column with when it happened.")
    recorded_at: Column = Field(default="recorded_at", description="Column with when it was entered.")
    modified_at: Column = Field(default="modified_at", description="Column with when it was last changed.")
    call_seconds: Column = Field(default="call_seconds", description="Column with a call's length in seconds.")
    interaction_id: Column = Field(
        default="interaction_id", description="Column with the interaction's id; default: lead id and position."
    )

    @field_validator("path")
    @classmethod
    def _from_mapping_folder(cls, path: Path, info: ValidationInfo) -> Path:
        folder = (info.context or {}).get("folder")
        return path if folder is None else Path(folder) / path

    def columns(self) -> Iterator[tuple[str, str, bool]]:
        """Give interaction field, column, and whether that file must have it."""
        for name in type(self).model_fields:
            if name != "path":
                yield name, getattr(self, name), name == "lead_id" or name in self.model_fields_set


class InteractionMapping(Frozen):
    """Where interactions come from: exactly one of ``column``, ``text`` and ``file``."""

    column: Column | None = Field(
        default=None, description="Column with a JSON list of interactions, objects with the fields of Interaction."
    )
    text: Column | None = Field(default=None, description="Column of the table that becomes one undated note.")
    file: InteractionFile | None = Field(default=None, description="A second file with one interaction per row.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(source is not None for source in (self.column, self.text, self.file)) != 1:
            raise ValueError("needs exactly one of column, text and file")
        return self


class TableMapping(Frozen):
    """Which column of a table is what."""

    version: Annotated[Literal[1], BeforeValidator(_refuse_bool)] = Field(
        default=1, description="Version of this format."
    )
    id: Column = Field(description="Column with the lead's id.")
    object_type: Identifier = Field(default="lead", description="What all rows are, such as lead or contact.")
    person_id: Column | None = Field(
        default=None, description="Column with the person's id; rows of one person stay on one side of a split."
    )
    account_id: Column | None = Field(
        default=None, description="Column with the company's id; rows of one company stay on one side of a split."
    )
    created_at: Column | None = Field(default=None, description="Column with the moment the lead was created.")
    time: Column | None = Field(
        default=None,
        description="Column with the moment at which the row was a true picture of the lead; also splits by time.",
    )
    order: Column | None = Field(
        default=None,
        description="Column with a number that only orders rows, oldest first, for splitting; excludes time.",
    )
    group: Column | None = Field(
        default=None,
        description="Column whose equal values stay on one side of a split; default: account_id, then person_id.",
    )
    split: Column | None = Field(
        default=None, description="Column with train, valid (validation, val) or test; default: HPRO splits."
    )
    stage: Column | None = Field(
        default=None, description="Column with the stage the lead is in, read through [funnel]."
    )
    outcome: OutcomeMapping | None = Field(
        default=None, description="Columns that say what became of a lead; needed for training."
    )
    interactions: InteractionMapping | None = Field(default=None, description="Where interactions come from.")
    funnel: Funnel | None = Field(
        default=None, description="The stages; needed where stage or outcome.reached is mapped."
    )
    features: Mapping[Column, FeatureMapping] = Field(
        default_factory=dict,
        description="Columns shown to the model, in prompt order; a kind alone is short for { kind = ... }.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.time is not None and self.order is not None:
            raise ValueError("time and order exclude each other; keep time where it is a true moment")
        if self.funnel is None:
            for key, column in (("stage", self.stage), ("outcome.reached", self.outcome and self.outcome.reached)):
                if column:
                    raise ValueError(f"{key} needs a [funnel] table that says what its values mean")
        self._refuse_leaks()
        self._check_signals()
        return self

    def _refuse_leaks(self) -> None:
        answers = {column: key for key, column in self.outcome_columns().items() if key != "id"}
        never_features = {self.id: "id", **({self.split: "split"} if self.split else {}), **answers}
        shown = {key: column for key, column in self.lead_columns().items() if key != "id"}
        for key, column in shown.items():
            used_as = (never_features if key.startswith("features.") else answers).get(column)
            if used_as is not None:
                raise ValueError(f"{key} is also {used_as}: the model would be shown the answer or an id")

    def _check_signals(self) -> None:
        for rule in self.funnel.rules if self.funnel else ():
            for side in (rule.chosen, rule.rejected):
                name = (side.signal or "").partition("field:")[2]
                if name and (name not in self.features or self.features[name].kind is not FieldKind.NUMBER):
                    raise ValueError(f"funnel.rules: {rule.name!r} uses {name!r}, which is not a number in [features]")

    def lead_columns(self) -> dict[str, str]:
        """Give the columns that a lead is read from, by mapping key."""
        names = ("id", "person_id", "account_id", "created_at", "time", "stage")
        columns: dict[str, str | None] = {name: getattr(self, name) for name in names}
        if self.interactions is not None:
            columns["interactions.column"] = self.interactions.column
            columns["interactions.text"] = self.interactions.text
        columns |= {dotted_key(("features", column)): column for column in self.features}
        return {key: column for key, column in columns.items() if column is not None}

    def outcome_columns(self) -> dict[str, str]:
        """Give the columns that say what became of a lead, by mapping key."""
        if self.outcome is None:
            return {}
        values: dict[str, Any] = {f"outcome.{name}": value for name, value in self.outcome}
        return {key: column for key, column in values.items() if column is not None}

    def example_columns(self) -> dict[str, str]:
        """Give every column that training reads, by mapping key."""
        extra = {"order": self.order, "group": self.group, "split": self.split}
        present = {key: column for key, column in extra.items() if column is not None}
        return {**self.lead_columns(), **present, **self.outcome_columns()}
