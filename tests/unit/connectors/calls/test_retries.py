"""Which calls are made again, how often, and after what waits."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hpro_connectors.calls import CallPolicy
from hpro_connectors.errors import (
    AuthError,
    NetworkError,
    PermissionDeniedError,
    QuotaExhaustedError,
    RateLimitedError,
    RetriableError,
    SafetyRailError,
    SchemaDriftError,
    ServerError,
)
from hpro_connectors.protocol import Backfill
from hpro_connectors.testing import FailingWorld, Fault
from hpro_connectors.testing.failing_world import NO_BREAKER
from hpro_connectors.testing.faults import Method
from hpro_sdk.errors import ConfigError

EVERYTHING = Backfill(end=datetime(2030, 1, 1, tzinfo=UTC))


def test_a_call_that_fails_now_and_then_succeeds() -> None:
    world = FailingWorld([Fault.before("identity", times=4)])
    assert world.connector.identity() == world.company.identity
    assert (world.connector.retries, len(world.sleep.waits), world.connector.calls) == (4, 4, 1)
    assert world.connector.waited_s == pytest.approx(sum(world.sleep.waits), abs=1e-5)


@pytest.mark.parametrize("error", [RetriableError, NetworkError, ServerError, RateLimitedError])
def test_when_tries_run_out_the_last_failure_is_raised(error: type[RetriableError]) -> None:
    world = FailingWorld([Fault.before("describe", lambda: error("Not now."), times=9)])
    with pytest.raises(error, match=r"^Not now\.$") as caught:
        world.connector.describe()
    assert type(caught.value) is error
    assert len(world.faulty.done) == 5
    assert world.connector.retries == 4


@pytest.mark.parametrize(
    "error",
    [AuthError, PermissionDeniedError, QuotaExhaustedError, SchemaDriftError, SafetyRailError, ConfigError],
)
@pytest.mark.parametrize("method", ["identity", "list_ids", "ensure_fields", "write", "read_back"])
def test_what_no_second_try_helps_against_is_tried_once(error: type[Exception], method: Method) -> None:
    world = FailingWorld([Fault.before(method, error, times=9)])
    calls = {
        "identity": world.connector.identity,
        "list_ids": lambda: world.connector.list_ids("Lead"),
        "ensure_fields": world.connector.ensure_fields,
        "write": lambda: world.connector.write([]),
        "read_back": lambda: world.connector.read_back(["L000"]),
    }
    with pytest.raises(error):
        calls[method]()  # type: ignore[operator]  # each gives something else
    assert (len(world.faulty.done), world.sleep.waits) == (1, [])


def test_waits_grow_up_to_the_longest_and_are_drawn_from_all_of_their_range() -> None:
    policy = replace(NO_BREAKER, max_tries=9, wait_initial_s=1.0, wait_max_s=20.0)
    waits: list[list[float]] = []
    for seed in range(200):
        world = FailingWorld([Fault.before("identity", times=8)], policy, leads=0, seed=seed)
        world.connector.identity()
        waits.append(world.sleep.waits)
    for tried, longest in enumerate([1, 2, 4, 8, 16, 20, 20, 20]):
        drawn = [row[tried] for row in waits]
        assert max(drawn) <= longest
        assert max(drawn) > 0.9 * longest
        assert min(drawn) < 0.1 * longest


def test_the_same_seed_waits_the_same() -> None:
    def waits(seed: int) -> list[float]:
        world = FailingWorld([Fault.before("identity", times=4)], seed=seed)
        world.connector.identity()
        return world.sleep.waits

    assert waits(3) == waits(3)
    assert waits(3) != waits(4)


@pytest.mark.parametrize("asked", [5.0, 90.0, 600.0])
def test_a_crm_that_asks_for_a_wait_gets_at_least_that(asked: float) -> None:
    world = FailingWorld([Fault.before("identity", lambda: RateLimitedError(retry_after_s=asked), times=4)])
    world.connector.identity()
    assert min(world.sleep.waits) >= asked


@pytest.mark.parametrize("asked", [-5.0, float("nan"), 0.0])
def test_a_wait_that_makes_no_sense_is_not_asked_for(asked: float) -> None:
    world = FailingWorld([Fault.before("identity", lambda: RateLimitedError(retry_after_s=asked), times=2)])
    world.connector.identity()
    assert all(0 <= wait <= 2 for wait in world.sleep.waits)


def test_a_wait_of_a_day_is_not_waited_for() -> None:
    world = FailingWorld(
        [Fault.before("identity", lambda: RateLimitedError("Come back tomorrow.", retry_after_s=86400))]
    )
    with pytest.raises(RateLimitedError, match="Come back tomorrow"):
        world.connector.identity()
    assert world.sleep.waits == []


@pytest.mark.parametrize("made", [ConnectionResetError, KeyError, ValueError, RuntimeError])
def test_an_unknown_failure_of_a_read_is_retried_and_becomes_a_failed_answer(made: type[Exception]) -> None:
    world = FailingWorld([Fault.before("list_ids", lambda: made("Jane Doe, +49 30 1234567"), times=9, stream="Lead")])
    with pytest.raises(ServerError, match=rf"in list_ids of Lead \({made.__name__}\)\.") as caught:
        world.connector.list_ids("Lead")
    assert len(world.faulty.done) == 5
    assert isinstance(caught.value.__cause__, made)
    assert "Jane" not in str(caught.value)
    world = FailingWorld([Fault.before("list_ids", made, times=4)])
    assert len(world.connector.list_ids("Lead").ids) == 12


@pytest.mark.parametrize("mistake", [AssertionError, TypeError, AttributeError, NameError, NotImplementedError])
def test_a_mistake_in_the_program_is_not_taken_for_the_crms(mistake: type[Exception]) -> None:
    world = FailingWorld([Fault.before("list_ids", mistake), Fault.before("read", mistake)])
    with pytest.raises(mistake):
        world.connector.list_ids("Lead")
    with pytest.raises(mistake):
        next(world.connector.read("Lead", EVERYTHING))
    assert world.sleep.waits == []


@pytest.mark.parametrize("method", ["identity", "ensure_fields"])
@pytest.mark.parametrize("exhausted", [MemoryError(), OSError(28, "No space left on device")])
def test_an_exhausted_machine_is_no_failure_of_the_crm(method: Method, exhausted: Exception) -> None:
    world = FailingWorld([Fault.before(method, lambda: exhausted, times=9)])
    with pytest.raises(type(exhausted)) as caught:
        world.connector.identity() if method == "identity" else world.connector.ensure_fields()
    assert caught.value is exhausted
    assert world.sleep.waits == []


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_failure(stopped: type[BaseException]) -> None:
    world = FailingWorld()

    def interrupt(_stream: str, _page: int) -> None:
        raise stopped

    world.memory.before_page = interrupt
    with pytest.raises(stopped):
        next(world.connector.read("Lead", EVERYTHING))
    assert world.sleep.waits == []


def test_retries_are_logged_without_the_words_of_the_error(caplog: pytest.LogCaptureFixture) -> None:
    world = FailingWorld([Fault.before("list_ids", lambda: ServerError("Jane Doe is locked."), times=2, stream="Lead")])
    with caplog.at_level(logging.DEBUG, "hpro_connectors"):
        world.connector.list_ids("Lead")
    first, second = (vars(record) for record in caplog.records)
    assert (first["event"], first["method"], first["stream"]) == ("retried", "list_ids", "Lead")
    assert (first["error"], first["tries"], second["tries"]) == ("ServerError", 1, 2)
    assert first["wait_s"] == pytest.approx(world.sleep.waits[0], abs=1e-3)
    assert "Jane" not in json.dumps([first, second], default=str)


def test_failures_are_all_of_one_call_not_of_the_run() -> None:
    world = FailingWorld([Fault.before("identity", nth=nth, times=4) for nth in (1, 6, 11)], CallPolicy(max_tries=5))
    for _ in range(3):
        world.connector.identity()
    assert world.connector.retries == 12
