"""What the org says of an object and its fields to a user who asks."""

from __future__ import annotations

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.api_fault import not_found
from hpro_connectors.emulators.salesforce.org.field_schema import IDS, NUMBERS, FieldSchema, FieldType, PicklistValue
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState

_BYTES_A_CHARACTER = 3
_SOAP_TYPES = {
    FieldType.ID: "tns:ID",
    FieldType.REFERENCE: "tns:ID",
    FieldType.BOOLEAN: "xsd:boolean",
    FieldType.INT: "xsd:int",
    FieldType.DOUBLE: "xsd:double",
    FieldType.CURRENCY: "xsd:double",
    FieldType.PERCENT: "xsd:double",
    FieldType.DATE: "xsd:date",
    FieldType.DATETIME: "xsd:dateTime",
    FieldType.ADDRESS: "urn:address",
    FieldType.BASE64: "xsd:base64Binary",
    FieldType.ANYTYPE: "xsd:anyType",
}
_LONG_TEXT = 255


def describe(state: OrgState, object_name: str, *, user_id: str, api_version: str) -> dict[str, JsonValue]:
    """Describe an object; the org's ``describe`` says how."""
    one = state.schema.find(object_name)
    if one is None or not state.access.can_see_object(user_id, one.name):
        raise not_found()
    fields: list[JsonValue] = [
        _field(state, one, field, user_id)
        for field in one.fields.values()
        if state.access.can_read(user_id, one.name, field.name)
    ]
    return {
        "actionOverrides": [],
        "childRelationships": _children(state, one, user_id),
        "compactLayoutable": one.layoutable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": fields,
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(one, api_version),
        "searchLayoutable": one.layoutable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {one.label_plural.lower()}", "name": "everything"}],
        **_object(state, one, user_id, api_version),
        "urls": {**_urls(one, api_version), **_more_urls(one, api_version)},
    }


def describe_global(state: OrgState, *, user_id: str, api_version: str) -> dict[str, JsonValue]:
    """Name all objects; the org's ``describe_global`` says how."""
    objects: list[JsonValue] = [
        _object(state, one, user_id, api_version)
        for one in sorted(state.schema, key=lambda one: one.name)
        if state.access.can_see_object(user_id, one.name)
    ]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}


def _object(state: OrgState, one: ObjectSchema, user_id: str, api_version: str) -> dict[str, JsonValue]:
    writable = state.access.can_edit_object(user_id, one.name)
    custom = one.name.endswith("__c")
    return {
        "activateable": False,
        "associateEntityType": "History" if one.history_of else None,
        "associateParentEntity": one.history_of or None,
        "createable": one.createable and writable,
        "custom": custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": one.deletable and writable,
        "deprecatedAndHidden": False,
        "feedEnabled": one.mergeable,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": one.key_prefix or None,
        "label": one.label,
        "labelPlural": one.label_plural,
        "layoutable": one.layoutable,
        "mergeable": one.mergeable and writable,
        "mruEnabled": one.layoutable,
        "name": one.name,
        "queryable": True,
        "replicateable": one.replicateable,
        "retrieveable": True,
        "searchable": one.layoutable,
        "triggerable": one.layoutable,
        "undeletable": one.undeletable and writable,
        "updateable": one.updateable and writable,
        "urls": _urls(one, api_version),
    }


def _urls(one: ObjectSchema, api_version: str) -> dict[str, JsonValue]:
    path = f"/services/data/v{api_version}/sobjects/{one.name}"
    return {"rowTemplate": f"{path}/{{ID}}", "describe": f"{path}/describe", "sobject": path}


def _more_urls(one: ObjectSchema, api_version: str) -> dict[str, JsonValue]:
    path = f"/services/data/v{api_version}/sobjects/{one.name}"
    return {
        "compactLayouts": f"{path}/describe/compactLayouts",
        "approvalLayouts": f"{path}/describe/approvalLayouts",
        "defaultValues": f"{path}/defaultValues?recordTypeId&fields",
        "layouts": f"{path}/describe/layouts",
        "uiDetailTemplate": "/{ID}",
        "uiEditTemplate": "/{ID}/e",
        "uiNewRecord": f"/{one.key_prefix}/e",
    }


def _record_types(one: ObjectSchema, api_version: str) -> list[JsonValue]:
    master = "012000000000000AAA"
    layout = f"/services/data/v{api_version}/sobjects/{one.name}/describe/layouts/{master}"
    return [
        {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": True,
            "developerName": "Master",
            "master": True,
            "name": "Master",
            "recordTypeId": master,
            "urls": {"layout": layout},
        }
    ]


def _children(state: OrgState, one: ObjectSchema, user_id: str) -> list[JsonValue]:
    return [
        {
            "cascadeDelete": bool(child.history_of),
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": field.children or None,
            "restrictedDelete": False,
        }
        for child in state.schema
        if state.access.can_see_object(user_id, child.name)
        for field in child.fields.values()
        if one.name in field.reference_to and state.access.can_read(user_id, child.name, field.name)
    ]


def _field(state: OrgState, one: ObjectSchema, field: FieldSchema, user_id: str) -> dict[str, JsonValue]:
    editable = state.access.can_edit(user_id, one.name, field.name)
    kind = field.type
    number = kind in NUMBERS
    text = not number and kind not in {
        FieldType.BOOLEAN,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.ADDRESS,
        FieldType.BASE64,
        FieldType.ANYTYPE,
    }
    length = field.length if text else 0
    return {
        "aggregatable": field.can_be_filtered and kind is not FieldType.BOOLEAN,
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": length if kind in IDS else length * _BYTES_A_CHARACTER,
        "calculated": bool(field.expression) and not field.name_field and kind is not FieldType.ADDRESS,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": False,
        "compoundFieldName": field.compound or None,
        "controllerName": None,
        "createable": field.createable and not field.expression and editable,
        "custom": field.custom,
        "defaultValue": bool(field.default) if kind is FieldType.BOOLEAN else field.default,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.default is not None or field.name in _DEFAULTED,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 9 if kind is FieldType.INT else 0,
        "displayLocationInDecimal": field.name.endswith(("Latitude", "Longitude")),
        "encrypted": kind is FieldType.ENCRYPTED,
        "externalId": field.external_id,
        "extraTypeInfo": _extra(field),
        "filterable": field.can_be_filtered,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.can_be_grouped,
        "highScaleNumber": False,
        "htmlFormatted": field.html,
        "idLookup": kind is FieldType.ID or field.external_id,
        "inlineHelpText": field.help_text or None,
        "label": field.label,
        "length": length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.can_be_hidden,
        "picklistValues": [_choice(value) for value in field.picklist],
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision if number and kind is not FieldType.INT else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship or None,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted,
        "scale": field.scale if number else 0,
        "searchPrefilterable": kind is FieldType.REFERENCE,
        "soapType": _SOAP_TYPES.get(kind, "xsd:string"),
        "sortable": field.can_be_sorted,
        "type": kind.value,
        "unique": field.unique,
        "updateable": field.updateable and not field.expression and editable,
        "writeRequiresMasterRead": False,
    }


_DEFAULTED = frozenset(
    {"Id", "OwnerId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"}
)


def _extra(field: FieldSchema) -> JsonValue:
    if field.type is not FieldType.TEXTAREA or field.length <= _LONG_TEXT:
        return None
    return "richtextarea" if field.html else "plaintextarea"


def _choice(value: PicklistValue) -> dict[str, JsonValue]:
    return {
        "active": value.active,
        "defaultValue": value.default,
        "label": value.label or value.value,
        "validFor": None,
        "value": value.value,
    }
