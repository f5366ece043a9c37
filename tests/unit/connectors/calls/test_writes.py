"""Writes: sent again only when the connector says that it is worth it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hpro_connectors.calls import GuardedConnector
from hpro_connectors.errors import FatalError, NetworkError, RateLimitedError
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.protocol import FieldState, WriteStatus
from hpro_connectors.testing import FailingWorld, Fault, FaultyConnector, MemoryConnector
from hpro_sdk.lead import Band


def rows(world: FailingWorld, count: int) -> list[ScoreRow]:
    return [
        ScoreRow(
            lead=world.company.key(f"L{number:03}"),
            score=Decimal("61.25"),
            band=Band.B,
            trend=Trend.STEADY,
            rank=number + 1,
            stage_rank=number + 1,
            stage_size=count,
            model="hpro-test",
            scored_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        )
        for number in range(count)
    ]


def test_a_write_that_never_arrived_is_sent_again() -> None:
    world = FailingWorld([Fault.before("write", times=2)])
    sent = rows(world, 3)
    assert [result.status for result in world.connector.write(sent)] == [WriteStatus.WRITTEN] * 3
    assert world.memory.writes == sent


def test_a_write_whose_answer_was_lost_is_sent_again_with_the_same_values() -> None:
    world = FailingWorld([Fault.after("write", lambda: RateLimitedError(retry_after_s=1))])
    sent = rows(world, 3)
    results = world.connector.write(sent)
    assert [(result.lead, result.status) for result in results] == [(row.lead, WriteStatus.WRITTEN) for row in sent]
    assert world.memory.writes == sent + sent
    assert world.company.shown == {row.lead.lead_id: row for row in sent}


def test_when_tries_run_out_the_failure_is_the_connectors() -> None:
    world = FailingWorld([Fault.before("write", times=9)])
    with pytest.raises(NetworkError):
        world.connector.write(rows(world, 1))
    assert len(world.faulty.done) == 5
    assert world.memory.writes == []


@pytest.mark.parametrize("made", [ConnectionResetError, ValueError, TypeError, AssertionError])
def test_an_unknown_failure_of_a_write_stops_it_at_once(made: type[Exception]) -> None:
    world = FailingWorld([Fault.after("write", lambda: made("Jane Doe"), times=9)])
    with pytest.raises(FatalError, match=rf"in write \({made.__name__}\); the CRM may have taken some of it") as caught:
        world.connector.write(rows(world, 2))
    assert (len(world.faulty.done), world.sleep.waits) == (1, [])
    assert isinstance(caught.value.__cause__, made)
    assert caught.value.hint
    assert "Jane" not in str(caught.value)


def test_rows_that_are_refused_are_answers_and_no_failures() -> None:
    world = FailingWorld([Fault.answers(WriteStatus.RETRY, [0]), Fault.answers(WriteStatus.REJECTED, [2])])
    statuses = [result.status for result in world.connector.write(rows(world, 3))]
    assert statuses == [WriteStatus.RETRY, WriteStatus.WRITTEN, WriteStatus.REJECTED]
    assert world.connector.retries == 0


def test_fields_are_made_again_after_a_lost_answer_and_are_there_then() -> None:
    world = FailingWorld([Fault.after("ensure_fields")])
    assert {made.state for made in world.connector.ensure_fields()} == {FieldState.PRESENT}
    assert world.company.has_fields


def test_an_unknown_failure_of_making_fields_stops_it_unless_nothing_is_made() -> None:
    world = FailingWorld([Fault.before("ensure_fields", ValueError, times=2)])
    with pytest.raises(FatalError):
        world.connector.ensure_fields()
    assert {made.state for made in world.connector.ensure_fields(dry_run=True)} == {FieldState.CREATED}


class Wishful(MemoryConnector):
    """Wishes for ten times the usual number of rows; the first time it fails."""

    def __init__(self, world: FailingWorld) -> None:
        super().__init__(world.company)
        self.failures = [NetworkError("Unreachable.")]

    def prepare_write(self, waiting: int, usual: int) -> int:
        if self.failures:
            raise self.failures.pop()
        return min(waiting, 10 * usual)


def test_a_wish_for_rows_is_heard_through_all_wrappers() -> None:
    world = FailingWorld()
    wishful = FaultyConnector(Wishful(world))
    guarded = GuardedConnector(wishful, sleep=world.sleep, clock=world.clock.seconds)
    assert guarded.prepare_write(1000, 20) == 200
    assert guarded.retries == 1
    assert world.connector.prepare_write(1000, 20) == 20  # that of a connector without one is the usual
