"""What stays of a lead that is deleted: numbers, and not a word."""

from __future__ import annotations

from pathlib import Path

from hpro_connectors.testing import World


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("state.db*")))


def test_not_a_word_of_a_deleted_lead_is_left_in_the_file(world: World, tmp_path: Path) -> None:
    company = world.company
    world.fill(12)
    company.create_lead("gone", person_id="PG", fields={"visits": 3, "remark": "SECRETFIELD"})
    company.change_lead("gone", fields={"remark": "SECRETLATER"})
    company.log_interaction("I-own", "gone", text="SECRETNOTE " * 2000)  # longer than a page of the file
    company.edit_interaction("I-own", "SECRETEDIT")
    company.log_interaction("I-person", person_ids=("PG",), text="SECRETPERSON")
    company.log_interaction("I-shared", "gone", "L001", text="KEPTNOTE")
    world.run()
    company.edit_interaction("I-own", "SECRETAGAIN")
    world.run()
    held = bytes_of(tmp_path)
    secrets = (b"SECRETFIELD", b"SECRETLATER", b"SECRETEDIT", b"SECRETPERSON", b"SECRETAGAIN")
    assert all(word in held for word in (*secrets, b"KEPTNOTE"))
    company.delete_lead("gone")
    world.run()
    left = bytes_of(tmp_path)
    assert b"SECRET" not in left
    assert b"KEPTNOTE" in left
    assert len(world.store.score_history("gone")) == 2
    other = world.store.lead("L001")
    assert other is not None
    assert {interaction.text for interaction in other.interactions} == {"words about L001", "KEPTNOTE"}


def test_interactions_of_a_deleted_lead_do_not_come_back_by_an_edit(world: World, tmp_path: Path) -> None:
    world.fill(3)
    world.company.log_interaction("I-lonely", "L001", person_ids=("P001",), text="first")
    world.run()
    world.company.delete_lead("L001")
    world.run()
    # A CRM that lets people edit what belongs to a deleted lead.
    world.company.edit_interaction("I-lonely", "SECRETEDIT")
    world.company.visible = lambda record: True  # type: ignore[method-assign]
    world.run()
    assert b"SECRETEDIT" not in bytes_of(tmp_path)


def test_a_merged_lead_leaves_its_words_to_the_survivor_only(world: World, tmp_path: Path) -> None:
    world.fill(3)
    world.company.create_lead("gone", fields={"visits": 3, "remark": "SECRETFIELD"})
    world.company.log_interaction("I-moved", "gone", text="MOVEDNOTE")
    world.run()
    world.company.merge_leads("gone", "L000")
    world.run()
    assert b"SECRETFIELD" not in bytes_of(tmp_path)
    survivor = world.store.lead("L000")
    assert survivor is not None
    assert "MOVEDNOTE" in {interaction.text for interaction in survivor.interactions}
    world.company.delete_lead("L000")
    world.run()
    assert b"MOVEDNOTE" not in bytes_of(tmp_path)
