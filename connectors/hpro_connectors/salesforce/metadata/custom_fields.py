"""Our fields as the CRM's metadata has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hpro_connectors.fields import FieldType, ScoreField
from hpro_connectors.salesforce.metadata.xml import XmlValue
from hpro_connectors.salesforce.writing.score_fields import column_of

_METADATA_TYPES: Final = {
    FieldType.NUMBER: "Number",
    FieldType.PICKLIST: "Picklist",
    FieldType.TEXT: "Text",
    FieldType.DATETIME: "DateTime",
}
DESCRIPTION: Final = "Written by HPRO. What people enter here is overwritten."
"""What each of our fields says of itself to an admin; by it they are told from fields of the same name."""


def custom_field(field: ScoreField) -> Mapping[str, XmlValue]:
    """Describe a field as metadata of type ``CustomField``, its elements in the order of that type.

    No field is required: only then can permission sets decide who sees it. A picklist takes values that it does not
    list, so that a write never fails because of an option that somebody took out.

    Args:
        field: Which one.
    """
    content: dict[str, XmlValue] = {
        "fullName": column_of(field),
        "description": DESCRIPTION,
        "inlineHelpText": field.help_text,
        "label": field.label,
    }
    if field.type is FieldType.TEXT:
        content["length"] = field.precision
    if field.type is FieldType.NUMBER:
        content["precision"] = field.precision
    content["required"] = False
    if field.type is FieldType.NUMBER:
        content["scale"] = field.scale
    content["type"] = _METADATA_TYPES[field.type]
    if field.type is FieldType.PICKLIST:
        content["valueSet"] = _value_set(field.options)
    return content


def _value_set(options: tuple[str, ...]) -> Mapping[str, XmlValue]:
    return {
        "restricted": False,
        "valueSetDefinition": {
            "sorted": False,
            "value": tuple({"fullName": option, "default": False, "label": option} for option in options),
        },
    }
