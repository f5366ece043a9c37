"""Only what an earlier demo made is replaced."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hpro_connectors.cli.places import Places, option_for, places_beside, places_in, places_of
from hpro_connectors.demo.earlier_demo import remove_states, require_replaceable
from hpro_connectors.demo.org import Org, OrgDefinition, creating_org
from hpro_connectors.demo.scored_org import open_scored_org
from hpro_connectors.demo.unscored_org import require_unscored
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
    places_beside(places.org).state.write_bytes(places.state.read_bytes())
    require_replaceable(*places)
    remove_states(*places)
    assert [path.name for path in tmp_path.iterdir()] == ["org.sqlite"]
    remove_states(*places)


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


def make_foreign_second_state(places: Places) -> None:
    with StateStore.open(places_beside(places.org).state) as store:
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
        make_foreign_second_state,
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


def test_an_org_that_a_demo_made_goes_on_with_the_state_of_the_demo(tmp_path: Path) -> None:
    org, other = tmp_path / "org.sqlite", tmp_path / "mine.sqlite"
    assert places_of(org) == places_beside(org)
    (tmp_path / "state.sqlite").touch()
    assert places_of(org) == places_in(tmp_path)
    assert places_of(other) == places_beside(other)


@pytest.mark.parametrize("name", [".", "/", "..", "./"])
def test_a_folder_is_no_org(name: str) -> None:
    with pytest.raises(ConfigError, match="is a folder, not an org"):
        places_of(Path(name))


def test_places_as_a_person_types_them() -> None:
    assert option_for(None, None) == option_for(Path("hpro-demo"), None) == ""
    assert option_for(Path("a b"), None) == " --dir 'a b'"
    assert option_for(None, Path("x.sqlite")) == " --org x.sqlite"


def test_an_org_that_was_scored_is_not_imported_over(places: Places, scorer: Scorer, tmp_path: Path) -> None:
    require_unscored(places.org)
    require_unscored(tmp_path / "new.sqlite")
    with open_scored_org(*places, scorer) as scored:
        scored.run()
    for state in (places.state, places_beside(places.org).state):
        places.state.rename(state)
        places = Places(places.org, state)
        with pytest.raises(ConfigError, match=f"{state.name} is the state"):
            require_unscored(places.org)
    places.state.unlink()
    with pytest.raises(ConfigError, match="org that was scored"):
        require_unscored(places.org)
    places.org.unlink()
    require_unscored(places.org)
    places.org.write_text("my notes")
    require_unscored(places.org)  # that this is no org is for whoever replaces it to say


def test_a_state_without_its_org_is_in_the_way_of_an_import(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").touch()
    with pytest.raises(ConfigError, match=r"state\.sqlite"):
        require_unscored(tmp_path / "org.sqlite")
    require_unscored(tmp_path / "mine.sqlite")


def test_an_org_opened_for_a_look_is_not_changed(places: Places) -> None:
    before = places.org.read_bytes()
    with Org.open(places.org, writable=False):
        require_replaceable(*places)
    assert places.org.read_bytes() == before
