"""An org of any size for measurements: plausible leads, two interactions each, and the history of their stages.

The simulator tells whole lives, which takes milliseconds a lead; here a lead is born as it is there, and gets phrases
of a fixed list. Used by ``engine_scale.py``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hpro_connectors.demo.events import Event, FieldSet, InteractionLogged, LeadCreated, SimulatedLead, StageEntered
from hpro_connectors.demo.filling import apply_events, set_clock
from hpro_connectors.demo.generated_org import define_generated_org
from hpro_connectors.demo.org import Org, creating_org
from hpro_connectors.demo.simulation import START, VISITS, Simulation
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_sdk.lead import InteractionKind, Speaker

_DAYS = 730
_OPENINGS = (
    "Called back, was on the way to work and asked for a mail instead.",
    "Long call about delivery times and what the old car would bring.",
    "Wants to see the car with the family at the weekend.",
    "Asked for an offer in writing, has one from another dealer.",
    "No answer, left a message with the reception.",
    "Came by the showroom, sat in two models and took the brochure.",
)
_DETAILS = (
    "Budget is fixed by the leasing rate.",
    "The partner decides, talk to both.",
    "Is in no hurry before the old contract ends.",
    "Needs a towbar and the larger boot.",
    "Compares three makes and is open about it.",
    "Would sign this month if the trade-in is right.",
    "Asked about charging at home and the grant for it.",
    "Was pleased with the quick answer.",
)


def make_large_org(path: Path, lead_count: int, *, seed: int = 1) -> None:
    """Make an org file of open leads; it is replaced where one stands there.

    Args:
        path: Where.
        lead_count: How many leads.
        seed: The same one gives the same org.
    """
    simulation = Simulation(COMPANIES["test_drive"], seed, leads_per_year=lead_count, reserved_phrases=True)
    draw = random.Random(seed)
    with creating_org(path, define_generated_org(simulation)) as org:
        apply_events(org, (event for number in range(lead_count) for event in _life(simulation, number, draw)))
        set_clock(org, START + timedelta(days=_DAYS + 1))


def change_leads(org: Org, lead_ids: list[str], *, seed: int) -> None:
    """Let something happen to leads at the org's clock, half by half: a field changes, or a note comes in.

    Args:
        org: Open for writing.
        lead_ids: Which ones.
        seed: Other than at the last change.
    """
    draw, now = random.Random(seed), org.clock()
    apply_events(
        org,
        (
            FieldSet(at=now, lead_id=lead_id, field=VISITS, old=None, new=draw.randrange(20, 10**6), tracked=True)
            if number % 2
            else _note(lead_id, f"C{seed:03}{number:06}", now, f"{_text(draw)} File {draw.randrange(10**9)}.")
            for number, lead_id in enumerate(lead_ids)
        ),
    )


def _life(simulation: Simulation, number: int, draw: random.Random) -> Iterator[Event]:
    born = simulation.birth(number).lead
    lead = replace(born, created_at=START + timedelta(seconds=draw.randrange(_DAYS * 86_400)))
    yield LeadCreated(at=lead.created_at, lead=lead)
    yield from _first_weeks(lead, number, draw)
    deepest = draw.randrange(len(simulation.kind.stages))
    for depth, stage in enumerate(simulation.kind.stages[1 : deepest + 1], start=1):
        yield StageEntered(at=lead.created_at + timedelta(hours=3 * depth), lead_id=lead.lead_id, stage=stage.name)


def _first_weeks(lead: SimulatedLead, number: int, draw: random.Random) -> Iterator[Event]:
    for place in range(2):
        at = lead.created_at + timedelta(seconds=draw.randrange(86_400))
        yield _note(lead.lead_id, f"I{number:06}{place}", at, _text(draw))


def _note(lead_id: str, interaction_id: str, at: datetime, text: str) -> InteractionLogged:
    return InteractionLogged(
        at=at,
        lead_id=lead_id,
        interaction_id=interaction_id,
        kind=InteractionKind.NOTE,
        speaker=Speaker.REP,
        text=text,
        call_seconds=None,
        occurred_at=at,
    )


def _text(draw: random.Random) -> str:
    return " ".join((draw.choice(_OPENINGS), *draw.sample(_DETAILS, 2)))
