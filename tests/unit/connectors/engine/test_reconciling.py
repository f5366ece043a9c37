"""Comparing ids: deletions without a word are found, and a list that lacks too much deletes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import select

from hpro_connectors.engine import PassSettings
from hpro_connectors.engine.read_stage import Reading, read_stage
from hpro_connectors.errors import NetworkError
from hpro_connectors.protocol import Backfill, IdList, Page, StreamInfo, Window
from hpro_connectors.state.marks import MarkName
from hpro_connectors.state.schema import INTERACTIONS, LEADS, STAGE_CHANGES
from hpro_connectors.testing import World


def read(
    world: World, settings: PassSettings | None = None, *, days: float = 0, stop: Callable[[], bool] | None = None
) -> Reading:
    """Wait for longer than the lag, then do what a pass does first."""
    as_of = world.clock.advance(days=days, seconds=300)
    settings = settings or PassSettings()
    if stop is not None:
        settings = dataclasses.replace(settings, stop=stop)
    description = world.company.description
    world.store.pin(world.company.identity, description.object_type)
    return read_stage(
        world.connector, world.store, description, as_of, settings=settings, progress=lambda _what, _done: None
    )


def listings(world: World) -> list[str]:
    """Note the streams whose ids are listed from now on."""
    asked: list[str] = []
    list_ids = world.connector.list_ids

    def noting(stream: str) -> IdList:
        asked.append(stream)
        return list_ids(stream)

    world.connector.list_ids = noting  # type: ignore[method-assign]
    return asked


def live_ids(world: World) -> set[str]:
    with world.store.transactions.reading() as connection:
        return set(connection.scalars(select(LEADS.c.lead_id).where(LEADS.c.deleted_at.is_(None))))


def purge(world: World, *lead_ids: str) -> None:
    """Delete leads so that no window tells of it."""
    for lead_id in lead_ids:
        del world.company.leads[lead_id]


def codes(reading: Reading) -> list[str]:
    return [problem.code for problem in reading.problems]


CONFIRMED = PassSettings(confirm_missing=True)
ALL = PassSettings(max_missing_percent=100)


def test_ids_are_compared_weekly_and_once_all_was_read(world: World) -> None:
    world.fill(3)
    asked = listings(world)
    read(world)
    assert asked == ["Lead", "History"]
    read(world, days=6.9)
    assert len(asked) == 2
    read(world, days=0.2)
    assert len(asked) == 4
    mark = world.store.marks.get(MarkName.LAST_RECONCILED)
    assert mark is not None
    assert mark.at == world.clock.now


def test_ids_are_not_compared_before_all_was_read(world: World) -> None:
    world.fill(20)
    asked = listings(world)

    def cut(stream: str, number: int) -> None:
        if (stream, number) == ("Interaction", 1):
            raise NetworkError("The line is down.")

    world.connector.before_page = cut
    with pytest.raises(NetworkError):
        read(world)
    assert asked == []
    world.connector.before_page = lambda _stream, _number: None
    assert read(world).complete
    assert asked == ["Lead", "History"]


def test_a_deletion_without_a_word_is_found(world: World, tmp_path: Path) -> None:
    world.fill(40)
    world.company.change_lead("L007", fields={"remark": "SECRETFIELD"})
    world.company.log_interaction("I-secret", "L007", text="SECRETNOTE")
    read(world)
    purge(world, "L007")
    assert read(world, days=1).deleted == 0
    reading = read(world, days=7)
    assert (reading.deleted, reading.problems) == (1, ())
    assert live_ids(world) == set(world.company.leads)
    assert world.store.lead("L007") is None
    world.store.checkpoint()
    assert b"SECRET" not in b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    with world.store.transactions.reading() as connection:
        gone = connection.scalar(select(LEADS.c.deleted_at).where(LEADS.c.lead_id == "L007"))
    assert gone == world.clock.now


def test_a_long_outage_is_followed_by_comparing_ids_even_when_that_pass_is_cut_off(world: World) -> None:
    world.fill(3)
    settings = PassSettings(reconcile_after=timedelta(days=300))
    read(world, settings)
    asked = listings(world)
    read(world, settings, days=13.9)
    assert asked == []
    world.connector.before_page = fail_at_interactions
    with pytest.raises(NetworkError):
        read(world, settings, days=14.1)
    world.connector.before_page = lambda _stream, _number: None
    assert asked == []
    read(world, settings)
    assert asked == ["Lead", "Interaction", "History"]
    read(world, settings)
    assert len(asked) == 3


def fail_at_interactions(stream: str, _number: int) -> None:
    if stream == "Interaction":
        raise NetworkError("The line is down.")


@pytest.mark.parametrize(("missing", "deleted"), [(0, 0), (1, 1), (2, 2), (3, 0), (40, 0)])
def test_more_than_five_in_a_hundred_are_not_taken_for_deleted(world: World, missing: int, deleted: int) -> None:
    world.fill(40)
    read(world)
    purge(world, *sorted(world.company.leads)[:missing])
    reading = read(world, days=8)
    assert reading.deleted == deleted
    assert len(live_ids(world)) == 40 - deleted
    assert codes(reading) == (["too_many_missing"] if missing > deleted else [])
    mark = world.store.marks.get(MarkName.MISSING)
    # Their histories are missing too.
    assert (None if mark is None else mark.value) == (str(missing) if missing > deleted else None)


def test_one_of_a_few_is_more_than_five_in_a_hundred(world: World) -> None:
    world.fill(3)
    read(world)
    purge(world, "L001")
    reading = read(world, days=8)
    assert codes(reading) == ["too_many_missing"]
    assert "1 records" in reading.problems[0].message
    assert len(live_ids(world)) == 3


def test_a_person_confirms_what_is_missing(world: World) -> None:
    world.fill(10)
    read(world)
    purge(world, "L001", "L002", "L003")
    read(world, days=8)
    asked = listings(world)
    assert codes(read(world)) == ["too_many_missing"]  # told by every pass, and asked for once a day
    assert asked == []
    reading = read(world, CONFIRMED)
    assert (reading.deleted, reading.problems) == (3, ())
    assert live_ids(world) == set(world.company.leads)
    assert world.store.marks.get(MarkName.MISSING) is None
    assert read(world).problems == ()


def test_a_mistake_of_the_crm_is_over_by_itself(world: World) -> None:
    world.fill(10)
    read(world)
    held = dict(world.company.leads)
    purge(world, "L001", "L002", "L003")
    assert codes(read(world, days=8)) == ["too_many_missing"]
    world.company.leads.update(held)
    assert codes(read(world, days=0.9)) == ["too_many_missing"]
    assert codes(read(world, days=0.2)) == []
    assert len(live_ids(world)) == 10


def test_a_list_that_is_not_complete_deletes_nothing_and_is_asked_for_again(world: World) -> None:
    world.fill(40)
    read(world)
    list_ids = world.connector.list_ids
    purge(world, "L007")
    world.connector.list_ids = lambda stream: list_ids(stream).model_copy(  # type: ignore[method-assign]
        update={"complete": False}
    )
    reading = read(world, days=8)
    assert codes(reading) == ["incomplete_list"] * 2
    assert reading.deleted == 0
    world.connector.list_ids = list_ids  # type: ignore[method-assign]
    assert read(world).deleted == 1


def test_what_we_never_heard_of_is_read_by_id(world: World) -> None:
    world.fill(3)
    read(world)
    world.company.create_lead("unheard", person_id="PU", fields={"visits": 9})
    world.company.log_interaction("I-unheard", "unheard", text="said")
    long_ago = world.clock.now - timedelta(days=400)
    leads, interactions = world.company.leads, world.company.interactions
    leads["unheard"] = leads["unheard"].model_copy(update={"modified_at": long_ago})
    interactions["I-unheard"] = interactions["I-unheard"].model_copy(update={"modified_at": long_ago})
    read(world, days=1)
    assert world.store.lead("unheard") is None
    read(world, days=7)
    lead = world.store.lead("unheard")
    assert lead is not None
    assert [interaction.text for interaction in lead.interactions] == ["said"]
    assert world.store.rereads() == []


def test_a_lead_that_was_taken_for_deleted_comes_back_however_old_its_record_is(world: World) -> None:
    world.fill(3)
    read(world, ALL)
    hidden = world.company.leads.pop("L001")
    assert read(world, ALL, days=8).deleted == 1
    world.company.leads["L001"] = hidden  # a sharing rule; it was not modified
    read(world, ALL, days=8)
    lead = world.store.lead("L001")
    assert lead is not None
    assert len(lead.interactions) == len(lead.stage_changes) == 1


def test_a_merged_lead_that_is_listed_is_not_expected(world: World) -> None:
    world.fill(3)
    read(world)
    world.company.merge_leads("L001", "L002")
    read(world, days=1)
    list_ids = world.connector.list_ids
    world.connector.list_ids = lambda stream: IdList(  # type: ignore[method-assign]
        ids=list_ids(stream).ids | {"L001"}, complete=True
    )
    read(world, days=8)
    assert live_ids(world) == {"L000", "L002"}


def test_streams_that_report_no_deletions_are_compared_too(world: World) -> None:
    world.fill(40)
    streams = [
        StreamInfo.model_validate(stream.model_dump() | {"reports_deletions": False})
        for stream in world.connector.streams()
    ]
    world.connector.streams = lambda: tuple(streams)  # type: ignore[method-assign]
    read(world)
    del world.company.interactions["I007"]
    del world.company.stage_rows["S000009"]
    reading = read(world, days=8)
    assert reading.problems == ()
    with world.store.transactions.reading() as connection:
        held = set(connection.scalars(select(INTERACTIONS.c.record_id)))
        stages = set(connection.scalars(select(STAGE_CHANGES.c.record_id)))
    assert held == set(world.company.interactions)
    assert stages == set(world.company.stage_rows)
    lead = world.store.lead("L007")
    assert lead is not None
    assert lead.interactions == ()


def test_a_lead_that_was_modified_later_than_the_list_is_not_buried(world: World) -> None:
    world.fill(3)
    read(world)
    modified = world.company.leads["L001"].modified_at
    world.store.known_ids.delete_leads(["L001"], modified - timedelta(seconds=1))
    assert "L001" in live_ids(world)
    world.store.known_ids.delete_leads(["L001"], modified)
    assert "L001" not in live_ids(world)


def test_a_lead_that_is_changed_while_it_is_read_by_id_is_left_to_the_next_pass(world: World) -> None:
    """Its newest version is known as of then only: this pass would look at it as of now, and no later one again."""
    world.fill(3)
    read(world)
    world.clock.advance(days=0.5)
    world.company.delete_lead("L001")
    read(world)
    world.company.undelete_lead("L001")
    by_lead = world.connector.read_by_lead

    def changing(stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        if stream == "Lead":
            world.company.change_lead("L001", fields={"visits": 99})
        return by_lead(stream, lead_ids)

    world.connector.read_by_lead = changing  # type: ignore[method-assign]
    read(world)
    world.connector.read_by_lead = by_lead  # type: ignore[method-assign]
    lead = world.store.lead("L001")
    assert lead is not None
    assert lead.fields["visits"] == 1
    read(world)
    lead = world.store.lead("L001")
    assert lead is not None
    assert lead.fields["visits"] == 99


def test_a_stop_between_batches_is_made_up_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from hpro_connectors.engine import reconciling

    monkeypatch.setattr(reconciling, "_BATCH", 2)
    world.fill(10)
    read(world, ALL)
    purge(world, *sorted(world.company.leads)[:5])
    answers = iter([False] * 4 + [True] * 99)  # three windows, one batch
    reading = read(world, ALL, days=8, stop=lambda: next(answers))
    assert reading.deleted == 2
    mark = world.store.marks.get(MarkName.LAST_RECONCILED)
    assert mark is not None
    assert mark.at is not None
    assert world.clock.now - mark.at > timedelta(days=7)
    assert read(world, ALL).deleted == 3
    assert live_ids(world) == set(world.company.leads)


def test_where_the_crm_lost_deletions_the_ids_of_that_stream_are_compared_too(world: World) -> None:
    world.fill(30)
    read(world)
    del world.company.interactions["I003"]
    asked = listings(world)
    read_window = world.connector.read

    def losing(stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        for page in read_window(stream, window, resume):
            yield page.model_copy(update={"deletions_lost": stream == "Interaction"})

    world.connector.read = losing  # type: ignore[method-assign]
    read(world)
    assert asked == ["Lead", "Interaction", "History"]
    with world.store.transactions.reading() as connection:
        held = set(connection.scalars(select(INTERACTIONS.c.record_id)))
    assert held == set(world.company.interactions)
    world.connector.read = read_window  # type: ignore[method-assign]
    read(world)
    assert len(asked) == 3


def test_reading_is_complete_only_when_everything_was_read(world: World) -> None:
    world.fill(20)
    answers = iter([False] * 5 + [True] * 99)
    assert not read(world, stop=lambda: next(answers)).complete
    assert read(world).complete
    assert not read(world, stop=lambda: True).complete
    assert read(world).complete


def test_how_far_was_read_is_noted(world: World) -> None:
    world.fill(2)
    read(world)
    first = world.store.marks.get(MarkName.LAST_READ)
    assert first is not None
    assert first.at == world.clock.now - timedelta(seconds=120)
    read(world, stop=lambda: True)
    assert world.store.marks.get(MarkName.LAST_READ) == first
    world.clock.advance(seconds=-900)
    read(world)
    assert world.store.marks.get(MarkName.LAST_READ) == first
