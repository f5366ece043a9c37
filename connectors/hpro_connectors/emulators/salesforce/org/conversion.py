"""A lead becomes a contact of an account, and mostly an opportunity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.changes import change, create
from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.history import log_event
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.reparenting import Link, reparent

_DAYS_TO_CLOSE = 90
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
_TO_CONTACT: tuple[Link, ...] = (
    ("Task", "WhoId"),
    ("Event", "WhoId"),
    ("EmailMessageRelation", "RelationId"),
    ("Note", "ParentId"),
    ("ContentDocumentLink", "LinkedEntityId"),
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a lead became.

    Attributes:
        account_id: The account.
        contact_id: The contact.
        opportunity_id: The opportunity, or ``None``.
    """

    account_id: str
    contact_id: str
    opportunity_id: str | None


def convert_lead(
    state: OrgState,
    lead_id: str,
    *,
    status: str | None,
    with_opportunity: bool,
    account_id: str | None,
    contact_id: str | None,
    opportunity_name: str | None,
    record_ids: Mapping[str, str],
) -> Conversion:
    """Convert a lead; the org's ``convert_lead`` says how."""
    one, found_id = state.require_live("Lead", lead_id)
    columns = [field.name for field in one.stored]
    lead = state.database.find("Lead", found_id, columns) or {}
    if lead["IsConverted"]:
        raise ApiFault(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    chosen = _converted_status(state, status)
    at = state.now()
    with state.database.transaction():
        account = _account(state, lead, account_id, record_ids.get("Account"))
        contact = _contact(state, lead, account, contact_id, record_ids.get("Contact"))
        opportunity = None
        if with_opportunity:
            opportunity = _opportunity(
                state, lead, account, contact, name=opportunity_name, record_id=record_ids.get("Opportunity")
            )
        _hang_activities(state, found_id, account, opportunity)
        reparent(state, _TO_CONTACT, found_id, contact)
        after: dict[str, StoredValue] = {
            "Status": chosen,
            "IsConverted": 1,
            "ConvertedDate": state.clock.now().date().isoformat(),
            "ConvertedAccountId": account,
            "ConvertedContactId": contact,
            "ConvertedOpportunityId": opportunity,
            "IsUnreadByOwner": 0,
        }
        change(state, one, found_id, after, user_id=None, at=at)
        log_event(state, one, found_id, "leadConverted", user_id=state.system_user_id, at=at)
    return Conversion(account, contact, opportunity)


def _converted_status(state: OrgState, status: str | None) -> str:
    rows = state.database.rows("SELECT MasterLabel FROM LeadStatus WHERE IsConverted ORDER BY SortOrder")
    allowed = [str(row[0]) for row in rows]
    if status is None and allowed:
        return allowed[0]
    if status is None or status not in allowed:
        raise ApiFault(400, "INVALID_STATUS", f"invalid convertedStatus: {status}", ["Status"])
    return status


def _account(state: OrgState, lead: Mapping[str, StoredValue], given: str | None, record_id: str | None) -> str:
    if given is not None:
        return state.require_live("Account", given)[1]
    values: dict[str, object] = {
        "Name": lead["Company"] or lead["LastName"],
        "OwnerId": lead["OwnerId"],
        "AccountSource": lead["LeadSource"],
        **{name: lead[name] for name in ("Phone", "Website", "Industry", "AnnualRevenue", "NumberOfEmployees")},
        **{f"Billing{part}": lead[part] for part in _ADDRESS},
    }
    return create(state, "Account", values, record_id=record_id)


def _contact(
    state: OrgState, lead: Mapping[str, StoredValue], account: str, given: str | None, record_id: str | None
) -> str:
    if given is not None:
        one, found = state.require_live("Contact", given)
        change(state, one, found, {"AccountId": account}, user_id=None, at=state.now())
        return found
    kept = ("FirstName", "LastName", "Salutation", "Title", "Phone", "MobilePhone", "Email", "LeadSource", "OwnerId")
    values: dict[str, object] = {
        "AccountId": account,
        "LastActivityDate": lead["LastActivityDate"],
        **{name: lead[name] for name in kept},
        **{f"Mailing{part}": lead[part] for part in _ADDRESS},
    }
    for name in ("HasOptedOutOfEmail", "DoNotCall"):
        values[name] = bool(lead[name])
    return create(state, "Contact", values, record_id=record_id)


def _opportunity(
    state: OrgState,
    lead: Mapping[str, StoredValue],
    account: str,
    contact: str,
    *,
    name: str | None,
    record_id: str | None,
) -> str:
    first = state.database.row("SELECT MasterLabel FROM OpportunityStage WHERE IsActive ORDER BY SortOrder LIMIT 1")
    company = lead["Company"] or lead["LastName"]
    values: dict[str, object] = {
        "Name": name or f"{company!s}-",
        "AccountId": account,
        "ContactId": contact,
        "StageName": None if first is None else first[0],
        "CloseDate": (state.clock.now() + timedelta(days=_DAYS_TO_CLOSE)).date(),
        "OwnerId": lead["OwnerId"],
        "LeadSource": lead["LeadSource"],
    }
    made = create(state, "Opportunity", values, record_id=record_id)
    create(state, "OpportunityContactRole", {"OpportunityId": made, "ContactId": contact, "IsPrimary": True})
    return made


def _hang_activities(state: OrgState, lead: str, account: str, opportunity: str | None) -> None:
    for name in ("Task", "Event"):
        if name not in state.schema:
            continue
        state.database.run(
            f"UPDATE {name} SET AccountId = ?, WhatId = coalesce(WhatId, ?),"  # noqa: S608 - one of two names
            " WhatCount = coalesce(WhatId, ?) IS NOT NULL WHERE WhoId = ?",
            (account, opportunity, opportunity, lead),
        )
