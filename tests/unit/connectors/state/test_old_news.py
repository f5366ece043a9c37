"""Records that are older than the deletion we know of, and interactions that are nobody's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.protocol import InteractionRecord, LeadRecord, Merge, Page, RecordKey, Tombstone
from hpro_connectors.testing import World
from hpro_sdk.lead import InteractionKind, LeadKey


def lead(world: World, lead_id: str, modified_at: datetime) -> LeadRecord:
    return LeadRecord(key=world.company.key(lead_id), modified_at=modified_at, stage="New", fields={"visits": 1})


def tombstone(world: World, lead_id: str, at: datetime) -> Tombstone:
    return Tombstone(key=RecordKey(*world.company.key(lead_id)), deleted_at=at)


def store(world: World, page: Page) -> None:
    world.store.store_page(page, "lead", "Lead", None)


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(
    ("later", "alive"),
    [
        (timedelta(days=-1), False),
        (timedelta(milliseconds=-1), False),
        (timedelta(0), True),
        (timedelta(milliseconds=1), True),
        (timedelta(days=1), True),
    ],
)
def test_only_a_record_that_is_not_older_than_its_deletion_comes_back(
    world: World, later: timedelta, *, alive: bool, seen: bool
) -> None:
    at = world.clock.now
    if seen:
        store(world, Page(upserts=(lead(world, "L1", at - timedelta(days=2)),), complete=True))
    store(world, Page(tombstones=(tombstone(world, "L1", at),), complete=True))
    assert world.store.lead("L1") is None
    store(world, Page(upserts=(lead(world, "L1", at + later),), complete=True))
    assert (world.store.lead("L1") is not None) is alive
    assert world.store.rereads() == (["L1"] if alive else [])
    assert sorted(world.store.results_of(["L1", "L2"])) == (["L1"] if alive else [])


def test_the_newest_deletion_counts(world: World) -> None:
    at = world.clock.now
    for later in (0, 2, 1):
        store(world, Page(tombstones=(tombstone(world, "L1", at + timedelta(days=later)),), complete=True))
    store(world, Page(upserts=(lead(world, "L1", at + timedelta(days=1.5)),), complete=True))
    assert world.store.lead("L1") is None
    store(world, Page(upserts=(lead(world, "L1", at + timedelta(days=2.5)),), complete=True))
    assert world.store.lead("L1") is not None


def test_an_older_record_of_a_merged_lead_does_not_bring_it_back(world: World) -> None:
    at = world.clock.now
    store(world, Page(upserts=(lead(world, "L1", at), lead(world, "L2", at)), complete=True))
    keys = (RecordKey(*world.company.key(name)) for name in ("L1", "L2"))
    merge = Merge(loser=next(keys), survivor=next(keys), merged_at=at + timedelta(hours=1))
    store(world, Page(merges=(merge,), complete=True))
    store(world, Page(upserts=(lead(world, "L1", at + timedelta(minutes=59)),), complete=True))
    assert world.store.lead("L1") is None
    assert sorted(world.store.results_of(["L1", "L2"])) == ["L2"]


def test_what_belongs_to_a_lead_that_was_never_seen_alive_is_not_stored(world: World, tmp_path: Path) -> None:
    at = world.clock.now
    store(world, Page(tombstones=(tombstone(world, "L1", at),), complete=True))
    store(world, Page(upserts=(interaction(world, "I1", (world.company.key("L1"),), ()),), complete=True))
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    ("leads", "persons", "kept"),
    [
        ((), (), False),
        ((("account", "A1"),), (), False),
        ((("account", "A1"), ("lead", "L1")), (), True),
        ((("lead", "not read yet"),), (), True),
        ((("account", "A1"),), ("P1",), True),
        ((), ("P1",), True),
    ],
)
def test_an_interaction_of_nobody_is_not_stored(
    world: World,
    tmp_path: Path,
    leads: tuple[tuple[str, str], ...],
    persons: tuple[str, ...],
    *,
    kept: bool,
) -> None:
    store(world, Page(upserts=(lead(world, "L1", world.clock.now),), complete=True))
    keys = tuple(LeadKey(world.company.identity.org_id, *key) for key in leads)
    store(world, Page(upserts=(interaction(world, "I1", keys, persons),), complete=True))
    assert stored(tmp_path) == (["I1"] if kept else [])


def test_an_interaction_that_is_nobodys_any_more_is_forgotten(world: World, tmp_path: Path) -> None:
    store(world, Page(upserts=(lead(world, "L1", world.clock.now),), complete=True))
    store(world, Page(upserts=(interaction(world, "I1", (world.company.key("L1"),), ()),), complete=True))
    assert stored(tmp_path) == ["I1"]
    store(world, Page(upserts=(interaction(world, "I1", (), ()),), complete=True))
    assert stored(tmp_path) == []
    found = world.store.lead("L1")
    assert found is not None
    assert found.interactions == ()


def interaction(
    world: World, interaction_id: str, leads: tuple[LeadKey, ...], persons: tuple[str, ...]
) -> InteractionRecord:
    return InteractionRecord(
        key=RecordKey(world.company.identity.org_id, "interaction", interaction_id),
        leads=leads,
        person_ids=persons,
        kind=InteractionKind.NOTE,
        text="words",
        modified_at=world.clock.now,
    )


def stored(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        return [row[0] for row in connection.execute("SELECT record_id FROM interactions")]
