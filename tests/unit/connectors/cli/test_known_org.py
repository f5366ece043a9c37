"""Stages as a person names them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hpro_connectors.cli.known_org import find_stage, read_known_org
from hpro_connectors.cli.places import Places
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.scored_org import PassOutcome, ScoredOrg, open_scored_org
from hpro_sdk.errors import ConfigError
from hpro_sdk.scoring.scorer import Scorer


@pytest.fixture
def opaque(places: Places, scorer: Scorer) -> Iterator[tuple[Places, ScoredOrg, PassOutcome]]:
    """An org that calls its stages by ids and labels them with the funnel's names."""
    with Org.open(places.org) as org, org.transaction() as connection:
        connection.execute("UPDATE stage SET label = name")
        connection.execute("UPDATE stage SET name = 's' || position")
        connection.execute("UPDATE lead SET stage = (SELECT name FROM stage WHERE label = lead.stage)")
        connection.execute("DELETE FROM stage_history")
    with open_scored_org(*places, scorer) as scored:
        yield places, scored, scored.run()


def test_a_stage_without_leads_is_known(demo: tuple[Places, ScoredOrg, PassOutcome]) -> None:
    places, scored, _ = demo
    org = read_known_org(places.org)
    stages = scored.scorer.manifest.funnel.stages
    assert [find_stage(scored.store, org, stage) for stage in stages] == list(stages)
    scored.store.set_open([])
    assert [find_stage(scored.store, org, stage) for stage in stages] == list(stages)
    assert scored.store.queue(stage=stages[0]) == []


@pytest.mark.parametrize("name", ["moon", "won", "lost"])
def test_what_is_no_open_stage_is_answered_with_those_that_are(
    demo: tuple[Places, ScoredOrg, PassOutcome], name: str
) -> None:
    places, scored, _ = demo
    names = ", ".join(scored.scorer.manifest.funnel.stages)
    with pytest.raises(ConfigError, match=f"no open stage '{name}'. Name one of: {names}"):
        find_stage(scored.store, read_known_org(places.org), name)


def test_a_stage_may_be_named_as_the_org_or_the_funnel_calls_it(
    opaque: tuple[Places, ScoredOrg, PassOutcome],
) -> None:
    places, scored, first = opaque
    org = read_known_org(places.org)
    assert first.report.open_leads > 5
    for position, stage in enumerate(scored.scorer.manifest.funnel.stages):
        assert find_stage(scored.store, org, stage) == find_stage(scored.store, org, f"s{position}") == stage


def test_without_the_org_the_stages_of_ranked_leads_are_known(demo: tuple[Places, ScoredOrg, PassOutcome]) -> None:
    places, scored, first = demo
    assert read_known_org(places.org.with_name("gone.sqlite")) is None
    stage = first.queue[0].stage
    assert stage is not None
    assert find_stage(scored.store, None, stage) == stage
    with pytest.raises(ConfigError, match=stage):
        find_stage(scored.store, None, "moon")
