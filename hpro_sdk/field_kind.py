"""The kinds of CRM fields: how a value is read from a table, and how it is written into a prompt."""

from __future__ import annotations

from enum import StrEnum


class FieldKind(StrEnum):
    """What a field holds.

    Attributes:
        NUMBER: A finite number; shown with a quantile word learnt in training.
        CATEGORY: One of a limited list of texts.
        FLAG: True or false.
        TEXT: Free text.
        DATE: A moment with a time zone, kept as ISO 8601 text; shown as an age.
    """

    NUMBER = "number"
    CATEGORY = "category"
    FLAG = "flag"
    TEXT = "text"
    DATE = "date"
