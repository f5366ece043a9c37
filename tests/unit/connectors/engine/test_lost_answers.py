"""Writes of which nobody knows whether the CRM took them: its answer was lost."""

from __future__ import annotations

import pytest

from hpro_connectors.errors import NetworkError
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state.dead_letters import DeadLetterStatus
from hpro_connectors.testing import World
from hpro_connectors.testing.memory import MemoryConnector


def lose_the_answer(world: World) -> None:
    """Run a pass in which the CRM commits the first batch and its answer never arrives."""
    connector = world.connector
    before = connector.after_write

    def cut(_rows: object) -> None:
        raise NetworkError("The line is down.")

    connector.after_write = cut
    with pytest.raises(NetworkError):
        world.run()
    connector.after_write = before


def ranks(world: World, lead_id: str) -> tuple[int | None, int | None, int | None]:
    row = world.company.shown[lead_id]
    return row.rank, row.stage_rank, row.stage_size


def test_ranks_that_were_written_unheard_are_taken_off_a_lost_lead(world: World) -> None:
    world.fill(3)
    lose_the_answer(world)
    assert ranks(world, "L002") == (1, 1, 3)  # never written before, and the CRM took it
    score = world.company.shown["L002"].score
    world.company.change_lead("L002", stage="Lost")
    report = world.run()
    assert (report.to_clear, report.cleared) == (1, 1)
    assert ranks(world, "L002") == (None, None, None)
    assert world.company.shown["L002"].score == score
    assert world.run().to_clear == 0


def test_ranks_are_taken_off_a_lead_that_had_none_before_the_lost_answer(world: World) -> None:
    world.fill(2)
    world.run()
    world.company.change_lead("L001", stage="Lost")
    world.run()
    world.company.change_lead("L001", stage="New")
    lose_the_answer(world)
    assert ranks(world, "L001")[0] == 1
    score = world.company.shown["L001"].score
    world.company.change_lead("L001", stage="Lost")
    world.run()
    assert ranks(world, "L001") == (None, None, None)
    assert world.company.shown["L001"].score == score


def test_values_that_go_back_after_a_lost_answer_are_written_again(world: World) -> None:
    world.fill(3)
    world.run()
    good = world.company.shown["L000"]
    world.company.change_lead("L000", fields={"visits": 99})
    lose_the_answer(world)
    assert world.company.shown["L000"].rank == 1
    world.company.change_lead("L000", fields={"visits": 0})
    world.run()
    shown = world.company.shown["L000"]
    assert (shown.rank, shown.score, shown.band) == (good.rank, good.score, good.band)
    assert world.run().to_write == 0


def test_a_request_that_never_arrived_is_sent_again(world: World) -> None:
    world.fill(2)

    def cut(_rows: object) -> None:
        raise NetworkError("The line is down.")

    world.connector.before_write = cut
    with pytest.raises(NetworkError):
        world.run()
    assert world.company.shown == {}
    world.connector = MemoryConnector(world.company, page_size=5)
    assert world.run().written == 2
    assert world.run().to_write == 0


@pytest.mark.parametrize("status", [WriteStatus.REJECTED, WriteStatus.RETRY])
def test_a_refused_row_leaves_what_was_known_before(world: World, status: WriteStatus) -> None:
    world.fill(3)
    world.connector.answers["L000"] = status
    world.run()
    assert "L000" not in world.store.written_rows()
    world.connector.answers.clear()
    world.store.dead_letters.set_status(DeadLetterStatus.REPLAY)
    world.run()
    before = world.store.written_rows()
    world.connector.answers["L000"] = status
    world.company.change_lead("L000", fields={"visits": 0.5})
    assert world.run().rejected == 1
    assert world.store.written_rows()["L000"] == before["L000"]
    world.company.change_lead("L000", fields={"visits": 0})
    assert world.run().to_write == 0  # the CRM shows it still


def test_a_refusal_does_not_forget_an_earlier_lost_answer(world: World) -> None:
    world.fill(1)
    lose_the_answer(world)
    world.connector.answers["L000"] = WriteStatus.RETRY
    assert world.run().rejected == 1
    assert world.store.written_rows()["L000"].resend
    world.connector.answers.clear()
    assert world.run().written == 1
    assert not world.store.written_rows()["L000"].resend


def test_a_lead_that_a_first_write_finds_gone_was_never_written(world: World) -> None:
    world.fill(2)
    world.connector.answers["L001"] = WriteStatus.GONE
    assert world.run().gone == 1
    world.connector.answers.clear()
    world.company.touch_lead("L001")  # it comes back
    world.company.change_lead("L001", stage="Lost")
    assert world.run().to_clear == 0
