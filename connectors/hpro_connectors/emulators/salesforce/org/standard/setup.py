"""What an admin sets up: permission sets and field permissions; and what the org says of its own fields."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema, by_name
from hpro_connectors.emulators.salesforce.org.standard.common import (
    audit,
    flag,
    identity,
    moment,
    picklist,
    reference,
    text,
)

_PERMISSION_SET = ObjectSchema(
    "PermissionSet",
    "0PS",
    by_name(
        [
            identity(),
            text("Name", 80, nillable=False, name_field=True, unique=True),
            text("Label", 80, nillable=False),
            text("Description", 255),
            flag("IsOwnedByProfile", writable=False),
            flag("HasActivationRequired"),
            flag("PermissionsActivitiesAccess"),
            flag("PermissionsApiEnabled"),
            flag("PermissionsViewAllData"),
            flag("PermissionsModifyAllData"),
            flag("IsCustom", default=True, writable=False),
            picklist("Type", "Regular|Standard|Session|Group|Profile", default="Regular"),
            text("NamespacePrefix", 15),
            *audit(deleted=False),
        ]
    ),
    undeletable=False,
    replicateable=False,
    layoutable=False,
)

_ASSIGNMENT = ObjectSchema(
    "PermissionSetAssignment",
    "0Pa",
    by_name(
        [
            identity(),
            reference("PermissionSetId", "PermissionSet", children="Assignments", indexed=True, nillable=False),
            reference("AssigneeId", "User", children="PermissionSetAssignments", indexed=True, nillable=False),
            moment("SystemModstamp", writable=False, nillable=False),
        ]
    ),
    updateable=False,
    undeletable=False,
    replicateable=False,
    layoutable=False,
)

_FIELD_PERMISSIONS = ObjectSchema(
    "FieldPermissions",
    "01k",
    by_name(
        [
            identity(),
            reference("ParentId", "PermissionSet", children="FieldPerms", indexed=True, nillable=False),
            picklist("SobjectType", "", nillable=False),
            picklist("Field", "", nillable=False),
            flag("PermissionsRead"),
            flag("PermissionsEdit"),
            moment("SystemModstamp", writable=False, nillable=False),
        ]
    ),
    undeletable=False,
    replicateable=False,
    layoutable=False,
)

_OBJECT_PERMISSIONS = ObjectSchema(
    "ObjectPermissions",
    "110",
    by_name(
        [
            identity(),
            reference("ParentId", "PermissionSet", children="ObjectPerms", indexed=True, nillable=False),
            picklist("SobjectType", "", nillable=False),
            flag("PermissionsRead"),
            flag("PermissionsCreate"),
            flag("PermissionsEdit"),
            flag("PermissionsDelete"),
            flag("PermissionsViewAllRecords"),
            flag("PermissionsModifyAllRecords"),
            *audit(deleted=False),
        ]
    ),
    undeletable=False,
    replicateable=False,
    layoutable=False,
)


def _durable(name: str, label: str = "") -> FieldSchema:
    return FieldSchema(name, FieldType.STRING, label=label, length=255, createable=False, updateable=False)


_ENTITY_DEFINITION = ObjectSchema(
    "EntityDefinition",
    "4ie",
    by_name(
        [
            identity(),
            _durable("DurableId"),
            _durable("QualifiedApiName"),
            _durable("Label"),
            _durable("KeyPrefix"),
            flag("IsCustomizable", writable=False),
            flag("IsQueryable", writable=False),
        ]
    ),
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    layoutable=False,
    bulk=False,
)

_FIELD_DEFINITION = ObjectSchema(
    "FieldDefinition",
    "4fe",
    by_name(
        [
            identity(),
            _durable("DurableId"),
            _durable("QualifiedApiName"),
            _durable("DeveloperName"),
            _durable("Label"),
            _durable("DataType"),
            FieldSchema("Length", FieldType.INT, precision=0, createable=False, updateable=False),
            FieldSchema(
                "EntityDefinitionId",
                FieldType.STRING,
                length=255,
                reference_to=("EntityDefinition",),
                relationship="EntityDefinition",
                children="Fields",
                createable=False,
                updateable=False,
            ),
            flag("IsFieldHistoryTracked", writable=False),
            flag("IsNillable", writable=False),
            flag("IsCalculated", writable=False),
        ]
    ),
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    layoutable=False,
    bulk=False,
    required_filter=("EntityDefinitionId", "EntityDefinition.QualifiedApiName", "DurableId"),
)

SETUP = (_PERMISSION_SET, _ASSIGNMENT, _FIELD_PERMISSIONS, _OBJECT_PERMISSIONS, _ENTITY_DEFINITION, _FIELD_DEFINITION)
"""Objects of this file."""
