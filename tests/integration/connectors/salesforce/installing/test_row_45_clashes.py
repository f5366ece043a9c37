"""Edge case 45: something of the org has the name of one of ours. Nothing is changed, and the difference is shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values
from hpro_connectors.protocol import FieldState
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.installing import StepState, find_problems
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.installing.conftest import World

Piped = Callable[..., tuple[int, str, str]]

CLASHES = {
    "another type": (
        FieldSchema("HPRO_Score__c", FieldType.STRING, length=20),
        "It is of type string, not double.",
        "text of 20 characters",
    ),
    "too few digits": (
        FieldSchema("HPRO_Score__c", FieldType.DOUBLE, precision=4, scale=2),
        "It takes 2 digits before the point and 2 behind it, not 3 and 2.",
        "number with 2 digits before the point and 2 behind it",
    ),
    "too few decimals": (
        FieldSchema("HPRO_Score__c", FieldType.DOUBLE, precision=18, scale=0),
        "It takes 18 digits before the point and 0 behind it, not 3 and 2.",
        "number with 18 digits before the point and 0 behind it",
    ),
    "a percentage": (
        FieldSchema("HPRO_Score__c", FieldType.PERCENT, precision=5, scale=2),
        "It is of type percent, not double.",
        "percent with 3 digits before the point and 2 behind it",
    ),
    "a formula": (
        FieldSchema("HPRO_Score__c", FieldType.DOUBLE, precision=5, scale=2, expression="1"),
        "It is a formula.",
        "formula, number with 3 digits before the point and 2 behind it",
    ),
    "a closed picklist": (
        FieldSchema("HPRO_Band__c", FieldType.PICKLIST, picklist=picklist_values("AB"), restricted=True),
        "Its picklist is restricted and lacks C, D.",
        "picklist of A, B, and no other value",
    ),
    "several values": (
        FieldSchema("HPRO_Band__c", FieldType.MULTIPICKLIST, picklist=picklist_values("ABCD")),
        "It is of type multipicklist, not picklist.",
        "multipicklist of A, B, C, D",
    ),
    "too short": (
        FieldSchema("HPRO_Model__c", FieldType.STRING, length=79),
        "It takes 79 characters, not 80.",
        "text of 79 characters",
    ),
    "each value once": (
        FieldSchema("HPRO_Model__c", FieldType.STRING, length=80, unique=True),
        "It takes each value once only.",
        "text of 80 characters",
    ),
    "required": (
        FieldSchema("HPRO_Model__c", FieldType.STRING, length=80, nillable=False),
        "It is required, so that permission sets cannot open it.",
        "text of 80 characters",
    ),
    "a date": (FieldSchema("HPRO_Scored_At__c", FieldType.DATE), "It is of type date, not datetime.", "date"),
    "in other letters": (
        FieldSchema("hpro_score__c", FieldType.BOOLEAN),
        "It is of type boolean, not double.",
        "boolean",
    ),
}


@pytest.mark.parametrize(("field", "detail", "found"), CLASHES.values(), ids=CLASHES)
def test_row_45_nothing_is_changed_and_the_difference_is_shown(
    world: World, field: FieldSchema, detail: str, found: str
) -> None:
    world.org.schema.add_field("Lead", field, visible=False)
    before = world.everything()
    (conflict,) = [step for step in world.install() if step.state is StepState.CONFLICT]
    assert conflict.name.lower() == f"lead.{field.name}".lower()
    assert conflict.detail == detail
    assert conflict.clash is not None
    assert conflict.clash.found == found
    assert conflict.clash.expected != found or detail.startswith(("It is required", "It takes each"))
    assert world.writes() == []
    assert world.everything() == before


def test_row_45_a_clash_on_one_object_keeps_the_others_from_being_begun(world: World) -> None:
    world.org.schema.add_field("Contact", FieldSchema("HPRO_Rank__c", FieldType.STRING, length=9))
    steps = world.install(ScoredObjectName.LEAD, ScoredObjectName.CONTACT)
    assert [step.name for step in steps if step.state is StepState.CONFLICT] == ["Contact.HPRO_Rank__c"]
    assert world.writes() == []


@pytest.mark.parametrize(
    "field",
    [
        FieldSchema("HPRO_Score__c", FieldType.DOUBLE, precision=18, scale=4),
        FieldSchema("HPRO_Model__c", FieldType.STRING, length=255),
        FieldSchema("HPRO_Band__c", FieldType.PICKLIST, picklist=picklist_values("ABCDE"), restricted=True),
        FieldSchema("HPRO_Band__c", FieldType.PICKLIST, picklist=picklist_values("XY")),
    ],
    ids=["more digits", "longer", "closed, with ours", "open, without ours"],
)
def test_row_45_a_field_that_holds_all_of_ours_is_used_as_it_is(world: World, field: FieldSchema) -> None:
    world.org.schema.add_field("Lead", field, visible=False)
    steps = {step.name: step.state for step in world.install()}
    assert steps[f"Lead.{field.name}"] is StepState.PRESENT
    assert world.org.schema["Lead"].fields[field.name] == field.with_label()
    assert find_problems(world.client(), (ScoredObjectName.LEAD,), world.user) == []


def test_row_45_a_field_of_a_package_is_another_one(world: World) -> None:
    world.org.schema.add_field("Lead", FieldSchema("acme__HPRO_Score__c", FieldType.STRING, length=9))
    assert {step.state for step in world.install()} == {StepState.CREATED}


def test_row_45_a_set_that_needs_a_session_is_none_of_ours(world: World) -> None:
    world.org.create("PermissionSet", {"Name": "HPRO_Connector", "Label": "Theirs", "HasActivationRequired": True})
    (conflict,) = [step for step in world.install() if step.state is StepState.CONFLICT]
    assert (conflict.name, conflict.detail) == (
        "HPRO_Connector",
        "It opens nothing before it is activated for a session.",
    )
    assert world.writes() == []


def test_row_45_the_command_shows_both_definitions_and_ends_with_2(world: World, piped: Piped) -> None:
    world.org.schema.add_field("Lead", FieldSchema("HPRO_Score__c", FieldType.STRING, length=20))
    code, out, err = piped("fields", "install", "--user", world.user.username)
    assert code == 2
    heading, row = (line.split("\t") for line in out.splitlines())
    assert heading == ["name", "HPRO makes", "the org has", "why it cannot be used"]
    ours, theirs = "number with 3 digits before the point and 2 behind it", "text of 20 characters"
    assert row == ["Lead.HPRO_Score__c", ours, theirs, "It is of type string, not double."]
    assert err == (
        "Error: Lead.HPRO_Score__c: the org has something else of that name. Nothing was changed."
        " Rename or delete it in Setup, then run this again.\n"
    )
    code, out, err = piped("fields", "install", "--user", world.user.username, "--json")
    told = json.loads(out)
    assert (code, told["changes"]) == (2, 0)
    (conflict,) = [step for step in told["steps"] if step["state"] == "conflict"]
    assert (conflict["expected"], conflict["found"]) == (ours, theirs)
    assert world.writes() == []


def test_row_45_the_connector_sees_a_clash_that_is_hidden_from_its_user(world: World) -> None:
    field = FieldSchema("HPRO_Score__c", FieldType.STRING, length=20)
    world.org.schema.add_field("Lead", field, visible=False)
    fields = SalesforceConnector(world.client(), SalesforceSettings()).ensure_fields()
    assert [(one.name, one.detail) for one in fields if one.state is FieldState.CONFLICT] == [
        ("HPRO_Score__c", "It is of type string, not double.")
    ]
    assert world.writes() == []
