"""Only what an earlier demo made is replaced."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hpro_connectors.cli.places import Places, places_beside, places_in
from hpro_connectors.demo.earlier_demo import remove_state, require_replaceable
from hpro_connectors.demo.org import Org, OrgDefinition, creating_org
from hpro_connectors.demo.scored_org import open_scored_org
from hpro_connectors.errors import StateLockedError
from hpro_connectors.protocol import OrgIdentity, StageInfo
from hpro_connectors.state import StateStore
from hpro_sdk.errors import ConfigError
from hpro_sdk.scoring.scorer import Scorer


def content(places: Places) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(places.org.parent.iterdir())}


def test_nothing_and_an_earlier_demo_are_replaceable(places: Places, scorer: Scorer, tmp_path: Path) -> None:
    require_replaceable(*places_in(tmp_path / "nowhere"))
    require_replaceable(*places)
    with open_scored_org(*places, scorer) as scored:
        scored.run()
    require_replaceable(*places)
    remove_state(places.state)
    assert [path.name for path in tmp_path.iterdir()] == ["org.sqlite"]
    remove_state(places.state)


def make_imported_org(places: Places) -> None:
    places.org.unlink()
    definition = OrgDefinition(
        "import-1", "Mine", "import", datetime(2026, 1, 1, tzinfo=UTC), (StageInfo(name="a", label="a"),)
    )
    with creating_org(places.org, definition):
        pass


def make_text(places: Places) -> None:
    places.org.write_text("my notes")


def make_damaged_org(places: Places) -> None:
    data = bytearray(places.org.read_bytes())
    data[100:4096] = b"\xff" * 3996
    places.org.write_bytes(data)


def make_org_without_definition(places: Places) -> None:
    with closing(sqlite3.connect(places.org)) as connection, connection:
        connection.execute("DELETE FROM stage")
        connection.execute("UPDATE org SET simulator = '{'")


def make_folder(places: Places) -> None:
    places.org.unlink()
    places.org.mkdir()
    (places.org / "mine").touch()


def make_foreign_state(places: Places) -> None:
    with StateStore.open(places.state) as store:
        store.pin(OrgIdentity(org_id="00D", name="Real", vendor="salesforce"), "lead")


def make_other_database(places: Places) -> None:
    with closing(sqlite3.connect(places.state)) as connection, connection:
        connection.execute("CREATE TABLE mine (x)")


def make_damaged_state(places: Places) -> None:
    places.state.write_bytes(b"\x00\x01 not a database" * 100)


@pytest.mark.parametrize(
    "make",
    [
        make_imported_org,
        make_text,
        make_damaged_org,
        make_org_without_definition,
        make_foreign_state,
        make_other_database,
        make_damaged_state,
    ],
)
def test_anything_else_is_in_the_way(places: Places, make: object) -> None:
    assert callable(make)
    make(places)
    before = content(places)
    with pytest.raises(ConfigError, match="sqlite") as caught:
        require_replaceable(*places)
    assert "--dir" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert content(places) == before


def test_a_folder_is_in_the_way(places: Places) -> None:
    make_folder(places)
    with pytest.raises(ConfigError, match="folder"):
        require_replaceable(*places)


def test_what_is_in_use_is_not_replaced(places: Places, scorer: Scorer) -> None:
    with open_scored_org(*places, scorer) as scored:
        scored.run()
    with closing(sqlite3.connect(places.state, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateLockedError):
            require_replaceable(*places)


def test_state_beside_an_org_is_named_after_it() -> None:
    assert places_beside(Path("a/b.org.sqlite")).state == Path("a/b.org.state.sqlite")
    assert places_beside(Path("b")).state == Path("b.state.sqlite")


def test_an_org_opened_for_a_look_is_not_changed(places: Places) -> None:
    before = places.org.read_bytes()
    with Org.open(places.org, writable=False):
        require_replaceable(*places)
    assert places.org.read_bytes() == before
