"""Passes through a guard: what fails behind it is not seen in what a CRM shows at the end."""

from __future__ import annotations

from pathlib import Path
from random import Random
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpro_connectors.calls import CallPolicy, GuardedConnector
from hpro_connectors.engine import PassReport, run_pass
from hpro_connectors.errors import QuotaExhaustedError, RunStoppedError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import CallLimits, Connector
from hpro_connectors.testing import FaultKind, FaultScript, FaultyConnector, ManualSleep, MemoryConnector, World


def run(world: World, connector: Connector) -> PassReport:
    world.clock.advance(seconds=300)
    return run_pass(connector, world.store, world.scorer, world.settings)


def guard(world: World, connector: Connector, seed: int = 1, policy: CallPolicy | None = None) -> GuardedConnector:
    return GuardedConnector(
        connector,
        policy or CallPolicy(max_tries=20),
        clock=world.clock.seconds,
        sleep=ManualSleep(world.clock),
        random=Random(seed),
    )


def shown(world: World) -> dict[str, ScoreRow]:
    """What people see, but for the time."""
    return {lead_id: row.model_copy(update={"scored_at": None}) for lead_id, row in world.company.shown.items()}


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), rate=st.floats(0.05, 0.3))
def test_a_pass_with_failures_ends_as_one_without(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rate: float
) -> None:
    folder = tmp_path_factory.mktemp("passes")
    kinds = set(FaultKind) - {FaultKind.ROWS}
    with (calm := World(folder / "calm.db")).store, (stormy := World(folder / "stormy.db")).store:
        for world in (calm, stormy):
            world.fill(9)
        calm.run()
        faulty = FaultyConnector(stormy.connector, FaultScript.random(seed, rate, kinds))
        report = run(stormy, guard(stormy, faulty, seed))
        assert report.problem_count == 0
        assert shown(stormy) == shown(calm)
        again = run(stormy, guard(stormy, faulty, seed))
        assert (again.model_calls, again.to_write) == (0, 0)


class SmallQuota(MemoryConnector):
    """An org of 40 requests a day."""

    def limits(self) -> CallLimits:
        limits = super().limits()
        return limits.model_copy(update={"requests_max": 40, "requests_left": 40 - limits.calls})


def test_a_pass_that_uses_up_its_share_is_gone_on_with_by_later_ones(tmp_path: Path) -> None:
    with (world := World(tmp_path / "state.db")).store:
        world.fill(9)
        stopped = 0
        while stopped < 8:
            try:
                run(world, guard(world, SmallQuota(world.company, page_size=5)))
                break
            except QuotaExhaustedError as exc:
                assert "its share of 25 %" in str(exc)  # noqa: PT017 - every pass but the last ends so
                stopped += 1
        assert 1 < stopped < 8
        assert len(world.company.shown) == 9


def test_a_pass_that_is_stopped_keeps_what_it_stored(tmp_path: Path) -> None:
    with (world := World(tmp_path / "state.db")).store:
        world.fill(9)
        stop = Event()
        world.connector.before_page = lambda stream, _page: stop.set() if stream == "Interaction" else None
        with pytest.raises(RunStoppedError):
            run(world, GuardedConnector(world.connector, stop=stop))
        assert world.store.cursor("Lead").cursor is not None
        world.connector.before_page = lambda _stream, _page: None
        assert run(world, GuardedConnector(world.connector)).written == 9
