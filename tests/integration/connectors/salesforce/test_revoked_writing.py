"""Consent that is revoked between two batches of scores: no lead shows half of them, and the next pass goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hpro_connectors.emulators.salesforce.wire.faults import FAULTS
from hpro_connectors.engine import PassReport, PassSettings, run_pass
from hpro_connectors.errors import AuthError
from tests.integration.connectors.salesforce.test_whole_runs import Company, company, exact_scorer

BATCH = 10


def _run(made: Company) -> PassReport:
    made.demo.org.clock.advance(timedelta(minutes=15))
    settings = PassSettings(rails=False, write_batch=BATCH, now=made.demo.org.clock.now)
    return run_pass(made.connector(), made.store, exact_scorer(made), settings)


def _scores(made: Company) -> list[tuple[object, ...]]:
    """Give what is shown of each lead, but for when it was scored, which another pass may do."""
    return [row[:-1] for row in made.shown()]


@pytest.mark.parametrize("fault", ["revoke_consent", "deactivate_user"])
def test_row_21_revoked_between_two_writes(tmp_path: Path, fault: str) -> None:
    with company(tmp_path / "calm") as calm, company(tmp_path / "cut") as cut:
        org = cut.demo.org
        cut.emulator.faults.add(FAULTS[fault](), path="/composite/sobjects", method="PATCH", nth=3)
        with pytest.raises(AuthError, match="no user to run as"):
            _run(cut)
        shown = [row for row in cut.shown() if any(value is not None for value in row[1:])]
        assert len(shown) == 2 * BATCH
        assert all(None not in (score, band, scored_at) for _, score, band, *_, scored_at in shown)
        org.update("User", org.integration_user_id, {"IsActive": True})
        cut.emulator.app.run_as = org.integration_user_id
        assert _run(cut).problem_count == 0
        _run(calm)
        _run(calm)
        assert _scores(cut) == _scores(calm)
        assert len([row for row in _scores(calm) if row[1] is not None]) > 3 * BATCH
        assert _run(cut).written == 0
