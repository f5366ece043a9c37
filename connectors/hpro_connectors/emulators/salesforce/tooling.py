"""The Tooling API, as far as it makes custom fields: nobody sees a new one until a permission set says so."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.api_fault import ApiFault, not_found
from hpro_connectors.emulators.salesforce.call import Call
from hpro_connectors.emulators.salesforce.field_schema import FieldSchema, FieldType, PicklistValue
from hpro_connectors.emulators.salesforce.ids import long_id, make_id
from hpro_connectors.emulators.salesforce.org import SalesforceOrg

_PREFIX = "00N"
_MOST_DIGITS = 18

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
_NUMBERS = frozenset({"Number", "Currency", "Percent"})
_TEXTS = frozenset({"Text", "LongTextArea"})
_PICKLISTS = frozenset({"Picklist", "MultiselectPicklist"})


class Tooling:
    """Custom fields of an org.

    Args:
        org: Whose.
    """

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org
        self._lock = threading.Lock()
        self._made: dict[str, tuple[str, str]] = {}

    def create_field(self, call: Call) -> Response:
        """Make a custom field.

        Args:
            call: With ``FullName`` and ``Metadata``.
        """
        self._require_admin(call)
        body = call.object_body()
        object_name, _, name = str(body.get("FullName", "")).partition(".")
        metadata = body.get("Metadata")
        if not isinstance(metadata, dict) or not name:
            raise ApiFault(
                400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName, Metadata]", ("FullName",)
            )
        if not name.endswith("__c"):
            raise ApiFault(400, "FIELD_INTEGRITY_EXCEPTION", "Custom field names end in __c", ("FullName",))
        one = self._org.schema.find(object_name)
        if one is None:
            raise ApiFault(
                400, "INVALID_CROSS_REFERENCE_KEY", f"In field: entityName - no CustomObject named {object_name} found"
            )
        field = _field(name, metadata)
        with self._lock:
            if one.find(name) is not None:
                raise ApiFault(
                    400,
                    "DUPLICATE_DEVELOPER_NAME",
                    f"There is already a field named {name.removesuffix('__c')} on {one.label}.",
                    ("DeveloperName",),
                )
            self._org.schema.add_field(one.name, field, visible=False)
            field_id = make_id(_PREFIX, len(self._made) + 1)
            self._made[field_id] = (one.name, name)
        return Response.of_json({"id": field_id, "success": True, "errors": [], "warnings": [], "infos": []}, 201)

    def read_field(self, call: Call) -> Response:
        """Give a custom field that was made here.

        Args:
            call: With its id.
        """
        self._require_admin(call)
        field_id, object_name, name = self._find(call)
        return Response.of_json(
            {
                "attributes": {"type": "CustomField", "url": f"{call.base}/tooling/sobjects/CustomField/{field_id}"},
                "Id": field_id,
                "DeveloperName": name.removesuffix("__c"),
                "TableEnumOrId": object_name,
                "FullName": f"{object_name}.{name}",
            }
        )

    def delete_field(self, call: Call) -> Response:
        """Take a custom field that was made here away.

        Args:
            call: With its id.
        """
        self._require_admin(call)
        field_id, object_name, name = self._find(call)
        self._org.schema.remove_field(object_name, name)
        with self._lock:
            self._made.pop(field_id, None)
        return Response.empty()

    def _find(self, call: Call) -> tuple[str, str, str]:
        field_id = long_id(call.parts["id"]) or ""
        found = self._made.get(field_id)
        if found is None:
            raise not_found()
        return (field_id, *found)

    def _require_admin(self, call: Call) -> None:
        if call.user_id != self._org.admin_user_id:
            raise ApiFault(
                403, "INSUFFICIENT_ACCESS", "You do not have the level of access necessary to perform the operation"
            )


def _field(name: str, metadata: Mapping[str, object]) -> FieldSchema:
    kind = str(metadata.get("type", ""))
    if kind not in _TYPES:
        raise ApiFault(400, "INVALID_FIELD", f"Unsupported field type: {kind}", ("type",))
    label = str(metadata.get("label", "")).strip()
    if not label:
        raise ApiFault(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [label]", ("label",))
    precision, scale = _number(metadata, "precision"), _number(metadata, "scale")
    length = _number(metadata, "length")
    if kind in _NUMBERS and not 0 < precision <= _MOST_DIGITS:
        raise ApiFault(400, "FIELD_INTEGRITY_EXCEPTION", "Can not specify a number without 'precision'", ("precision",))
    if kind in _NUMBERS and not 0 <= scale <= precision:
        raise ApiFault(400, "FIELD_INTEGRITY_EXCEPTION", "'scale' is at most 'precision'", ("scale",))
    if kind in _TEXTS and length < 1:
        raise ApiFault(
            400, "FIELD_INTEGRITY_EXCEPTION", "Must specify 'length' for a CustomField of type Text", ("length",)
        )
    values, restricted = _picklist(metadata) if kind in _PICKLISTS else ((), False)
    return FieldSchema(
        name,
        _TYPES[kind],
        label=label,
        length=length or (255 if kind in _PICKLISTS or kind == "TextArea" else 0),
        precision=precision,
        scale=scale,
        picklist=values,
        restricted=restricted,
        external_id=metadata.get("externalId") is True,
        unique=metadata.get("unique") is True,
        help_text=str(metadata.get("inlineHelpText") or ""),
        default=False if kind == "Checkbox" else None,
        nillable=kind != "Checkbox",
    )


def _number(metadata: Mapping[str, object], name: str) -> int:
    value = metadata.get(name)
    return value if isinstance(value, int) else 0


def _picklist(metadata: Mapping[str, object]) -> tuple[tuple[PicklistValue, ...], bool]:
    value_set = metadata.get("valueSet")
    definition = value_set.get("valueSetDefinition") if isinstance(value_set, dict) else None
    values = definition.get("value") if isinstance(definition, dict) else None
    if not isinstance(value_set, dict) or not isinstance(values, list) or not values:
        raise ApiFault(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [valueSet]", ("valueSet",))
    made = []
    for value in values:
        full_name = value.get("fullName") or value.get("valueName") if isinstance(value, dict) else None
        if not isinstance(full_name, str):
            raise ApiFault(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [fullName]", ("fullName",))
        made.append(
            PicklistValue(full_name, str(value.get("label") or full_name), default=value.get("default") is True)
        )
    return tuple(made), value_set.get("restricted") is True
