"""Passes over an org file, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from hpro_connectors.cli.places import Places
from hpro_connectors.demo import org_admin
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.generated_org import advance
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.queue_changes import QueueChanges
from hpro_connectors.demo.scored_org import PassOutcome, ScoredOrg, open_scored_org
from hpro_connectors.errors import SafetyRailError
from hpro_connectors.protocol import OrgIdentity
from hpro_connectors.state import StateStore
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.errors import ConfigError, ModelFitError
from hpro_sdk.lead import Band
from hpro_sdk.scoring.scorer import Scorer


@pytest.fixture
def scored(demo: tuple[Places, ScoredOrg, PassOutcome]) -> ScoredOrg:
    return demo[1]


@pytest.fixture
def first(demo: tuple[Places, ScoredOrg, PassOutcome]) -> PassOutcome:
    return demo[2]


def test_a_pass_ranks_all_open_leads_and_shows_them_in_the_org(scored: ScoredOrg, first: PassOutcome) -> None:
    assert first.report.open_leads == len(first.queue) == first.report.written > 5
    assert [row.rank for row in first.queue] == list(range(1, len(first.queue) + 1))
    shown = DemoConnector(scored.org).read_back([row.lead_id for row in first.queue])
    for row in first.queue:
        written = shown[row.lead_id]
        assert written is not None
        assert (written.rank, written.band, written.stage_rank) == (row.rank, row.band, row.stage_rank)
        assert float(written.score or 0) == pytest.approx(row.score, abs=0.005)


def test_with_nothing_new_no_model_is_called_and_nothing_written(scored: ScoredOrg, first: PassOutcome) -> None:
    again = scored.run()
    assert (again.report.model_calls, again.report.written, again.report.cleared) == (0, 0, 0)
    assert again.queue == first.queue
    assert scored.changes(first.queue, again.queue) == QueueChanges(0, 0, 0, 0, 0, 0)
    assert set(scored.rank_scores()) == {row.lead_id for row in first.queue}


def test_changes_say_who_came_and_how_others_left(scored: ScoredOrg, first: PassOutcome) -> None:
    won, lost, deleted, excluded = (row.lead_id for row in first.queue[:4])
    org_admin.move_stage(scored.org, won, "won")
    org_admin.move_stage(scored.org, lost, "lost")
    org_admin.delete_lead(scored.org, deleted)
    org_admin.exclude_lead(scored.org, excluded)
    advance(scored.org, 1)
    second = scored.run()
    changes = scored.changes(first.queue, second.queue)
    came = {row.lead_id for row in second.queue} - {row.lead_id for row in first.queue}
    left = {row.lead_id for row in first.queue} - {row.lead_id for row in second.queue}
    assert {won, lost, deleted, excluded} <= left
    assert changes.new == len(came)
    assert changes.won >= 1
    assert changes.lost >= 1
    assert changes.gone >= 2
    assert changes.won + changes.lost + changes.gone == len(left)


def test_moved_bands_are_counted_by_direction(scored: ScoredOrg, first: PassOutcome) -> None:
    before = [replace(row, band=Band.B) for row in first.queue]
    after = [replace(row, band=band) for row, band in zip(first.queue, [Band.A, Band.C, Band.D], strict=False)]
    changes = scored.changes(before, [*after, *before[3:]])
    assert (changes.band_up, changes.band_down, changes.new) == (1, 2, 0)


def test_an_org_that_another_state_has_scored_is_read_whole(
    demo: tuple[Places, ScoredOrg, PassOutcome], scorer: Scorer
) -> None:
    """Scores were written at the very moment at which the clock stands."""
    places, _, first = demo
    with open_scored_org(places.org, places.state.with_name("other.sqlite"), scorer) as other:
        outcome = other.run()
    assert outcome.report.open_leads == first.report.open_leads


def _foreign_funnel(scorer: Scorer) -> Scorer:
    return Scorer(scorer._engine, MANIFEST, "hpro-foreign")


def _foreign_object(scorer: Scorer) -> Scorer:
    return Scorer(scorer._engine, scorer.manifest.model_copy(update={"object_type": "contact"}), "hpro-foreign")


@pytest.mark.parametrize("change", [_foreign_funnel, _foreign_object])
def test_a_model_that_does_not_fit_changes_nothing(
    places: Places, scorer: Scorer, change: Callable[[Scorer], Scorer]
) -> None:
    before = places.org.read_bytes()
    with pytest.raises(ModelFitError), open_scored_org(*places, change(scorer)):
        raise AssertionError
    assert places.org.read_bytes() == before
    assert not places.state.exists()


def test_a_state_of_another_org_changes_nothing(places: Places, scorer: Scorer) -> None:
    with StateStore.open(places.state) as store:
        store.pin(OrgIdentity(org_id="00D", name="Real", vendor="salesforce"), "lead")
    before = places.org.read_bytes()
    with pytest.raises(SafetyRailError, match="Move it away"), open_scored_org(*places, scorer):
        raise AssertionError
    assert places.org.read_bytes() == before


def test_fields_that_stand_against_ours_are_refused(places: Places, scorer: Scorer) -> None:
    with Org.open(places.org) as org, org.transaction() as connection:
        connection.execute("INSERT INTO field VALUES ('hpro_score', 'Mine', 99, 'text', 0, 0)")
    with pytest.raises(ConfigError, match="hpro_score"), open_scored_org(*places, scorer):
        raise AssertionError
    assert not places.state.exists()
