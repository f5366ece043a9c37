"""The org itself, its users, and the people and companies it knows."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema, by_name
from hpro_connectors.emulators.salesforce.org.standard.common import (
    address,
    audit,
    date,
    flag,
    identity,
    long_text,
    moment,
    number,
    owner,
    person_name,
    picklist,
    reference,
    text,
)

LEAD_SOURCES = "Web|Phone Inquiry|Partner Referral|Purchased List|Other"
LEAD_STATUSES = "Open - Not Contacted|Working - Contacted|Closed - Converted|Closed - Not Converted"
INDUSTRIES = (
    "Agriculture|Banking|Construction|Consulting|Education|Energy|Finance|Government|Healthcare|Hospitality|Insurance"
    "|Manufacturing|Media|Retail|Technology|Telecommunications|Transportation|Utilities|Other"
)

_ORGANIZATION = ObjectSchema(
    "Organization",
    "00D",
    by_name(
        [
            identity(),
            text("Name", 80, nillable=False, name_field=True),
            *address(""),
            FieldSchema("Phone", FieldType.PHONE, length=40),
            text("PrimaryContact", 80),
            text("DefaultLocaleSidKey", 40, nillable=False),
            text("TimeZoneSidKey", 40, nillable=False),
            text("LanguageLocaleKey", 40, nillable=False),
            text("OrganizationType", 40),
            text("NamespacePrefix", 15),
            text("InstanceName", 5),
            flag("IsSandbox", writable=False),
            moment("TrialExpirationDate", writable=False),
            number("FiscalYearStartMonth", FieldType.INT, precision=0, writable=False),
            *audit(deleted=False),
        ]
    ),
    createable=False,
    deletable=False,
    replicateable=False,
    bulk=False,
)

_USER = ObjectSchema(
    "User",
    "005",
    by_name(
        [
            identity(),
            text("Username", 80, nillable=False, unique=True),
            *person_name(),
            text("CompanyName", 80),
            text("Division", 80),
            text("Department", 80),
            text("Title", 80),
            FieldSchema("Email", FieldType.EMAIL, length=128, nillable=False),
            text("Alias", 8, nillable=False),
            flag("IsActive", default=True),
            text("TimeZoneSidKey", 40, nillable=False),
            text("LocaleSidKey", 40, nillable=False),
            picklist("UserType", "Standard|PowerPartner|Guest|AutomatedProcess", default="Standard"),
            reference("ManagerId", "User", children="ManagedUsers"),
            *audit(deleted=False),
        ]
    ),
    deletable=False,
    undeletable=False,
)

_LEAD = ObjectSchema(
    "Lead",
    "00Q",
    by_name(
        [
            identity(),
            reference("MasterRecordId", "Lead", relationship="MasterRecord", writable=False),
            *person_name(),
            text("Title", 128),
            text("Company", 255, nillable=False),
            *address(""),
            FieldSchema("Phone", FieldType.PHONE, length=40),
            FieldSchema("MobilePhone", FieldType.PHONE, length=40),
            FieldSchema("Fax", FieldType.PHONE, length=40),
            FieldSchema("Email", FieldType.EMAIL, length=80, indexed=True),
            FieldSchema("Website", FieldType.URL, length=255),
            FieldSchema("PhotoUrl", FieldType.URL, length=255, createable=False, updateable=False),
            long_text("Description"),
            picklist("LeadSource", LEAD_SOURCES),
            picklist("Status", LEAD_STATUSES, default="Open - Not Contacted", nillable=False),
            picklist("Industry", INDUSTRIES),
            picklist("Rating", "Hot|Warm|Cold"),
            number("AnnualRevenue", FieldType.CURRENCY),
            FieldSchema("NumberOfEmployees", FieldType.INT, precision=0, label="Employees"),
            owner(),
            flag("HasOptedOutOfEmail"),
            flag("DoNotCall"),
            flag("IsConverted", writable=False),
            date("ConvertedDate", writable=False),
            reference("ConvertedAccountId", "Account", writable=False, indexed=True),
            reference("ConvertedContactId", "Contact", writable=False, indexed=True),
            reference("ConvertedOpportunityId", "Opportunity", writable=False, indexed=True),
            flag("IsUnreadByOwner", default=True),
            date("LastActivityDate", writable=False),
            moment("LastViewedDate", writable=False),
            moment("LastReferencedDate", writable=False),
            text("Jigsaw", 20),
            text("EmailBouncedReason", 255),
            moment("EmailBouncedDate"),
            *audit(),
        ]
    ),
    mergeable=True,
)

_CONTACT = ObjectSchema(
    "Contact",
    "003",
    by_name(
        [
            identity(),
            reference("MasterRecordId", "Contact", relationship="MasterRecord", writable=False),
            reference("AccountId", "Account", children="Contacts", indexed=True),
            *person_name(),
            *address("Other"),
            *address("Mailing"),
            FieldSchema("Phone", FieldType.PHONE, length=40),
            FieldSchema("MobilePhone", FieldType.PHONE, length=40),
            FieldSchema("HomePhone", FieldType.PHONE, length=40),
            FieldSchema("Email", FieldType.EMAIL, length=80, indexed=True),
            reference("ReportsToId", "Contact"),
            text("Title", 128),
            text("Department", 80),
            picklist("LeadSource", LEAD_SOURCES),
            date("Birthdate"),
            long_text("Description"),
            owner(),
            flag("HasOptedOutOfEmail"),
            flag("DoNotCall"),
            date("LastActivityDate", writable=False),
            moment("LastViewedDate", writable=False),
            moment("LastReferencedDate", writable=False),
            *audit(),
        ]
    ),
    mergeable=True,
)

_ACCOUNT = ObjectSchema(
    "Account",
    "001",
    by_name(
        [
            identity(),
            reference("MasterRecordId", "Account", relationship="MasterRecord", writable=False),
            FieldSchema("Name", FieldType.STRING, label="Account Name", length=255, nillable=False, name_field=True),
            picklist("Type", "Prospect|Customer - Direct|Customer - Channel|Channel Partner / Reseller|Other"),
            reference("ParentId", "Account", children="ChildAccounts"),
            *address("Billing"),
            *address("Shipping"),
            FieldSchema("Phone", FieldType.PHONE, length=40),
            FieldSchema("Website", FieldType.URL, length=255),
            picklist("Industry", INDUSTRIES),
            number("AnnualRevenue", FieldType.CURRENCY),
            FieldSchema("NumberOfEmployees", FieldType.INT, precision=0, label="Employees"),
            long_text("Description"),
            picklist("Rating", "Hot|Warm|Cold"),
            owner(),
            picklist("AccountSource", LEAD_SOURCES),
            date("LastActivityDate", writable=False),
            *audit(),
        ]
    ),
    mergeable=True,
)

PEOPLE = (_ORGANIZATION, _USER, _LEAD, _CONTACT, _ACCOUNT)
"""Objects of this file."""
