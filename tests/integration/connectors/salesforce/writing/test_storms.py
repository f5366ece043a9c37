"""A bad line for whole runs: a tenth of all requests fails, answers that are lost among them, and nothing differs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.calls import CallPolicy
from hpro_connectors.emulators.salesforce.wire.faults import transient_faults
from hpro_connectors.protocol import WriteStatus

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.writing.conftest import WritingWorld


@pytest.mark.parametrize("bulk_above", [20, 2000])
@pytest.mark.parametrize("seed", range(3))
def test_a_tenth_of_all_requests_failing_changes_nothing_in_the_end(
    world: WritingWorld, seed: int, bulk_above: int
) -> None:
    world.use(bulk_above=bulk_above)
    world.passes = dataclasses.replace(world.passes, write_batch=5)
    world.policy = CallPolicy(max_tries=10, breaker_failures=1_000_000, run_percent=100)
    world.add_leads(60)
    rule = world.emulator.faults.add(*transient_faults(), share=0.1, seed=seed)
    for number in range(4):
        report = world.run()
        assert (report.problem_count, report.waiting) == (0, 0)
        for lead_id in world.lead_ids[number::4]:  # enough of them for a job
            world.org.update("Lead", lead_id, {"Visits__c": 90 - world.lead_ids.index(lead_id)})
    world.run()
    assert rule.played > 3
    world.emulator.faults.clear()
    assert world.run().to_write == 0
    assert world.store.dead_letters.list() == []
    assert not any(row.resend for row in world.store.written_rows().values())
    assert [world.shown(one) for one in world.lead_ids] == list(range(1, 61))
    last = [world.store.journal.of_lead(one)[0] for one in world.lead_ids]
    assert {line.result for line in last} == {WriteStatus.WRITTEN}
    assert {line.new.lead.lead_id: line.new.rank for line in last} == {
        one: rank for rank, one in enumerate(world.lead_ids, start=1)
    }
    assert {job.state.value for job in world.emulator.ingest.held} <= {"Open", "Aborted"}  # empty ones nobody knows of
