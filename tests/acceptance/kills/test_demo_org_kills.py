"""A pass that is killed again and again, over an org whose writes fail, while its people work on: nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo_under_kills import DemoUnderKills
from kill_ending import EPSILON, check_ending
from kill_storm import Storm
from kill_worker import exact_scorer

from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.scorer import Scorer


def _storm(folder: Path, leads: int, scorer: str, seed: int) -> Storm:
    storm = Storm(DemoUnderKills(folder / "org", leads, seed), scorer, seed, changes=5 + leads // 250)
    storm.measure(DemoUnderKills(folder / "measured", leads, seed))
    return storm


@pytest.mark.soak
def test_row_42_killed_anywhere_nothing_is_lost_and_nothing_is_stuck(tmp_path: Path, soak_share: float) -> None:
    storm = _storm(tmp_path, round(5_000 * soak_share), "exact", seed=11)
    storm.blow(round(200 * soak_share))
    storm.settle()
    check_ending(storm, exact_scorer(), epsilon=0.0)


@pytest.mark.soak
@pytest.mark.skipif(not bundled_model_path().is_file(), reason="the bundled model is not here")
def test_the_bundled_model_comes_to_the_same_scores(tmp_path: Path, soak_share: float) -> None:
    storm = _storm(tmp_path, max(80, round(400 * soak_share)), "bundled", seed=5)
    storm.blow(max(4, round(40 * soak_share)))
    storm.settle()
    check_ending(storm, Scorer.load(bundled_model_path(), threads=1), epsilon=EPSILON)
