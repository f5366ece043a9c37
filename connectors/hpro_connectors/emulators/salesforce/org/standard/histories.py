"""What was changed on leads, contacts and opportunities, by whom and when."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema, by_name
from hpro_connectors.emulators.salesforce.org.standard.common import flag, identity, moment, reference


def _history(name: str, of: str) -> ObjectSchema:
    parent = f"{of}Id"
    return ObjectSchema(
        name,
        "017",
        by_name(
            [
                identity(),
                flag("IsDeleted", writable=False, label="Deleted"),
                reference(parent, of, children="Histories", writable=False, indexed=True, nillable=False),
                reference("CreatedById", "User", writable=False, nillable=False),
                moment("CreatedDate", writable=False, nillable=False, indexed=True),
                FieldSchema("Field", FieldType.PICKLIST, length=255, createable=False, updateable=False),
                FieldSchema("DataType", FieldType.PICKLIST, length=40, createable=False, updateable=False),
                FieldSchema("OldValue", FieldType.ANYTYPE, createable=False, updateable=False),
                FieldSchema("NewValue", FieldType.ANYTYPE, createable=False, updateable=False),
            ]
        ),
        createable=False,
        updateable=False,
        deletable=False,
        undeletable=False,
        replicateable=False,
        layoutable=False,
        history_of=of,
        parent_field=parent,
    )


HISTORIES = (
    _history("LeadHistory", "Lead"),
    _history("ContactHistory", "Contact"),
    _history("OpportunityFieldHistory", "Opportunity"),
    _history("AccountHistory", "Account"),
)
"""Objects of this file."""
