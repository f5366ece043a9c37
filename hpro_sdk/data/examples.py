"""Training examples from a table: snapshot, outcome, group and split of every row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hpro_sdk.data.field_values import (
    read_identifier,
    read_label,
    read_moment,
    read_number,
    read_split,
    read_stage,
)
from hpro_sdk.data.leads import LeadRow, cell, table_leads
from hpro_sdk.data.mapping import OutcomeMapping, TableMapping
from hpro_sdk.data.splits import SplitRow, require_whole_groups, split_by_hash, split_by_time
from hpro_sdk.data.table_rows import TableRow, require_columns
from hpro_sdk.data.validation_text import quoted
from hpro_sdk.errors import ConfigError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import Lead, Outcome, OutcomeResult, TrainingExample
from hpro_sdk.snapshots import take_snapshot

UNDATED_AS_OF = datetime(2000, 1, 1, tzinfo=UTC)
"""The moment of a snapshot whose row has no date at all: nothing in it has an age, so no age is rendered."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_examples(path: Path, mapping: TableMapping, *, split_seed: int = 0) -> list[TrainingExample]:
    """Read the training examples of a table.

    The snapshot is taken at the row's ``time``; in a table without dates, at :data:`UNDATED_AS_OF`. Splits come
    from the column ``split``, or else by time, or else by hash (:mod:`hpro_sdk.data.splits`). A group is the
    value of ``group``, or else the company, or else the person.

    Args:
        path: CSV, JSONL or Parquet.
        mapping: Which column is what, with ``[outcome]``.
        split_seed: Another number gives another split by hash.

    Returns:
        One example per row, in the order of the table.

    Raises:
        ConfigError: A path or column is wrong, ``[outcome]`` is missing, or rows are dated and ``time`` is missing.
        DataError: A row cannot be used, or there are none.
        MissingExtraError: Parquet without the ``parquet`` extra.
    """
    path = Path(path)
    if mapping.outcome is None:
        raise ConfigError(
            f"The mapping for {path} has no [outcome], and training needs to know how leads ended.",
            hint='Add [outcome] with label = "COLUMN" to the mapping.',
        )
    require_columns(path, mapping.example_columns())
    examples: list[TrainingExample] = []
    positions: list[int | float | None] = []
    for row, lead_row in table_leads(path, mapping):
        examples.append(_example(row, lead_row, mapping, mapping.outcome))
        positions.append(_position(row, lead_row, mapping))
    if mapping.split is not None:
        if mapping.group is not None:
            require_whole_groups(examples, source=str(path))
        return examples
    rows = [
        SplitRow(example.snapshot.lead_id, example.group, position)
        for example, position in zip(examples, positions, strict=True)
    ]
    by_time = mapping.time is not None or mapping.order is not None
    splits = split_by_time(rows) if by_time else split_by_hash(rows, seed=split_seed)
    return [example.model_copy(update={"split": split}) for example, split in zip(examples, splits, strict=True)]


def _example(row: TableRow, lead_row: LeadRow, mapping: TableMapping, outcome: OutcomeMapping) -> TrainingExample:
    lead = lead_row.lead
    return TrainingExample(
        snapshot=take_snapshot(lead, _as_of(row, lead_row, mapping)),
        outcome=_outcome(row, mapping, outcome),
        group=_group(row, mapping) or lead.account_id or lead.person_id,
        # Without a split column the split depends on all rows, and is filled in when they are known.
        split="train" if mapping.split is None else read_split(cell(row, mapping.split)),
    )


def _as_of(row: TableRow, lead_row: LeadRow, mapping: TableMapping) -> datetime:
    if lead_row.as_of is not None:
        return lead_row.as_of
    if mapping.time is not None:
        raise cell(row, mapping.time).error("is empty", hint="Give the moment at which the row was true.")
    dated = _first_date(lead_row.lead, mapping)
    if dated is not None:
        raise ConfigError(
            f"{row.place} has a date ({dated}), and the mapping does not tell at which moment the row was true.",
            hint="Name in time the column with that moment, or leave the dates out of the mapping.",
            row=row.place.row,
        )
    return UNDATED_AS_OF


def _first_date(lead: Lead, mapping: TableMapping) -> str | None:
    """Name what is dated in a lead, as far as a prompt could show its age."""
    if lead.created_at is not None:
        return f"created_at, column {quoted(mapping.created_at or '')}"
    for interaction in lead.interactions:
        if interaction.occurred_at is not None or interaction.recorded_at is not None or interaction.text_versions:
            return "an interaction"
    dates = (name for name, feature in mapping.features.items() if feature.kind is FieldKind.DATE)
    name = next((name for name in dates if lead.fields[name] is not None), None)
    return None if name is None else f"the feature {quoted(name)}"


def _outcome(row: TableRow, mapping: TableMapping, outcome: OutcomeMapping) -> Outcome:
    label = cell(row, outcome.label)
    won = read_label(label)
    if won is None:
        raise label.error("is empty", hint="Give every row its result, or leave open leads out of the table.")
    return Outcome(
        result=OutcomeResult.WON if won else OutcomeResult.LOST,
        at=None if outcome.at is None else read_moment(cell(row, outcome.at)),
        reached=_reached(row, mapping.funnel, outcome.reached, won=won),
    )


def _reached(row: TableRow, funnel: Funnel | None, column: str | None, *, won: bool) -> str | None:
    """Give the deepest open stage; won and lost are results and no depth, and must not contradict the label."""
    if funnel is None or column is None:
        return None
    stage = read_stage(cell(row, column), funnel)
    if (stage == funnel.won and not won) or (stage == funnel.lost and won):
        raise cell(row, column).error(
            f"says {stage}, and the label says {'won' if won else 'lost'}",
            hint="Correct the row, or what [funnel.values] maps the value to.",
        )
    return stage if stage in funnel.stages else None


def _group(row: TableRow, mapping: TableMapping) -> str | None:
    return None if mapping.group is None else read_identifier(cell(row, mapping.group))


def _position(row: TableRow, lead_row: LeadRow, mapping: TableMapping) -> int | float | None:
    if lead_row.as_of is not None:
        return (lead_row.as_of - _EPOCH) // timedelta(microseconds=1)
    if mapping.order is None:
        return None
    order = cell(row, mapping.order)
    number = read_number(order)
    if number is None and mapping.split is None:
        raise order.error("is empty", hint="Give every row its place in time, or map split.")
    return number
