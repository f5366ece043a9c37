"""Retention: texts of leads that closed long ago go, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hpro_connectors.engine import PassSettings
from hpro_connectors.engine.read_stage import read_stage
from hpro_connectors.protocol import FieldInfo
from hpro_connectors.testing import World
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import OutcomeResult

YEAR = timedelta(days=365)


def texts(world: World, lead_id: str) -> list[str]:
    lead = world.store.lead(lead_id)
    assert lead is not None
    return [interaction.text for interaction in lead.interactions]


def erase(world: World) -> int:
    return world.store.retention.erase_old_texts(world.clock.now - YEAR, ["Won", "Lost"], ["remark"])


def test_texts_of_a_lead_that_closed_long_ago_go(world: World, tmp_path: Path) -> None:
    world.fill(4)
    company = world.company
    company.change_lead("L001", fields={"remark": "SECRETREMARK", "visits": 4})
    company.edit_interaction("I001", "SECRETEDIT")
    world.run()
    company.edit_interaction("I001", "SECRETLATER")
    company.change_lead("L001", stage="Lost", fields={"remark": None})
    world.run()
    assert erase(world) == 0
    world.clock.advance(days=364)
    assert erase(world) == 0
    world.clock.advance(days=2)
    assert erase(world) == 1
    assert erase(world) == 0
    assert texts(world, "L001") == [""]
    assert texts(world, "L002") == ["words about L002"]
    world.store.checkpoint()
    assert b"SECRET" not in b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    (stored,) = world.store.load(["L001"])
    assert [change.stage for change in stored.stage_changes] == ["New", "Lost"]
    numbers = [(change.old, change.new) for change in stored.field_changes if change.field == "visits"]
    assert numbers == [(1, 4)]
    assert world.store.score_history("L001")


def test_an_open_lead_keeps_its_texts_however_old_it_is(world: World) -> None:
    """Also one that no pass has looked at yet, and one that is excluded."""
    world.fill(3)
    world.company.change_lead("L001", excluded=True)
    world.run()
    world.company.create_lead("unseen")
    world.company.log_interaction("I-unseen", "unseen", text="words")
    world.clock.advance(days=1000)
    assert erase(world) == 0
    assert texts(world, "L001") == ["words about L001"]


def test_a_text_that_an_open_lead_needs_stays(world: World) -> None:
    world.fill(3)
    world.company.log_interaction("I-shared", "L001", "L002", text="to both")
    world.company.log_interaction("I-person", person_ids=("P001", "P002"), text="of both")
    world.company.change_lead("L001", stage="Won")
    world.run()
    world.clock.advance(days=400)
    assert erase(world) == 1
    assert sorted(texts(world, "L001")) == ["", "of both", "to both"]
    world.company.change_lead("L002", stage="Lost")
    world.run()
    world.clock.advance(days=400)
    erase(world)
    assert texts(world, "L001") == texts(world, "L002") == ["", "", ""]
    assert texts(world, "L000") == ["words about L000"]


def test_when_it_was_decided_counts_and_not_a_later_touch(world: World) -> None:
    world.fill(2)
    world.company.change_lead("L001", result=OutcomeResult.WON, result_at=world.clock.now)
    world.run()
    world.clock.advance(days=400)
    world.company.touch_lead("L001")  # a CRM that stamps everything at the end of a month
    world.company.change_lead("L000", stage="Lost")
    world.run()
    assert erase(world) == 1
    assert texts(world, "L001") == [""]
    assert texts(world, "L000") == ["words about L000"]


def test_a_pass_erases_once_a_day_when_it_is_asked_to(world: World) -> None:
    world.fill(2)
    remark = FieldInfo(name="remark", label="Remark", kind=FieldKind.TEXT)
    description = world.company.description.model_copy(update={"fields": (*world.company.description.fields, remark)})
    world.company.change_lead("L001", stage="Lost")
    world.store.pin(world.company.identity, "lead")

    def erased(retention: timedelta | None, days: float) -> int:
        as_of = world.clock.advance(days=days)
        return read_stage(
            world.connector,
            world.store,
            description,
            as_of,
            settings=PassSettings(retention=retention),
            progress=lambda _what, _done: None,
        ).texts_erased

    assert erased(None, 400) == 0
    assert erased(YEAR, 1) == 1
    world.company.edit_interaction("I001", "said again")
    assert erased(YEAR, 0.5) == 0
    assert erased(YEAR, 0.6) == 1
