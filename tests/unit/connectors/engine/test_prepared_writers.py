"""A connector that looks before the first row, wishes for many rows at once, and may find them too many after all."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from hpro_connectors.engine import apply_plan, make_plan, run_pass
from hpro_connectors.errors import PermissionDeniedError, SmallerBatchError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import PreparedWriter, WriteResult, WriteStatus
from hpro_connectors.state import RunStatus
from hpro_connectors.testing import MemoryCompany, MemoryConnector, World


class WishfulConnector(MemoryConnector):
    """A connector that wishes for a number of rows, or refuses to write at all.

    Attributes:
        wish: Rows that it wants at once; ``None``: none.
        takes: Rows that it really takes.
        asked: What it was told before each write: rows that wait, and the usual number.
        batches: How many rows each write had.
    """

    def __init__(self, company: MemoryCompany) -> None:
        super().__init__(company, page_size=5)
        self.wish: int | None = 100
        self.takes = 100
        self.asked: list[tuple[int, int]] = []
        self.batches: list[int] = []

    def prepare_write(self, waiting: int, usual: int) -> int:
        self.asked.append((waiting, usual))
        if self.wish is None:
            raise PermissionDeniedError("No field may be written.")
        return self.wish

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        if len(rows) > self.takes:
            raise SmallerBatchError("Too many.", rows=self.takes)
        self.batches.append(len(rows))
        return super().write(rows)


@pytest.fixture
def wishful(world: World) -> WishfulConnector:
    connector = WishfulConnector(world.company)
    world.connector = connector
    return connector


def test_it_gets_as_many_rows_as_it_wishes(world: World, wishful: WishfulConnector) -> None:
    assert isinstance(wishful, PreparedWriter)
    assert not isinstance(MemoryConnector(world.company), PreparedWriter)
    world.fill(8)
    assert world.run().written == 8
    assert (wishful.asked, wishful.batches) == ([(8, 3)], [8])


def test_it_is_asked_before_each_batch_and_never_where_nothing_waits(world: World, wishful: WishfulConnector) -> None:
    wishful.wish = 5
    world.fill(8)
    assert world.run().written == 8
    assert (wishful.asked, wishful.batches) == ([(8, 3), (3, 3)], [5, 3])
    assert world.run().to_write == 0
    assert len(wishful.asked) == 2


def test_rows_that_are_put_off_do_not_count_as_waiting(world: World, wishful: WishfulConnector) -> None:
    world.fill(8)
    wishful.answers = {"L001": WriteStatus.RETRY}
    world.run()
    run_pass(wishful, world.store, world.scorer, world.settings)
    assert wishful.asked == [(8, 3)]


def test_where_it_refuses_no_row_counts_as_sent_and_all_else_is_done(world: World, wishful: WishfulConnector) -> None:
    wishful.wish = None
    world.fill(8)
    with pytest.raises(PermissionDeniedError):
        world.run()
    assert world.store.written_rows() == {}
    assert world.store.journal.of_lead("L000") == []
    assert (world.store.outbox.size(), len(world.store.queue())) == (8, 8)
    (run,) = world.store.runs.newest(1)
    assert (run.status, run.code) == (RunStatus.FAILED, "PermissionDeniedError")
    wishful.wish = 100
    assert world.run().written == 8


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_plan_that_cannot_be_written_confirms_nothing_and_can_be_applied_later(
    world: World, wishful: WishfulConnector, dry_run: bool
) -> None:
    world.fill(8)
    made, _ = make_plan(wishful, world.store, world.scorer, world.settings)
    wishful.wish = None
    settings = dataclasses.replace(world.settings, dry_run=dry_run)
    with pytest.raises(PermissionDeniedError):
        apply_plan(wishful, world.store, world.scorer, made.plan_id, settings=settings)
    assert world.store.outbox.size() == 0
    assert not world.store.plans.is_confirmed(world.scorer.model_id)
    wishful.wish = 100
    done = apply_plan(wishful, world.store, world.scorer, made.plan_id, settings=world.settings)
    assert (done.skipped, done.report.written) == (0, 8)


def test_it_is_not_asked_once_the_run_is_to_end(world: World, wishful: WishfulConnector) -> None:
    world.fill(8)
    world.run(dry_run=True)
    usual = world.settings.stop
    world.settings = dataclasses.replace(world.settings, stop=lambda: world.store.outbox.size() > 0)
    report = world.run()
    assert (report.ended_early, report.waiting, wishful.asked) == (True, 8, [])
    world.settings = dataclasses.replace(world.settings, stop=usual)
    assert world.run().written == 8


@pytest.mark.parametrize(("takes", "batches"), [(3, [3, 3, 2]), (4, [4, 4]), (7, [7, 1]), (1, [1] * 8)])
def test_a_batch_that_is_too_large_is_split_into_parts_that_are_not(
    world: World, wishful: WishfulConnector, takes: int, batches: list[int]
) -> None:
    wishful.takes = takes
    world.fill(8)
    report = world.run()
    assert (report.written, report.waiting, report.problem_count) == (8, 0, 0)
    assert wishful.batches == batches
    assert len(wishful.writes) == 8
    assert world.run().to_write == 0


def test_a_single_row_that_is_too_many_is_a_dead_letter_and_no_endless_loop(
    world: World, wishful: WishfulConnector
) -> None:
    wishful.takes = 0
    world.fill(2)
    report = world.run()
    assert (report.written, report.dead) == (0, 2)
