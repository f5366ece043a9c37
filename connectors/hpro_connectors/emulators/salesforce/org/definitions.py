"""What the org says of its own objects and fields, as records that can be queried."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.org_state import OrgState

_DATA_TYPES = {
    FieldType.STRING: "Text({0.length})",
    FieldType.TEXTAREA: "Long Text Area({0.length})",
    FieldType.PICKLIST: "Picklist",
    FieldType.MULTIPICKLIST: "Picklist (Multi-Select)",
    FieldType.COMBOBOX: "Picklist",
    FieldType.BOOLEAN: "Checkbox",
    FieldType.INT: "Number(9, 0)",
    FieldType.DOUBLE: "Number({1}, {0.scale})",
    FieldType.CURRENCY: "Currency({1}, {0.scale})",
    FieldType.PERCENT: "Percent({1}, {0.scale})",
    FieldType.DATE: "Date",
    FieldType.DATETIME: "Date/Time",
    FieldType.EMAIL: "Email",
    FieldType.PHONE: "Phone",
    FieldType.URL: "URL({0.length})",
    FieldType.ADDRESS: "Address",
    FieldType.REFERENCE: "Lookup({2})",
}


def refresh_definitions(state: OrgState, user_id: str | None) -> None:
    """Write the records of ``EntityDefinition`` and ``FieldDefinition`` anew, as a user sees them."""
    if "EntityDefinition" not in state.schema or "FieldDefinition" not in state.schema:
        return
    with state.database.transaction():
        state.database.run("DELETE FROM EntityDefinition")
        state.database.run("DELETE FROM FieldDefinition")
        for number, one in enumerate(state.schema):
            if user_id is not None and not state.access.can_see_object(user_id, one.name):
                continue
            state.database.insert(
                "EntityDefinition",
                {
                    "Id": f"000000000000{number:03}AAA",
                    "DurableId": one.name,
                    "QualifiedApiName": one.name,
                    "Label": one.label,
                    "KeyPrefix": one.key_prefix,
                    "IsCustomizable": int(one.layoutable),
                    "IsQueryable": 1,
                },
            )
            for place, field in enumerate(one.fields.values()):
                if user_id is None or state.access.can_read(user_id, one.name, field.name):
                    state.database.insert(
                        "FieldDefinition",
                        {
                            "Id": f"00000000{number:03}{place:04}AAA",
                            "DurableId": f"{one.name}.{field.name.removesuffix('__c')}",
                            "QualifiedApiName": field.name,
                            "DeveloperName": field.name.removesuffix("__c"),
                            "Label": field.label,
                            "DataType": _data_type(field),
                            "Length": field.length,
                            "EntityDefinitionId": one.name,
                            "IsFieldHistoryTracked": int(field.name in one.tracked),
                            "IsNillable": int(field.nillable),
                            "IsCalculated": int(bool(field.expression)),
                        },
                    )


def _data_type(field: FieldSchema) -> str:
    pattern = _DATA_TYPES.get(field.type, field.type.value)
    return pattern.format(field, field.precision - field.scale, ",".join(field.reference_to))
