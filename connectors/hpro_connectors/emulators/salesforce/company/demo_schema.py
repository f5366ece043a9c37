"""What the org of a simulated company has beyond a new one: its fields, stages and reps."""

from __future__ import annotations

from hpro_connectors.demo.simulation import LOST_REASONS, VISITS, Simulation
from hpro_connectors.demo.simulator.company import CategoryField, CompanyKind
from hpro_connectors.demo.simulator.life import LOST, WON
from hpro_connectors.emulators.salesforce.company import simulated_ids as ids
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values
from hpro_connectors.emulators.salesforce.org.first_day import LeadStatus
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

TRACKED = ("Status", f"{VISITS}__c")
"""Fields of leads whose history the org keeps."""

SOMEBODY_ELSE = "sales@sales.example.com"
"""Mail address where a lead belongs to a user who is no rep of the company."""


def field_name(simulated: str) -> str:
    """Give the name that a simulated field has in the org.

    Args:
        simulated: As the simulator calls it.
    """
    return f"{simulated}__c"


def prompt_names(kind: CompanyKind) -> dict[str, str]:
    """Give the simulator's name of each of its fields, by the name in the org.

    Args:
        kind: Of company.
    """
    return {field.name: field.name.removesuffix("__c") for field in lead_fields(kind)}


def names_known_at_creation(kind: CompanyKind) -> tuple[str, ...]:
    """Give the fields that are filled in when a lead is made and stay, by the simulator's names.

    Args:
        kind: Of company.
    """
    return tuple(field.name for field in kind.fields)


def lead_fields(kind: CompanyKind) -> tuple[FieldSchema, ...]:
    """Give the fields that a lead of a company has beyond those of any lead.

    Args:
        kind: Of company.
    """
    return (
        *(
            _picklist(field.name, field.label, tuple(option.value for option in field.options))
            if isinstance(field, CategoryField)
            else _number(field.name, field.label)
            for field in kind.fields
        ),
        _number(VISITS, kind.visits_label),
        FieldSchema(name=field_name("contract_no"), type=FieldType.STRING, label="contract number", length=20),
        _picklist("lost_reason", "lost reason", LOST_REASONS),
        _number("win_estimate", "estimate of the rep"),
    )


def rep_email(name: str) -> str:
    """Give the mail address of a rep.

    Args:
        name: Of the rep.
    """
    return f"{name.lower()}@sales.example.com"


def _make_reps(org: SalesforceOrg, simulation: Simulation) -> None:
    for owner in simulation.owners:
        email = rep_email(owner.name)
        org.create(
            "User",
            {
                "Username": f"{owner.owner_id}.{email}",
                "FirstName": owner.name,
                "LastName": "Example",
                "Email": email,
                "Alias": owner.name.lower()[:8],
                "IsActive": owner.active,
                "LocaleSidKey": "en_US",
                "TimeZoneSidKey": "Europe/Berlin",
            },
            record_id=ids.user_record_id(owner.owner_id),
        )


def make_company(org: SalesforceOrg, simulation: Simulation) -> None:
    """Make the fields, stages and reps of a company in a new org.

    Args:
        org: Without leads.
        simulation: The company.
    """
    first, *others = simulation.kind.stage_names
    org.set_lead_statuses(
        [
            LeadStatus(first, default=True),
            *(LeadStatus(name) for name in others),
            LeadStatus(WON, converted=True),
            LeadStatus(LOST),
        ]
    )
    for field in lead_fields(simulation.kind):
        org.schema.add_field("Lead", field, visible=True)
    for name in TRACKED:
        org.schema.track("Lead", name, on=True)
    _make_reps(org, simulation)


def _picklist(name: str, label: str, values: tuple[str, ...]) -> FieldSchema:
    return FieldSchema(
        name=field_name(name), type=FieldType.PICKLIST, label=label, length=255, picklist=picklist_values(values)
    )


def _number(name: str, label: str) -> FieldSchema:
    return FieldSchema(name=field_name(name), type=FieldType.DOUBLE, label=label, precision=18, scale=0)
