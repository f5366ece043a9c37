"""What the state asks of SQLite, statement by statement: large tables are searched by an index, never read whole."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

from sqlalchemy import event

from hpro_connectors.engine import PassSettings
from hpro_connectors.engine.read_stage import read_stage
from hpro_connectors.protocol import Page, RecordKey, Tombstone
from hpro_connectors.testing import World

_Parameters = Sequence[object]
LARGE = (
    "interactions",
    "interaction_leads",
    "interaction_persons",
    "interaction_texts",
    "stage_changes",
    "field_changes",
    "stage_ledger",
    "field_ledger",
    "score_history",
    "writes",
)


@contextmanager
def statements(world: World) -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """Collect what is executed, with one set of parameters each."""
    held: list[tuple[str, tuple[object, ...]]] = []

    def note(
        _connection: object, _cursor: object, statement: str, parameters: _Parameters, _context: object, many: bool
    ) -> None:
        held.append((statement, cast(tuple[object, ...], parameters[0]) if many else tuple(parameters)))

    engine = world.store._engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield held
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_no_large_table_is_read_whole(world: World, tmp_path: Path) -> None:
    world.fill(30)
    for number in range(10):
        world.company.change_lead(f"L{number:03}", stage="Talking", fields={"visits": 50 + number})
    world.run()
    with statements(world) as held:
        world.clock.advance(days=8)
        world.company.change_lead("L001", fields={"visits": 1})
        world.company.edit_interaction("I002", "other words")
        world.company.delete_interaction("I003")
        world.company.log_interaction("I-person", person_ids=("P004",), text="words")
        world.company.delete_lead("L005")
        world.company.merge_leads("L006", "L007")
        world.run()
        world.company.undelete_lead("L005")
        world.run()
        world.store.queue()
        world.store.score_history("L001")
        world.company.overwrite_shown("L009", rank=77)
        del world.company.leads["L010"], world.company.stage_rows["S000011"]
        world.clock.advance(days=8)
        world.company.change_lead("L012", stage="Lost")
        world.run()
        world.store.pin(world.company.identity, "lead")
        read_stage(
            world.connector,
            world.store,
            world.company.description,
            world.clock.advance(days=400),
            settings=PassSettings(retention=timedelta(days=30), max_missing_percent=50),
            progress=lambda _what, _done: None,
        )
        world.store.forgetting.count("L013")
        world.store.forgetting.forget("L013", world.clock.now)
        world.company.touch_lead("L013")
        world.run()
    told = {statement for statement, _ in held}
    for table in LARGE:
        assert any(f"FROM {table}" in statement for statement in told), f"nothing asks for {table}"
    scans: list[str] = []
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        for statement, parameters in dict(held).items():
            if not re.match(r"SELECT|UPDATE|DELETE|INSERT", statement):
                continue
            for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters):
                words = row[3].split()
                if words[0] == "SCAN" and words[1] in LARGE:
                    scans.append(f"{row[3]}: {statement}")
    assert scans == []


def test_earlier_scores_start_from_open_leads_and_sort_nothing(world: World, tmp_path: Path) -> None:
    world.fill(5)
    world.run()
    world.clock.advance(days=8)
    with statements(world) as held:
        world.store.rank_open_leads({}, world.clock.now, 5.0)
    (asked,) = [(statement, values) for statement, values in held if "score_history" in statement]
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1])]
    of_history = [step for step in plan if "score_history" in step]
    assert of_history
    assert all(step.startswith("SEARCH score_history USING INDEX score_history_of_lead") for step in of_history), plan


def test_a_line_of_the_journal_is_found_by_its_run_and_lead(world: World, tmp_path: Path) -> None:
    """By its run alone, a batch of a run of 200,000 rows would look at all of them."""
    world.fill(5)
    with statements(world) as held:
        world.run()
    (asked,) = {statement: values for statement, values in held if statement.startswith("UPDATE writes")}.items()
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1])]
    assert plan == ["SEARCH writes USING INDEX writes_of_run (run_id=? AND lead_id=?)"]


def test_of_leads_that_were_read_back_unchanged_only_the_stamp_is_stored(world: World) -> None:
    world.fill(5)
    world.run()
    with statements(world) as held:
        report = world.run()
    told = [statement for statement, _ in held if "INTO leads" in statement or "UPDATE leads" in statement]
    assert report.read >= 5
    assert any(statement.startswith("UPDATE leads SET modified_at=?") for statement in told)
    assert not any("INTO leads" in statement for statement in told)
    # A deletion that is older than the stamp is old news.
    key = RecordKey(*world.company.key("L001"))
    old_news = Tombstone(key=key, deleted_at=world.company.leads["L001"].modified_at - timedelta(seconds=100))
    world.store.store_page(Page(tombstones=(old_news,), complete=True), "lead", "Lead", None)
    assert world.store.lead("L001") is not None


def test_rows_of_two_kinds_with_one_id_are_told_apart(world: World) -> None:
    company = world.company
    world.fill(2)
    row = company.stage_rows["S000000"]
    company.stage_rows["other"] = row.model_copy(
        update={"key": row.key._replace(object_type="other_history"), "stage": "Talking"}
    )
    world.run()
    lead = world.store.lead("L000")
    assert lead is not None
    assert {change.stage for change in lead.stage_changes} == {"New", "Talking"}
    assert len(lead.stage_changes) == 2
    assert world.run().changed == 0
