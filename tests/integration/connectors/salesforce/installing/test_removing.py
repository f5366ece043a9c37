"""Taking out what was installed, over sockets, and leaving everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hpro_connectors.emulators.http.fault_script import Fault
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.wire.faults import api_error
from hpro_connectors.errors import ConnectorError, PermissionDeniedError
from hpro_connectors.fields import SCORE_FIELDS
from hpro_connectors.salesforce.installing import StepKind, StepState, find_problems, plan_removal, remove
from hpro_connectors.salesforce.settings import ScoredObjectName

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.installing.conftest import World

DELETES = 11  # eight fields, two sets, one assignment


def _assign_viewer(world: World) -> None:
    viewer = world.org.run_query("SELECT Id FROM PermissionSet WHERE Name = 'HPRO_Viewer'", user_id=None).rows[0][0]
    world.org.create("PermissionSetAssignment", {"PermissionSetId": viewer, "AssigneeId": world.org.admin_user_id})


def test_all_of_it_goes_and_nothing_else(world: World) -> None:
    theirs = world.org.create("PermissionSet", {"Name": "Sales", "Label": "Sales"})
    world.org.create("PermissionSetAssignment", {"PermissionSetId": theirs, "AssigneeId": world.user.user_id})
    before, fields = world.everything(), dict(world.org.schema["Lead"].fields)
    world.install(*ScoredObjectName)
    _assign_viewer(world)
    steps = remove(plan_removal(world.client()))
    assert {step.state for step in steps} == {StepState.REMOVED}
    kinds = [step.kind for step in steps]
    assert (kinds.count(StepKind.ASSIGNMENT), kinds.count(StepKind.PERMISSION_SET)) == (2, 2)
    assert kinds.count(StepKind.FIELD) == 3 * len(SCORE_FIELDS)
    assert world.everything() == before
    assert world.org.schema["Lead"].fields == fields
    assert world.count("FieldPermissions") == 0
    assert plan_removal(world.client()) == []


def test_a_plan_takes_nothing_out(world: World) -> None:
    world.install()
    before = world.everything()
    world.writes()
    planned = plan_removal(world.client())
    assert world.writes() == []
    assert world.everything() == before
    assert remove(planned) == [one.step for one in planned]


@pytest.mark.parametrize("nth", range(1, DELETES + 1))
@pytest.mark.parametrize("applied", [False, True], ids=["refused", "answer lost"])
def test_a_removal_that_was_broken_off_is_taken_up(world: World, nth: int, applied: bool) -> None:
    before = world.everything()
    world.install()
    fault = Fault.reset(applied=True) if applied else api_error(503, "SERVER_UNAVAILABLE")
    world.emulator.faults.add(fault, method="DELETE", nth=nth)
    with pytest.raises(ConnectorError, match="run the same command again"):
        remove(plan_removal(world.client()))
    remove(plan_removal(world.client()))
    assert world.everything() == before


def test_row_45_a_field_of_the_same_name_that_is_something_else_stays(world: World) -> None:
    world.org.schema.add_field("Contact", FieldSchema("HPRO_Score__c", FieldType.STRING, length=20))
    world.org.schema.add_field("Opportunity", FieldSchema("HPRO_Model__c", FieldType.STRING, length=200))
    world.install()
    kept = {step.name: step for step in remove(plan_removal(world.client())) if step.state is StepState.KEPT}
    assert {name: step.detail for name, step in kept.items()} == {
        "Contact.HPRO_Score__c": "It is of type string, not double.",
        "Opportunity.HPRO_Model__c": "It is not one that HPRO made.",
    }
    assert "HPRO_Score__c" in world.org.schema["Contact"].fields
    assert "HPRO_Model__c" in world.org.schema["Opportunity"].fields
    assert world.seen() == {}


def test_what_something_else_needs_stays_and_the_rest_goes(world: World) -> None:
    world.install()
    words = "This custom field is referenced elsewhere in salesforce.com. : Lead Routing"
    world.emulator.faults.add(
        api_error(400, "DEPENDENCY_EXISTS", words), path="CustomField/", method="DELETE", nth=2, times=1
    )
    refused = [step for step in remove(plan_removal(world.client())) if step.state is StepState.REFUSED]
    assert [step.name for step in refused] == ["Lead.HPRO_Band__c"]
    assert words.rstrip(".") in refused[0].detail
    left = [one.step.name for one in plan_removal(world.client())]
    assert left == ["Lead.HPRO_Band__c"]


def test_what_somebody_else_took_out_meanwhile_is_out(world: World) -> None:
    world.install()
    planned = plan_removal(world.client())
    remove(plan_removal(world.client()))
    assert {step.state for step in remove(planned)} == {StepState.REMOVED}


def test_a_user_who_may_not_change_the_org_takes_nothing_out(world: World) -> None:
    world.install()
    before = world.everything()
    with pytest.raises(PermissionDeniedError, match="View All Data"):
        plan_removal(world.client(world.user.user_id))
    assert world.everything() == before


def test_it_can_be_installed_anew(world: World) -> None:
    world.install()
    first = world.everything()
    remove(plan_removal(world.client()))
    world.install()
    assert world.everything() == first
    assert find_problems(world.client(), (ScoredObjectName.LEAD,), world.user) == []
