"""A small org, made anew for every test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.demo.events import (
    Event,
    FieldSet,
    InteractionLogged,
    LeadCreated,
    SimulatedLead,
    StageEntered,
)
from hpro_connectors.demo.filling import apply_events, set_clock
from hpro_connectors.demo.org import Org, OrgDefinition, creating_org
from hpro_connectors.protocol import FieldInfo, Owner, StageInfo
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import InteractionKind, OutcomeResult, Speaker

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    """Give a moment so many days after the org's first one."""
    return START + timedelta(days=number)


def small_definition() -> OrgDefinition:
    """An org of two open stages, two fields and two reps."""
    return OrgDefinition(
        org_id="hpro-demo-saas",
        name="Small",
        company="saas",
        clock=START,
        stages=(
            StageInfo(name="new", label="New"),
            StageInfo(name="talk", label="In talks"),
            StageInfo(name="won", label="Won", result=OutcomeResult.WON),
            StageInfo(name="lost", label="Lost", result=OutcomeResult.LOST),
        ),
        fields=(
            FieldInfo(name="seats", label="Seats", kind=FieldKind.NUMBER, history_tracked=True),
            FieldInfo(name="industry", label="Industry", kind=FieldKind.CATEGORY, known_at_creation=True),
            FieldInfo(name="renews", label="Renews", kind=FieldKind.DATE),
        ),
        owners=(Owner(owner_id="o1", name="Ann"), Owner(owner_id="o2", name="Bob", active=False)),
        simulator={"seed": 7, "version": 1},
    )


def small_events(leads: int = 3) -> list[Event]:
    """One lead a day with two interactions, a stage and a field change each; everything within ``leads`` + 1 days."""
    events: list[Event] = []
    for number in range(1, leads + 1):
        lead_id, at = f"l{number}", day(number - 1)
        fields: dict[str, str | int] = {"seats": number, "industry": "retail"}
        lead = SimulatedLead(lead_id, f"p{number}", "a1", "o1", at, "new", fields)
        events += [
            LeadCreated(at, lead),
            InteractionLogged(
                day(number - 0.9), lead_id, f"i{number}a", InteractionKind.CALL, Speaker.REP, "Called.", 60, at
            ),
            InteractionLogged(
                day(number - 0.8),
                lead_id,
                f"i{number}b",
                InteractionKind.EMAIL,
                Speaker.LEAD,
                "<p>Send a <b>quote</b>.</p><blockquote type='cite'>old</blockquote>",
                None,
                day(number - 0.85),
            ),
            StageEntered(day(number - 0.7), lead_id, "talk"),
            FieldSet(day(number - 0.6), lead_id, "seats", number, number + 10, tracked=True),
        ]
    return events


@pytest.fixture
def definition() -> OrgDefinition:
    """What the small org is."""
    return small_definition()


@pytest.fixture(scope="session")
def small_org_file() -> Callable[[Path, int], Path]:
    """Make an org file of so many leads at a path; its clock stands a day after the last event."""

    def make(path: Path, leads: int) -> Path:
        with creating_org(path, small_definition()) as org:
            apply_events(org, small_events(leads))
            set_clock(org, day(leads + 1))
        return path

    return make


@pytest.fixture
def make_org(tmp_path: Path, small_org_file: Callable[[Path, int], Path]) -> Callable[..., Path]:
    """Make an org file of so many leads in the test's own folder."""

    def make(leads: int = 3, name: str = "small.org") -> Path:
        return small_org_file(tmp_path / name, leads)

    return make


@pytest.fixture
def org(make_org: Callable[..., Path]) -> Iterator[Org]:
    """A small org, open for writing."""
    with Org.open(make_org()) as opened:
        yield opened
