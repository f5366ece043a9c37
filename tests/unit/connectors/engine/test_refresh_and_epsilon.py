"""What is too small to be written, and what is written although nothing moved."""

from __future__ import annotations

import dataclasses

from sqlalchemy import update

from hpro_connectors.engine import PassReport
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state.schema import WRITTEN_ROWS
from hpro_connectors.testing import World
from hpro_sdk.lead import Band


def change(world: World, **settings: object) -> None:
    world.settings = dataclasses.replace(world.settings, **settings)  # type: ignore[arg-type]


def flag(world: World, lead_id: str) -> None:
    """Note that the CRM shows something else than was written."""
    with world.store.transactions.writing() as connection:
        connection.execute(update(WRITTEN_ROWS).where(WRITTEN_ROWS.c.lead_id == lead_id).values(resend=True))


def test_a_score_that_moves_by_less_than_epsilon_is_not_written(world: World) -> None:
    change(world, score_epsilon=1.0)
    world.fill(3)
    world.run()
    before = world.company.shown["L001"]
    world.company.change_lead("L001", fields={"visits": 1.1})  # about a quarter of a point
    report = world.run()
    assert (report.scored, report.to_write) == (1, 0)
    assert world.company.shown["L001"] == before
    # Small moves add up: what counts is the written score, not the last one.
    for visits in (1.2, 1.3):
        world.company.change_lead("L001", fields={"visits": visits})
        assert world.run().to_write == 0
    world.company.change_lead("L001", fields={"visits": 1.6})
    report = world.run()
    assert report.reasons == {"score": 1}
    assert world.company.shown["L001"].score != before.score
    assert world.run().to_write == 0


def test_with_no_epsilon_every_score_that_shows_as_another_is_written(world: World) -> None:
    world.fill(3)
    world.run()
    world.company.change_lead("L001", fields={"visits": 1.01})
    assert world.run().reasons == {"score": 1}


def test_a_band_within_epsilon_is_written_and_kept_by_its_margin(world: World) -> None:
    change(world, score_epsilon=5.0)
    world.company.create_lead("one", fields={"visits": 0.0})
    world.run()
    assert shown_band(world) is Band.D
    edge = next(visits / 100 for visits in range(1000) if own_band(world, visits / 100) is not Band.D)
    world.company.change_lead("one", fields={"visits": edge - 0.02})
    world.run()
    world.company.change_lead("one", fields={"visits": edge + 0.02})
    assert world.run().reasons == {"band": 1}
    change(world, band_margin=1.5)
    for _ in range(3):
        for visits in (edge - 0.02, edge + 0.02):
            world.company.change_lead("one", fields={"visits": visits})
            report = world.run()
            assert (report.scored, report.to_write) == (1, 0)
    assert shown_band(world) is Band.C


def shown_band(world: World) -> Band | None:
    return world.company.shown["one"].band


def own_band(world: World, visits: float) -> Band:
    world.company.change_lead("one", fields={"visits": visits})
    world.run(dry_run=True)
    (row,) = world.store.queue()
    return row.band


def settle(world: World, count: int) -> PassReport:
    """Wait until prompts tell no age any more and trends are known; rows are written then."""
    world.fill(count)
    world.clock.advance(days=1000)
    world.run()
    world.clock.advance(days=8)
    report = world.run()
    assert report.reasons == {"trend": count}
    return report


def test_a_row_of_thirty_days_ago_is_written_once_more_and_shows_life(world: World) -> None:
    first = settle(world, 3)
    world.clock.advance(days=29)
    assert world.run().to_write == 0
    written = dict(world.company.shown)
    world.clock.advance(days=1)
    report = world.run()
    assert report.model_calls == 0
    assert report.reasons == {"refresh": 3}
    for lead_id, row in world.company.shown.items():
        assert row.model_copy(update={"scored_at": None}) == written[lead_id].model_copy(update={"scored_at": None})
        assert row.scored_at == report.as_of > first.as_of
    assert world.run().to_write == 0
    # Scored At does not go back when the row is written for another reason.
    world.company.change_lead("L002", stage="Offer")
    world.run()
    assert all(row.scored_at is not None and row.scored_at >= report.as_of for row in world.company.shown.values())


def test_a_lead_that_cannot_be_scored_any_more_does_not_say_that_it_was(world: World) -> None:
    world.fill(2)
    first = world.run()
    world.company.log_interaction("bad", "L001", text="poison")
    world.run()
    world.clock.advance(days=31)
    assert world.run().written >= 1
    assert world.company.shown["L001"].scored_at == first.as_of


def test_a_refresh_that_is_put_off_is_not_forgotten(world: World) -> None:
    settle(world, 2)
    written = world.company.shown["L000"].scored_at
    world.clock.advance(days=31)
    world.connector.answers = {"L000": WriteStatus.RETRY}
    report = world.run()
    assert (report.reasons, report.written, report.waiting) == ({"refresh": 2}, 1, 1)
    world.connector.answers = {}
    report = world.run()
    assert (report.reasons, report.written, report.waiting) == ({"refresh": 1}, 1, 0)
    assert world.company.shown["L000"].scored_at != written
    assert world.run().to_write == 0


def test_what_somebody_else_changed_is_written_once(world: World) -> None:
    world.fill(3)
    world.run()
    good = dict(world.company.shown)
    world.company.shown["L001"] = good["L001"].model_copy(update={"rank": 77})
    flag(world, "L001")
    before = len(world.connector.writes)
    report = world.run()
    assert report.reasons == {"drift": 1}
    assert [row.lead.lead_id for row in world.connector.writes[before:]] == ["L001"]
    assert world.company.shown == good
    assert world.run().to_write == 0


def test_what_somebody_else_put_on_a_closed_lead_is_taken_off_once(world: World) -> None:
    world.fill(3)
    world.run()
    world.company.change_lead("L001", stage="Lost")
    world.run()
    world.company.shown["L001"] = world.company.shown["L001"].model_copy(update={"rank": 77})
    flag(world, "L001")
    assert world.run().reasons == {"clear": 1}
    assert world.company.shown["L001"].rank is None
    assert world.run().to_clear == 0
