"""Consent that is revoked in the middle of a pass: it ends and says so, and the next pass after it goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from hpro_connectors.calls import CallPolicy, GuardedConnector
from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS
from hpro_connectors.engine import PassSettings, run_pass
from hpro_connectors.engine.settings import Stage
from hpro_connectors.errors import AuthError
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

    def wait(self, **time: float) -> None: ...
    def connector(self, *, as_admin: bool = False) -> SalesforceConnector: ...


MakeWorld = Callable[[Path], World]


def _read(world: World) -> None:
    clock = ManualClock()
    guarded = GuardedConnector(
        world.connector(), CallPolicy(max_tries=8), clock=clock.seconds, sleep=ManualSleep(clock)
    )
    world.wait(minutes=5)
    run_pass(guarded, world.store, None, PassSettings(stages=frozenset({Stage.READ}), now=world.clock.now))


def _known(world: World) -> list[StoredLead]:
    return world.store.load(sorted(world.store.lead_ids()))


def _allow_again(world: World) -> None:
    world.emulator.faults.clear()
    user_id = world.org.integration_user_id
    world.org.update("User", user_id, {"IsActive": True})
    world.emulator.app.run_as = user_id


@pytest.mark.parametrize("fault", ["revoke_consent", "deactivate_user"])
@pytest.mark.parametrize("nth", [1, 3, 8, 20])
def test_row_21_a_first_load_ends_and_the_next_pass_goes_on(
    make_world: MakeWorld, tmp_path: Path, fault: str, nth: int
) -> None:
    calm, cut = make_world(tmp_path / "calm"), make_world(tmp_path / "cut")
    _read(calm)
    rule = cut.emulator.faults.add(FAULTS[fault](), path="/(query|jobs)", nth=nth)
    for _ in range(2):  # nor does it help to run it again
        with pytest.raises(AuthError, match="no user to run as") as caught:
            _read(cut)
        assert "integration user under Run As" in str(caught.value.hint)
    assert rule.played == 1
    calls = [entry.status for entry in cut.emulator.journal.entries]
    assert calls[-3:] == [401, 400, 400]  # refused, not let in again, and not at all the second time
    _allow_again(cut)
    _read(cut)
    _read(calm)
    assert _known(cut) == _known(calm)


@pytest.mark.parametrize("nth", [1, 4])
def test_row_21_a_window_that_was_cut_is_read_again_whole(make_world: MakeWorld, tmp_path: Path, nth: int) -> None:
    calm, cut = make_world(tmp_path / "calm"), make_world(tmp_path / "cut")
    for world in (calm, cut):
        _read(world)
        world.wait(hours=1)
        for number, lead_id in enumerate(world.lead_ids):
            world.org.update("Lead", lead_id, {"Seats__c": 90 + number})
            world.org.create("Task", {"WhoId": lead_id, "Subject": f"Again {number}", "TaskSubtype": "Call"})
    cursors = {one.name: cut.store.cursor(one.name).cursor for one in cut.connector().streams()}
    cut.emulator.faults.add(FAULTS["revoke_consent"](), path="/query", nth=nth)
    with pytest.raises(AuthError):
        _read(cut)
    assert cut.store.cursor("Task").cursor == cursors["Task"]
    _allow_again(cut)
    for world in (cut, calm):
        _read(world)
    assert _known(cut) == _known(calm)
    assert [lead.record.fields["Seats__c"] for lead in _known(cut)] == [90, 91, 92, 93]
