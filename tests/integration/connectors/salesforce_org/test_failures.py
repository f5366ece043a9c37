"""Reading an org whose calls fail, by processes that are killed: the state is the same as without."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from hpro_connectors.calls import CallPolicy, GuardedConnector
from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS, transient_faults
from hpro_connectors.engine import PassReport, PassSettings, run_pass
from hpro_connectors.engine.settings import Stage
from hpro_connectors.errors import FatalError, SafetyRailError
from hpro_connectors.protocol import Backfill, Connector, Page
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.state import StateStore
from hpro_connectors.state.rows import StoredLead
from hpro_connectors.testing import ManualClock, ManualSleep


class World(Protocol):
    """What is used of the world in conftest.py."""

    org: SalesforceOrg
    clock: EmulatorClock
    emulator: SalesforceEmulator
    store: StateStore
    lead_ids: list[str]

    def add_lead(self, number: int) -> str: ...
    def wait(self, **time: float) -> None: ...
    def use(self, **settings: object) -> None: ...
    def connector(self, *, as_admin: bool = False) -> SalesforceConnector: ...
    def read(self, *, confirm_missing: bool = False) -> PassReport: ...
    def lead(self, lead_id: str) -> StoredLead | None: ...


MakeWorld = Callable[[Path], World]


def _guarded(connector: Connector) -> GuardedConnector:
    clock = ManualClock()
    return GuardedConnector(connector, CallPolicy(max_tries=8), clock=clock.seconds, sleep=ManualSleep(clock))


def _read(world: World) -> None:
    world.wait(minutes=5)
    settings = PassSettings(stages=frozenset({Stage.READ}), now=world.clock.now)
    run_pass(_guarded(world.connector()), world.store, None, settings)


def _live_on(world: World) -> None:
    """Half a day in which every kind of thing happens."""
    first, second, third, fourth = world.lead_ids
    world.wait(hours=12)
    world.org.update("Lead", first, {"Status": "Working - Contacted", "Segment__c": "large"})
    world.org.merge("Lead", third, second)
    world.org.convert_lead(fourth)
    world.add_lead(9)
    world.org.delete("Lead", first)
    world.wait(minutes=1)
    world.org.undelete("Lead", first)


def _known(world: World) -> list[StoredLead]:
    return world.store.load(sorted(world.store.lead_ids()))


@pytest.mark.parametrize("seed", range(3))
def test_calls_that_fail_change_nothing_of_what_is_known(make_world: MakeWorld, tmp_path: Path, seed: int) -> None:
    calm, rough = make_world(tmp_path / "calm"), make_world(tmp_path / "rough")
    for world in (calm, rough):
        world.connector().describe()  # see below: a list of fields takes no thirty pages in truth
    rough.emulator.faults.add(FAULTS["expire_sessions"](), path="/services/data/", nth=50 + seed)
    rough.emulator.faults.add(FAULTS["expire_cursors"](), share=0.05, path="/query", seed=seed)
    rule = rough.emulator.faults.add(*transient_faults(), path="/services/data/", share=0.12, seed=seed)
    for world in (calm, rough):
        _read(world)
        _live_on(world)
        _read(world)
    assert rule.played > 5
    assert _known(rough) == _known(calm)
    assert len(_known(calm)) == 4


def test_describing_goes_on_where_a_call_failed(world: World) -> None:
    expected = world.connector().describe()
    world.use(describe_cache=None)
    world.emulator.journal.clear()
    for nth in (4, 8, 12):
        world.emulator.faults.add(FAULTS["unavailable"](), path="/services/data/", nth=nth)
    assert _guarded(world.connector()).describe() == expected
    answered = [entry.path for entry in world.emulator.journal.entries if entry.fault is None]
    described = [path for path in answered if path.endswith("/describe")]
    assert len(described) == len(set(described)) > 8
    assert len([entry for entry in world.emulator.journal.entries if entry.fault is not None]) == 3


def test_a_failed_bulk_job_is_made_up_for_by_rest(make_world: MakeWorld, tmp_path: Path) -> None:
    calm, rough = make_world(tmp_path / "calm"), make_world(tmp_path / "rough")
    rough.emulator.faults.add(FAULTS["fail_bulk_job"](), path="/jobs/query$", method="POST", times=None)
    for world in (calm, rough):
        _read(world)
    assert _known(rough) == _known(calm)


def test_a_forgotten_bulk_job_is_made_again(make_world: MakeWorld, tmp_path: Path) -> None:
    calm, rough = make_world(tmp_path / "calm"), make_world(tmp_path / "rough")
    rough.emulator.faults.add(FAULTS["forget_bulk_jobs"](), path="/results$", nth=1)
    for world in (calm, rough):
        _read(world)
    assert _known(rough) == _known(calm)


def test_a_first_load_goes_on_after_any_page_in_another_process(world: World) -> None:
    """Also between the two jobs that tasks take, and while a job is still waited for."""
    end = world.clock.now() + timedelta(minutes=1)
    for stream in world.connector().streams():
        whole = list(world.connector().read(stream.name, Backfill(end=end)))
        pages: list[Page] = []
        while not pages or not pages[-1].complete:
            resume = pages[-1].resume if pages else None
            pages.append(next(iter(world.connector().read(stream.name, Backfill(end=end), resume))))
        assert _keys(pages) == _keys(whole)
        assert len(_keys(pages)) == sum(len(page.upserts) for page in pages)  # nothing came twice


def test_an_org_that_answers_with_a_page_of_html_deletes_nothing(world: World) -> None:
    world.read()
    known = _known(world)
    for name in ("maintenance_200", "maintenance_503", "truncated"):
        world.emulator.faults.add(FAULTS[name](), path="/services/data/", times=None)
        with pytest.raises(Exception, match=r"."):
            world.read()
        world.emulator.faults.clear()
        assert _known(world) == known


def test_row_24_a_used_up_quota_keeps_the_place(world: World) -> None:
    world.read()
    world.wait(hours=1)
    world.org.update("Lead", world.lead_ids[0], {"Segment__c": "large"})
    cursor = world.store.cursor("Lead").cursor
    world.emulator.faults.add(FAULTS["quota"](), text="FROM Lead ", times=None)
    with pytest.raises(FatalError) as caught:
        world.read()
    assert caught.value.exit_code == 5
    assert world.store.cursor("Lead").cursor == cursor
    world.emulator.faults.clear()
    world.read()
    lead = world.lead(world.lead_ids[0])
    assert lead is not None
    assert lead.record.fields["Segment__c"] == "large"


def test_row_44_another_org_is_refused(make_world: MakeWorld, tmp_path: Path) -> None:
    mine, other = make_world(tmp_path / "mine"), make_world(tmp_path / "other")
    mine.read()
    other.wait(minutes=5)
    connector = other.connector()
    identity = connector.identity().model_copy(update={"org_id": "00DHp0000000002MAA"})
    connector._identity = identity
    with pytest.raises(SafetyRailError):
        run_pass(connector, mine.store, None, PassSettings(stages=frozenset({Stage.READ}), now=other.clock.now))


def _keys(pages: list[Page]) -> set[tuple[str, ...]]:
    return {tuple(record.key) for page in pages for record in page.upserts}
