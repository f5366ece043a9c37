"""Interactions of a lead, from a column with a JSON list, a column of text, or a second file."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from pydantic import ValidationError

from hpro_sdk.data.field_values import read_identifier, read_moment, read_number, read_text
from hpro_sdk.data.mapping import InteractionFile, InteractionMapping
from hpro_sdk.data.place import Cell
from hpro_sdk.data.table_rows import TableRow, read_rows, require_columns
from hpro_sdk.data.validation_text import OFFSET_HINT, plain_problems
from hpro_sdk.lead import Interaction, InteractionKind, Speaker

logger = logging.getLogger(__name__)

_Choice = TypeVar("_Choice", bound=StrEnum)
_LIST_HINT = 'Write a JSON list of objects, such as [{"text": "Called", "occurred_at": "2026-01-31T09:00:00+00:00"}].'


class InteractionSource:
    """Gives the interactions of a lead's row, however the mapping says they are stored.

    Args:
        mapping: Where interactions come from; ``None``: there are none.

    Raises:
        ConfigError: The second file cannot be read, or lacks a column.
        DataError: The second file is malformed.
    """

    def __init__(self, mapping: InteractionMapping | None) -> None:
        self._mapping = mapping
        self._unclaimed = _read_file(mapping.file) if mapping is not None and mapping.file is not None else {}

    def of_row(self, row: TableRow, lead_id: str) -> tuple[Interaction, ...]:
        """Give the interactions of one row.

        Raises:
            DataError: The row's column does not hold interactions.
        """
        if self._mapping is None:
            return ()
        if self._mapping.column is not None:
            column = self._mapping.column
            return _from_json(Cell(row.place, column, row.values.get(column)), lead_id)
        if self._mapping.text is not None:
            text = read_text(Cell(row.place, self._mapping.text, row.values.get(self._mapping.text)))
            return () if text is None else (Interaction(interaction_id=_position_id(lead_id, 1), text=text),)
        return tuple(self._unclaimed.pop(lead_id, ()))

    def log_unclaimed(self) -> None:
        """Warn when the second file names leads that the table does not have."""
        if self._unclaimed:
            extra = {"event": "interactions_without_lead", "leads": len(self._unclaimed)}
            logger.warning("The interaction file names leads that the table does not have.", extra=extra)


def _position_id(lead_id: str, position: int) -> str:
    suffix = f":{position}"
    return lead_id[: 255 - len(suffix)] + suffix  # an id has at most 255 characters


def _from_json(cell: Cell, lead_id: str) -> tuple[Interaction, ...]:
    if cell.missing:
        return ()
    value = cell.value
    if isinstance(value, str):
        try:
            value = json.loads(value)
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair is no character
        except json.JSONDecodeError as exc:
            raise cell.error(f"is not valid JSON: {exc.msg} at character {exc.pos + 1}", hint=_LIST_HINT) from exc
        except (ValueError, RecursionError) as exc:
            raise cell.error("is JSON with a number, text or nesting that cannot be read", hint=_LIST_HINT) from exc
    if not isinstance(value, list):
        raise cell.error("is not a list of interactions", hint=_LIST_HINT)
    interactions = []
    for position, item in enumerate(value, start=1):
        if not isinstance(item, dict):
            raise cell.error(f"interaction {position} is not an object", hint=_LIST_HINT)
        present = {"interaction_id": _position_id(lead_id, position), **_without_nulls(item)}
        try:
            interactions.append(Interaction.model_validate(present))
        except ValidationError as exc:
            naive = any(error["type"] == "timezone_aware" for error in exc.errors(include_input=False))
            hint = OFFSET_HINT if naive else _LIST_HINT
            raise cell.error(f"interaction {position}: {plain_problems(exc)}", hint=hint) from exc
    return tuple(interactions)


def _without_nulls(item: Mapping[str, object]) -> dict[str, object]:
    """Drop keys without a value: Parquet gives every object of a list all keys."""
    return {key: value for key, value in item.items() if value is not None}


def _read_file(file: InteractionFile) -> dict[str, list[Interaction]]:
    named = {f"interactions.file.{name}": column for name, column, needed in file.columns() if needed}
    require_columns(file.path, named)
    by_lead: dict[str, list[Interaction]] = {}
    for row in read_rows(file.path):
        cells = {name: Cell(row.place, column, row.values.get(column)) for name, column, _ in file.columns()}
        lead_id = read_identifier(cells["lead_id"])
        if lead_id is None:
            raise cells["lead_id"].error("is empty", hint="Name in every row the lead it belongs to.")
        interactions = by_lead.setdefault(lead_id, [])
        interactions.append(_from_cells(cells, _position_id(lead_id, len(interactions) + 1)))
    return by_lead


def _from_cells(cells: Mapping[str, Cell], position_id: str) -> Interaction:
    return Interaction(
        interaction_id=read_identifier(cells["interaction_id"]) or position_id,
        kind=_read_choice(cells["kind"], InteractionKind) or InteractionKind.NOTE,
        speaker=_read_choice(cells["speaker"], Speaker),
        text=read_text(cells["text"]) or "",
        call_seconds=_read_seconds(cells["call_seconds"]),
        occurred_at=read_moment(cells["occurred_at"]),
        recorded_at=read_moment(cells["recorded_at"]),
        modified_at=read_moment(cells["modified_at"]),
    )


def _read_choice(cell: Cell, choices: type[_Choice]) -> _Choice | None:
    text = read_text(cell)
    if text is None:
        return None
    try:
        return choices(text.strip().casefold())
    except ValueError:
        allowed = ", ".join(choice.value for choice in choices)
        raise cell.error(f"is not one of: {allowed}", hint="Write one of them, or leave it empty.") from None


def _read_seconds(cell: Cell) -> int | None:
    number = read_number(cell)
    if number is not None and number < 0:
        raise cell.error("is below 0", hint="Write the length of the call in seconds.")
    return None if number is None else round(number)
