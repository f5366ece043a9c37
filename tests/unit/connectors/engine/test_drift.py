"""Our fields changed by somebody else: seen as soon as the record is read, and put right by the next write."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import LeadRecord, Page
from hpro_connectors.state import StateStore
from hpro_connectors.state.schema import LEADS
from hpro_connectors.testing import World
from hpro_sdk.lead import Band


def noted(world: World, lead_id: str) -> dict[str, object] | None:
    """What the state holds of what the CRM shows: it says so only where that is not what was written."""
    with world.store.transactions.reading() as connection:
        text = connection.scalar(select(LEADS.c.shown).where(LEADS.c.lead_id == lead_id))
    if text is not None:
        return cast(dict[str, object], json.loads(text))
    written = world.store.written_rows().get(lead_id)
    return None if written is None else written.row.model_dump(mode="json", exclude={"lead"})


def store_version(world: World, lead_id: str, modified_at: datetime, shown: ScoreRow | None) -> None:
    """Store a version of a lead."""
    version = world.company.leads[lead_id].model_copy(update={"modified_at": modified_at, "shown": shown})
    world.store.store_page(Page(upserts=(version,), complete=True), "lead", "Lead", None)


def resend(world: World, lead_id: str) -> bool:
    return world.store.written_rows()[lead_id].resend


@pytest.mark.parametrize(
    "values", [{"band": Band.D}, {"score": Decimal("1.00")}, {"rank": None}, {"model": "theirs", "trend": None}, {}]
)
def test_what_people_write_over_our_fields_is_put_right(world: World, values: dict[str, object]) -> None:
    world.fill(5)
    world.run()
    good = world.company.shown["L002"]
    world.company.overwrite_shown("L002", **values)
    report = world.run()
    assert (report.model_calls, report.written, report.reasons) == (0, 1, {"drift": 1})
    assert world.company.shown["L002"] == good
    again = world.run()
    assert (again.to_write, again.to_clear) == (0, 0)
    assert not resend(world, "L002")
    assert noted(world, "L002") == good.model_dump(mode="json", exclude={"lead"})


def test_what_we_wrote_ourselves_is_no_drift(world: World) -> None:
    world.fill(5)
    world.run()
    assert world.run().read >= 5
    assert {lead_id: resend(world, lead_id) for lead_id in world.company.leads} == dict.fromkeys(
        world.company.leads, False
    )
    assert noted(world, "L001") == world.company.shown["L001"].model_dump(mode="json", exclude={"lead"})


def test_a_crm_that_keeps_seconds_only_has_no_drift(world: World) -> None:
    world.clock.advance(seconds=0.123456)
    world.fill(3)
    world.run()
    shown = world.company.shown["L001"]
    assert shown.scored_at is not None
    assert shown.scored_at.microsecond
    world.company.overwrite_shown("L001", scored_at=shown.scored_at.replace(microsecond=0))
    assert world.run().to_write == 0


@pytest.mark.parametrize(("later", "counts"), [(-1.0, False), (-0.5, True), (0.0, True), (3600.0, True)])
def test_a_version_from_before_the_write_says_nothing(world: World, later: float, counts: bool) -> None:
    """Both clocks are read to the second: half a second earlier may be the same one."""
    world.fill(2)
    world.clock.advance(seconds=0.7)
    written_at = world.run().as_of
    world.run()  # reads what it wrote
    before = noted(world, "L001")
    old = ScoreRow(lead=world.company.key("L001"), band=Band.D)
    store_version(world, "L001", written_at + timedelta(seconds=later), old)
    assert written_at.microsecond == 700_000
    assert resend(world, "L001") is counts
    assert (noted(world, "L001") == before) is not counts


def test_a_record_that_was_not_asked_says_nothing(world: World) -> None:
    world.fill(2)
    world.run()
    world.run()
    before = noted(world, "L001")
    store_version(world, "L001", world.clock.now + timedelta(hours=1), None)
    assert not resend(world, "L001")
    assert noted(world, "L001") == before is not None


def test_an_equal_version_does_not_take_back_that_a_row_is_to_be_sent(world: World) -> None:
    world.fill(2)
    world.run()
    shown = world.company.shown["L001"]
    store_version(world, "L001", world.clock.now + timedelta(hours=1), shown.model_copy(update={"rank": 7}))
    assert resend(world, "L001")
    store_version(world, "L001", world.clock.now + timedelta(hours=2), shown)
    assert resend(world, "L001")
    assert noted(world, "L001") == shown.model_dump(mode="json", exclude={"lead"})


def test_a_new_state_adopts_what_an_org_shows(world: World, tmp_path: Path) -> None:
    world.fill(4)
    world.run()
    world.company.change_lead("L003", stage="Lost")
    world.store.close()
    world.store = StateStore.open(tmp_path / "other.db")
    report = world.run()
    assert report.cleared == 1  # a lost lead that shows ranks of the state before
    assert report.reasons.get("new", 0) == 0
    row = world.store.written_rows()["L001"]
    assert row.row.score == world.company.shown["L001"].score
    world.store.close()


def test_a_new_state_adopts_nothing_from_empty_fields(world: World) -> None:
    world.fill(3)
    world.run(dry_run=True)
    assert world.store.written_rows() == {}
    assert noted(world, "L001") == dict.fromkeys(
        ("score", "band", "trend", "rank", "stage_rank", "stage_size", "model", "scored_at")
    )


@pytest.mark.parametrize("change", [lambda row: row.model_copy(update={"rank": 99}), lambda row: row])
def test_what_an_adopted_row_says(world: World, change: Callable[[ScoreRow], ScoreRow]) -> None:
    world.fill(1)
    row = change(ScoreRow(lead=world.company.key("L000"), score=Decimal("12.34"), band=Band.C, model="old"))
    record = LeadRecord.model_validate(world.company.leads["L000"].model_dump() | {"shown": row})
    world.store.pin(world.company.identity, "lead")
    world.store.store_page(Page(upserts=(record,), complete=True), "lead", "Lead", None)
    adopted = world.store.written_rows()["L000"]
    assert (adopted.row, adopted.stage, adopted.resend) == (row, None, False)


def test_a_lead_that_is_deleted_leaves_nothing_of_what_it_showed(world: World) -> None:
    world.fill(2)
    world.run()
    world.run()
    world.company.delete_lead("L001")
    world.run()
    assert noted(world, "L001") is None
