"""Two permission sets: what HPRO's own user may do, and what people need to see the scores.

A right on an object is the least that the CRM has a word for: whoever may change our fields needs the right to edit
records of that object. Which of the other fields of a record can be changed is then a matter of field-level security,
which neither set grants; the fields that an object requires have none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from hpro_connectors.fields import SCORE_FIELDS
from hpro_connectors.salesforce.metadata.xml import XmlValue
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_connectors.salesforce.writing.score_fields import column_of

_FOLLOWED: Final = {
    ScoredObjectName.LEAD: ("Account", "Contact", "Opportunity"),
    ScoredObjectName.CONTACT: ("Account",),
    ScoredObjectName.OPPORTUNITY: ("Account", "Contact"),
}
"""What else is read of each: a converted lead goes on as a contact, with its calls and mails, and as an opportunity.

Accounts are among them because the CRM grants contacts and opportunities only together with their accounts.
"""


@dataclass(frozen=True, slots=True)
class ObjectAccess:
    """Access to all records of an object, never to create or delete one.

    Attributes:
        object_name: Which object.
        editable: Whether records may be changed.
    """

    object_name: str
    editable: bool


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """What its users may do in addition to what they already may.

    Attributes:
        name: API name.
        label: As people see it.
        description: Whom it is for.
        fields: Our fields by object and API name, such as ``Lead.HPRO_Score__c``; all of them can be read.
        fields_editable: Whether they can be changed too.
        objects: Access to objects.
        user_permissions: Permissions that concern no object.
    """

    name: str
    label: str
    description: str
    fields: tuple[str, ...]
    fields_editable: bool = False
    objects: tuple[ObjectAccess, ...] = ()
    user_permissions: tuple[str, ...] = ()

    def to_metadata(self) -> Mapping[str, XmlValue]:
        """Describe it as metadata of type ``PermissionSet``, its elements in the order of that type."""
        content: dict[str, XmlValue] = {
            "description": self.description,
            "fieldPermissions": tuple(
                {"editable": self.fields_editable, "field": name, "readable": True} for name in self.fields
            ),
            "hasActivationRequired": False,
            "label": self.label,
        }
        if self.objects:
            content["objectPermissions"] = tuple(_object_permissions(access) for access in self.objects)
        if self.user_permissions:
            content["userPermissions"] = tuple({"enabled": True, "name": name} for name in self.user_permissions)
        return content


def connector_permissions(scored: Collection[ScoredObjectName] = tuple(ScoredObjectName)) -> PermissionSet:
    """Give the rights of the user that HPRO signs in as.

    It reads all records of the scored objects and of those that they turn into, and activities and notes with them;
    it changes our fields of the scored objects only. Which of the company's own fields it may read is the admin's
    choice, made elsewhere.

    Args:
        scored: Objects whose records are scored.
    """
    names = sorted({name.value for name in scored}.union(*(_FOLLOWED[name] for name in scored)))
    return PermissionSet(
        name="HPRO_Connector",
        label="HPRO Connector",
        description="For the user that HPRO signs in as: reads records and activities, writes the fields of HPRO.",
        fields=_own_fields(scored),
        fields_editable=True,
        objects=tuple(ObjectAccess(name, editable=name in set(scored)) for name in names),
        user_permissions=("ActivitiesAccess", "ApiEnabled"),
    )


def viewer_permissions(scored: Collection[ScoredObjectName] = tuple(ScoredObjectName)) -> PermissionSet:
    """Give the right to see our fields, on records that a user sees anyway.

    Args:
        scored: Objects whose records are scored.
    """
    return PermissionSet(
        name="HPRO_Viewer",
        label="HPRO Viewer",
        description="For people who work with leads: shows the fields that HPRO writes.",
        fields=_own_fields(scored),
    )


def _own_fields(scored: Collection[ScoredObjectName]) -> tuple[str, ...]:
    return tuple(sorted(f"{name}.{column_of(field)}" for name in set(scored) for field in SCORE_FIELDS))


def _object_permissions(access: ObjectAccess) -> Mapping[str, XmlValue]:
    return {
        "allowCreate": False,
        "allowDelete": False,
        "allowEdit": access.editable,
        "allowRead": True,
        "modifyAllRecords": False,
        "object": access.object_name,
        "viewAllRecords": True,
    }
