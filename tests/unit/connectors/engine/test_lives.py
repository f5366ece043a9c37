"""Leads that are won, excluded, deleted, merged, or come back; and passes that are cut off."""

from __future__ import annotations

import pytest

from hpro_connectors.errors import NetworkError
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.testing import World
from hpro_sdk.lead import OutcomeResult


def ranks(world: World, lead_id: str) -> tuple[int | None, int | None, int | None]:
    row = world.company.shown[lead_id]
    return row.rank, row.stage_rank, row.stage_size


@pytest.mark.parametrize("ending", ["won", "lost", "converted", "excluded"])
def test_a_lead_that_is_no_longer_ranked_loses_its_ranks_once(world: World, ending: str) -> None:
    world.fill(5)
    world.run()
    before = world.company.shown["L004"]
    match ending:
        case "won":
            world.company.change_lead("L004", stage="Won")
        case "lost":
            world.company.change_lead("L004", stage="Lost")
        case "converted":
            world.company.change_lead("L004", result=OutcomeResult.WON)
        case _:
            world.company.change_lead("L004", excluded=True)
    report = world.run()
    assert (report.to_clear, report.cleared, report.open_leads, report.model_calls) == (1, 1, 4, 0)
    assert ranks(world, "L004") == (None, None, None)
    assert world.company.shown["L004"] == before.model_copy(
        update={"rank": None, "stage_rank": None, "stage_size": None}
    )
    assert world.company.shown["L003"].rank == 1
    assert [row.lead_id for row in world.store.queue()] == ["L003", "L002", "L001", "L000"]
    assert world.run().to_clear == 0
    world.company.change_lead("L004", stage="Offer", result=None, excluded=False)
    world.run()
    assert ranks(world, "L004") == (1, 1, 1)


def test_a_deleted_lead_is_never_written_again(world: World) -> None:
    world.fill(5)
    world.run()
    world.company.delete_lead("L004")
    sent = len(world.connector.writes)
    report = world.run()
    assert report.open_leads == 4
    assert report.gone == 0
    assert "L004" not in {row.lead.lead_id for row in world.connector.writes[sent:]}
    assert world.store.lead("L004") is None
    assert len(world.store.score_history("L004")) == 1
    assert world.company.shown["L003"].rank == 1


def test_a_lead_that_a_write_finds_gone_is_buried(world: World) -> None:
    world.fill(5)
    world.run()
    world.company.change_lead("L000", fields={"visits": 50})  # all ranks move, that of L004 too
    world.clock.advance(seconds=280)
    world.company.delete_lead("L004")  # within the lag of the next pass
    world.clock.advance(seconds=-220)
    report = world.run()
    assert report.gone == 1
    assert world.store.lead("L004") is None
    assert world.run().to_write == 3  # those below it moved up


def test_a_lead_that_comes_back_has_its_interactions_again(world: World) -> None:
    world.fill(4)
    world.company.change_lead("L002", person_id=None)
    world.run()
    world.clock.advance(days=0.5)  # beyond what is read twice anyway
    world.company.delete_lead("L002")
    world.run()
    world.company.undelete_lead("L002")
    report = world.run()
    lead = world.store.lead("L002")
    assert lead is not None
    assert [interaction.text for interaction in lead.interactions] == ["words about L002"]
    assert len(lead.stage_changes) == 1
    assert report.written >= 1
    assert world.company.shown["L002"].rank == 2
    assert world.run().to_write == 0


def test_a_lead_that_was_deleted_before_we_came_has_its_history_when_it_comes_back(world: World) -> None:
    world.fill(4)
    world.clock.advance(days=0.5)
    world.company.delete_lead("L002")
    world.run()
    world.clock.advance(days=0.5)  # beyond what is read twice anyway
    world.company.undelete_lead("L002")
    world.company.create_lead("L100", fields={"visits": 9})
    world.run()
    lead = world.store.lead("L002")
    assert lead is not None
    assert [interaction.text for interaction in lead.interactions] == ["words about L002"]
    assert len(lead.stage_changes) == 1
    assert world.store.rereads() == []


def test_a_person_who_comes_back_as_another_lead_brings_old_interactions(world: World) -> None:
    world.fill(2)
    world.company.log_interaction("I-person", person_ids=("P001",), text="said long ago")
    world.run()
    world.clock.advance(days=0.5)  # beyond what is read twice anyway
    world.company.delete_lead("L001")
    world.run()
    assert world.store.rereads() == []
    world.company.create_lead("L100", person_id="P001", fields={"visits": 3})
    world.run()
    lead = world.store.lead("L100")
    assert lead is not None
    assert [interaction.interaction_id for interaction in lead.interactions] == ["I-person"]


