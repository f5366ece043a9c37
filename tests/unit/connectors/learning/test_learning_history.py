"""Leads with their ends: from the stage, from what the CRM says beside it, and left out where nothing says when."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.learning import history as history_module
from hpro_connectors.learning.history import read_history, read_until
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import OutcomeResult

if TYPE_CHECKING:
    from tests.unit.connectors.learning.conftest import LearningWorld


def test_a_lead_ends_when_its_stage_says(world: LearningWorld) -> None:
    world.company.create_lead("L1")
    at = world.at(5)
    world.company.change_lead("L1", stage="Won")
    world.at(9)
    world.company.touch_lead("L1")
    world.read()
    found = world.history()
    assert found.counts.won == 1
    assert found.leads[0].stage_changes[-1].stage == "Won"
    assert found.leads[0].stage_changes[-1].at - at == timedelta(seconds=1)


def test_a_conversion_counts_as_the_crm_says_it(world: LearningWorld) -> None:
    world.company.create_lead("L1")
    world.at(5)
    ended = world.clock.now
    world.company.change_lead("L1", result=OutcomeResult.WON, result_at=ended)
    world.at(6)
    world.company.change_lead("L1", stage="Offer")
    world.read()
    (lead,) = world.history().leads
    assert [(change.stage, change.at) for change in lead.stage_changes][1:] == [("Won", ended)]


@pytest.mark.parametrize("result", [OutcomeResult.WON, OutcomeResult.LOST])
def test_an_end_without_a_time_is_left_out_and_counted(world: LearningWorld, result: OutcomeResult) -> None:
    world.company.create_lead("L1")
    world.company.create_lead("L2")
    world.company.change_lead("L1", result=result)
    world.read()
    found = world.history()
    assert [lead.lead_id for lead in found.leads] == ["L2"]
    assert found.counts.without_end == 1


def test_a_stage_without_history_is_left_out_and_counted(world: LearningWorld) -> None:
    world.company.create_lead("L1", stage="Won")
    world.company.stage_rows.clear()
    world.read()
    with world.store.transactions.writing() as connection:
        connection.exec_driver_sql("DELETE FROM stage_ledger")
    assert world.history().counts.without_end == 1


def test_what_people_exclude_is_not_learnt_from(world: LearningWorld) -> None:
    world.company.create_lead("L1")
    world.company.change_lead("L1", excluded=True)
    world.read()
    found = world.history()
    assert (found.leads, found.counts.excluded, found.counts.looked_at) == ((), 1, 0)


def test_a_field_of_the_org_excludes_as_well(world: LearningWorld) -> None:
    for lead_id, flag in (("L1", True), ("L2", False), ("L3", None)):
        world.company.create_lead(lead_id, fields={"do_not_score": flag})
    world.read()
    found = read_history(world.store, world.funnel(), world.clock.now, exclude_field="do_not_score")
    assert [lead.lead_id for lead in found.leads] == ["L2", "L3"]
    assert (found.counts.excluded, found.counts.open) == (1, 2)


def test_a_stage_nobody_knows_is_left_out_and_counted(world: LearningWorld) -> None:
    world.company.create_lead("L1", stage="Strange")
    world.read()
    assert world.history().counts.unknown_stage == 1


def test_of_too_many_leads_those_looked_at_depend_on_ids_alone(
    world: LearningWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "MOST_LEADS", 5)
    for number in range(20):
        world.company.create_lead(f"L{number:02}")
    world.read()
    before = [lead.lead_id for lead in world.history().leads]
    for lead_id in ("L00", "L01", "L02", "L03"):
        world.company.change_lead(lead_id, stage="Won")
    world.read()
    assert len(before) == 5
    assert [lead.lead_id for lead in world.history().leads] == before


def test_an_org_that_was_not_read_whole_is_refused(world: LearningWorld) -> None:
    with pytest.raises(ConfigError, match="not been read whole"):
        read_until(world.store, ["Lead", "Interaction", "History"])
