"""A process that stalls in the middle of a batch, loses the org, and wakes up."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

import pytest

from hpro_connectors.engine import PassReport, run_pass
from hpro_connectors.errors import StateLockedError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.state import StateStore
from hpro_connectors.state.lease import Lease
from hpro_connectors.testing import MemoryConnector, World


def until_released(ended: threading.Event, _seconds: float) -> bool:
    return ended.wait()


class Follower:
    """Another process on the same org and the same state file."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.connector = MemoryConnector(world.company, page_size=5)
        self.lease = Lease.acquire(
            world.store.path, now=lambda: world.clock.now, owner="here:2:follower", wait=until_released
        )
        self.store = StateStore.open(world.store.path)
        self.store.transactions.fence = self.lease.fence

    def run(self) -> PassReport:
        self.world.clock.advance(seconds=300)
        return run_pass(self.connector, self.store, self.world.scorer, self.world.settings)


def test_row_41_it_sends_the_one_batch_past_its_check_and_the_next_pass_heals_that(world: World) -> None:
    ids = world.fill(12)
    followers: list[Follower] = []

    def stall(_rows: Sequence[ScoreRow]) -> None:
        world.connector.before_write = lambda _rows: None
        world.clock.advance(seconds=60)
        followers.append(Follower(world))
        for number, lead_id in enumerate(reversed(ids)):
            world.company.change_lead(lead_id, fields={"visits": number})  # so that its batch is out of date
        assert followers[0].run().written == 12

    with Lease.acquire(
        world.store.path, now=lambda: world.clock.now, owner="here:1:stalled", wait=until_released
    ) as lease:
        world.store.transactions.fence = lease.fence
        world.connector.before_write = stall
        with pytest.raises(StateLockedError, match="took over"):
            world.run()
    (follower,) = followers
    with follower.lease, follower.store:
        assert len(world.connector.writes) == 3  # one batch
        late = {row.lead.lead_id for row in world.connector.writes}
        ledger = {lead_id: written.row for lead_id, written in follower.store.written_rows().items()}
        assert {lead_id for lead_id in ids if world.company.shown[lead_id] != ledger[lead_id]} == late
        assert follower.run().written == 3
        ledger = {lead_id: written.row for lead_id, written in follower.store.written_rows().items()}
        assert {lead_id: world.company.shown[lead_id] for lead_id in ids} == ledger
        again = follower.run()
        assert (again.written, again.model_calls) == (0, 0)


def test_it_may_not_even_begin_when_it_stalled_before_its_check(world: World) -> None:
    world.fill(3)
    world.settings = dataclasses.replace(world.settings, write_batch=1)
    with Lease.acquire(world.store.path, now=lambda: world.clock.now, owner="here:1:a", wait=until_released) as lease:
        world.store.transactions.fence = lease.fence
        world.clock.advance(seconds=60)
        follower = Follower(world)
        with follower.lease, follower.store, pytest.raises(StateLockedError, match="took over"):
            world.run()
        assert not world.connector.writes
