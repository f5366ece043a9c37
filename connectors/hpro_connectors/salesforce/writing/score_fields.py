"""HPRO's own fields in Salesforce, all derived from the one table of fields: names, types, and values both ways."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue, ValidationError

from hpro_connectors.fields import SCORE_FIELDS, FieldType, ScoreField, ScoreRow, written_score
from hpro_connectors.protocol import EnsuredField, FieldState
from hpro_connectors.salesforce.rows.row_source import Row
from hpro_connectors.salesforce.schema.crm_schema import CrmField, CrmObject
from hpro_connectors.salesforce.schema.crm_values import moment_in, text_in
from hpro_connectors.salesforce.writing.field_clashes import CRM_TYPES, clash_of
from hpro_sdk.lead import LeadKey

OWN_PREFIX: Final = "HPRO_"
"""What the API name of each of our fields begins with."""

_STEP = Decimal("0.01")


def column_of(field: ScoreField) -> str:
    """Give the API name of a field, such as ``HPRO_Stage_Rank__c``."""
    words = (word.capitalize() for word in field.name.split("_"))
    return f"{OWN_PREFIX}{'_'.join(words)}__c"


SCORE_COLUMNS: Final = MappingProxyType({field.name: column_of(field) for field in SCORE_FIELDS})
"""The API name of each field by its name in :class:`~hpro_connectors.fields.ScoreRow`."""

SCORE_COLUMN_TYPES: Final = MappingProxyType({column_of(field): CRM_TYPES[field.type] for field in SCORE_FIELDS})
"""What the CRM's description calls the type of each."""


def is_own(column: str) -> bool:
    """Whether a field is one of ours, whatever its case: such a field is never read as if it were the lead's own."""
    return column.upper().startswith(OWN_PREFIX)


def plan_fields(described: CrmObject) -> tuple[EnsuredField, ...]:
    """Say of each of our fields whether it is there, would be made, or stands against another one.

    Args:
        described: The scored object as this user sees it; a field hidden from it looks like one that does not exist.
    """
    return tuple(_plan(field, described.by_name.get(column_of(field))) for field in SCORE_FIELDS)


def to_crm(row: ScoreRow) -> dict[str, JsonValue]:
    """Give the values of a row as the CRM takes them; ``None`` clears a field.

    Raises:
        NonFiniteScoreError: A number is none, or infinite; whoever made the row did not check it.
    """
    return {column_of(field): _to_crm(field, getattr(row, field.name)) for field in SCORE_FIELDS}


def read_shown(row: Row, key: LeadKey, columns: Collection[str]) -> ScoreRow | None:
    """Give what a row shows of our fields; ``None`` where the user does not see all of them.

    A field that is hidden for a while is not empty: what was written to it still stands there. A value that people
    entered and that no score row can hold counts as empty.

    Args:
        row: Of the scored object.
        key: Of the record.
        columns: Those of our fields that were asked for.
    """
    if len(columns) < len(SCORE_FIELDS):
        return None
    values: dict[str, object] = {}
    for field in SCORE_FIELDS:
        column = column_of(field)
        value = _from_crm(field, row, column)
        if value is not None:
            values[field.name] = value
    try:
        return ScoreRow.model_validate({"lead": key, **values})
    except ValidationError as exc:
        odd = {error["loc"][0] for error in exc.errors(include_url=False, include_input=False)}
        return ScoreRow.model_validate({"lead": key, **{k: v for k, v in values.items() if k not in odd}})


def _plan(field: ScoreField, existing: CrmField | None) -> EnsuredField:
    column = column_of(field)
    if existing is None:
        return EnsuredField(name=column, state=FieldState.CREATED)
    clash = clash_of(field, existing)
    if clash is None:
        return EnsuredField(name=column, state=FieldState.PRESENT)
    return EnsuredField(name=column, state=FieldState.CONFLICT, detail=clash.detail)


def _to_crm(field: ScoreField, value: object) -> JsonValue:
    if isinstance(value, Decimal | float) or (field.scale and isinstance(value, int)):
        return float(written_score(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value if isinstance(value, int) else None if value is None else str(value)


def _from_crm(field: ScoreField, row: Row, column: str) -> object:
    raw = row.get(column)
    match field.type:
        case FieldType.NUMBER:
            if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
                return None
            if field.scale:
                return Decimal(str(raw)).quantize(_STEP) if abs(raw) < 10**field.precision else None
            return int(raw) if raw == int(raw) else None
        case FieldType.DATETIME:
            return moment_in(row, column)
        case FieldType.PICKLIST | FieldType.TEXT:
            return text_in(row, column)
