"""Org files of simulated companies: what is in them, and letting their days go on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hpro_connectors.demo import generated_org, org_admin
from hpro_connectors.demo.demo_ids import DEMO_ORG_IDS
from hpro_connectors.demo.events import Event, LeadCreated
from hpro_connectors.demo.generated_org import advance, create_generated_org, simulated_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_schema import to_moment
from hpro_connectors.demo.simulation import START, Simulation
from hpro_connectors.demo.simulator import SIMULATOR_VERSION
from hpro_connectors.demo.simulator.companies import COMPANIES, SAAS, TEST_DRIVE
from hpro_connectors.errors import StateLockedError
from hpro_sdk.errors import ConfigError, DataError
from hpro_sdk.lead import OutcomeResult

LEADS = 40
YEAR = START + timedelta(days=365)
TABLES = ("org", "lead", "interaction", "interaction_lead", "stage_history", "field_history", "merge_log")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("made") / "org.sqlite"
    create_generated_org(path, TEST_DRIVE, 3, LEADS)
    return path.read_bytes()


@pytest.fixture
def path(made: bytes, tmp_path: Path) -> Path:
    place = tmp_path / "org.sqlite"
    place.write_bytes(made)
    return place


@pytest.fixture
def org(path: Path) -> Iterator[Org]:
    with Org.open(path) as opened:
        yield opened


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in TABLES}


def change_simulator(path: Path, simulator: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE org SET simulator = ?", (json.dumps(simulator),))


@pytest.mark.parametrize("company", sorted(COMPANIES))
def test_an_org_is_what_its_company_is(company: str, tmp_path: Path) -> None:
    kind = COMPANIES[company]
    create_generated_org(tmp_path / "org.sqlite", kind, 5, 20)
    with Org.open(tmp_path / "org.sqlite") as org:
        definition = org.definition()
    assert definition.org_id == DEMO_ORG_IDS[company]
    assert definition.clock == YEAR
    stages = {stage.name: stage.result for stage in definition.stages}
    assert [name for name, result in stages.items() if result is OutcomeResult.OPEN] == list(kind.stage_names)
    assert (stages["won"], stages["lost"]) == (OutcomeResult.WON, OutcomeResult.LOST)
    assert definition.simulator == {"company": company, "seed": 5, "leads_per_year": 20, "version": SIMULATOR_VERSION}
    assert definition.owners
    assert [field.name for field in definition.fields if field.history_tracked] == ["web_visits"]


def test_an_org_holds_the_first_year_of_its_company(org: Org) -> None:
    simulation = Simulation(TEST_DRIVE, 3, leads_per_year=LEADS, reserved_phrases=True)
    created = [event for event in simulation.events(365) if isinstance(event, LeadCreated)]
    assert len(created) >= LEADS
    with org.reading() as connection:
        assert connection.execute("SELECT count(*) FROM lead").fetchone()[0] == len(created)
        known = {row[0] for row in connection.execute("SELECT name FROM field")}
        used = {name for row in connection.execute("SELECT fields FROM lead") for name in json.loads(row[0])}
        stamps = [row[0] for row in connection.execute("SELECT max(modified_at) FROM lead UNION SELECT clock FROM org")]
    assert used <= known
    assert len(set(stamps)) == 2, "what is stamped at the clock would not be read"
    known_org = simulated_org(org)
    assert (known_org.day, known_org.at_midnight) == (365, True)


def test_days_in_two_steps_are_the_same_days(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    other.write_bytes(path.read_bytes())
    with Org.open(path) as org:
        whole = advance(org, 30)
    with Org.open(other) as org:
        halves = advance(org, 1), advance(org, 29)
    assert whole == sum(halves) > 0
    first, second = content(path), content(other)
    assert first == second
    with Org.open(path) as org:
        assert org.clock() == YEAR + timedelta(days=30)


def test_changes_by_hand_stay_and_the_clock_goes_to_midnight(org: Org) -> None:
    with org.reading() as connection:
        lead_id = connection.execute("SELECT lead_id FROM lead WHERE is_deleted = 0 AND stage = 'new'").fetchone()[0]
    for number in range(3):
        org_admin.add_note(org, lead_id, f"by hand {number}")
    by_hand = org.clock()
    assert by_hand == YEAR + timedelta(seconds=3)
    assert not simulated_org(org).at_midnight
    advance(org, 7)
    assert org.clock() == YEAR + timedelta(days=7)
    with org.reading() as connection:
        texts = [row[0] for row in connection.execute("SELECT text FROM interaction WHERE text LIKE 'by hand %'")]
    assert len(texts) == 3


def test_what_happens_is_stamped_no_earlier_than_the_clock(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass may have read as far as the clock; what is stamped before it would never be read."""
    with org.reading() as connection:
        lead_id = connection.execute("SELECT lead_id FROM lead WHERE is_deleted = 0").fetchone()[0]
    for _ in range(50):
        org_admin.add_note(org, lead_id, "by hand")
    real = Simulation.events

    def early(self: Simulation, until_day: int, since_day: int = 0) -> Iterator[Event]:
        for event in real(self, until_day, since_day):
            yield replace(event, at=START + timedelta(days=since_day, seconds=1))

    monkeypatch.setattr(Simulation, "events", early)
    clock = org.clock()
    with org.reading() as connection:
        before = connection.execute("SELECT max(rowid) FROM interaction").fetchone()[0]
        advance(org, 20)
        stamps = connection.execute(
            "SELECT DISTINCT modified_at FROM interaction WHERE rowid > ?", (before,)
        ).fetchall()
    assert [to_moment(stamp) for (stamp,) in stamps] == [clock]


