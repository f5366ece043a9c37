"""A custom field as the Tooling API tells of it and takes it, and as the schema of the org has it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, PicklistValue

_MOST_DIGITS = 18
_LONGEST_LINE = 255

_TYPES: Final[Mapping[str, FieldType]] = MappingProxyType(
    {
        "Checkbox": FieldType.BOOLEAN,
        "Currency": FieldType.CURRENCY,
        "Date": FieldType.DATE,
        "DateTime": FieldType.DATETIME,
        "Email": FieldType.EMAIL,
        "LongTextArea": FieldType.TEXTAREA,
        "MultiselectPicklist": FieldType.MULTIPICKLIST,
        "Number": FieldType.DOUBLE,
        "Percent": FieldType.PERCENT,
        "Phone": FieldType.PHONE,
        "Picklist": FieldType.PICKLIST,
        "Text": FieldType.STRING,
        "TextArea": FieldType.TEXTAREA,
        "Url": FieldType.URL,
    }
)
_NAMES: Final = MappingProxyType(
    {kind: name for name, kind in _TYPES.items()}
    | {
        FieldType.TEXTAREA: "LongTextArea",
        FieldType.INT: "Number",
        FieldType.REFERENCE: "Lookup",
        FieldType.ENCRYPTED: "EncryptedText",
    }
)
_NUMBERS = frozenset({"Number", "Currency", "Percent"})
_TEXTS = frozenset({"Text", "LongTextArea"})
_PICKLISTS = frozenset({"Picklist", "MultiselectPicklist"})


def field_of_metadata(name: str, metadata: Mapping[str, object]) -> FieldSchema:
    """Make a field of what is sent.

    Args:
        name: Its API name.
        metadata: Its definition; a picklist's values are named ``fullName``, or as the API tells of them.

    Raises:
        ApiFault: Something is missing, or does not go together.
    """
    kind = str(metadata.get("type", ""))
    if kind not in _TYPES:
        raise ApiFault(400, "INVALID_FIELD", f"Unsupported field type: {kind}", ("type",))
    label = str(metadata.get("label", "")).strip()
    if not label:
        raise _missing("label")
    precision, scale = _number(metadata, "precision"), _number(metadata, "scale")
    length = _number(metadata, "length")
    if kind in _NUMBERS and not 0 < precision <= _MOST_DIGITS:
        raise _contradiction("precision", "Can not specify a number without 'precision'")
    if kind in _NUMBERS and "scale" not in metadata:
        raise _contradiction("scale", "Can not specify a number without 'scale'")
    if kind in _NUMBERS and not 0 <= scale <= precision:
        raise _contradiction("scale", "'scale' is at most 'precision'")
    if kind in _TEXTS and length < 1:
        raise _contradiction("length", f"Must specify 'length' for a CustomField of type {kind}")
    values, restricted = _picklist(metadata) if kind in _PICKLISTS else ((), False)
    return FieldSchema(
        name,
        _TYPES[kind],
        label=label,
        length=length or (_LONGEST_LINE if kind in _PICKLISTS or kind == "TextArea" else 0),
        precision=precision,
        scale=scale,
        picklist=values,
        restricted=restricted,
        external_id=metadata.get("externalId") is True,
        unique=metadata.get("unique") is True,
        help_text=str(metadata.get("inlineHelpText") or ""),
        default=False if kind == "Checkbox" else None,
        nillable=kind != "Checkbox" and metadata.get("required") is not True,
    )


def metadata_of_field(field: FieldSchema, description: str) -> dict[str, JsonValue]:
    """Tell of a field as the Tooling API does: what does not apply is there and empty.

    Args:
        field: Which.
        description: What it says of itself to an admin.
    """
    number = field.type in {FieldType.DOUBLE, FieldType.CURRENCY, FieldType.PERCENT, FieldType.INT}
    name = _NAMES.get(field.type, "Text")
    if field.type is FieldType.TEXTAREA and field.length <= _LONGEST_LINE:
        name = "TextArea"
    return {
        "description": description or None,
        "externalId": field.external_id,
        "formula": "NULL" if field.expression else None,
        "inlineHelpText": field.help_text or None,
        "label": field.label,
        "length": field.length if name in _TEXTS else None,
        "precision": field.precision if number else None,
        "required": not field.nillable and field.type is not FieldType.BOOLEAN,
        "scale": field.scale if number else None,
        "type": name,
        "unique": field.unique if name in _TEXTS | _NUMBERS else None,
        "valueSet": _value_set(field) if name in _PICKLISTS else None,
    }


def _value_set(field: FieldSchema) -> dict[str, JsonValue]:
    values: list[JsonValue] = [
        {
            "color": None,
            "default": value.default,
            "description": None,
            "isActive": None if value.active else False,
            "label": value.label or value.value,
            "urls": None,
            "valueName": value.value,
        }
        for value in field.picklist
    ]
    return {
        "controllingField": None,
        "restricted": field.restricted or None,
        "valueSetDefinition": {"sorted": False, "value": values},
        "valueSetName": None,
        "valueSettings": [],
    }


def _picklist(metadata: Mapping[str, object]) -> tuple[tuple[PicklistValue, ...], bool]:
    value_set = metadata.get("valueSet")
    definition = value_set.get("valueSetDefinition") if isinstance(value_set, dict) else None
    values = definition.get("value") if isinstance(definition, dict) else None
    if not isinstance(value_set, dict) or not isinstance(values, list) or not values:
        raise _missing("valueSet")
    made = []
    for value in values:
        full_name = value.get("fullName") or value.get("valueName") if isinstance(value, dict) else None
        if not isinstance(full_name, str):
            raise _missing("fullName")
        made.append(
            PicklistValue(full_name, str(value.get("label") or full_name), default=value.get("default") is True)
        )
    return tuple(made), value_set.get("restricted") is True


def _number(metadata: Mapping[str, object], name: str) -> int:
    value = metadata.get(name)
    return value if isinstance(value, int) else 0


def _missing(name: str) -> ApiFault:
    return ApiFault(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]", (name,))


def _contradiction(name: str, message: str) -> ApiFault:
    return ApiFault(400, "FIELD_INTEGRITY_EXCEPTION", message, (name,))
