"""One pass over a configured org in a process of its own, made to be killed; see kill_storm.py.

Says what it does on stdout, a line at a time: ``begin``, what was just done (a stream's name, ``score``, ``write``),
and ``ended`` with the report or ``failed`` with the error. Whoever started it kills it after any of these lines, or
between two of them.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from sqlalchemy import select

from hpro_connectors.calls import CallPolicy, GuardedConnector
from hpro_connectors.config import load_config
from hpro_connectors.demo.histories import funnel_of, template_of
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.engine import run_pass
from hpro_connectors.engine.settings import utc_now
from hpro_connectors.errors import FatalError, NetworkError, RetriableError, ServerError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.orgs import pass_settings_of, working_org
from hpro_connectors.orgs.working import WorkingOrg
from hpro_connectors.protocol import Connector, WriteResult, WriteStatus
from hpro_connectors.state.schema import LEADS
from hpro_connectors.testing import ArithmeticEngine, FaultKind, FaultScript, FaultyConnector
from hpro_sdk.errors import HproError
from hpro_sdk.models import bundled_model_path
from hpro_sdk.ranking import Bands
from hpro_sdk.scoring.calibration import Calibration
from hpro_sdk.scoring.manifest import BaseModelOrigin, ScorerManifest, ScoreTokens
from hpro_sdk.scoring.scorer import Scorer

FAULTS = frozenset({FaultKind.ROWS, FaultKind.BEFORE, FaultKind.AFTER})


def exact_scorer() -> Scorer:
    """Give a scorer of the car dealer's funnel whose model is arithmetic: the same lead, the same score, to the bit."""
    dealer = Simulation(TEST_DRIVE, 1, leads_per_year=1, reserved_phrases=False)
    manifest = ScorerManifest(
        template=template_of(dealer, 20_000),  # a token is a byte
        funnel=funnel_of(dealer),
        calibration=Calibration(convert_weight=0.3, rank_weight=0.8, bias=-1.0),
        bands=Bands(edges=(0.5, -0.5, -1.5)),
        score_tokens=ScoreTokens(convert=1, rank=2),
        base=BaseModelOrigin(name="nano", licence="none"),
        training_report_digest="0" * 64,
    )
    return Scorer(ArithmeticEngine(), manifest, "hpro-exact")


def scorer_named(name: str) -> Scorer:
    """Give the scorer ``exact``, or the bundled one."""
    return exact_scorer() if name == "exact" else Scorer.load(bundled_model_path(), threads=1)


class Watched(FaultyConnector):
    """Fails by a script, and notes in a file when a lead is written that the state knows to be deleted."""

    def __init__(self, org: WorkingOrg, script: FaultScript, notes: Path) -> None:
        super().__init__(org.connector, script)
        self._org = org
        self._notes = notes

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Look at the rows, then write them."""
        ids = [row.lead.lead_id for row in rows]
        with self._org.store.transactions.reading() as connection:
            deleted = select(LEADS.c.lead_id).where(LEADS.c.lead_id.in_(ids), LEADS.c.deleted_at.is_not(None))
            if found := connection.scalars(deleted).all():
                with self._notes.open("a", encoding="utf-8") as file:
                    file.write(f"{' '.join(found)}\n")
        return super().write(rows)


def script_of(seed: int, rate: float) -> FaultScript:
    """Let writes fail: rows put off or refused, answers lost, requests that never arrive."""
    return FaultScript.random(
        seed,
        rate,
        FAULTS,
        methods={"write"},
        errors=(NetworkError, ServerError, OSError),
        statuses=(WriteStatus.RETRY, WriteStatus.REJECTED),
    )


def say(word: str, _count: int = 0) -> None:
    """Tell the test where the pass is."""
    print(word, flush=True)  # noqa: T201 - that is how it tells


def leave(error: HproError) -> NoReturn:
    """End as a pass ends that failed by the script."""
    say(f"failed {type(error).__name__}")
    sys.exit(error.exit_code)


def main(config_path: str, notes: str, scorer_name: str, *, seed: int, rate: float, hours_ahead: float) -> None:
    """Run one pass.

    Args:
        config_path: Of hpro.toml.
        notes: File for what must not happen.
        scorer_name: See :func:`scorer_named`.
        seed: Of the faults.
        rate: Chance that a write fails.
        hours_ahead: How far this process's clock is ahead, so that rows that were put off are due.
    """
    config = load_config(Path(config_path))
    name, crm = config.crm_named(None)
    scorer = scorer_named(scorer_name)
    with working_org(config, name, crm) as org:
        connector: Connector = Watched(org, script_of(seed, rate), Path(notes))
        if seed % 2:  # one half of the processes tries a failed write again at once, the other half leaves
            connector = GuardedConnector(connector, CallPolicy(breaker_failures=1_000), sleep=lambda _seconds: None)
        settings = dataclasses.replace(
            pass_settings_of(config, crm, stop=org.stop),
            rails=False,
            now=lambda: utc_now() + timedelta(hours=hours_ahead),
        )
        say("begin")
        try:
            report = run_pass(connector, org.store, scorer, settings, say)
        except RetriableError as exc:  # lost answers; what else may come of the script is fatal by its own words
            leave(exc)
        except FatalError as exc:
            if not isinstance(exc.__cause__, OSError):
                raise
            leave(exc)
    say("ended " + json.dumps(report.model_dump(mode="json", exclude={"problems"})))


if __name__ == "__main__":
    main(*sys.argv[1:4], seed=int(sys.argv[4]), rate=float(sys.argv[5]), hours_ahead=float(sys.argv[6]))
