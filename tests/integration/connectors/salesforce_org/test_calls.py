"""What reading costs, from the emulator's journal."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.engine import PassReport
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.settings import OutcomeRule


class World(Protocol):
    """What is used of the world in conftest.py."""

    org: SalesforceOrg
    lead_ids: list[str]

    def wait(self, **time: float) -> None: ...
    def use(self, **settings: object) -> None: ...
    def connector(self, *, as_admin: bool = False) -> SalesforceConnector: ...
    def read(self, *, confirm_missing: bool = False) -> PassReport: ...
    def let_the_overlap_pass(self) -> None: ...
    def asked(self) -> list[str]: ...


def _describes(paths: list[str]) -> int:
    return sum(path.endswith("/describe") for path in paths)


def test_a_quiet_pass_costs_no_more_than_two_calls_a_stream_and_three(world: World) -> None:
    for rule in (OutcomeRule.CONVERTED, OutcomeRule.OPPORTUNITY):
        world.use(outcome=rule)
        world.read()
        world.wait(hours=1)
        world.read()  # what the first load left to an overlap
        world.wait(hours=1)
        world.asked()
        report = world.read()
        paths = world.asked()
        streams = len(world.connector().streams())
        assert report.read == 0
        assert len(paths) <= 2 * streams + 3
        assert _describes(paths) == 0


def test_a_process_uses_what_the_one_before_described_until_it_is_old(world: World) -> None:
    world.connector().describe()
    assert _describes(world.asked()) > 0
    world.wait(hours=23)
    world.connector().describe()
    assert _describes(world.asked()) == 0
    world.wait(hours=1)
    world.connector().describe()
    assert _describes(world.asked()) > 0


def test_nothing_is_read_twice_but_the_overlap(world: World) -> None:
    world.read()
    world.wait(hours=1)
    world.read()
    assert world.read().read == 0
    world.org.update("Lead", world.lead_ids[0], {"Segment__c": "large"})
    assert world.read().read == 1
    world.wait(hours=1)
    assert world.read().read == 1  # within the ten minutes before the last window's end
    assert world.read().read == 0


def test_describing_and_streams_cost_nothing_the_second_time(world: World) -> None:
    connector = world.connector()
    connector.identity()
    connector.describe()
    world.asked()
    connector.identity()
    connector.describe()
    connector.streams()
    assert connector.limits().calls > 0
    assert world.asked() == []


def test_content_note_bodies_are_read_only_where_they_are_asked_for(world: World) -> None:
    world.wait(minutes=1)
    for note_bodies, calls in ((False, 0), (True, len(world.lead_ids))):
        world.use(note_bodies=note_bodies)
        connector = world.connector()
        now = connector.server_time()
        list(connector.read("ContentNote", Window(start=now - timedelta(days=1), end=now)))
        assert len([path for path in world.asked() if path.endswith("/Content")]) == calls
