"""What a score may be compared with: the lead's own scores, by the same model."""

from __future__ import annotations

from hpro_connectors.fields import Trend
from hpro_connectors.testing import World
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.scoring.scorer import Scorer


def trend(world: World, lead_id: str) -> Trend | None:
    return world.company.shown[lead_id].trend


def test_after_a_merge_the_survivors_own_scores_count(world: World) -> None:
    world.fill(2)
    world.company.change_lead("L001", fields={"visits": 40})
    world.run()  # L000 is low, L001 is high
    world.clock.advance(days=1)
    world.company.change_lead("L001", fields={"visits": 41})
    world.run()  # the newest score of that age will be the loser's
    world.company.merge_leads("L001", "L000")
    world.clock.advance(days=8)
    world.run()
    assert {entry.origin_lead_id for entry in world.store.score_history("L000")} == {"L000", "L001"}
    assert trend(world, "L000") is Trend.STEADY  # against the loser's it would be declining


def test_a_survivor_without_an_own_score_takes_the_losers(world: World) -> None:
    world.fill(1)
    world.company.change_lead("L000", fields={"visits": 40})
    world.run()
    world.clock.advance(days=8)
    world.company.create_lead("new", fields={"visits": 0})
    world.company.merge_leads("L000", "new")
    world.run()
    assert trend(world, "new") is Trend.DECLINING


def test_scores_of_another_model_are_not_compared(world: World) -> None:
    world.fill(1)
    world.run()
    world.clock.advance(days=8)
    world.company.change_lead("L000", fields={"visits": 40})
    world.scorer = Scorer(world.engine, MANIFEST, "hpro-other")
    world.run()
    assert trend(world, "L000") is Trend.NOT_ENOUGH_INFORMATION
    world.clock.advance(days=8)
    world.company.change_lead("L000", fields={"visits": 0})
    world.run()
    assert trend(world, "L000") is Trend.DECLINING
    # The first model again: its score of long ago is the one to compare with.
    world.scorer = Scorer(world.engine, MANIFEST, "hpro-test")
    world.run()
    assert trend(world, "L000") is Trend.STEADY


def test_a_loser_does_not_stand_in_for_a_score_of_another_model(world: World) -> None:
    world.fill(2)
    world.scorer = Scorer(world.engine, MANIFEST, "hpro-other")
    world.company.change_lead("L000", excluded=True)
    world.run()  # L001 only, by the other model
    world.scorer = Scorer(world.engine, MANIFEST, "hpro-test")
    world.company.change_lead("L000", excluded=False)
    world.company.change_lead("L001", excluded=True)
    world.run()  # L000 only
    world.company.change_lead("L001", excluded=False)
    world.company.merge_leads("L000", "L001")
    world.clock.advance(days=8)
    world.run()
    assert trend(world, "L001") is Trend.NOT_ENOUGH_INFORMATION
