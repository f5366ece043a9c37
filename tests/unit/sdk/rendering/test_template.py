from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.rendering import FieldTemplate, Template

NINE = tuple(float(edge) for edge in range(9))


def number(name: str, **keys: object) -> FieldTemplate:
    return FieldTemplate.model_validate({"field": name, "label": name, "kind": "number", **keys})


def test_a_template_survives_json() -> None:
    template = Template(
        fields=(
            number("calls", edges=NINE),
            FieldTemplate(field="a:b", label="A b", kind=FieldKind.CATEGORY, categories=("x", "y: z")),
        ),
        closing="Chance:",
        interaction_share=0.25,
    )
    assert Template.model_validate_json(template.model_dump_json()) == template


@pytest.mark.parametrize("label", ["", "a" * 81, "a:", ":", "a\nb", "a\n", "\r", "a\0"])
def test_a_label_is_one_short_line_without_a_colon(label: str) -> None:
    with pytest.raises(ValidationError, match="label"):
        number("a", label=label)


@pytest.mark.parametrize("label", ["created", "stage", "interactions"])
def test_the_labels_of_the_prompts_own_lines_are_taken(label: str) -> None:
    with pytest.raises(ValidationError, match=f"label '{label}' is taken"):
        Template(fields=(number("a", label=label),))


def test_labels_and_fields_are_shown_once() -> None:
    with pytest.raises(ValidationError, match="same label"):
        Template(fields=(number("a", label="x"), number("b", label="x")))
    with pytest.raises(ValidationError, match="shown twice"):
        Template(fields=(number("a", label="x"), number("a", label="y")))


@pytest.mark.parametrize(
    "edges", [NINE[:8], (*NINE, 9.0), (1.0, 0.0, *NINE[2:]), (*NINE[:8], math.nan), (*NINE[:8], math.inf), (0.0,)]
)
def test_edges_are_nine_finite_numbers_that_do_not_decrease(edges: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="edges"):
        number("a", edges=edges)


@pytest.mark.parametrize("edges", [(), NINE, (0.0,) * 9])
def test_no_edges_and_equal_edges_are_fine(edges: tuple[float, ...]) -> None:
    assert number("a", edges=edges).edges == edges


@pytest.mark.parametrize(
    "keys",
    [
        {"version": 2},
        {"preamble": ""},
        {"preamble": "a\nb"},
        {"closing": "a\0"},
        {"closing": "a" * 4001},
        {"max_tokens": 31},
        {"max_tokens": 32_769},
        {"interaction_share": 0},
        {"interaction_share": 1.01},
        {"code": "{{ lead }}"},
    ],
)
def test_a_template_out_of_range_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Template.model_validate(keys)


@pytest.mark.parametrize(("name", "bad"), [("max_tokens", 7), ("max_tokens", 32_769), ("kind", "money"), ("field", "")])
def test_a_field_out_of_range_is_refused(name: str, bad: object) -> None:
    with pytest.raises(ValidationError, match=name):
        number("a", **{"field": "a", name: bad})
