"""What an org holds before anybody uses it: itself, two users, the stages of leads and opportunities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hpro_connectors.emulators.salesforce.org.changes import create
from hpro_connectors.emulators.salesforce.org.field_schema import PicklistValue
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.standard.sales import STAGES


@dataclass(frozen=True, slots=True)
class LeadStatus:
    """A status that a lead may have.

    Attributes:
        name: As records hold it.
        converted: Whether a converted lead has it.
        default: Whether a new lead has it.
    """

    name: str
    converted: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True)
class OpportunityStage:
    """A stage that an opportunity may be in.

    Attributes:
        name: As records hold it.
        probability: How likely it is won there, in percent.
        closed: Whether it is decided there.
        won: Whether it is won there.
        category: Its forecast category.
    """

    name: str
    probability: float = 10
    closed: bool = False
    won: bool = False
    category: str = "Pipeline"


_STATUSES = (
    LeadStatus("Open - Not Contacted", default=True),
    LeadStatus("Working - Contacted"),
    LeadStatus("Closed - Converted", converted=True),
    LeadStatus("Closed - Not Converted"),
)


def fill_first_day(state: OrgState, name: str, *, is_sandbox: bool) -> tuple[str, str]:
    """Make what an org begins with.

    Returns:
        The ids of its admin and of the user that integrations sign in as.
    """
    zone = {"TimeZoneSidKey": "Europe/Berlin", "LanguageLocaleKey": "en_US"}
    state.system_user_id = state.new_id("005")
    admin = create(
        state,
        "User",
        {
            "Username": f"admin@{state.org_id[:15].lower()}.example",
            "FirstName": "Ada",
            "LastName": "Admin",
            "Email": "admin@example.com",
            "Alias": "admin",
            "LocaleSidKey": "en_US",
            "TimeZoneSidKey": zone["TimeZoneSidKey"],
        },
        record_id=state.system_user_id,
    )
    integration = create(
        state,
        "User",
        {
            "Username": f"hpro@{state.org_id[:15].lower()}.example",
            "LastName": "HPRO Integration",
            "Email": "hpro@example.com",
            "Alias": "hpro",
            "LocaleSidKey": "en_US",
            "TimeZoneSidKey": zone["TimeZoneSidKey"],
        },
    )
    create(
        state,
        "Organization",
        {
            "Name": name,
            "DefaultLocaleSidKey": "en_US",
            **zone,
            "OrganizationType": "Enterprise Edition",
            "InstanceName": "EMU1",
            "IsSandbox": is_sandbox,
            "FiscalYearStartMonth": 1,
        },
        record_id=state.org_id,
    )
    set_lead_statuses(state, _STATUSES)
    set_opportunity_stages(state, [OpportunityStage(*row) for row in STAGES])
    return admin, integration


def set_lead_statuses(state: OrgState, statuses: Sequence[LeadStatus]) -> None:
    """Say what statuses leads may have, in their order; records keep what they have."""
    state.database.run("DELETE FROM LeadStatus")
    for place, one in enumerate(statuses, start=1):
        create(
            state,
            "LeadStatus",
            {
                "MasterLabel": one.name,
                "ApiName": one.name,
                "SortOrder": place,
                "IsDefault": one.default,
                "IsConverted": one.converted,
            },
        )
    values = tuple(PicklistValue(one.name, one.name, default=one.default) for one in statuses)
    _set_picklist(state, "Lead", "Status", values)


def set_opportunity_stages(state: OrgState, stages: Sequence[OpportunityStage]) -> None:
    """Say what stages opportunities may be in, in their order; records keep what they have."""
    state.database.run("DELETE FROM OpportunityStage")
    for place, one in enumerate(stages, start=1):
        create(
            state,
            "OpportunityStage",
            {
                "MasterLabel": one.name,
                "ApiName": one.name,
                "SortOrder": place,
                "IsClosed": one.closed,
                "IsWon": one.won,
                "DefaultProbability": one.probability,
                "ForecastCategory": one.category,
                "ForecastCategoryName": one.category,
            },
        )
    _set_picklist(state, "Opportunity", "StageName", tuple(PicklistValue(one.name, one.name) for one in stages))


def _set_picklist(state: OrgState, object_name: str, field: str, values: tuple[PicklistValue, ...]) -> None:
    default = next((one.value for one in values if one.default), None)
    before = state.schema[object_name].fields[field]
    state.schema.change_field(object_name, replace(before, picklist=values, default=default))
