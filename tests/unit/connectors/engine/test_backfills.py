"""Increments and backfills: two places a stream, the fresh leads first, and nothing lost by any cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import select

from hpro_connectors.engine import PassSettings
from hpro_connectors.engine.reading import PageSink, read_changes
from hpro_connectors.errors import NetworkError, ResumeExpiredError
from hpro_connectors.protocol import Backfill, Page, Window
from hpro_connectors.state.schema import LEADS
from hpro_connectors.testing import World

STREAMS = ["Lead", "Interaction", "History"]
SETTINGS = PassSettings()
LAG = timedelta(seconds=SETTINGS.lag_s)


def read(world: World, stop: Callable[[], bool] | None = None) -> PageSink:
    """Wait for longer than the lag, then read as a pass does."""
    as_of = world.clock.advance(seconds=300)
    sink = PageSink(world.store, "lead", lambda _what, _done: None, stop)
    assert read_changes(world.connector, sink, as_of, SETTINGS) == sink.read
    return sink


def cut_at(world: World, stream: str, number: int, error: Exception | None = None) -> list[tuple[str, int]]:
    """Fail before a page; give the pages that are asked for, as they are."""
    asked: list[tuple[str, int]] = []

    def before(at: str, page: int) -> None:
        asked.append((at, page))
        if (at, page) == (stream, number):
            raise error or NetworkError("The line is down.")

    world.connector.before_page = before
    return asked


def mend(world: World) -> list[tuple[str, int]]:
    asked: list[tuple[str, int]] = []
    world.connector.before_page = lambda stream, number: asked.append((stream, number))
    return asked


def pages_after(count: int) -> Callable[[], bool]:
    """Say stop when asked for the given time."""
    left = count

    def stop() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    return stop


def live_ids(world: World) -> set[str]:
    with world.store.transactions.reading() as connection:
        return set(connection.scalars(select(LEADS.c.lead_id).where(LEADS.c.deleted_at.is_(None))))


def all_is_known(world: World) -> None:
    for lead_id in world.company.leads:
        lead = world.store.lead(lead_id)
        assert lead is not None
        assert len(lead.interactions) == len(lead.stage_changes) == 1
        assert lead.fields == world.company.leads[lead_id].fields


def test_a_first_read_begins_the_increments_where_the_backfill_ends(world: World) -> None:
    world.fill(12)
    cut_at(world, "Lead", 1)
    with pytest.raises(NetworkError):
        read(world)
    end = world.clock.now - LAG
    for stream in STREAMS:
        assert world.store.cursor(stream).cursor == end
        begun = world.store.backfill(stream)
        assert begun is not None
        assert begun[0] == Backfill(end=end)
        assert (begun[1] is None) is (stream != "Lead")
    assert not world.store.is_backfilled()
    mend(world)
    read(world)
    assert world.store.is_backfilled()
    assert [world.store.backfill(stream) for stream in STREAMS] == [None] * 3
    all_is_known(world)


def test_fresh_leads_come_before_the_rest_of_a_backfill(world: World) -> None:
    world.fill(14)
    cut_at(world, "Lead", 1)
    with pytest.raises(NetworkError):
        read(world)
    world.clock.advance(days=1)
    world.company.create_lead("fresh", fields={"visits": 7})
    world.company.log_interaction("I-fresh", "fresh", text="hot")
    asked = cut_at(world, "Lead", 99)
    order: list[str] = []
    store_page = world.store.store_page

    def note(page: object, object_type: str, stream: str, window: Window | Backfill | None) -> None:
        order.append(f"{type(window).__name__} {stream}")
        store_page(page, object_type, stream, window)  # type: ignore[arg-type]

    world.store.store_page = note  # type: ignore[method-assign]
    read(world)
    assert asked
    increments = [f"Window {stream}" for stream in STREAMS]
    assert list(dict.fromkeys(order)) == increments + [f"Backfill {stream}" for stream in STREAMS]
    assert world.store.lead("fresh") is not None
    all_is_known(world)


def test_a_cut_backfill_goes_on_by_its_resume(world: World) -> None:
    world.fill(14)
    world.clock.advance(days=1)  # beyond what is read twice anyway
    cut_at(world, "Lead", 2)
    with pytest.raises(NetworkError):
        read(world)
    held = live_ids(world)
    assert len(held) == 10
    world.clock.advance(days=1)
    mend(world)
    assert read(world).read == 4 + 14 + 14
    all_is_known(world)


def test_a_lead_that_is_deleted_behind_a_cut_backfill_is_gone(world: World) -> None:
    world.fill(14)
    cut_at(world, "Lead", 2)
    with pytest.raises(NetworkError):
        read(world)
    world.company.delete_lead("L001")  # on a page that was stored
    world.company.delete_lead("L012")  # on one that was not
    world.company.change_lead("L013", fields={"visits": 77})
    mend(world)
    read(world)
    assert live_ids(world) == set(world.company.leads)


def test_a_cut_window_ends_before_the_newer_one_begins(world: World) -> None:
    world.fill(3)
    read(world)
    first = world.store.cursor("Lead").cursor
    assert first is not None
    world.clock.advance(days=1)
    for number in range(9):
        world.company.create_lead(f"N{number}")
    cut_at(world, "Lead", 1)
    with pytest.raises(NetworkError):
        read(world)
    cut = world.store.cursor("Lead")
    assert cut.cursor == first
    assert cut.window == Window(start=first - timedelta(seconds=600), end=world.clock.now - LAG)
    assert cut.resume is not None
    world.clock.advance(days=1)
    world.company.create_lead("later")
    asked = mend(world)
    read(world)
    assert asked.count(("Lead", 0)) == 2
    assert world.store.cursor("Lead").cursor == world.clock.now - LAG
    assert live_ids(world) == set(world.company.leads)


@pytest.mark.parametrize("expired_at", [0, 1])
@pytest.mark.parametrize("kind", [Backfill, Window])
def test_an_expired_place_begins_the_window_anew(world: World, kind: type[Backfill | Window], expired_at: int) -> None:
    """Whether it expired since the pass before, or while the pages are turned."""
    if kind is Window:
        read(world)
        world.clock.advance(days=1)
    world.fill(14)
    cut_at(world, "Lead", 1)
    with pytest.raises(NetworkError):
        read(world)
    mend(world)
    expired: list[JsonValue] = []
    connector_read = world.connector.read

    def expiring(stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        for number, page in enumerate(connector_read(stream, window, resume)):
            if (stream, type(window), number) == ("Lead", kind, expired_at) and not expired:
                expired.append(resume)
                raise ResumeExpiredError("The query cursor has expired.")
            yield page

    world.connector.read = expiring  # type: ignore[method-assign]
    world.clock.advance(days=1)
    sink = read(world)
    assert expired
    assert expired != [None]
    assert sink.read >= 14 + 14 + 14 + 5 * expired_at  # the leads from the beginning
    assert world.store.is_backfilled()
    assert world.store.cursor("Lead").window is None
    all_is_known(world)


def test_a_place_that_expires_for_ever_is_an_error_and_loses_nothing(world: World) -> None:
    world.fill(14)

    def expire(stream: str, number: int) -> None:
        if (stream, number) == ("Lead", 1):
            raise ResumeExpiredError("The query cursor has expired.")

    world.connector.before_page = expire
    with pytest.raises(ResumeExpiredError) as caught:
        read(world)
    assert caught.value.exit_code == 1
    mend(world)
    read(world)
    all_is_known(world)


@pytest.mark.parametrize("pages", range(13))
def test_reading_stops_between_pages_and_goes_on_later(world: World, pages: int) -> None:
    world.fill(14)
    world.clock.advance(days=1)  # beyond what is read twice anyway
    sink = read(world, pages_after(pages))
    stopped = sink.stopped
    cursors = [world.store.cursor(stream).cursor for stream in STREAMS]
    total = sink.read
    world.clock.advance(days=1)
    total += read(world).read
    assert total == 3 * 14
    assert stopped is (pages < 12)  # three streams, and then the pages of three backfills
    assert all(now and then and now > then for now, then in zip(places(world), cursors, strict=True))
    all_is_known(world)


def places(world: World) -> list[datetime | None]:
    return [world.store.cursor(stream).cursor for stream in STREAMS]


def test_cursors_never_go_back_nor_past_the_lag(world: World) -> None:
    world.fill(3)
    read(world)
    before = places(world)
    assert set(before) == {world.clock.now - LAG}
    world.clock.advance(seconds=-3000)  # a clock that is set back
    read(world)
    assert places(world) == before
    world.clock.advance(days=1)
    read(world)
    assert set(places(world)) == {world.clock.now - LAG}


def test_a_row_that_is_committed_late_is_read_by_the_overlap(world: World) -> None:
    world.fill(3)
    read(world)
    stamped = world.clock.now - LAG - timedelta(seconds=590)
    world.company.create_lead("late")
    world.company.leads["late"] = world.company.leads["late"].model_copy(update={"modified_at": stamped})
    read(world)
    assert world.store.lead("late") is not None


@pytest.mark.parametrize("stream", STREAMS)
def test_rereads_that_were_cut_off_are_done_by_the_next_pass(world: World, stream: str) -> None:
    world.fill(4)
    read(world)
    world.clock.advance(days=0.5)  # beyond what is read twice anyway
    world.company.delete_lead("L001")
    read(world)
    world.company.undelete_lead("L001")
    by_lead = world.connector.read_by_lead

    def cut(at: str, lead_ids: list[str]) -> object:
        if at == stream:
            raise NetworkError("The line is down.")
        return by_lead(at, lead_ids)

    world.connector.read_by_lead = cut  # type: ignore[assignment,method-assign]
    with pytest.raises(NetworkError):
        read(world)
    assert world.store.rereads() == ["L001"]
    world.connector.read_by_lead = by_lead  # type: ignore[method-assign]
    world.clock.advance(days=0.5)
    read(world)
    assert world.store.rereads() == []
    all_is_known(world)


def test_a_reread_that_is_stopped_is_done_by_the_next_pass(world: World) -> None:
    world.fill(4)
    read(world)
    world.clock.advance(days=0.5)
    world.company.delete_lead("L001")
    read(world)
    world.company.undelete_lead("L001")
    assert read(world, pages_after(4)).stopped  # three windows and one answer by id
    assert world.store.rereads() == ["L001"]
    read(world)
    assert world.store.rereads() == []
    all_is_known(world)


def test_the_same_pages_again_change_nothing(world: World, tmp_path: Path) -> None:
    world.fill(9)
    world.company.change_lead("L001", stage="Talking", fields={"visits": 50})
    world.company.delete_lead("L002")
    world.company.merge_leads("L003", "L004")
    world.run()
    world.company.change_lead("L005", stage="Offer", fields={"visits": 7, "remark": "new"})
    world.company.edit_interaction("I006", "other words")
    world.company.delete_interaction("I007")
    world.run()
    world.run()
    before = content(tmp_path)
    everything = Window(start=world.clock.now - timedelta(days=9), end=world.clock.now)
    for _ in range(2):
        for stream in STREAMS:
            for page in world.connector.read(stream, everything):
                world.store.store_page(page, "lead", stream, None)
    after = content(tmp_path)
    assert {name for name in after if after[name] != before[name]} == set()


def content(folder: Path) -> dict[str, list[object]]:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}
