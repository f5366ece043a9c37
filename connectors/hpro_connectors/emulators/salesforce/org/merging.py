"""Two records become one: what belongs to the loser goes to the survivor."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.recycle_bin import RecycleBin
from hpro_connectors.emulators.salesforce.org.reparenting import Link, reparent

_NOTES: tuple[Link, ...] = (("Note", "ParentId"), ("ContentDocumentLink", "LinkedEntityId"))
_PERSON: tuple[Link, ...] = (("Task", "WhoId"), ("Event", "WhoId"), ("EmailMessageRelation", "RelationId"), *_NOTES)

_LINKS: dict[str, tuple[Link, ...]] = {
    "Lead": _PERSON,
    "Contact": (
        *_PERSON,
        ("OpportunityContactRole", "ContactId"),
        ("Opportunity", "ContactId"),
        ("Lead", "ConvertedContactId"),
        ("Contact", "ReportsToId"),
    ),
    "Account": (
        ("Contact", "AccountId"),
        ("Opportunity", "AccountId"),
        ("Lead", "ConvertedAccountId"),
        ("Account", "ParentId"),
        ("Task", "WhatId"),
        ("Event", "WhatId"),
        ("Task", "AccountId"),
        ("Event", "AccountId"),
        ("EmailMessage", "RelatedToId"),
        *_NOTES,
    ),
}


def merge(state: OrgState, bin_: RecycleBin, object_name: str, survivor_id: str, loser_id: str) -> None:
    """Merge a record into another; the org's ``merge`` says how."""
    one, survivor = state.require_live(object_name, survivor_id)
    _, loser = state.require_live(object_name, loser_id)
    if one.name not in _LINKS:
        raise ApiFault(400, "INVALID_OPERATION", f"entity type {one.name} does not support merge")
    if survivor == loser:
        raise ApiFault(400, "INVALID_OPERATION", "a record cannot be merged with itself")
    at = state.now()
    with state.database.transaction():
        reparent(state, _LINKS[one.name], loser, survivor)
        state.database.update(one.name, loser, {"MasterRecordId": survivor})
        bin_.put(one, loser, loser)
        state.database.update(
            one.name,
            survivor,
            {"SystemModstamp": at, "LastModifiedDate": at, "LastModifiedById": state.system_user_id},
        )
