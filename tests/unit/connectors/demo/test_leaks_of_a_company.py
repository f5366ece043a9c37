"""The leak check on a simulated company: silent on honest snapshots, loud on those made of today's records."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hpro_connectors.demo.histories import HORIZON_DAYS, histories, simulated_examples
from hpro_connectors.demo.simulation import START, Simulation
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.demo.simulator.life import LOST, WON
from hpro_sdk.lead import Lead, Outcome, OutcomeResult, TrainingExample
from hpro_sdk.leaks import find_leaks
from hpro_sdk.snapshots import take_snapshot

UNTIL = 200 + HORIZON_DAYS


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return Simulation(TEST_DRIVE, 5, leads_per_year=1500, reserved_phrases=True)


@pytest.fixture(scope="module")
def leads(simulation: Simulation) -> list[Lead]:
    return [history.lead for history in histories(simulation, UNTIL)]


def test_honest_snapshots_raise_no_alarm(simulation: Simulation, leads: list[Lead]) -> None:
    examples = simulated_examples(simulation, (100, 150, 200), leads=leads, until_day=UNTIL, split="train")
    assert len(examples) > 500
    assert find_leaks(examples) == []


def test_todays_records_are_found_out(leads: list[Lead]) -> None:
    now = START + timedelta(days=UNTIL)
    closed = [lead for lead in leads if lead.stage in {WON, LOST}]
    examples = [
        TrainingExample(
            snapshot=take_snapshot(lead, now).model_copy(update={"stage": None, "stage_entered_at": None}),
            outcome=Outcome(result=OutcomeResult.WON if lead.stage == WON else OutcomeResult.LOST),
            split="train",
        )
        for lead in closed
    ]
    places = [finding.place for finding in find_leaks(examples)]
    for field in ("contract_no", "lost_reason", "win_estimate"):
        assert f"field '{field}'" in places
    words = " ".join(place for place in places if "word" in place)
    assert any(planted in words for planted in ("deposit", "contract signed", "signed", "invoice")), places
