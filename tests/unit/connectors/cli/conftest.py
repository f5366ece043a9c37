"""A simulated org that was scored by arithmetic, and the files around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hpro_connectors.cli.places import Places, places_in
from hpro_connectors.demo.generated_org import create_generated_org
from hpro_connectors.demo.histories import funnel_of, template_of
from hpro_connectors.demo.scored_org import PassOutcome, ScoredOrg, open_scored_org
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.testing import ArithmeticEngine
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.scoring.scorer import Scorer

LEADS = 60


class Demo(NamedTuple):
    """An org after its first pass."""

    places: Places
    scored: ScoredOrg
    first: PassOutcome


def make_scorer() -> Scorer:
    simulation = Simulation(TEST_DRIVE, 3, leads_per_year=LEADS, reserved_phrases=True)
    manifest = MANIFEST.model_copy(update={"funnel": funnel_of(simulation), "template": template_of(simulation, 4096)})
    return Scorer(ArithmeticEngine(), manifest, "hpro-arithmetic")


@pytest.fixture(scope="session")
def org_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("org") / "org.sqlite"
    create_generated_org(path, TEST_DRIVE, 3, LEADS)
    return path.read_bytes()


@pytest.fixture
def places(org_file: bytes, tmp_path: Path) -> Places:
    made = places_in(tmp_path)
    made.org.write_bytes(org_file)
    return made


@pytest.fixture
def scorer() -> Scorer:
    return make_scorer()


@pytest.fixture
def demo(places: Places, scorer: Scorer) -> Iterator[Demo]:
    with open_scored_org(*places, scorer) as scored:
        yield Demo(places, scored, scored.run())