def test_days_go_by_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(path)
    real = Simulation.events

    def failing(self: Simulation, until_day: int, since_day: int = 0) -> Iterator[Event]:
        for number, event in enumerate(real(self, until_day, since_day)):
            if number == 5:
                raise OSError("the disk is gone")
            yield event

    monkeypatch.setattr(Simulation, "events", failing)
    with Org.open(path) as org, pytest.raises(OSError, match="the disk is gone"):
        advance(org, 30)
    assert content(path) == before


def test_the_clock_moves_in_the_transaction_of_the_events(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between events and clock would let a day happen twice."""
    monkeypatch.setattr(generated_org, "set_clock", None)
    with Org.open(path) as org:
        advance(org, 9)
        assert org.clock() == YEAR + timedelta(days=9)


def test_progress_counts_every_day(path: Path, tmp_path: Path) -> None:
    told: list[int] = []
    create_generated_org(tmp_path / "new.sqlite", SAAS, 1, 10, told.append)
    assert sum(told) == 365
    told.clear()
    with Org.open(path) as org:
        advance(org, 12, told.append)
    assert sum(told) == 12


@pytest.mark.parametrize(
    ("simulator", "words"),
    [
        ({}, "was not made by the simulator"),
        ([1], "was not made by the simulator"),
        ({"company": "test_drive", "seed": "3", "leads_per_year": 40, "version": 1}, "was not made by the simulator"),
        ({"company": "bakery", "seed": 3, "leads_per_year": 40, "version": 1}, "was not made by the simulator"),
        ({"company": "test_drive", "seed": 3, "leads_per_year": 0, "version": 1}, "was not made by the simulator"),
        ({"company": "test_drive", "seed": 3, "leads_per_year": 40, "version": 999}, "version 999 of the simulator"),
    ],
)
def test_days_of_another_org_do_not_go_on(path: Path, simulator: object, words: str) -> None:
    change_simulator(path, simulator)
    before = path.read_bytes()
    with Org.open(path) as org, pytest.raises(ConfigError, match=words) as caught:
        advance(org, 7)
    assert caught.value.hint is not None
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_an_org_in_use_is_not_advanced(path: Path) -> None:
    before = content(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Org.open(path, busy_timeout_s=0) as org, pytest.raises(StateLockedError):
            advance(org, 7)
    assert content(path) == before


def test_days_that_were_lived_elsewhere_are_refused(path: Path) -> None:
    """The clock was set back in the file: the days would happen twice."""
    with Org.open(path) as org:
        advance(org, 30)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE org SET clock = clock - ?", (30 * 86_400 * 1_000_000,))
    before = content(path)
    with Org.open(path) as org, pytest.raises(DataError):
        advance(org, 30)
    assert content(path) == before


def test_no_days_are_no_advance(org: Org) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        advance(org, 0)
