"""A small company whose leads can be learnt: outcomes follow two fields and the words of a note."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from hpro_sdk.lead import Interaction, InteractionKind, LeadSnapshot, Outcome, OutcomeResult, TrainingExample

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)

MakeExamples = Callable[[int], list[TrainingExample]]


@pytest.fixture(scope="session")
def make_examples() -> MakeExamples:
    def make(count: int) -> list[TrainingExample]:
        draw = random.Random(5)
        return [_example(number, count, draw) for number in range(count)]

    return make


def _example(number: int, count: int, draw: random.Random) -> TrainingExample:
    visits, referred = draw.randrange(20), draw.random() < 0.3
    keen = draw.random() < 0.5
    chance = 0.05 + 0.3 * (visits > 9) + 0.2 * referred + 0.4 * keen
    won = draw.random() < chance
    reached = None if won else draw.choice(["call", "drive"] if draw.random() < chance else ["call"])
    note = Interaction(
        interaction_id=f"n{number}",
        kind=InteractionKind.CALL,
        text="wants a test drive soon" if keen else "no interest right now",
        call_seconds=draw.choice([20, 200]),
    )
    split = "train" if number < 0.7 * count else "valid" if number < 0.85 * count else "test"
    return TrainingExample(
        snapshot=LeadSnapshot(
            as_of=AS_OF,
            lead_id=f"L{number:05}",
            fields={"visits": visits, "source": "referral" if referred else "web"},
            interactions=(note,),
        ),
        outcome=Outcome(result=OutcomeResult.WON if won else OutcomeResult.LOST, reached=reached),
        split=split,
    )
