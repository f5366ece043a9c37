"""Fields and objects that come, go, or become something else while HPRO reads the org."""

from __future__ import annotations

import logging
from typing import Protocol

import pytest

from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, PicklistValue
from hpro_connectors.emulators.salesforce.org.first_day import LeadStatus
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.engine import PassReport
from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import FieldState, WriteStatus
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.errors import UnknownObjectError
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS
from hpro_connectors.state import StateStore, assemble_lead
from hpro_connectors.state.rows import StoredLead
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import LeadKey
from hpro_sdk.snapshots import take_snapshot


class World(Protocol):
    """What is used of the world in conftest.py."""

    org: SalesforceOrg
    emulator: SalesforceEmulator
    store: StateStore
    lead_ids: list[str]

    def add_lead(self, number: int) -> str: ...
    def wait(self, **time: float) -> None: ...
    def use(self, **settings: object) -> None: ...
    def connector(self, *, as_admin: bool = False) -> SalesforceConnector: ...
    def read(self, *, confirm_missing: bool = False) -> PassReport: ...
    def let_the_overlap_pass(self) -> None: ...
    def lead(self, lead_id: str) -> StoredLead | None: ...
    def told(self, lead_id: str) -> list[str]: ...
    def asked(self) -> list[str]: ...


def _fields(world: World, lead_id: str) -> dict[str, object]:
    lead = world.lead(lead_id)
    assert lead is not None
    return dict(lead.record.fields)


def _described(paths: list[str]) -> list[str]:
    return [path.split("/")[1] for path in paths if path.endswith("/describe")]


