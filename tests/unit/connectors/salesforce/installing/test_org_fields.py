"""The bodies that make fields, and how a definition that the Tooling API tells of is compared with ours."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pydantic import JsonValue

from hpro_connectors.fields import SCORE_FIELDS, FieldType, ScoreField
from hpro_connectors.salesforce.installing.org_fields import OrgField, tooling_field

BY_NAME = {field.name: field for field in SCORE_FIELDS}


def _body(field: ScoreField) -> dict[str, Any]:
    body = tooling_field("Lead", field)
    assert isinstance(body, dict)
    return body


def _found(field: ScoreField, **changes: JsonValue) -> OrgField:
    """Our field as the Tooling API tells of it: other names of values, and what does not apply is null."""
    metadata: dict[str, Any] = copy.deepcopy(_body(field)["Metadata"])
    for name in ("length", "precision", "scale", "valueSet", "formula", "unique"):
        metadata.setdefault(name, None)
    if metadata["valueSet"]:
        value_set = metadata["valueSet"]
        values = value_set["valueSetDefinition"]["value"]
        value_set["restricted"] = None
        value_set["valueSetDefinition"]["value"] = [
            {"valueName": value["fullName"], "label": value["label"], "default": False, "isActive": None}
            for value in values
        ]
    return OrgField("Lead", field, "00NHp0000000001MAA", {**metadata, **changes})


@pytest.mark.parametrize("field", SCORE_FIELDS, ids=lambda field: field.name)
def test_what_we_make_is_what_we_look_for(field: ScoreField) -> None:
    assert _found(field).clash is None
    assert _found(field).is_ours


@pytest.mark.parametrize("field", SCORE_FIELDS, ids=lambda field: field.name)
def test_a_body_names_its_object_and_lets_permission_sets_decide(field: ScoreField) -> None:
    body = _body(field)
    assert body.keys() == {"FullName", "Metadata"}
    assert body["FullName"].startswith("Lead.HPRO_")
    assert body["FullName"].endswith("__c")
    assert "fullName" not in body["Metadata"]
    assert body["Metadata"]["required"] is False
    assert body["Metadata"]["inlineHelpText"] == field.help_text


def test_numbers_have_digits_and_picklists_are_open() -> None:
    assert (_body(BY_NAME["score"])["Metadata"]["precision"], _body(BY_NAME["score"])["Metadata"]["scale"]) == (5, 2)
    assert _body(BY_NAME["rank"])["Metadata"]["scale"] == 0
    value_set = _body(BY_NAME["band"])["Metadata"]["valueSet"]
    assert value_set["restricted"] is False
    names = [value["fullName"] for value in value_set["valueSetDefinition"]["value"]]
    assert names == list(BY_NAME["band"].options)


@pytest.mark.parametrize(
    ("name", "changes", "detail"),
    [
        ("score", {"type": "Currency"}, "It is of type currency, not double."),
        ("score", {"type": "AutoNumber"}, "It is of type autonumber, not double."),
        ("score", {"formula": "1 + 1"}, "It is a formula."),
        ("score", {"precision": 4}, "It takes 2 digits before the point and 2 behind it, not 3 and 2."),
        ("rank", {"precision": 8}, "It takes 8 digits before the point and 0 behind it, not 9 and 0."),
        ("model", {"length": 40}, "It takes 40 characters, not 80."),
        ("model", {"unique": True}, "It takes each value once only."),
        ("model", {"required": True}, "It is required, so that permission sets cannot open it."),
        ("scored_at", {"type": "Date"}, "It is of type date, not datetime."),
        (
            "band",
            {"valueSet": {"restricted": True, "valueSetName": "Grades", "valueSetDefinition": None}},
            "It takes the values of the global value set Grades only.",
        ),
        (
            "band",
            {
                "valueSet": {
                    "restricted": True,
                    "valueSetDefinition": {"value": [{"valueName": "A", "isActive": False}]},
                }
            },
            "Its picklist is restricted and lacks A, B, C, D.",
        ),
    ],
)
def test_row_45_what_cannot_hold_our_values_is_a_clash(name: str, changes: dict[str, JsonValue], detail: str) -> None:
    found = _found(BY_NAME[name], **changes)
    assert found.clash is not None
    assert found.clash.detail == detail
    assert not found.is_ours


@pytest.mark.parametrize(
    ("name", "changes", "ours"),
    [
        ("score", {"description": "Mine"}, True),
        ("score", {"precision": 18, "description": "Mine"}, False),
        ("score", {"precision": 18}, True),
        ("score", {"label": "Score"}, True),
        ("score", {"label": "Score", "description": None}, False),
        ("model", {"length": 255, "description": None}, False),
        ("band", {"valueSet": {"restricted": None, "valueSetName": "Grades"}, "description": None}, False),
        ("band", {"valueSet": {"restricted": False, "valueSetName": "Grades"}}, True),
    ],
)
def test_what_holds_our_values_is_used_and_goes_only_when_we_made_it(
    name: str, changes: dict[str, JsonValue], ours: bool
) -> None:
    found = _found(BY_NAME[name], **changes)
    assert found.clash is None
    assert found.is_ours is ours


def test_a_value_that_was_added_by_hand_does_not_make_it_another_field() -> None:
    field = BY_NAME["band"]
    assert field.type is FieldType.PICKLIST
    values: list[JsonValue] = [{"valueName": option, "label": option} for option in (*field.options, "E")]
    found = _found(field, description=None, valueSet={"restricted": True, "valueSetDefinition": {"value": values}})
    assert found.clash is None
    assert found.is_ours
