"""What a field of an object is: all that describing, querying and writing it depend on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, replace
from enum import StrEnum


class FieldType(StrEnum):
    """Types of fields, as the describe answer names them."""

    ID = "id"
    STRING = "string"
    TEXTAREA = "textarea"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    COMBOBOX = "combobox"
    BOOLEAN = "boolean"
    INT = "int"
    DOUBLE = "double"
    CURRENCY = "currency"
    PERCENT = "percent"
    DATE = "date"
    DATETIME = "datetime"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    REFERENCE = "reference"
    ADDRESS = "address"
    BASE64 = "base64"
    ANYTYPE = "anyType"
    ENCRYPTED = "encryptedstring"


NUMBERS = frozenset({FieldType.INT, FieldType.DOUBLE, FieldType.CURRENCY, FieldType.PERCENT})
"""Types whose values are numbers."""

IDS = frozenset({FieldType.ID, FieldType.REFERENCE})
"""Types whose values are ids."""

_NOT_FILTERED = frozenset({FieldType.ADDRESS, FieldType.BASE64, FieldType.ANYTYPE, FieldType.ENCRYPTED})
_LONGEST_FILTERED_TEXT = 255


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """A value of a picklist.

    Attributes:
        value: As records hold it.
        label: As people see it; default: the value.
        active: Whether it may still be chosen.
        default: Whether a new record has it.
    """

    value: str
    label: str = ""
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """A field.

    Attributes:
        name: As the API has it; custom ones end in ``__c``.
        type: Its type.
        label: As people see it; default: made from the name.
        length: Most characters of a text.
        precision: Most digits of a number.
        scale: Digits after the point.
        nillable: Whether it may be empty.
        createable: Whether a new record may be given it.
        updateable: Whether it may be changed.
        picklist: Values of a picklist.
        restricted: Whether the picklist takes no other values.
        compound: The compound field that it is a part of, or an empty text.
        reference_to: Objects that a reference leads to.
        relationship: What a query calls the record that it leads to, such as ``Owner``.
        children: What a query calls the records that hold this reference, seen from where it leads.
        name_field: Whether it is what people know the record by.
        default: What a new record has where nothing is given.
        html: Whether the text is HTML.
        external_id: Whether it holds the id of another system.
        unique: Whether no two records have the same value.
        help_text: What people are told of it.
        trackable: Whether a change may be kept in the history object.
        filterable: Whether a query may compare it; default: as the type has it.
        sortable: Whether a query may order by it; default: as the type has it.
        expression: SQL that gives its value; then nothing is stored. ``{t}`` is the row, ``{now}`` seconds, ``{today}``
            the date.
        indexed: Whether queries find records by it fast.
        permissionable: Whether it may be hidden from some; default: fields that may be empty and are not of the system.
    """

    name: str
    type: FieldType
    _: KW_ONLY
    label: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    picklist: tuple[PicklistValue, ...] = ()
    restricted: bool = False
    compound: str = ""
    reference_to: tuple[str, ...] = ()
    relationship: str = ""
    children: str = ""
    name_field: bool = False
    default: str | bool | float | None = None
    html: bool = False
    external_id: bool = False
    unique: bool = False
    help_text: str = ""
    trackable: bool | None = None
    filterable: bool | None = None
    sortable: bool | None = None
    expression: str = ""
    indexed: bool = False
    permissionable: bool | None = None

    @property
    def custom(self) -> bool:
        """Whether an admin made it."""
        return self.name.endswith("__c")

    @property
    def can_be_filtered(self) -> bool:
        """Whether a query may compare it."""
        return self._short if self.filterable is None else self.filterable

    @property
    def can_be_sorted(self) -> bool:
        """Whether a query may order by it."""
        if self.sortable is not None:
            return self.sortable
        return self._short and self.type is not FieldType.MULTIPICKLIST

    @property
    def can_be_grouped(self) -> bool:
        """Whether a query may group by it."""
        return self.can_be_sorted and self.type not in {
            FieldType.DOUBLE,
            FieldType.CURRENCY,
            FieldType.PERCENT,
            FieldType.DATETIME,
        }

    @property
    def can_be_hidden(self) -> bool:
        """Whether field-level security decides who sees it."""
        if self.permissionable is not None:
            return self.permissionable
        return self.nillable and (self.createable or self.updateable) and not self.compound

    @property
    def can_be_tracked(self) -> bool:
        """Whether a change may be kept in the history object."""
        if self.trackable is not None:
            return self.trackable
        return self.updateable and not self.expression

    @property
    def polymorphic(self) -> bool:
        """Whether it leads to records of several objects."""
        return len(self.reference_to) > 1

    @property
    def _short(self) -> bool:
        if self.type is FieldType.TEXTAREA:
            return self.length <= _LONGEST_FILTERED_TEXT
        return self.type not in _NOT_FILTERED

    def with_label(self) -> FieldSchema:
        """Give it with a label, made from the name where there is none."""
        return self if self.label else replace(self, label=label_of(self.name))


def label_of(name: str) -> str:
    """Make a label from a name: ``AnnualRevenue`` is "Annual Revenue", ``web_visits__c`` is "Web Visits".

    Args:
        name: Of a field or an object.
    """
    base = name.removesuffix("__c")
    if base.endswith("Id") and base != "Id":
        base = f"{base[:-2]}ID"
    words: list[str] = []
    for part in base.split("_"):
        start = 0
        for place in range(1, len(part)):
            if part[place].isupper() and not part[place - 1].isupper():
                words.append(part[start:place])
                start = place
        words.append(part[start:])
    return " ".join(word[:1].upper() + word[1:] for word in words if word)


def picklist_values(values: Iterable[str], default: str | None = None) -> tuple[PicklistValue, ...]:
    """Make the values of a picklist.

    Args:
        values: In their order.
        default: Which of them a new record has.
    """
    return tuple(PicklistValue(value, value, default=value == default) for value in values)
