"""Opportunities, who takes part in them, and the stages of leads and opportunities."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema, by_name
from hpro_connectors.emulators.salesforce.org.standard.common import (
    audit,
    date,
    flag,
    identity,
    long_text,
    moment,
    number,
    owner,
    picklist,
    reference,
    text,
)
from hpro_connectors.emulators.salesforce.org.standard.people import LEAD_SOURCES

STAGES = (
    ("Prospecting", 10, False, False, "Pipeline"),
    ("Qualification", 10, False, False, "Pipeline"),
    ("Needs Analysis", 20, False, False, "Pipeline"),
    ("Proposal/Price Quote", 75, False, False, "Pipeline"),
    ("Negotiation/Review", 90, False, False, "Pipeline"),
    ("Closed Won", 100, True, True, "Closed"),
    ("Closed Lost", 0, True, False, "Omitted"),
)
"""Stages of opportunities at first: name, probability in percent, closed, won, forecast category."""

_OPPORTUNITY = ObjectSchema(
    "Opportunity",
    "006",
    by_name(
        [
            identity(),
            reference("AccountId", "Account", children="Opportunities", indexed=True),
            flag("IsPrivate"),
            text("Name", 120, nillable=False, name_field=True),
            long_text("Description"),
            picklist("StageName", "|".join(row[0] for row in STAGES), nillable=False),
            number("Amount", FieldType.CURRENCY, scale=2),
            number("Probability", FieldType.PERCENT, precision=3),
            number("ExpectedRevenue", FieldType.CURRENCY, scale=2, writable=False),
            number("TotalOpportunityQuantity", scale=2),
            date("CloseDate", nillable=False),
            picklist("Type", "Existing Business|New Business"),
            text("NextStep", 255),
            picklist("LeadSource", LEAD_SOURCES),
            flag("IsClosed", writable=False, label="Closed"),
            flag("IsWon", writable=False, label="Won"),
            picklist("ForecastCategory", "Omitted|Pipeline|BestCase|MostLikely|Forecast|Closed"),
            picklist("ForecastCategoryName", "Omitted|Pipeline|Best Case|Commit|Closed"),
            reference("ContactId", "Contact", relationship="", indexed=True),
            owner(),
            date("LastActivityDate", writable=False),
            moment("LastStageChangeDate", writable=False),
            *audit(),
        ]
    ),
)

_CONTACT_ROLE = ObjectSchema(
    "OpportunityContactRole",
    "00K",
    by_name(
        [
            identity(),
            reference("OpportunityId", "Opportunity", children="OpportunityContactRoles", indexed=True, nillable=False),
            reference("ContactId", "Contact", children="OpportunityContactRoles", indexed=True, nillable=False),
            picklist("Role", "Business User|Decision Maker|Economic Buyer|Evaluator|Influencer|Other"),
            flag("IsPrimary"),
            *audit(),
        ]
    ),
)

_LEAD_STATUS = ObjectSchema(
    "LeadStatus",
    "01J",
    by_name(
        [
            identity(),
            text("MasterLabel", 255),
            text("ApiName", 255),
            FieldSchema("SortOrder", FieldType.INT, precision=0),
            flag("IsDefault"),
            flag("IsConverted"),
            *audit(deleted=False),
        ]
    ),
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    bulk=False,
)

_OPPORTUNITY_STAGE = ObjectSchema(
    "OpportunityStage",
    "01J",
    by_name(
        [
            identity(),
            text("MasterLabel", 255),
            text("ApiName", 255),
            flag("IsActive", default=True),
            FieldSchema("SortOrder", FieldType.INT, precision=0),
            flag("IsClosed"),
            flag("IsWon"),
            picklist("ForecastCategory", "Omitted|Pipeline|BestCase|MostLikely|Forecast|Closed"),
            picklist("ForecastCategoryName", "Omitted|Pipeline|Best Case|Commit|Closed"),
            number("DefaultProbability", FieldType.PERCENT, precision=3),
            text("Description", 255),
            *audit(deleted=False),
        ]
    ),
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    replicateable=False,
    bulk=False,
)

SALES = (_OPPORTUNITY, _CONTACT_ROLE, _LEAD_STATUS, _OPPORTUNITY_STAGE)
"""Objects of this file."""
