"""A pass that is killed again and again, over a Salesforce whose calls fail, while its people work on."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import pytest
from kill_ending import check_ending
from kill_storm import Storm
from kill_worker import exact_scorer
from salesforce_under_kills import SalesforceUnderKills


@pytest.mark.soak
def test_row_42_killed_anywhere_nothing_is_lost_in_salesforce(tmp_path: Path, soak_share: float) -> None:
    leads, seed = max(150, round(1_000 * soak_share)), 17
    with ExitStack() as served:
        crm = SalesforceUnderKills(tmp_path / "org", leads, seed, served)
        storm = Storm(crm, "exact", seed, changes=5 + leads // 100)
        storm.measure(SalesforceUnderKills(tmp_path / "measured", leads, seed, served))
        storm.blow(round(200 * soak_share))
        storm.settle()
        with patch.dict(os.environ, crm.environment(0)):
            check_ending(storm, exact_scorer(), epsilon=0.0)