@pytest.mark.parametrize("how", ["removed", "hidden"])
def test_row_3_a_field_that_is_gone_is_dropped_with_one_warning(
    world: World, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    world.read()
    world.let_the_overlap_pass()
    assert _fields(world, world.lead_ids[0])["Seats__c"] == 0
    if how == "removed":
        world.org.schema.remove_field("Lead", "Seats__c")
    else:
        world.org.access.hide_field("Lead", "Seats__c", user_id=world.org.integration_user_id)
    world.org.update("Lead", world.lead_ids[0], {"Segment__c": "large"})
    cursor = world.store.cursor("Lead").cursor
    world.asked()
    with caplog.at_level(logging.WARNING):
        world.read()
        world.read()
    assert _described(world.asked()).count("Lead") == 1
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [getattr(record, "fields", None) for record in warnings] == [["Seats__c"]]
    assert _fields(world, world.lead_ids[0])["Segment__c"] == "large"
    assert "Seats__c" not in _fields(world, world.lead_ids[0])
    assert "Seats__c" in _fields(world, world.lead_ids[1])  # it was not read again
    now = world.store.cursor("Lead").cursor
    assert cursor is not None
    assert now is not None
    assert now > cursor


def test_row_3_a_named_field_that_is_gone_stops_until_somebody_acts(world: World) -> None:
    world.use(fields=("Seats__c", "Segment__c"))
    world.read()
    cursor = world.store.cursor("Lead").cursor
    world.org.access.hide_field("Lead", "Seats__c", user_id=world.org.integration_user_id)
    for _ in range(2):
        with pytest.raises(SchemaDriftError, match="Seats__c") as caught:
            world.read()
        assert caught.value.exit_code == 2
        assert "permission set" in str(caught.value.hint)
    assert world.store.cursor("Lead").cursor == cursor
    world.org.access.show_field("Lead", "Seats__c", user_id=world.org.integration_user_id)
    world.read()
    assert world.store.cursor("Lead").cursor != cursor


def test_row_4_a_new_field_is_read_from_the_next_description_on(world: World) -> None:
    world.read()
    world.org.schema.add_field("Lead", FieldSchema("Plan__c", FieldType.PICKLIST, length=20))
    for lead_id in world.lead_ids[:2]:
        world.org.update("Lead", lead_id, {"Plan__c": "team"})
    world.read()
    assert "Plan__c" not in _fields(world, world.lead_ids[0])
    world.let_the_overlap_pass()
    world.wait(hours=24)
    world.org.update("Lead", world.lead_ids[0], {"Segment__c": "large"})
    report = world.read()
    assert _fields(world, world.lead_ids[0])["Plan__c"] == "team"
    assert "Plan__c" not in _fields(world, world.lead_ids[1])  # no full read for it
    assert report.read == 1


def test_row_4_a_field_that_the_configuration_names_is_looked_for_at_once(world: World) -> None:
    world.read()
    world.org.schema.add_field("Lead", FieldSchema("Plan__c", FieldType.STRING, length=20))
    world.use(field_names={"Plan__c": "plan"})
    world.org.update("Lead", world.lead_ids[0], {"Plan__c": "team"})
    world.read()
    assert _fields(world, world.lead_ids[0])["plan"] == "team"


def test_row_4_a_new_status_is_a_stage_from_the_next_description_on(world: World) -> None:
    def stages() -> list[str]:
        return [stage.name for stage in world.connector().describe().stages]

    before = stages()
    world.org.set_lead_statuses([LeadStatus(name) for name in (*before, "Nurture")])
    assert stages() == before
    world.wait(hours=24)
    assert stages() == [*before, "Nurture"]


def test_row_5_fields_that_change_their_type_stop_nothing(world: World) -> None:
    world.read()
    schema = world.org.schema
    schema.change_field("Lead", FieldSchema("Seats__c", FieldType.STRING, length=20))
    values = tuple(PicklistValue(name, name) for name in ("small", "large"))
    schema.change_field("Lead", FieldSchema("Segment__c", FieldType.PICKLIST, length=40, picklist=values))
    world.org.update("Lead", world.lead_ids[0], {"Seats__c": "a dozen", "Segment__c": "large"})
    world.org.update("Lead", world.lead_ids[1], {"Seats__c": "12"})
    world.read()  # by a description of before
    assert "Seats__c" not in _fields(world, world.lead_ids[0])
    assert _fields(world, world.lead_ids[0])["Segment__c"] == "large"
    assert _fields(world, world.lead_ids[1])["Seats__c"] == 12
    world.wait(hours=24)
    for lead_id in world.lead_ids[:2]:
        world.org.touch("Lead", lead_id)
    world.read()
    assert _fields(world, world.lead_ids[0])["Seats__c"] == "a dozen"
    assert _fields(world, world.lead_ids[1])["Seats__c"] == "12"
    kinds = {field.name: field.kind for field in world.connector().describe().fields}
    assert (kinds["Seats__c"], kinds["Segment__c"]) == (FieldKind.TEXT, FieldKind.CATEGORY)


def test_row_6_a_bulk_job_never_asks_for_compounds_or_files(world: World) -> None:
    world.org.schema.add_field("Lead", FieldSchema("Contract__c", FieldType.BASE64))
    world.read()
    jobs = [entry.text or "" for entry in world.emulator.journal.entries if entry.path.endswith("/jobs/query")]
    of_leads = [soql for soql in jobs if " FROM Lead " in soql]
    assert len(of_leads) == 1
    columns = of_leads[0].removeprefix("SELECT ").partition(" FROM ")[0].split(",")
    assert {"Street", "City"} <= set(columns)
    assert not {"Address", "Name", "Contract__c"} & set(columns)
    assert not [entry for entry in world.emulator.journal.entries if entry.status is None or entry.status >= 400]


@pytest.mark.parametrize("missing", ["EmailMessage", "Note", "ContentNote", "LeadHistory", "EmailMessageRelation"])
def test_row_23_an_edition_without_an_object_is_read_without_it(world: World, missing: str) -> None:
    world.org.access.hide_object(missing, user_id=world.org.integration_user_id)
    world.read()
    assert missing not in {stream.name for stream in world.connector().streams()}
    assert "Call" in world.told(world.lead_ids[0])


def test_row_23_interactions_that_a_person_named_must_be_there(world: World) -> None:
    world.use(interactions=("Task", "Note"))
    world.org.access.hide_object("Note", user_id=world.org.integration_user_id)
    with pytest.raises(SchemaDriftError, match="Note") as caught:
        world.read()
    assert caught.value.exit_code == 2


def test_an_object_that_goes_away_stops_one_pass_and_loses_nothing(world: World) -> None:
    world.read()
    user_id = world.org.integration_user_id
    world.org.access.hide_object("Note", user_id=user_id)
    with pytest.raises(UnknownObjectError, match="Note"):
        world.read()
    cursor = world.store.cursor("Note").cursor
    world.org.create("Note", {"ParentId": world.lead_ids[0], "Title": "Missed", "Body": "while hidden"})
    world.read()
    assert world.store.cursor("Note").cursor == cursor
    world.org.access.show_object("Note", user_id=user_id)
    world.wait(hours=24)
    world.read()
    assert "Missed\nwhile hidden" in world.told(world.lead_ids[0])


def test_the_scored_object_must_be_there(world: World) -> None:
    world.org.access.hide_object("Lead", user_id=world.org.integration_user_id)
    with pytest.raises(SchemaDriftError, match="the object Lead"):
        world.read()


def test_where_tracking_may_not_be_asked_for_the_history_itself_tells(world: World) -> None:
    world.org.access.hide_object("FieldDefinition", user_id=world.org.integration_user_id)
    assert "LeadHistory" not in {stream.name for stream in world.connector().streams()}  # nothing changed yet
    world.org.update("Lead", world.lead_ids[0], {"Status": "Working - Contacted"})
    world.wait(hours=24)
    world.read()
    lead = world.lead(world.lead_ids[0])
    assert lead is not None
    assert [change.stage for change in lead.stage_changes] == ["Working - Contacted"]


def test_a_stage_that_is_tracked_late_is_told_by_our_ledger_until_then(world: World) -> None:
    """The creation is logged, since another field was tracked then; what the first change left was not its stage."""
    world.org.schema.track("Lead", "Status", on=False)
    world.org.schema.track("Lead", "Seats__c")
    unmoved, moved = world.lead_ids[:2]
    world.org.update("Lead", moved, {"Status": "Working - Contacted"})
    world.read()
    world.org.update("Lead", unmoved, {"Status": "Working - Contacted"})
    world.read()
    world.org.schema.track("Lead", "Status")
    for one in (unmoved, moved):
        world.org.update("Lead", one, {"Status": "Closed - Not Converted"})
    world.wait(hours=24)
    world.read()
    stages = ["Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"]
    for one, known, at_creation in ((unmoved, stages, stages[0]), (moved, stages[1:], None)):
        lead = world.lead(one)
        assert lead is not None
        assert [change.stage for change in lead.stage_changes] == stages[2:]
        assembled = assemble_lead(lead)
        assert [change.stage for change in assembled.stage_changes] == known
        assert assembled.created_at is not None
        assert take_snapshot(assembled, assembled.created_at).stage == at_creation


def test_a_field_that_is_tracked_late_is_told_by_our_ledger_until_then(world: World) -> None:
    lead_id = world.lead_ids[0]
    for seats in (11, 12):
        world.org.update("Lead", lead_id, {"Seats__c": seats})
        world.read()
    world.org.schema.track("Lead", "Seats__c")
    world.org.update("Lead", lead_id, {"Seats__c": 13})
    world.wait(hours=24)
    world.read()
    lead = world.lead(lead_id)
    assert lead is not None
    assert [change.field for change in lead.field_changes] == ["Seats__c"]
    assert [(change.old, change.new) for change in assemble_lead(lead).field_changes] == [(11, 12), (12, 13)]


def test_where_tracking_is_switched_off_our_ledger_goes_on(world: World) -> None:
    lead_id = world.lead_ids[0]
    world.read()
    world.org.update("Lead", lead_id, {"Status": "Working - Contacted"})
    world.read()
    world.org.schema.track("Lead", "Status", on=False)
    world.wait(hours=24)
    world.read()
    world.org.update("Lead", lead_id, {"Status": "Closed - Not Converted"})
    world.read()
    lead = world.lead(lead_id)
    assert lead is not None
    assert [change.stage for change in lead.stage_changes] == ["Working - Contacted"]
    told = [change.stage for change in assemble_lead(lead).stage_changes]
    assert told == ["Open - Not Contacted", "Working - Contacted", "Closed - Not Converted"]


def test_without_tracking_our_own_ledger_tells_the_stages(world: World) -> None:
    world.org.schema.track("Lead", "Status", on=False)
    world.read()
    assert "LeadHistory" not in {stream.name for stream in world.connector().streams()}
    world.org.update("Lead", world.lead_ids[0], {"Status": "Working - Contacted"})
    world.read()
    lead = world.lead(world.lead_ids[0])
    assert lead is not None
    assert [change.stage for change in lead.stages_seen] == ["Open - Not Contacted", "Working - Contacted"]


def _install(world: World) -> None:
    """Have an admin make our fields, and let the integration user read and write them."""
    assert {one.state for one in world.connector(as_admin=True).ensure_fields()} == {FieldState.CREATED}
    soql = "SELECT Id FROM PermissionSet WHERE Name = 'HPRO_Connector'"
    (permissions,) = world.org.run_query(soql, user_id=None).rows
    grant = {"PermissionSetId": permissions[0], "AssigneeId": world.org.integration_user_id}
    world.org.create("PermissionSetAssignment", grant)


def _row(world: World) -> ScoreRow:
    return ScoreRow(lead=LeadKey(world.org.org_id, "lead", world.lead_ids[0]), rank=1)


def test_row_1_fields_that_are_missing_are_named_before_the_first_row(world: World) -> None:
    user = world.connector()
    assert {one.state for one in user.ensure_fields(dry_run=True)} == {FieldState.CREATED}
    with pytest.raises(SchemaDriftError, match="HPRO_Score__c") as missing:
        user.write([_row(world)])
    assert "install" in str(missing.value.hint)
    world.connector(as_admin=True).ensure_fields()
    with pytest.raises(SchemaDriftError, match="HPRO_Score__c"):  # made, and hidden from this user
        world.connector().write([_row(world)])


def test_an_admin_installs_fields_and_the_integration_user_writes_them(world: World) -> None:
    _install(world)
    user, row = world.connector(), _row(world)
    assert [result.status for result in user.write([row])] == [WriteStatus.WRITTEN]
    assert user.read_back([row.lead.lead_id]) == {row.lead.lead_id: row}
    assert set(SCORE_COLUMNS.values()) <= {field.name for field in user.describe().fields if field.writable}


def test_an_installation_that_was_cut_off_is_finished(world: World) -> None:
    _install(world)
    world.org.access.hide_field("Lead", "HPRO_Band__c")
    states = {one.name: one.state for one in world.connector(as_admin=True).ensure_fields()}
    assert states["HPRO_Band__c"] is FieldState.CREATED
    assert [result.status for result in world.connector().write([_row(world)])] == [WriteStatus.WRITTEN]


def test_row_2_a_field_that_may_only_be_read_is_named_before_the_first_row(world: World) -> None:
    _install(world)
    world.org.access.make_read_only("Lead", "HPRO_Band__c", user_id=world.org.integration_user_id)
    world.asked()
    with pytest.raises(PermissionDeniedError, match="HPRO_Band__c"):
        world.connector().write([_row(world)])
    assert "composite/sobjects" not in world.asked()


def test_row_2_a_permission_that_is_taken_away_later_is_named_too(world: World) -> None:
    _install(world)
    user = world.connector()
    assert [result.status for result in user.write([_row(world)])] == [WriteStatus.WRITTEN]
    world.org.access.make_read_only("Lead", "HPRO_Band__c", user_id=world.org.integration_user_id)
    with pytest.raises(PermissionDeniedError, match="HPRO_Band__c") as caught:
        user.write([_row(world)])
    assert caught.value.exit_code == 2
    world.asked()
    with pytest.raises(PermissionDeniedError, match="HPRO_Band__c"):
        world.connector().write([_row(world)])
    assert "composite/sobjects" not in world.asked()


def test_what_one_user_sees_is_not_taken_for_what_another_one_sees(world: World) -> None:
    hidden = "Segment__c"
    world.org.access.hide_field("Lead", hidden, user_id=world.org.integration_user_id)
    assert hidden in {field.name for field in world.connector(as_admin=True).describe().fields}
    assert hidden not in {field.name for field in world.connector().describe().fields}
