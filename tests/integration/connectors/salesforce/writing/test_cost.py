"""What writing costs, from the emulator's journal, and that it never begins anew by itself."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.emulators.salesforce.wire.faults import FAULTS

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.writing.conftest import WritingWorld


def writes(world: WritingWorld) -> Counter[str]:
    """Count requests that write, or look at what was written, by method and the end of their path."""
    found = Counter(f"{entry.method} {entry.path.rsplit('/', 1)[-1][:9]}" for entry in world.asked())
    world.emulator.journal.clear()
    return found


@pytest.mark.parametrize(("rows", "calls"), [(1, 1), (200, 1), (201, 2), (450, 3)])
def test_rows_below_the_threshold_cost_one_call_for_two_hundred(world: WritingWorld, rows: int, calls: int) -> None:
    world.use(bulk_above=2000)
    world.add_leads(rows)
    assert world.run().written == rows
    assert writes(world) == {"PATCH sobjects": calls}


def test_rows_above_it_cost_the_same_number_of_calls_whatever_their_number(world: WritingWorld) -> None:
    costs = []
    for rows in (21, 300, 700):
        world.add_leads(rows)
        report = world.run()
        assert report.written >= rows
        found = writes(world)
        assert "PATCH sobjects" not in found
        costs.append(found.total())
    assert costs == [costs[0]] * 3
    assert costs[0] <= 10


def test_two_thousand_is_the_threshold(world: WritingWorld) -> None:
    world.use(bulk_above=type(world.settings)().bulk_above)
    connector = world.connector()
    assert [connector.prepare_write(waiting, 200) for waiting in (1, 200, 2000)] == [200] * 3
    assert connector.prepare_write(2001, 200) == 2001
    assert connector.prepare_write(1_000_000, 200) == 50_000
    assert connector.prepare_write(2000, 1000) == 200  # no request takes more
    assert connector.prepare_write(2000, 50) == 50  # as a person wishes


def test_one_row_more_than_two_thousand_goes_by_one_job(world: WritingWorld) -> None:
    world.use(bulk_above=type(world.settings)().bulk_above)
    rows = world.rows(2001)
    assert {result.status.value for result in world.write(rows)} == {"written"}
    assert writes(world)["POST ingest"] == 1
    assert [world.shown(one) for one in world.lead_ids] == list(range(1, 2002))
    assert {result.status.value for result in world.write(rows[:2000])} == {"written"}
    assert writes(world) == {"PATCH sobjects": 10}


@pytest.mark.parametrize("bulk_above", [20, 2000])
def test_row_40_our_own_writes_are_never_taken_for_changes(world: WritingWorld, bulk_above: int) -> None:
    world.use(bulk_above=bulk_above)
    world.add_leads(30)
    first = world.run()
    assert (first.written, first.scored) == (30, 30)
    writes(world)
    for _ in range(3):
        again = world.run()
        assert (again.scored, again.model_calls, again.to_write, again.written) == (0, 0, 0, 0)
    assert writes(world) == {}
    for lead in world.store.load(world.lead_ids):
        assert lead.record.shown is None  # what the CRM shows is what was written
        assert not [name for name in lead.record.fields if name.upper().startswith("HPRO_")]
    stamps = {str(world.org.get("Lead", one)["LastModifiedById"]) for one in world.lead_ids}
    assert stamps == {world.org.integration_user_id}
    world.org.update("Lead", world.lead_ids[0], {"Visits__c": 500})
    changed = world.run()
    assert (changed.scored, changed.written >= 1) == (1, True)
    writes(world)
    assert (world.run().to_write, writes(world)) == (0, {})


def test_row_40_after_a_lost_answer_too(world: WritingWorld) -> None:
    world.add_leads(30)
    world.emulator.faults.add(FAULTS["reset_after"](), path="/jobs/ingest/[^/]+$", method="PATCH")
    assert world.run().written == 30
    writes(world)
    again = world.run()
    assert (again.scored, again.model_calls, again.to_write) == (0, 0, 0)
    assert writes(world) == {}


def test_what_is_written_first_is_read_back_once_a_process(world: WritingWorld) -> None:
    world.use(bulk_above=2000)
    rows = world.rows(5, model="m", stage_rank=1, stage_size=2)
    connector = world.connector()
    connector.write(rows)
    first = world.asked("/query", "GET")
    connector.write(rows)
    assert len(first) >= 1
    assert world.asked("/query", "GET") == first
    more = [row.model_copy(update={"score": 5}) for row in rows]
    connector.write(more)  # a field that was not written before
    assert len(world.asked("/query", "GET")) == len(first) + 1
