"""Reading: answers of many pages, pages that come twice, and texts that cannot be stored as they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.protocol import Backfill, Owner, Page, Window
from hpro_connectors.testing import World

HALF = "\ud83d"


def test_an_answer_by_id_may_have_many_pages_without_a_resume(world: World) -> None:
    world.fill(2)
    for number in range(16):
        world.company.log_interaction(f"J{number:02}", "L001", text=f"word {number}")
    world.run()
    world.clock.advance(days=0.5)  # beyond what is read twice anyway
    world.company.delete_lead("L001")
    world.run()
    world.company.undelete_lead("L001")
    pages = list(world.connector.read_by_lead("Interaction", ["L001"]))
    assert len(pages) >= 3
    assert {page.resume for page in pages} == {None}
    world.run()
    lead = world.store.lead("L001")
    assert lead is not None
    assert len(lead.interactions) == 17
    assert world.store.rereads() == []


def test_a_page_of_a_window_that_comes_for_ever_is_an_error(world: World) -> None:
    world.fill(12)
    read = world.connector.read

    def stuck(stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        page = next(read(stream, window, resume))
        for _ in range(100):
            yield page
        pytest.fail("a hundred equal pages were taken")

    world.connector.read = stuck  # type: ignore[method-assign]
    with pytest.raises(ServerError, match="same page of Lead twice"):
        world.run()


def test_half_characters_stop_nothing(world: World) -> None:
    company = world.company
    world.fill(4)
    company.description = company.description.model_copy(
        update={"owners": (Owner(owner_id="rep-1", name=f"Rep {HALF}"),)}
    )
    company.identity = company.identity.model_copy(update={"name": f"Memory {HALF}"})
    company.change_lead("L000", fields={"remark": f"cut {HALF}"})
    company.create_lead("named", fields={f"name{HALF}": "x"})
    company.log_interaction("I-half", "L001", text=f"words {HALF}")
    odd = company.create_lead("odd", fields={"visits": 9})
    company.leads[odd] = company.leads[odd].model_copy(update={"stage": f"Offer{HALF}"})
    company.stage_rows["S000000"] = company.stage_rows["S000000"].model_copy(update={"stage": f"New{HALF}"})
    report = world.run()
    assert (report.scored, report.written) == (5, 5)
    assert [problem.lead_id for problem in report.problems] == ["odd"]
    first, second, stored, named = (world.store.lead(lead_id) for lead_id in ("L000", "L001", "odd", "named"))
    assert first is not None
    assert second is not None
    assert stored is not None
    assert named is not None
    assert first.fields["remark"] == "cut \ufffd"
    assert named.fields == {"name\ufffd": "x"}
    assert {interaction.text for interaction in second.interactions} == {"words about L001", "words \ufffd"}
    assert stored.stage == "Offer\ufffd"
    assert "New\ufffd" in {change.stage for change in first.stage_changes}
    changes = {change.new for change in first.field_changes}
    assert "cut \ufffd" in changes
    again = world.run()
    assert (again.model_calls, again.changed, again.to_write) == (0, 0, 0)
    company.edit_interaction("I-half", f"{HALF} again, and whole: \U0001f600")
    world.run()
    edited = world.store.lead("L001")
    assert edited is not None
    assert "\ufffd again, and whole: \U0001f600" in {interaction.text for interaction in edited.interactions}
