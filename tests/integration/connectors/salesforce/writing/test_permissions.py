"""What a user may not write: said before the first row where it can be known, and by name in any case."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, picklist_values
from hpro_connectors.errors import FatalError, PermissionDeniedError, QuotaExhaustedError, SchemaDriftError
from hpro_connectors.protocol import WriteStatus

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.writing.conftest import WritingWorld

BAND = "HPRO_Band__c"


def hide(world: WritingWorld) -> None:
    world.org.access.hide_field("Lead", BAND, user_id=world.org.integration_user_id)


def make_read_only(world: WritingWorld) -> None:
    world.org.access.make_read_only("Lead", BAND, user_id=world.org.integration_user_id)


def remove(world: WritingWorld) -> None:
    world.org.schema.remove_field("Lead", BAND)


def make_a_number(world: WritingWorld) -> None:
    world.org.schema.change_field("Lead", FieldSchema(BAND, FieldType.DOUBLE, precision=5))


def make_a_formula(world: WritingWorld) -> None:
    world.org.schema.change_field("Lead", FieldSchema(BAND, FieldType.PICKLIST, length=40, updateable=False))


def restrict(world: WritingWorld) -> None:
    field = FieldSchema(BAND, FieldType.PICKLIST, length=40, picklist=picklist_values("AB"), restricted=True)
    world.org.schema.change_field("Lead", field)


def stopped(world: WritingWorld) -> FatalError:
    """Run a pass that must not write, and give what it stopped with."""
    before = len(world.asked())
    with pytest.raises((PermissionDeniedError, SchemaDriftError)) as caught:
        world.run()
    assert len(world.asked()) == before
    assert isinstance(caught.value, FatalError)
    return caught.value


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (hide, "HPRO_Connector"),
        (remove, "HPRO_Connector"),
        (make_read_only, "HPRO_Connector"),
        (make_a_formula, "HPRO_Connector"),
        (make_a_number, "Rename it"),
        (restrict, "Rename it"),
    ],
)
def test_rows_1_and_2_a_field_that_cannot_be_written_stops_before_the_first_row_and_reading_goes_on(
    world: WritingWorld, change: Callable[[WritingWorld], None], words: str, rows: int
) -> None:
    world.run()  # describes the org, an hour before it changes
    world.add_leads(rows)
    change(world)
    for _ in range(2):
        error = stopped(world)
        assert BAND in str(error)
        assert words in str(error)
        assert error.exit_code == 2
    assert len(world.store.queue()) == rows  # it was read, scored and ranked
    assert world.store.written_rows() == {}
    assert world.store.journal.of_lead(world.lead_ids[0]) == []
    world.org.update("Lead", world.lead_ids[0], {"Visits__c": 70})
    stopped(world)
    lead = next(iter(world.store.load([world.lead_ids[0]])))
    assert dict(lead.record.fields)["visits"] == 70


def test_row_1_once_it_is_allowed_everything_is_written(world: WritingWorld) -> None:
    world.add_leads(3)
    hide(world)
    stopped(world)
    world.org.access.show_field("Lead", BAND, user_id=world.org.integration_user_id)
    assert world.run().written == 3


@pytest.mark.parametrize("bulk_above", [20, 2000])
@pytest.mark.parametrize("change", [hide, make_read_only])
def test_a_permission_that_is_taken_away_in_mid_run_stops_and_loses_nothing(
    world: WritingWorld, change: Callable[[WritingWorld], None], bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    rows = world.rows(30)
    connector = world.connector()
    connector.prepare_write(30, 200)
    change(world)
    with pytest.raises((PermissionDeniedError, SchemaDriftError), match=BAND) as caught:
        connector.write(rows)
    assert "HPRO_Connector" in str(caught.value.hint)
    assert {world.shown(one) for one in world.lead_ids} == {None}
    world.org.access.show_field("Lead", BAND, user_id=world.org.integration_user_id)
    world.org.access.make_editable("Lead", BAND, user_id=world.org.integration_user_id)
    assert {result.status for result in world.write(rows)} == {WriteStatus.WRITTEN}
    assert [world.shown(one) for one in world.lead_ids] == list(range(1, 31))
    assert not world.is_noted()


def test_a_record_that_the_user_may_not_change_is_refused_alone_and_an_object_stops(world: WritingWorld) -> None:
    rows = world.rows(3)
    world.org.rules.make_read_only(world.lead_ids[1])
    results = world.write(rows)
    assert [result.status for result in results] == [WriteStatus.WRITTEN, WriteStatus.REJECTED, WriteStatus.WRITTEN]
    world.org.access.make_object_read_only("Lead", user_id=world.org.integration_user_id)
    with pytest.raises(PermissionDeniedError) as caught:
        world.write(rows)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("bulk_above", [20, 2000])
def test_a_field_that_is_not_kept_though_it_was_taken_is_named(world: WritingWorld, bulk_above: int) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(30)
    world.org.rules.ignore("Lead", "HPRO_Trend__c")
    with pytest.raises(PermissionDeniedError, match="it took HPRO_Trend__c of Lead, and does not show it") as caught:
        world.run()
    assert "automation" in str(caught.value.hint)
    assert caught.value.exit_code == 2
    assert all(row.resend for row in world.store.written_rows().values())


def test_a_row_that_somebody_changes_at_once_is_no_reason_to_stop(world: WritingWorld) -> None:
    rows = world.rows(3, stage_size=9)
    world.org.rules.add_trigger("Lead", "Odd", lambda _lead: False)
    connector = world.connector()
    read_back = connector.read_back

    def after_a_change(lead_ids: list[str]) -> object:
        world.org.update("Lead", lead_ids[0], {"HPRO_Rank__c": 77})
        return read_back(lead_ids)

    connector.read_back = after_a_change  # type: ignore[method-assign, assignment]
    assert {result.status for result in connector.write(rows)} == {WriteStatus.WRITTEN}


@pytest.mark.parametrize("bulk_above", [20, 2000])
def test_an_org_that_is_full_stops_with_exit_5_and_goes_on_when_it_is_not(world: WritingWorld, bulk_above: int) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(30)
    world.org.rules.is_storage_full = True
    with pytest.raises(QuotaExhaustedError, match="storage limit exceeded") as caught:
        world.run()
    assert caught.value.exit_code == 5
    assert world.store.dead_letters.list() == []
    world.org.rules.is_storage_full = False
    assert world.run().written == 30
    assert world.run().to_write == 0


@pytest.mark.parametrize("bulk_above", [20, 2000])
def test_an_org_without_calls_left_stops_with_exit_5_and_nothing_is_lost(world: WritingWorld, bulk_above: int) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(30)
    world.policy = dataclasses.replace(world.policy, stop_at_percent=100)
    world.run(dry_run=True)
    used = world.emulator.limits.requests.used
    for spare in range(1, 12):
        world.emulator.limits.daily_requests = used + spare
        with pytest.raises(QuotaExhaustedError) as caught:
            world.run()
        assert caught.value.exit_code == 5
        used = max(used, world.emulator.limits.requests.used)
        if world.is_noted() or world.store.written_rows():
            break
    assert world.store.written_rows()  # it came as far as writing
    world.emulator.limits.daily_requests = 100_000
    assert world.run().written == 30
    assert sorted(str(world.shown(one)) for one in world.lead_ids) == sorted(f"{rank}.0" for rank in range(1, 31))
    assert world.run().to_write == 0
