"""Our fields in the org, through the Tooling API: it sees them whoever is allowed to read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from hpro_connectors.fields import SCORE_FIELDS, ScoreField
from hpro_connectors.salesforce.client.error_classes import no_data_error
from hpro_connectors.salesforce.client.query_answer import query_answer_of
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing.record_saving import delete_record
from hpro_connectors.salesforce.installing.steps import Step, StepKind, StepState
from hpro_connectors.salesforce.metadata.custom_fields import DESCRIPTION, custom_field
from hpro_connectors.salesforce.metadata.xml import XmlValue
from hpro_connectors.salesforce.rows.soql import among, select, text_literal
from hpro_connectors.salesforce.schema.crm_schema import CrmField, CrmOption
from hpro_connectors.salesforce.writing.field_clashes import CRM_TYPES, Clash, clash_of, make_clash
from hpro_connectors.salesforce.writing.score_fields import column_of

CUSTOM_FIELD: Final = "tooling/sobjects/CustomField"
"""Path of the resource."""

_TYPES: Final = {
    "Checkbox": "boolean",
    "EncryptedText": "encryptedstring",
    "Html": "textarea",
    "LongTextArea": "textarea",
    "Lookup": "reference",
    "MasterDetail": "reference",
    "MultiselectPicklist": "multipicklist",
    "Number": "double",
    "Text": "string",
}
"""What a description calls the types of metadata, where that is not the same word in small letters."""


@dataclass(frozen=True, slots=True)
class OrgField:
    """A field of the org that has the name of one of ours.

    Attributes:
        object_name: Of which object.
        field: Ours.
        field_id: The org's id of it.
        metadata: Its definition, as the Tooling API gives it.
    """

    object_name: str
    field: ScoreField
    field_id: str
    metadata: Mapping[str, JsonValue]

    @property
    def name(self) -> str:
        """Object and API name."""
        return full_name(self.object_name, self.field)

    @property
    def clash(self) -> Clash | None:
        """What stands against it; ``None`` where it holds what ours holds."""
        existing = _as_described(self.field, self.metadata)
        value_set = _global_value_set(self.metadata)
        if value_set is not None and existing.type == CRM_TYPES[self.field.type]:
            return make_clash(self.field, existing, f"It takes the values of the global value set {value_set} only.")
        if clash := clash_of(self.field, existing):
            return clash
        for flag, detail in (
            ("required", "It is required, so that permission sets cannot open it."),
            ("unique", "It takes each value once only."),
        ):
            if self.metadata.get(flag) is True:
                return make_clash(self.field, existing, detail)
        return None

    @property
    def is_ours(self) -> bool:
        """Whether HPRO made it: it says so, or it is defined exactly as HPRO defines it."""
        if self.clash is not None:
            return False
        return self.metadata.get("description") == DESCRIPTION or _same_size(self.field, self.metadata)


def full_name(object_name: str, field: ScoreField) -> str:
    """Give object and API name of one of our fields, such as ``Lead.HPRO_Score__c``.

    Args:
        object_name: Of which object.
        field: One of the table.
    """
    return f"{object_name}.{column_of(field)}"


def find_fields(client: SalesforceClient, object_name: str) -> dict[str, OrgField]:
    """Find the fields of an object that have the name of one of ours.

    Args:
        client: Signed in as an admin.
        object_name: Of which object.

    Returns:
        By the name of our field in :class:`~hpro_connectors.fields.ScoreRow`.

    Raises:
        ConnectorError: The org cannot be asked.
    """
    by_name = {column_of(field).removesuffix("__c").casefold(): field for field in SCORE_FIELDS}
    conditions = (
        f"TableEnumOrId = {text_literal(object_name)}",
        "NamespacePrefix = null",
        among("DeveloperName", [column_of(field).removesuffix("__c") for field in SCORE_FIELDS]),
    )
    soql = select(("Id", "DeveloperName"), "CustomField", conditions)
    rows = query_answer_of(client.request("GET", "tooling/query/", params={"q": soql}, where="CustomField")).records
    found = {}
    for row in rows:
        field = by_name.get(str(row.get("DeveloperName")).casefold())
        field_id = row.get("Id")
        if field is not None and isinstance(field_id, str):
            found[field.name] = OrgField(object_name, field, field_id, _metadata_of(client, field_id))
    return found


def ensure_fields(client: SalesforceClient, object_name: str, *, dry_run: bool) -> list[Step]:
    """Make our fields of an object that are missing; nothing at all where one stands against something else.

    Args:
        client: Signed in as an admin.
        object_name: Of which object.
        dry_run: Only say what would be done.

    Raises:
        ConnectorError: Salesforce refused, or cannot be reached; what was made stays, and is found the next time.
    """
    existing = find_fields(client, object_name)
    steps = [_planned(object_name, field, existing.get(field.name)) for field in SCORE_FIELDS]
    if dry_run or any(step.state is StepState.CONFLICT for step in steps):
        return steps
    for field in SCORE_FIELDS:
        if field.name not in existing:
            body = tooling_field(object_name, field)
            client.request("POST", CUSTOM_FIELD, json=body, where=full_name(object_name, field))
    return steps


def delete_field(client: SalesforceClient, field: OrgField) -> None:
    """Delete a field with its values; the org keeps both for 15 days.

    Args:
        client: Signed in as an admin.
        field: Which one.

    Raises:
        ConnectorError: Salesforce refused, or cannot be reached.
    """
    delete_record(client, f"{CUSTOM_FIELD}/{field.field_id}", field.name)


def tooling_field(object_name: str, field: ScoreField) -> JsonValue:
    """Give the body that makes a field.

    A picklist's values are named ``fullName`` in it, as in metadata; where the Tooling API tells of them, it says
    ``valueName``.

    Args:
        object_name: Of which object.
        field: One of the table.
    """
    metadata = {name: _plain(value) for name, value in custom_field(field).items() if name != "fullName"}
    return {"FullName": full_name(object_name, field), "Metadata": metadata}


def _planned(object_name: str, field: ScoreField, existing: OrgField | None) -> Step:
    name = full_name(object_name, field)
    if existing is None:
        return Step(StepKind.FIELD, name, StepState.CREATED)
    clash = existing.clash
    if clash is None:
        return Step(StepKind.FIELD, name, StepState.PRESENT)
    return Step(StepKind.FIELD, name, StepState.CONFLICT, clash.detail, clash)


def _metadata_of(client: SalesforceClient, field_id: str) -> Mapping[str, JsonValue]:
    answer = client.request("GET", f"{CUSTOM_FIELD}/{field_id}", where="CustomField")
    metadata = answer.get("Metadata") if isinstance(answer, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("type"), str):
        raise no_data_error("the definition of a field")
    return metadata


def _as_described(field: ScoreField, metadata: Mapping[str, JsonValue]) -> CrmField:
    kind = str(metadata.get("type"))
    value_set = _mapping(metadata.get("valueSet"))
    return CrmField(
        name=column_of(field),
        label=str(metadata.get("label") or ""),
        type=_TYPES.get(kind, kind.lower()),
        calculated=bool(metadata.get("formula")),
        length=_whole(metadata.get("length")),
        precision=_whole(metadata.get("precision")),
        scale=_whole(metadata.get("scale")),
        restricted=value_set.get("restricted") is True,
        options=tuple(_options(_mapping(value_set.get("valueSetDefinition")).get("value"))),
    )


def _options(values: JsonValue) -> list[CrmOption]:
    options = []
    for value in values if isinstance(values, list) else []:
        name = None
        if isinstance(value, dict):
            name = value.get("valueName") or value.get("fullName")
        if isinstance(value, dict) and isinstance(name, str):
            label = value.get("label")
            options.append(
                CrmOption(
                    value=name,
                    label=label if isinstance(label, str) else name,
                    active=value.get("isActive") is not False,
                )
            )
    return options


def _global_value_set(metadata: Mapping[str, JsonValue]) -> str | None:
    """Name the value set that several fields share and that this one is restricted to; its values are not told."""
    value_set = _mapping(metadata.get("valueSet"))
    name = value_set.get("valueSetName")
    return name if isinstance(name, str) and name and value_set.get("restricted") is True else None


def _same_size(field: ScoreField, metadata: Mapping[str, JsonValue]) -> bool:
    wanted = custom_field(field)
    same = all(_whole(metadata.get(key)) == wanted[key] for key in ("precision", "scale", "length") if key in wanted)
    options = {option.value for option in _as_described(field, metadata).options}
    return same and metadata.get("label") == field.label and set(field.options) <= options


def _plain(value: XmlValue) -> JsonValue:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return value


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _whole(value: JsonValue) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0
