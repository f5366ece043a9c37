"""A company in memory whose leads end at known times, read into a state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.engine import PassSettings
from hpro_connectors.engine.reading import PageSink, read_changes
from hpro_connectors.learning.examples import LearningExamples, make_examples
from hpro_connectors.learning.funnel import OrgFunnel, funnel_of_org
from hpro_connectors.learning.history import OrgHistory, read_history, read_until
from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.learning.template import ShownFields, choose_fields
from hpro_connectors.protocol import FieldInfo, OrgDescription, StageInfo
from hpro_connectors.state import StateStore
from hpro_connectors.testing import ManualClock, MemoryCompany, MemoryConnector
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import OutcomeResult

HISTORY_DAYS = 365

DESCRIPTION = OrgDescription(
    object_type="lead",
    fields=(
        FieldInfo(name="source", label="Source", kind=FieldKind.CATEGORY, known_at_creation=True),
        FieldInfo(name="Email", label="Email", kind=FieldKind.TEXT, known_at_creation=True),
        FieldInfo(name="visits", label="Visits", kind=FieldKind.NUMBER, history_tracked=True),
        FieldInfo(name="budget", label="Budget", kind=FieldKind.NUMBER, history_tracked=True),
        FieldInfo(name="contract", label="Contract", kind=FieldKind.TEXT),
        FieldInfo(name="HPRO_Score__c", label="HPRO Score", kind=FieldKind.NUMBER, writable=True, history_tracked=True),
    ),
    stages=(
        StageInfo(name="New", label="New"),
        StageInfo(name="Offer", label="Offer made"),
        StageInfo(name="Won", label="Won", result=OutcomeResult.WON),
        StageInfo(name="Lost", label="Lost", result=OutcomeResult.LOST),
    ),
)


class LearningWorld:
    """A company, its state, and what is learnt from it.

    Args:
        path: Of the state file.
    """

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock()
        self.company = MemoryCompany(self.clock, description=DESCRIPTION)
        self.connector = MemoryConnector(self.company, page_size=500)
        self.store = StateStore.open(path)
        self.settings = LearningSettings()
        self.begin = self.clock.now

    def at(self, day: float) -> datetime:
        """Put the clock forward to so many days after the beginning."""
        self.clock.now = max(self.clock.now, self.begin + timedelta(days=day))
        return self.clock.now

    def read(self) -> None:
        """Read everything up to now into the state."""
        self.clock.advance(seconds=300)
        self.store.pin(self.connector.identity(), "lead")
        sink = PageSink(self.store, "lead", lambda _what, _done: None)
        read_changes(self.connector, sink, self.clock.now, PassSettings())

    def funnel(self) -> OrgFunnel:
        return funnel_of_org(self.company.description, self.settings)

    def history(self) -> OrgHistory:
        until = read_until(self.store, [stream.name for stream in self.connector.streams()])
        return read_history(self.store, self.funnel(), until)

    def fields(self) -> ShownFields:
        return choose_fields(self.company.description, self.settings, self.history().leads)

    def examples(self) -> LearningExamples:
        return make_examples(self.history(), self.funnel(), self.fields(), self.settings)


Fill = Callable[..., None]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LearningWorld]:
    made = LearningWorld(tmp_path / "state.sqlite")
    yield made
    made.store.close()


@pytest.fixture
def fill(world: LearningWorld) -> Fill:
    """Let leads live for a year, a new one every few hours: each third is won after 20 days, the next one lost."""

    def make(leads: int = 300, *, won_every: int = 3) -> None:
        world.at(HISTORY_DAYS)
        end = world.begin + timedelta(days=HISTORY_DAYS)
        events: list[tuple[datetime, Callable[[], object]]] = []
        for number in range(leads):
            born = world.begin + timedelta(days=number * HISTORY_DAYS / leads)
            lead_id = f"L{number:04}"
            events.append((born, _creates(world, lead_id, number)))
            result = "Won" if number % won_every == 0 else "Lost" if number % won_every == 1 else None
            events.append((born + timedelta(days=2), _logs(world, lead_id, f"first words of {lead_id}")))
            events.append((born + timedelta(days=3), _changes(world, lead_id, fields={"visits": 1})))
            if result is not None:
                events.append((born + timedelta(days=20), _changes(world, lead_id, stage=result)))
                after = f"{'signed' if result == 'Won' else 'gone'} for good"
                events.append((born + timedelta(days=20.1), _logs(world, lead_id, after)))
                fields = {"contract": "C1", "budget": 1000, "visits": 99}
                events.append((born + timedelta(days=20.2), _changes(world, lead_id, fields=fields)))
        world.clock.now = world.begin
        for at, happen in sorted(events, key=lambda event: event[0]):
            if at < end:
                world.clock.now = max(world.clock.now, at)
                happen()
        world.at(HISTORY_DAYS)
        world.read()

    return make


def _creates(world: LearningWorld, lead_id: str, number: int) -> Callable[[], object]:
    fields = {
        "source": "web" if number % 2 else "fair",
        "Email": f"lead{number}@example.com",
        "visits": 0,
        "budget": number,
        "contract": None,
    }
    return lambda: world.company.create_lead(lead_id, person_id=f"P{number:04}", fields=fields)


def _logs(world: LearningWorld, lead_id: str, text: str) -> Callable[[], object]:
    return lambda: world.company.log_interaction(f"I{len(world.company.interactions):05}", lead_id, text=text)


def _changes(world: LearningWorld, lead_id: str, **changes: object) -> Callable[[], object]:
    return lambda: world.company.change_lead(lead_id, **changes)  # type: ignore[arg-type]
