"""The value of one field as words."""

from __future__ import annotations

from datetime import datetime

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue
from hpro_sdk.rendering.ages import Age, describe_age
from hpro_sdk.rendering.quantiles import format_number, quantile_word
from hpro_sdk.rendering.template import FieldTemplate
from hpro_sdk.rendering.text import clean_text

UNKNOWN = "unknown"
OTHER = "other"
_FLAG_WORDS = {"true": "yes", "yes": "yes", "1": "yes", "false": "no", "no": "no", "0": "no"}


def describe_value(field: FieldTemplate, value: FieldValue, as_of: datetime) -> Age:
    """Give a field's value as words, and when they change by themselves.

    A value that does not fit the field's kind is shown as unknown: what a CRM holds must never stop a score. Text
    is given whole; its budget is the renderer's concern.

    Args:
        field: How the field is shown.
        value: What the CRM holds.
        as_of: The moment the snapshot stands at.
    """
    if value is None or value == "":
        return Age(UNKNOWN, None)
    match field.kind:
        case FieldKind.NUMBER:
            return Age(_number_words(field, value), None)
        case FieldKind.CATEGORY:
            text = clean_text(str(value))
            return Age(text if text in field.categories else OTHER, None)
        case FieldKind.FLAG:
            return Age(_FLAG_WORDS.get(str(value).strip().lower(), UNKNOWN), None)
        case FieldKind.TEXT:
            return Age(clean_text(str(value)) or UNKNOWN, None)
        case FieldKind.DATE:
            return _date_age(value, as_of)


def _number_words(field: FieldTemplate, value: FieldValue) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNKNOWN
    try:
        number = float(value)
    except OverflowError:
        return UNKNOWN
    return f"{format_number(number)} ({quantile_word(number, field.edges)})" if field.edges else format_number(number)


def _date_age(value: FieldValue, as_of: datetime) -> Age:
    try:
        date = datetime.fromisoformat(str(value))
    except ValueError:
        return Age(UNKNOWN, None)
    return describe_age(date, as_of) if date.tzinfo is not None else Age(UNKNOWN, None)
