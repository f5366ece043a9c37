"""Leads from a table and its mapping, or from leads written as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from hpro_sdk.data.field_values import read_field, read_identifier, read_moment, read_stage
from hpro_sdk.data.interaction_rows import InteractionSource
from hpro_sdk.data.mapping import TableMapping
from hpro_sdk.data.place import Cell, Place
from hpro_sdk.data.table_rows import TableRow, read_rows, require_columns, table_format
from hpro_sdk.data.validation_text import OFFSET_HINT, dotted_key, plain_problem
from hpro_sdk.errors import ConfigError, DataError, LeadValidationError
from hpro_sdk.lead import Lead, LeadKey


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead and the row it was read from.

    Attributes:
        lead: The lead.
        as_of: When the row was a true picture of it (the mapping's ``time``); ``None`` when not told.
        row: Data row, 1 is the first.
    """

    lead: Lead
    as_of: datetime | None
    row: int


def read_leads(path: Path, mapping: TableMapping | None) -> Iterator[LeadRow]:
    """Stream the leads of a file.

    What concerns the whole file (path, format, columns) is checked at the call; rows are checked as they come.
    Columns of the outcome, and those that only serve to split, need not be there.

    Args:
        path: CSV, JSONL or Parquet with a mapping; or, without one, JSONL with one :class:`Lead` per line.
        mapping: Which column is what.

    Returns:
        The leads, in the order of the file.

    Raises:
        ConfigError: A path, the mapping or a column is wrong.
        DataError: The content is: malformed, without rows, a value that does not fit, an id that comes twice.
        MissingExtraError: Parquet without the ``parquet`` extra.
    """
    path = Path(path)
    if mapping is None:
        if table_format(path) != "jsonl":
            raise ConfigError(
                f"{path} is a table, and there is no mapping that says which column is what.",
                hint=f"Draft one with: hpro mapping guess {path}",
            )
        require_columns(path, {})
        return _unique(_json_leads(path), path)
    require_columns(path, mapping.lead_columns())
    return (lead_row for _, lead_row in table_leads(path, mapping))


def table_leads(path: Path, mapping: TableMapping) -> Iterator[tuple[TableRow, LeadRow]]:
    """Stream rows of a table together with the leads they tell of, each lead once.

    Raises:
        ConfigError: A file that the mapping names cannot be read.
        DataError: A row does not fit the mapping, an id comes twice, or there are no rows.
    """
    source = InteractionSource(mapping.interactions)
    places: dict[LeadKey, Place] = {}
    for row in read_rows(path):
        lead_row = LeadRow(lead=_lead(row, mapping, source), as_of=_moment(row, mapping.time), row=row.place.row)
        _refuse_twice(places, lead_row.lead.key, row.place)
        yield row, lead_row
    if not places:
        raise no_rows(path)
    source.log_unclaimed()


def no_rows(path: Path) -> DataError:
    """Make the error for a table without rows."""
    return DataError(f"{path} has no rows.", hint="Give a file with at least one lead.")


def cell(row: TableRow, column: str) -> Cell:
    """Give the value of a column in a row; a key that a JSON object lacks counts as null."""
    return Cell(row.place, column, row.values.get(column))


def _lead(row: TableRow, mapping: TableMapping, source: InteractionSource) -> Lead:
    lead_id = read_identifier(cell(row, mapping.id))
    if lead_id is None:
        raise cell(row, mapping.id).error("is empty", hint="Give every row the id of its lead.")
    stage = None
    if mapping.stage is not None and mapping.funnel is not None:
        stage = read_stage(cell(row, mapping.stage), mapping.funnel)
    try:
        return Lead(
            object_type=mapping.object_type,
            lead_id=lead_id,
            person_id=_identifier(row, mapping.person_id),
            account_id=_identifier(row, mapping.account_id),
            created_at=_moment(row, mapping.created_at),
            stage=stage,
            fields={name: read_field(cell(row, name), feature.kind) for name, feature in mapping.features.items()},
            interactions=source.of_row(row, lead_id),
        )
    except ValidationError as exc:
        raise _invalid(exc, row.place) from exc


def _identifier(row: TableRow, column: str | None) -> str | None:
    return None if column is None else read_identifier(cell(row, column))


def _moment(row: TableRow, column: str | None) -> datetime | None:
    return None if column is None else read_moment(cell(row, column))


def _json_leads(path: Path) -> Iterator[tuple[Place, LeadRow]]:
    for row in read_rows(path):
        try:
            lead = Lead.model_validate(row.values)
        except ValidationError as exc:
            raise _invalid(exc, row.place) from exc
        yield row.place, LeadRow(lead=lead, as_of=None, row=row.place.row)


def _unique(leads: Iterator[tuple[Place, LeadRow]], path: Path) -> Iterator[LeadRow]:
    places: dict[LeadKey, Place] = {}
    for place, lead_row in leads:
        _refuse_twice(places, lead_row.lead.key, place)
        yield lead_row
    if not places:
        raise no_rows(path)


def _refuse_twice(places: dict[LeadKey, Place], key: LeadKey, place: Place) -> None:
    first = places.setdefault(key, place)
    if first is not place:
        raise place.error(
            f"has the same lead id as row {first.row}",
            hint="Keep one row per lead, or map a column that tells them apart.",
        )


def _invalid(exc: ValidationError, place: Place) -> LeadValidationError:
    errors = exc.errors(include_url=False, include_input=False, include_context=False)
    first = errors[0]
    key, problem = dotted_key(first["loc"]), plain_problem(first)
    if first["loc"][:1] == ("fields",) and len(first["loc"]) > 1:
        # A field's value may be of several types, and Pydantic complains about each of them.
        key = dotted_key(first["loc"][:2])
        infinite = any(error["loc"][:2] == first["loc"][:2] and "finite" in error["msg"] for error in errors)
        problem = "is not a finite number" if infinite else "must be a text, a number, a truth value or null"
    naive = first["type"] == "timezone_aware"
    hint = OFFSET_HINT if naive else "Correct the value; `hpro mapping schema` and the README describe the forms."
    return LeadValidationError(f"{place}, field {key}: {problem}.", hint=hint, row=place.row, field=key)
