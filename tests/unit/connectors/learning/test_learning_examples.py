"""Examples of an org's own history: nothing of after the outcome is in them, and too few are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from hpro_sdk.errors import DataError

if TYPE_CHECKING:
    from tests.unit.connectors.learning.conftest import Fill, LearningWorld


def test_no_word_and_no_value_of_after_the_outcome_is_shown(world: LearningWorld, fill: Fill) -> None:
    fill()
    found = world.examples()
    assert sum(example.outcome.won for example in found.examples) > 40
    for example in found.examples:
        texts = [interaction.text for interaction in example.snapshot.interactions]
        assert all(text.startswith("first words") for text in texts)
        assert example.snapshot.fields.get("visits") in {0, 1}
        assert "contract" not in example.snapshot.fields
        assert "budget" not in example.snapshot.fields
        assert "Email" not in example.snapshot.fields
        assert "HPRO_Score__c" not in example.snapshot.fields
        assert example.snapshot.stage == "New"
    assert found.leaks == ()


def test_a_horizon_that_has_not_run_out_is_no_example(world: LearningWorld, fill: Fill) -> None:
    fill()
    history = world.history()
    last = history.known_until - timedelta(days=world.settings.horizon_days)
    assert max(example.snapshot.as_of for example in world.examples().examples) <= last


def test_sides_follow_time_and_no_lead_is_on_two_of_them(world: LearningWorld, fill: Fill) -> None:
    fill()
    found = world.examples()
    train, valid, test = (found.counts.sides[name] for name in ("train", "valid", "test"))
    assert train.last < valid.first <= valid.last < test.first
    of_side = [{example.group for example in found.of(name)} for name in ("train", "valid", "test")]
    assert not of_side[0] & of_side[1]
    assert not of_side[1] & of_side[2]
    assert not of_side[0] & of_side[2]
    moments = sorted({example.snapshot.as_of for example in found.examples})
    newest_fifth = moments[-round(0.2 * len(moments)) :]
    assert {example.snapshot.as_of for example in found.of("test")} == set(newest_fifth)


def test_a_deleted_lead_teaches_nothing(world: LearningWorld, fill: Fill) -> None:
    fill()
    world.company.delete_lead("L0000")
    world.read()
    assert "L0000" not in {lead.lead_id for lead in world.history().leads}


@pytest.mark.parametrize(("won_every", "what"), [(14, "were won"), (1, "were not won")])
def test_fewer_than_forty_of_either_are_refused(world: LearningWorld, fill: Fill, won_every: int, what: str) -> None:
    fill(300, won_every=won_every)
    with pytest.raises(DataError, match=rf"^Only \d+ leads {what}") as raised:
        world.examples()
    assert raised.value.exit_code == 1
    assert raised.value.hint is not None


def test_few_won_leads_are_a_warning(world: LearningWorld, fill: Fill) -> None:
    fill(300)
    found = world.examples()
    assert 40 <= found.counts.won_leads < 120
    assert len(found.warnings) == 1
    assert str(found.counts.won_leads) in found.warnings[0]


def test_a_short_history_is_refused(world: LearningWorld, fill: Fill) -> None:
    fill(60)
    world.settings = replace(world.settings, horizon_days=330)
    with pytest.raises(DataError, match="The history covers"):
        world.examples()


def test_nobody_is_looked_at_where_texts_of_closed_leads_are_erased_by_now(world: LearningWorld, fill: Fill) -> None:
    fill(450)
    world.settings = replace(world.settings, retention_days=250)
    since = world.history().known_until - timedelta(days=250)
    assert min(example.snapshot.as_of for example in world.examples().examples) >= since


def test_one_lead_of_long_ago_does_not_stretch_the_history(world: LearningWorld, fill: Fill) -> None:
    fill()
    moments = sorted({example.snapshot.as_of for example in world.examples().examples})
    old = world.company.leads["L0005"]
    world.company.leads["L0005"] = old.model_copy(
        update={"created_at": old.modified_at - timedelta(days=9000), "modified_at": world.clock.tick()}
    )
    world.read()
    again = sorted({example.snapshot.as_of for example in world.examples().examples})
    assert len(again) <= len(moments) + 1


def test_a_field_that_was_written_after_the_end_is_found_where_a_person_insists(
    world: LearningWorld, fill: Fill
) -> None:
    fill()
    world.company.description = world.company.description.model_copy(
        update={
            "fields": tuple(
                info.model_copy(update={"history_tracked": False}) if info.name == "visits" else info
                for info in world.company.description.fields
            )
        }
    )
    for lead_id, lead in list(world.company.leads.items()):
        ending = {"Won": 99, "Lost": -1, "New": 5}[lead.stage or "New"]
        world.company.change_lead(lead_id, fields={"visits": ending})
    world.company.field_rows.clear()
    world.read()
    with world.store.transactions.writing() as connection:  # as if all of it was written before the first read
        connection.exec_driver_sql("DELETE FROM field_changes")
        connection.exec_driver_sql("DELETE FROM field_ledger")
    world.settings = replace(world.settings, known_at_creation=("visits",))
    assert any("'visits'" in leak for leak in world.examples().leaks)
