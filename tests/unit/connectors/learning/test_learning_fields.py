"""Which fields a model of an org is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.learning.template import choose_fields
from hpro_connectors.protocol import FieldInfo, OrgDescription, StageInfo
from hpro_sdk.errors import ConfigError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import Lead

if TYPE_CHECKING:
    from tests.unit.connectors.learning.conftest import Fill, LearningWorld


def described(*fields: FieldInfo) -> OrgDescription:
    return OrgDescription(object_type="lead", fields=fields, stages=(StageInfo(name="New", label="New"),))


def at_creation(name: str, kind: FieldKind = FieldKind.CATEGORY, label: str | None = None) -> FieldInfo:
    return FieldInfo(name=name, label=label or name, kind=kind, known_at_creation=True)


def shown_of(description: OrgDescription, leads: list[Lead], settings: LearningSettings | None = None) -> list[str]:
    chosen = choose_fields(description, settings or LearningSettings(), leads)
    return [field.field for field in chosen.template.fields]


def test_what_may_change_untracked_and_what_names_people_is_not_shown(world: LearningWorld, fill: Fill) -> None:
    fill(60)
    chosen = world.fields()
    assert [field.field for field in chosen.template.fields] == ["source", "visits", "budget"]
    assert set(chosen.left_out) == {"Email", "contract"}


def test_a_tracked_field_that_starts_alike_is_known_at_creation(world: LearningWorld, fill: Fill) -> None:
    fill(60)
    assert world.fields().known_at_creation == {"source", "visits"}


def test_a_person_can_leave_out_and_vouch(world: LearningWorld, fill: Fill) -> None:
    fill(60)
    world.settings = replace(world.settings, leave_out=("source",), known_at_creation=("budget", "contract"))
    chosen = world.fields()
    assert chosen.left_out["source"] == "as configured"
    assert chosen.known_at_creation == {"visits", "budget", "contract"}
    assert [field.field for field in chosen.template.fields] == ["visits", "budget", "contract"]


def test_a_field_that_does_not_exist_is_refused(world: LearningWorld, fill: Fill) -> None:
    fill(20)
    world.settings = replace(world.settings, leave_out=("sauce",))
    with pytest.raises(ConfigError, match="no field 'sauce'"):
        world.fields()


def test_ids_and_addresses_are_not_shown() -> None:
    leads = [
        Lead(lead_id=f"L{number}", fields={"code": f"X-{number}", "where": f"a{number}@b.example", "kind": "web"})
        for number in range(80)
    ]
    description = described(at_creation("code"), at_creation("where"), at_creation("kind"))
    assert shown_of(description, leads) == ["kind"]


def test_labels_that_clash_get_the_name_added() -> None:
    description = described(
        at_creation("a", label="stage"), at_creation("b", label="Area: west"), at_creation("c", label="Area west")
    )
    chosen = choose_fields(description, LearningSettings(), [])
    assert [field.label for field in chosen.template.fields] == ["stage a", "Area west", "Area west c"]
