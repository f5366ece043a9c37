"""Installing over sockets, through the unmodified simple-salesforce: once, again, after failures, and beside others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hpro_connectors.emulators.http.fault_script import Fault
from hpro_connectors.emulators.salesforce.wire.faults import api_error
from hpro_connectors.errors import AuthError, ConnectorError, PermissionDeniedError
from hpro_connectors.fields import SCORE_FIELDS
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.installing import StepState, count_changes, find_problems, install, plan_install
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMN_TYPES
from hpro_connectors.salesforce.writing.score_rows import require_writable

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.installing.conftest import World

LEAD = (ScoredObjectName.LEAD,)
WRITES = 14  # of a whole installation for one object: eight fields, two sets, objects, fields of both, assignment


def test_the_integration_user_can_write_our_fields_afterwards(world: World) -> None:
    assert world.seen() == {}
    steps = world.install()
    assert {step.state for step in steps} == {StepState.CREATED}
    seen = world.seen()
    assert {name: field["type"] for name, field in seen.items()} == dict(SCORE_COLUMN_TYPES)
    assert all(field["updateable"] for field in seen.values())
    assert (seen["HPRO_Score__c"]["precision"], seen["HPRO_Score__c"]["scale"]) == (5, 2)
    assert not seen["HPRO_Band__c"]["restrictedPicklist"]
    assert all(field["inlineHelpText"] for field in seen.values())
    assert find_problems(world.client(), LEAD, world.user) == []
    connector = SalesforceConnector(world.client(world.user.user_id), SalesforceSettings())
    require_writable(connector._org().scored)


def test_nobody_else_sees_them_before_the_other_set_is_assigned(world: World) -> None:
    world.install()
    admin = world.org.admin_user_id
    assert world.seen(user_id=admin) == {}
    viewer = world.org.run_query("SELECT Id FROM PermissionSet WHERE Name = 'HPRO_Viewer'", user_id=None).rows[0][0]
    world.org.create("PermissionSetAssignment", {"PermissionSetId": viewer, "AssigneeId": admin})
    assert len(world.seen(user_id=admin)) == len(SCORE_FIELDS)
    assert not any(field["updateable"] for field in world.seen(user_id=admin).values())


def test_the_sets_open_no_more_than_is_needed(world: World) -> None:
    world.install()
    found = world.everything()
    assert found["objects"] == [
        ("HPRO_Connector", "Account", True, False, True, False),
        ("HPRO_Connector", "Contact", True, False, True, False),
        ("HPRO_Connector", "Lead", True, True, True, False),
        ("HPRO_Connector", "Opportunity", True, False, True, False),
    ]
    fields = found["fields"]
    assert isinstance(fields, list)
    assert {row[0]: row[3] for row in fields} == {"HPRO_Connector": True, "HPRO_Viewer": False}
    assert found["users"] == [("HPRO_Connector", world.user.username)]


def test_a_second_time_asks_and_changes_nothing(world: World) -> None:
    world.install()
    before = world.everything()
    assert len(world.writes()) == WRITES
    steps = world.install()
    assert {step.state for step in steps} == {StepState.PRESENT}
    assert world.writes() == []
    assert world.everything() == before


def test_it_speaks_rest_and_tooling_and_takes_few_calls(world: World) -> None:
    world.install()
    asked = [entry.path for entry in world.emulator.journal.entries]
    assert all(path.startswith("/services/data/v62.0/") for path in asked)  # never the Metadata API of SOAP
    world.emulator.journal.clear()
    world.install()
    again = [entry.path for entry in world.emulator.journal.entries]
    assert len(asked) <= 30
    assert len(again) <= 25


def test_looking_at_what_the_user_sees_reads_each_field_once(world: World) -> None:
    world.install()
    client = world.client()
    world.emulator.journal.clear()
    find_problems(client, LEAD, world.user)
    fields = [entry.path for entry in world.emulator.journal.entries if "/CustomField/" in entry.path]
    assert len(fields) == len(set(fields)) == len(SCORE_FIELDS)


def test_a_plan_says_what_is_done_and_does_nothing(world: World) -> None:
    planned = plan_install(world.client(), LEAD, world.user)
    assert world.writes() == []
    assert world.count("PermissionSet") == 0
    assert world.install() == planned
    assert {step.state for step in plan_install(world.client(), LEAD, world.user)} == {StepState.PRESENT}


@pytest.mark.parametrize("nth", range(1, WRITES + 1))
@pytest.mark.parametrize("applied", [False, True], ids=["refused", "answer lost"])
def test_an_installation_that_was_broken_off_is_taken_up(world: World, nth: int, applied: bool) -> None:
    fault = Fault.reset(applied=True) if applied else api_error(503, "SERVER_UNAVAILABLE")
    world.emulator.faults.add(fault, method="POST", nth=nth)
    with pytest.raises(ConnectorError, match="run the same command again"):
        world.install()
    world.install()
    assert find_problems(world.client(), LEAD, world.user) == []
    assert (world.count("PermissionSet"), world.count("ObjectPermissions")) == (2, 4)
    assert (world.count("FieldPermissions"), world.count("PermissionSetAssignment")) == (16, 1)
    assert len(world.seen()) == len(SCORE_FIELDS)
    assert count_changes(world.install()) == 0


def test_what_was_broken_off_is_as_what_was_done_at_once(world: World) -> None:
    world.emulator.faults.add(api_error(500, "UNKNOWN_EXCEPTION"), path="CustomField$", method="POST", nth=4)
    with pytest.raises(ConnectorError):
        world.install()
    assert len(world.org.schema["Lead"].fields.keys() & SCORE_COLUMN_TYPES.keys()) == 3
    assert world.count("PermissionSet") == 0
    steps = world.install()
    assert [step.state for step in steps[:5]] == [StepState.PRESENT] * 3 + [StepState.CREATED] * 2


def test_row_1_a_field_that_is_hidden_from_the_user_is_opened_again(world: World) -> None:
    world.install()
    world.org.access.hide_field("Lead", "HPRO_Trend__c")
    assert "HPRO_Trend__c" not in world.seen()
    told = find_problems(world.client(), LEAD, world.user)
    assert told == [f"{world.user.username} may not {word} Lead.HPRO_Trend__c." for word in ("read", "edit")]
    steps = [step for step in world.install() if step.state is not StepState.PRESENT]
    assert [(step.name, step.state, step.detail) for step in steps] == [
        ("HPRO_Connector: Lead", StepState.CHANGED, "edit HPRO_Trend__c"),
        ("HPRO_Viewer: Lead", StepState.CHANGED, "read HPRO_Trend__c"),
    ]
    assert world.seen()["HPRO_Trend__c"]["updateable"]


def test_row_2_a_field_that_the_user_may_only_read_is_opened_for_writing(world: World) -> None:
    world.install()
    world.org.access.make_read_only("Lead", "HPRO_Rank__c")
    assert not world.seen()["HPRO_Rank__c"]["updateable"]
    assert find_problems(world.client(), LEAD, world.user) == [f"{world.user.username} may not edit Lead.HPRO_Rank__c."]
    changed = [step for step in world.install() if step.state is not StepState.PRESENT]
    assert [(step.name, step.detail) for step in changed] == [("HPRO_Connector: Lead", "edit HPRO_Rank__c")]
    assert world.seen()["HPRO_Rank__c"]["updateable"]


def test_another_object_is_added_and_the_first_one_keeps_what_it_has(world: World) -> None:
    world.install(ScoredObjectName.LEAD)
    steps = world.install(ScoredObjectName.CONTACT)
    contact = next(step for step in steps if step.name == "HPRO_Connector: Contact")
    assert (contact.state, contact.detail) == (StepState.CHANGED, "read all, edit")
    for name in ("Lead", "Contact"):
        assert all(field["updateable"] for field in world.seen(name).values())
        assert len(world.seen(name)) == len(SCORE_FIELDS)
    both = (ScoredObjectName.LEAD, ScoredObjectName.CONTACT)
    assert find_problems(world.client(), both, world.user) == []


def test_all_three_objects_at_once(world: World) -> None:
    world.install(*ScoredObjectName)
    assert find_problems(world.client(), tuple(ScoredObjectName), world.user) == []
    assert world.count("FieldPermissions") == 2 * 3 * len(SCORE_FIELDS)


def test_a_set_of_ours_that_lacks_something_gets_it_and_keeps_the_rest(world: World) -> None:
    made = world.org.create("PermissionSet", {"Name": "HPRO_Connector", "Label": "By hand"})
    for name, editable in (("Lead", False), ("Account", True)):
        rights = {"PermissionsRead": True, "PermissionsEdit": editable}
        world.org.create("ObjectPermissions", {"ParentId": made, "SobjectType": name, **rights})
    steps = {step.name: step for step in world.install()}
    assert steps["HPRO_Connector"].state is StepState.CHANGED
    assert steps["HPRO_Connector"].detail == "adds ActivitiesAccess, ApiEnabled"
    assert steps["HPRO_Connector: Account"].state is StepState.CHANGED
    objects = world.everything()["objects"]
    assert isinstance(objects, list)
    assert objects[0] == ("HPRO_Connector", "Account", True, True, True, False)  # what it had is not taken back


def test_a_permission_that_the_org_does_not_have_is_told_and_left_out(world: World) -> None:
    world.org.schema.remove_field("PermissionSet", "PermissionsActivitiesAccess")
    steps = {step.name: step for step in world.install()}
    assert steps["HPRO_Connector"].detail == "this org has no permission ActivitiesAccess"
    assert find_problems(world.client(), LEAD, world.user) == []


def test_a_user_who_may_not_change_the_org_is_told_which_rights_an_admin_has(world: World) -> None:
    with pytest.raises(PermissionDeniedError, match="Customize Application") as caught:
        install(world.client(world.user.user_id), LEAD, world.user)
    assert caught.value.exit_code == 2
    assert world.writes() == []
    assert world.count("PermissionSet") == 0


def test_a_session_that_has_ended_is_said_to_have(world: World) -> None:
    client = world.client()
    world.emulator.sessions.expire_all()
    with pytest.raises(AuthError, match="new session"):
        install(client, LEAD, world.user)


def test_a_refusal_by_a_licence_is_told_in_the_orgs_words(world: World) -> None:
    words = (
        "Can't assign permission set HPRO Connector to user. The user license doesn't allow the permission: Read Lead"
    )
    world.emulator.faults.add(
        api_error(400, "FIELD_INTEGRITY_EXCEPTION", words), path="composite/sobjects", method="POST", nth=5
    )
    with pytest.raises(ConnectorError, match="user license doesn't allow the permission: Read Lead"):
        world.install()


def test_the_connector_makes_fields_by_the_same_code(world: World) -> None:
    connector = SalesforceConnector(world.client(), SalesforceSettings())
    planned = connector.ensure_fields(dry_run=True)
    assert world.writes() == []
    assert connector.ensure_fields() == planned
    assert len(world.writes()) == WRITES
    admin = world.org.get("User", world.org.admin_user_id)["Username"]
    assert world.everything()["users"] == [("HPRO_Connector", admin)]
