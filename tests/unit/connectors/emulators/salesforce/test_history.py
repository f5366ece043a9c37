from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import JsonValue

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.unit.connectors.emulators.salesforce.conftest import Ask

CHANGES = "SELECT Field, DataType, OldValue, NewValue FROM LeadHistory ORDER BY Id"


def test_nothing_is_kept_where_nothing_is_tracked(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.update("Lead", lead_id, {"Status": "Working - Contacted"})
    assert ask(CHANGES) == []


def test_changes_of_tracked_fields_are_kept(org: SalesforceOrg, ask: Ask, clock: EmulatorClock) -> None:
    org.schema.track("Lead", "Status")
    made = org.create("Lead", {"LastName": "x", "Company": "x"}, user_id=org.integration_user_id)
    clock.advance(timedelta(hours=1))
    org.update("Lead", made, {"Status": "Working - Contacted", "City": "Bonn"}, user_id=org.integration_user_id)
    org.update("Lead", made, {"Status": "Working - Contacted"})
    assert ask(CHANGES) == [
        ("created", "Text", None, None),
        ("Status", "DynamicEnum", "Open - Not Contacted", "Working - Contacted"),
    ]
    assert ask("SELECT LeadId, CreatedById, CreatedDate, IsDeleted, Lead.Status FROM LeadHistory ORDER BY Id")[1] == (
        made,
        org.integration_user_id,
        "2026-03-02T10:00:00.000+0000",
        False,
        "Working - Contacted",
    )
    org.schema.track("Lead", "Status", on=False)
    org.update("Lead", made, {"Status": "Closed - Not Converted"})
    assert len(ask(CHANGES)) == 2


def test_a_reference_leaves_two_rows(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.schema.track("Lead", "OwnerId")
    org.update("Lead", lead_id, {"OwnerId": org.integration_user_id})
    assert ask(CHANGES) == [
        ("Owner", "Text", "Ada Admin", "HPRO Integration"),
        ("Owner", "EntityId", org.admin_user_id, org.integration_user_id),
    ]


@pytest.mark.parametrize(
    ("field", "value", "row"),
    [
        (FieldSchema("F__c", FieldType.DOUBLE, precision=5, scale=1), 1.5, ("Double", None, 1.5)),
        (FieldSchema("F__c", FieldType.BOOLEAN, default=False), True, ("Boolean", False, True)),
        (FieldSchema("F__c", FieldType.DATE), "2026-01-02", ("DateOnly", None, "2026-01-02")),
        (
            FieldSchema("F__c", FieldType.DATETIME),
            "2026-01-02T03:04:05Z",
            ("DateTime", None, "2026-01-02T03:04:05.000+0000"),
        ),
        (FieldSchema("F__c", FieldType.STRING, length=80), "x", ("Text", None, "x")),
        (FieldSchema("F__c", FieldType.TEXTAREA, length=5000), "long", ("TextArea", None, None)),
        (FieldSchema("F__c", FieldType.MULTIPICKLIST, length=80), "a;b", ("MultiEnum", None, None)),
    ],
)
def test_values_are_kept_as_their_types_have_them(
    org: SalesforceOrg, ask: Ask, field: FieldSchema, value: object, row: tuple[JsonValue, ...]
) -> None:
    lead_id = org.create("Lead", {"LastName": "x"})
    org.schema.add_field("Lead", field)
    org.schema.track("Lead", "F__c")
    org.update("Lead", lead_id, {"F__c": value})
    assert ask(CHANGES) == [("F__c", *row)]


def test_a_conversion_is_kept(org: SalesforceOrg, ask: Ask, lead_id: str) -> None:
    org.schema.track("Lead", "Status")
    org.convert_lead(lead_id)
    assert ask(CHANGES) == [
        ("Status", "DynamicEnum", "Open - Not Contacted", "Closed - Converted"),
        ("leadConverted", "Text", None, None),
    ]


def test_opportunities_and_contacts_have_histories_of_their_own(org: SalesforceOrg, ask: Ask) -> None:
    org.schema.track("Opportunity", "StageName")
    org.schema.track("Contact", "Title")
    made = org.create("Opportunity", {"Name": "x", "StageName": "Prospecting"})
    org.update("Opportunity", made, {"StageName": "Closed Won"})
    contact = org.create("Contact", {"LastName": "x"})
    org.update("Contact", contact, {"Title": "CEO"})
    assert ask("SELECT OpportunityId, Field, NewValue FROM OpportunityFieldHistory ORDER BY Id") == [
        (made, "created", None),
        (made, "StageName", "Closed Won"),
    ]
    assert ask("SELECT Contact.Title, Field, NewValue FROM ContactHistory ORDER BY Id") == [
        ("CEO", "created", None),
        ("CEO", "Title", "CEO"),
    ]


def test_rows_are_shown_for_18_months_and_kept_for_24(
    org: SalesforceOrg, ask: Ask, clock: EmulatorClock, lead_id: str
) -> None:
    org.schema.track("Lead", "Status")
    org.update("Lead", lead_id, {"Status": "Working - Contacted"})
    clock.advance(timedelta(days=540))
    assert len(ask(CHANGES)) == 1
    clock.advance(timedelta(days=30))
    assert ask(CHANGES) == []
    assert len(ask(CHANGES, deleted=True)) == 1
    clock.advance(timedelta(days=180))
    assert ask(CHANGES, deleted=True) == []


def test_what_cannot_be_tracked(org: SalesforceOrg) -> None:
    for name, field in (("Lead", "Name"), ("Lead", "SystemModstamp"), ("Task", "Status")):
        with pytest.raises(ValueError, match="cannot be tracked"):
            org.schema.track(name, field)
    with pytest.raises(KeyError):
        org.schema.track("Lead", "Nothing")
    usable = [one.name for one in org.schema["Lead"].fields.values() if one.can_be_tracked]
    for field in usable[:20]:
        org.schema.track("Lead", field)
    org.schema.track("Lead", usable[0])
    with pytest.raises(ValueError, match="20 fields already"):
        org.schema.track("Lead", usable[20])


def test_an_edition_without_histories(org: SalesforceOrg, lead_id: str) -> None:
    org.schema.track("Lead", "Status")
    org.schema.remove_object("LeadHistory")
    org.update("Lead", lead_id, {"Status": "Working - Contacted"})
    org.delete("Lead", lead_id)
    org.undelete("Lead", lead_id)
    org.convert_lead(lead_id)
    with pytest.raises(ValueError, match="cannot be tracked"):
        org.schema.track("Lead", "City")