def test_a_merge_gives_everything_to_the_survivor(world: World) -> None:
    world.fill(4)
    world.run()
    world.company.merge_leads("L003", "L000")
    report = world.run()
    assert report.open_leads == 3
    assert world.store.lead("L003") is None
    survivor = world.store.lead("L000")
    assert survivor is not None
    assert {interaction.interaction_id for interaction in survivor.interactions} == {"I000", "I003"}
    history = world.store.score_history("L000")
    assert {entry.origin_lead_id for entry in history} == {"L000", "L003"}
    assert world.store.score_history("L003") == []
    assert "L003" not in world.company.shown
    assert world.run().to_write == 0


def test_merges_in_a_chain_end_at_the_last_survivor(world: World) -> None:
    world.fill(4)
    world.run()
    world.company.merge_leads("L003", "L002")
    world.company.merge_leads("L002", "L001")
    world.run()
    survivor = world.store.lead("L001")
    assert survivor is not None
    assert {interaction.interaction_id for interaction in survivor.interactions} == {"I001", "I002", "I003"}
    assert len(world.store.score_history("L001")) == 4
    assert [row.lead_id for row in world.store.queue()] == ["L001", "L000"]


def test_a_row_that_is_put_off_is_sent_again_by_the_next_pass(world: World) -> None:
    world.fill(5)
    world.connector.answers["L002"] = WriteStatus.RETRY
    for _ in range(2):
        report = world.run()
        assert (report.rejected, report.dead, report.waiting) == (1, 0, 1)
        assert [problem.lead_id for problem in report.problems] == ["L002"]
        assert report.model_calls in {0, 5}
    world.connector.answers.clear()
    report = world.run()
    assert (report.written, report.model_calls, report.waiting) == (1, 0, 0)
    assert world.company.shown["L002"].rank == 3


def test_a_record_that_takes_no_writes_is_not_asked_again(world: World) -> None:
    world.fill(3)
    world.connector.answers["L001"] = WriteStatus.SKIPPED
    assert (world.run().skipped, world.run().to_write) == (1, 0)


@pytest.mark.parametrize("stream", ["Lead", "Interaction", "History"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_pass_that_is_cut_off_between_pages_loses_nothing(world: World, stream: str, number: int) -> None:
    world.fill(14)
    read: list[tuple[str, int]] = []

    def cut(at: str, page: int) -> None:
        read.append((at, page))
        if (at, page) == (stream, number):
            raise NetworkError("The line is down.")

    world.connector.before_page = cut
    with pytest.raises(NetworkError):
        world.run()
    assert world.connector.writes == []
    world.company.change_lead("L001", fields={"visits": 99})
    world.connector.before_page = lambda _at, _page: None
    report = world.run()
    assert (report.scored, report.written) == (14, 14)
    assert sorted(world.company.shown) == sorted(world.company.leads)
    assert world.company.shown["L001"].rank == 1
    for lead_id in world.company.leads:
        lead = world.store.lead(lead_id)
        assert lead is not None
        assert len(lead.interactions) == len(lead.stage_changes) == 1
    assert world.run().to_write == 0


def test_pages_that_were_stored_before_the_cut_are_not_read_again(world: World) -> None:
    world.fill(14)
    world.clock.advance(days=1)

    def cut(at: str, page: int) -> None:
        if (at, page) == ("Lead", 2):
            raise NetworkError("The line is down.")

    world.connector.before_page = cut
    with pytest.raises(NetworkError):
        world.run()
    world.connector.before_page = lambda _at, _page: None
    assert world.run().read == 4 + 14 + 14


def test_a_change_read_before_the_cut_is_scored_after_it(world: World) -> None:
    world.fill(14)
    world.run()
    world.clock.advance(hours=5)
    world.company.change_lead("L001", fields={"visits": 99})

    def cut(at: str, _page: int) -> None:
        if at == "Interaction":
            raise NetworkError("The line is down.")

    world.connector.before_page = cut
    with pytest.raises(NetworkError):
        world.run()
    world.connector.before_page = lambda _at, _page: None
    world.clock.advance(hours=5)
    report = world.run()
    assert report.model_calls >= 1
    assert world.company.shown["L001"].rank == 1


def test_a_cut_while_writing_sends_only_the_rest(world: World) -> None:
    world.fill(9)
    connector, batches = world.connector, [0]
    write = connector.write

    def failing(rows: list[object]) -> object:
        batches[0] += 1
        if batches[0] == 3:
            raise NetworkError("The line is down.")
        return write(rows)  # type: ignore[arg-type]

    connector.write = failing  # type: ignore[assignment,method-assign]
    with pytest.raises(NetworkError):
        world.run()
    assert len(world.company.shown) == 6
    report = world.run()
    assert (report.model_calls, report.written) == (0, 3)
    assert len(world.company.shown) == 9
