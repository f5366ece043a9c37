"""Forgetting a person: nothing of them is in any file afterwards, and nothing comes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import FieldRecord, Page, RecordKey, StageRecord, WriteResult, WriteStatus
from hpro_connectors.state.forgetting import Forgotten
from hpro_connectors.state.marks import MarkName
from hpro_connectors.testing import World

IDS = ("SECRETLEAD1", "SECRETLEAD2", "SECRETPERSON", "SECRETMERGED")


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("state.db*")))


def tables_naming(folder: Path, word: str) -> list[str]:
    """Give the tables that hold a word anywhere."""
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [name for name in names if word in str(connection.execute(f"SELECT * FROM {name}").fetchall())]


def fill(world: World) -> None:
    """Two leads of one person, one merged into the first; scored, written, and refused once each."""
    company = world.company
    world.fill(6)
    for lead_id in ("SECRETLEAD1", "SECRETLEAD2"):
        company.create_lead(lead_id, person_id="SECRETPERSON", fields={"visits": 3, "remark": "SECRETFIELD"})
    company.create_lead("SECRETMERGED", fields={"visits": 1, "remark": "SECRETOTHER"})
    company.log_interaction("I-own", "SECRETLEAD1", text="SECRETNOTE " * 2000)  # longer than a page of the file
    company.log_interaction("I-person", person_ids=("SECRETPERSON",), text="SECRETWORDS")
    company.log_interaction("I-shared", "SECRETLEAD1", "L001", person_ids=("SECRETPERSON", "P001"), text="KEPTNOTE")
    company.log_interaction("I-merged", "SECRETMERGED", text="SECRETMERGEDNOTE")
    write = world.connector.write

    def refusing(rows: Sequence[ScoreRow]) -> list[WriteResult]:
        return [
            WriteResult(lead=one.lead, status=WriteStatus.REJECTED, code="SECRETCODE", message="SECRETREFUSAL")
            if one.lead.lead_id == "SECRETLEAD2"
            else one
            for one in write(rows)
        ]

    world.connector.write = refusing  # type: ignore[method-assign]
    world.run()
    company.change_lead("SECRETLEAD1", stage="Talking", fields={"remark": "SECRETLATER", "visits": 20})
    company.edit_interaction("I-own", "SECRETEDIT")
    company.merge_leads("SECRETMERGED", "SECRETLEAD1")
    company.create_lead("SECRETODD", person_id="SECRETPERSON", stage="Nowhere")
    world.run()
    world.connector.write = write  # type: ignore[method-assign]


def test_nothing_of_a_forgotten_person_is_left_in_any_file(world: World, tmp_path: Path) -> None:
    fill(world)
    held = tables_naming(tmp_path, "SECRET")
    assert set(held) >= {
        *("leads", "interactions", "interaction_leads", "interaction_persons", "interaction_texts"),
        *("stage_changes", "field_changes", "stage_ledger", "field_ledger"),
        *("scores", "score_history", "written_rows", "writes", "dead_letters", "runs"),
    }
    told = world.store.forgetting.count("SECRETLEAD2")
    assert tables_naming(tmp_path, "SECRET") == held
    went = world.store.forgetting.forget("SECRETLEAD2", world.clock.now)
    assert went == told
    assert went.leads == 4
    assert (went.interactions, went.shared_interactions, went.dead_letters) == (3, 1, 1)
    assert min(went.history_rows, went.scores, went.writes) > 0
    assert tables_naming(tmp_path, "SECRET") == []
    assert b"SECRET" not in bytes_of(tmp_path)
    other = world.store.lead("L001")
    assert other is not None
    assert {interaction.text for interaction in other.interactions} == {"words about L001", "KEPTNOTE"}


def test_a_forgotten_person_does_not_come_back(world: World, tmp_path: Path) -> None:
    fill(world)
    world.store.forgetting.forget("SECRETLEAD1", world.clock.now)
    company = world.company
    company.touch_lead("SECRETLEAD1")
    company.change_lead("SECRETLEAD2", stage="Offer", fields={"visits": 40})
    company.edit_interaction("I-own", "SECRETAGAIN")
    company.edit_interaction("I-person", "SECRETAGAIN")
    company.edit_interaction("I-shared", "KEPTNOTE once more")
    company.log_interaction("I-new", "SECRETLEAD2", text="SECRETNEW")
    sent = len(world.connector.writes)
    for _ in range(2):
        report = world.run()
        assert tables_naming(tmp_path, "SECRET") == []
        assert b"SECRET" not in bytes_of(tmp_path)
    assert report.open_leads == 6
    assert not any("SECRET" in row.lead.lead_id for row in world.connector.writes[sent:])
    other = world.store.lead("L001")
    assert other is not None
    assert "KEPTNOTE once more" in {interaction.text for interaction in other.interactions}
    assert world.run().changed == 0


def test_a_further_lead_of_a_forgotten_person_is_forgotten_too(world: World, tmp_path: Path) -> None:
    fill(world)
    world.store.forgetting.forget("SECRETLEAD1", world.clock.now)
    company = world.company
    # Its interaction is read before it is: it was entered within the window, and the lead was changed after it.
    company.create_lead("SECRETTHIRD", person_id="SECRETPERSON")
    company.log_interaction("I-third", "SECRETTHIRD", text="SECRETTHIRDNOTE")
    third = company.leads.pop("SECRETTHIRD")
    company.visible = lambda record: True  # type: ignore[method-assign]
    world.run()
    assert tables_naming(tmp_path, "SECRETTHIRDNOTE") == ["interactions"]
    company.leads["SECRETTHIRD"] = third.model_copy(update={"modified_at": world.clock.tick()})
    world.run()
    assert tables_naming(tmp_path, "SECRET") == []
    company.edit_interaction("I-third", "SECRETTHIRDAGAIN")
    world.run()
    assert tables_naming(tmp_path, "SECRET") == []


def test_a_lead_that_is_given_to_a_forgotten_person_goes_alone(world: World, tmp_path: Path) -> None:
    fill(world)
    world.store.forgetting.forget("SECRETLEAD1", world.clock.now)
    company = world.company
    company.create_lead("twin", person_id="P002")
    world.run()
    company.change_lead("L002", person_id="SECRETPERSON")
    world.run()
    assert world.store.lead("L002") is None
    assert world.store.lead("twin") is not None
    assert tables_naming(tmp_path, "SECRET") == []


def test_a_lead_that_is_merged_into_a_forgotten_one_goes_too(world: World, tmp_path: Path) -> None:
    fill(world)
    world.store.forgetting.forget("SECRETLEAD1", world.clock.now)
    world.company.merge_leads("L003", "SECRETLEAD1")
    world.run()
    assert world.store.lead("L003") is None
    assert tables_naming(tmp_path, "SECRET") == []
    assert tables_naming(tmp_path, "words about L003") == []


def test_deletions_and_histories_of_the_forgotten_are_passed_over(world: World, tmp_path: Path) -> None:
    fill(world)
    world.store.forgetting.forget("SECRETLEAD1", world.clock.now)
    lead = world.company.key("SECRETLEAD1")
    key = RecordKey(lead.org_id, "stage_history", "S-late")
    late = StageRecord(key=key, lead=lead, stage="Offer", at=world.clock.now)
    field = FieldRecord(key=key, lead=lead, field="remark", old="SECRETA", new="SECRETB", at=world.clock.now)
    world.store.store_page(Page(upserts=(late, field), complete=True), "lead", "History", None)
    world.company.delete_lead("SECRETLEAD1")
    world.company.merge_leads("SECRETLEAD2", "L000")
    world.run()
    assert tables_naming(tmp_path, "SECRET") == []


def test_what_a_list_of_ids_names_is_not_expected_when_it_is_forgotten(world: World) -> None:
    fill(world)
    world.store.forgetting.forget("SECRETLEAD1", world.clock.now)
    assert world.store.known_ids.expect(["SECRETLEAD1", "SECRETLEAD2", "new"]) == 1
    assert world.store.rereads() == ["new"]


def test_an_id_that_was_never_seen_is_not_stored_later(world: World, tmp_path: Path) -> None:
    world.fill(2)
    world.run()
    went = world.store.forgetting.forget("SECRETLEAD1", world.clock.now)
    assert went == Forgotten(0, 0, 0, 0, 0, 0, 0)
    world.company.create_lead("SECRETLEAD1", person_id="SECRETPERSON")
    world.company.log_interaction("I-own", "SECRETLEAD1", text="SECRETNOTE")
    world.run()
    assert tables_naming(tmp_path, "SECRET") == []


def test_a_deleted_lead_can_be_forgotten(world: World, tmp_path: Path) -> None:
    fill(world)
    world.company.delete_lead("SECRETLEAD2")
    world.run()
    world.store.forgetting.forget("SECRETLEAD2", world.clock.now)
    assert tables_naming(tmp_path, "SECRETLEAD2") == []
    world.company.undelete_lead("SECRETLEAD2")
    world.run()
    assert tables_naming(tmp_path, "SECRETLEAD2") == []


def test_forgetting_twice_changes_nothing(world: World, tmp_path: Path) -> None:
    fill(world)
    world.store.forgetting.forget("SECRETLEAD1", world.clock.now)
    key = world.store.marks.get(MarkName.FORGET_KEY)
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        before = connection.execute("SELECT key_hash FROM forgotten").fetchall()
    again = world.store.forgetting.forget("SECRETLEAD1", world.clock.now + timedelta(days=1))
    assert again == Forgotten(0, 0, 0, 0, 0, 0, 0)
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        assert connection.execute("SELECT key_hash FROM forgotten").fetchall() == before
    assert world.store.marks.get(MarkName.FORGET_KEY) == key
    assert len(before) == 5  # three leads of the person, one that was merged, the person
    assert all(len(row[0]) == 64 for row in before)


@pytest.mark.parametrize("lead_id", ["SECRETMERGED", "SECRETLEAD1", "SECRETODD"])
def test_any_lead_of_a_person_will_do(world: World, tmp_path: Path, lead_id: str) -> None:
    fill(world)
    assert world.store.forgetting.forget(lead_id, world.clock.now).leads == 4
    assert tables_naming(tmp_path, "SECRET") == []


def test_persons_whose_interactions_went_along_are_read_again_when_they_come(world: World) -> None:
    """An interaction of two persons goes with the forgotten one when the other has no lead yet."""
    world.fill(1)
    world.company.create_lead("one", person_id="first")
    world.company.log_interaction("I-both", person_ids=("first", "second"), text="said to both")
    world.run()
    world.store.forgetting.forget("one", world.clock.now)
    world.clock.advance(days=0.5)  # beyond what is read twice anyway
    world.company.create_lead("two", person_id="second")
    world.run()
    lead = world.store.lead("two")
    assert lead is not None
    assert [interaction.text for interaction in lead.interactions] == ["said to both"]
