"""Migrations: a new file and one of every earlier version have the tables that the program speaks of."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from hpro_connectors.engine import PassSettings
from hpro_connectors.engine.reading import PageSink, read_changes
from hpro_connectors.errors import MigrationError
from hpro_connectors.protocol import Backfill
from hpro_connectors.state import StateStore
from hpro_connectors.state.migrations import MIGRATIONS, OLDEST
from hpro_connectors.state.schema import APPLICATION_ID, METADATA, SCHEMA_VERSION
from hpro_connectors.testing import ManualClock, MemoryCompany, MemoryConnector
from hpro_sdk.lead import Band

MAY = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
MAY_STORED = int(MAY.timestamp() * 1_000_000)


def file_of_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA legacy_alter_table = ON")
        for number in range(OLDEST, version + 1):
            MIGRATIONS[number](connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")


def tables_of(connection: sqlite3.Connection) -> dict[str, object]:
    """Columns with type, whether they may be empty, and place in the key; then indexes with their columns."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found: dict[str, object] = {}
    for name in names:
        columns = {
            row[1]: (row[2], row[3], row[5]) for row in connection.execute(f"SELECT * FROM pragma_table_info('{name}')")
        }
        indexes = sorted(
            (index[2], [row[2] for row in connection.execute(f"SELECT * FROM pragma_index_info('{index[1]}')")])
            for index in connection.execute(f"SELECT * FROM pragma_index_list('{name}')").fetchall()
        )
        links = sorted(row[2:7] for row in connection.execute(f"SELECT * FROM pragma_foreign_key_list('{name}')"))
        found[name] = (columns, indexes, links)
    return found


def test_the_newest_version_is_that_of_the_last_migration() -> None:
    assert sorted(MIGRATIONS) == list(range(OLDEST, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("version", [None, *sorted(MIGRATIONS)])
def test_a_file_of_any_version_ends_with_the_tables_of_the_schema(tmp_path: Path, version: int | None) -> None:
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{tmp_path / 'model.db'}")
    METADATA.create_all(engine)
    engine.dispose()
    path = tmp_path / "state.db"
    if version is not None:
        file_of_version(path, version)
    StateStore.open(path).close()
    with closing(sqlite3.connect(tmp_path / "model.db")) as expected, closing(sqlite3.connect(path)) as made:
        assert tables_of(made) == tables_of(expected)
        assert made.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_what_version_2_knew_is_known_still(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    file_of_version(path, 2)
    row = {"lead": ["org", "lead", "L1"], "score": "61.25", "band": "B", "trend": "steady", "rank": 3}
    row |= {"stage_rank": 2, "stage_size": 9, "model": "m", "scored_at": "2026-05-04T03:02:01Z"}
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO org VALUES (1, 'org', 'lead', 'Org', 'demo', 1)")
        connection.execute(
            "INSERT INTO leads (lead_id, record, modified_at, excluded, open) VALUES ('L1', '{}', ?, 0, 1)",
            (MAY_STORED,),
        )
        connection.execute("INSERT INTO written_rows VALUES ('L1', ?, 'new', ?, 0)", (json.dumps(row), MAY_STORED))
        connection.execute("INSERT INTO cursors VALUES ('lead', ?, NULL, NULL, NULL)", (MAY_STORED,))
        connection.execute("INSERT INTO cursors VALUES ('mail', NULL, NULL, ?, '[7]')", (MAY_STORED,))
        report = json.dumps({"as_of": "2026-05-04T03:02:01Z", "model_id": "m", "read": 5})
        connection.execute("INSERT INTO passes VALUES (1, ?, 'm', ?)", (MAY_STORED, report))
        connection.commit()
    with StateStore.open(path) as store:
        written = store.written_rows()["L1"]
        assert (written.row.score, written.row.band, written.row.rank) == (Decimal("61.25"), Band.B, 3)
        assert (written.row.scored_at, written.stage, written.resend) == (MAY, "new", False)
        last = store.last_pass()
        assert last is not None
        assert (last.read, last.as_of) == (5, MAY)
        assert (store.cursor("lead").cursor, store.cursor("lead").window) == (MAY, None)


def test_a_backfill_of_version_2_goes_on(tmp_path: Path) -> None:
    """Its first read was cut off after the second page of leads: the rest of that is read, and no page twice."""
    path = tmp_path / "state.db"
    file_of_version(path, 2)
    company = MemoryCompany(ManualClock())
    for number in range(7):
        company.create_lead(f"L{number}")
    end = company.clock.now + timedelta(seconds=1)
    pages = list(MemoryConnector(company, page_size=2).read("Lead", Backfill(end=end)))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "INSERT INTO cursors VALUES ('Lead', NULL, NULL, ?, ?)",
            (int(end.timestamp() * 1_000_000), json.dumps(pages[1].resume)),
        )
        connection.commit()
    with StateStore.open(path) as store:
        assert store.backfill("Lead") == (Backfill(end=end), pages[1].resume)
        assert (store.cursor("Lead").cursor, store.cursor("Lead").window) == (end, None)
        assert not store.is_backfilled()
        sink = PageSink(store, "lead", lambda _what, _done: None)
        company.clock.advance(days=1)
        company.create_lead("fresh")
        company.clock.advance(hours=1)
        read_changes(MemoryConnector(company, page_size=2), sink, company.clock.now, PassSettings(overlap_s=0))
        assert [name for name in company.leads if store.lead(name)] == ["L4", "L5", "L6", "fresh"]
        assert store.backfill("Lead") is None
        assert store.is_backfilled()


def test_a_file_of_a_version_before_the_first_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    file_of_version(path, 2)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(MigrationError, match="version 1"):
        StateStore.open(path)
