from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue, LeadSnapshot
from hpro_sdk.rendering import FieldTemplate, Template, fit_template
from hpro_sdk.rendering.quantiles import learn_edges

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fitted(kind: FieldKind, values: Sequence[FieldValue]) -> FieldTemplate:
    stale = FieldTemplate(field="a", label="a", kind=kind, edges=(5.0,) * 9, categories=("stale",))
    snapshots = [LeadSnapshot(lead_id="1", as_of=NOON, fields={"a": value}) for value in values]
    template = fit_template(Template(fields=(stale,)), snapshots)
    return Template.model_validate_json(template.model_dump_json()).fields[0]


def test_a_category_is_stored_from_twenty_leads_on() -> None:
    assert fitted(FieldKind.CATEGORY, ["rare"] * 19 + ["web"] * 20 + ["ads"] * 30).categories == ("ads", "web")


def test_values_are_counted_as_they_are_shown() -> None:
    values: list[FieldValue] = [" web\n", "web", "we\0b", "  web"] * 5
    assert fitted(FieldKind.CATEGORY, values).categories == ("web",)
    assert fitted(FieldKind.CATEGORY, [True] * 20).categories == ("True",)


@pytest.mark.parametrize("value", ["jo@example.com", "via jo@example.com", "+49 30 1234567", "a" * 61, " ", "\0", None])
def test_what_may_name_a_person_or_says_nothing_is_not_stored(value: str | None) -> None:
    assert fitted(FieldKind.CATEGORY, [value] * 50 + ["web"] * 50).categories == ("web",)


def test_only_the_most_frequent_categories_are_stored() -> None:
    values = [f"c{number}" for number in range(201) for _ in range(21 - (number == 100))]
    categories = fitted(FieldKind.CATEGORY, values).categories
    assert len(categories) == 200
    assert "c100" not in categories
    assert list(categories) == sorted(categories)


def test_edges_are_learnt_from_numbers_only() -> None:
    numbers = [float(number) for number in range(100)]
    assert fitted(FieldKind.NUMBER, [*numbers, "1000", True, None, ""]).edges == learn_edges(numbers)
    assert fitted(FieldKind.NUMBER, [*range(100)]).edges == learn_edges(numbers)
    assert fitted(FieldKind.NUMBER, ["7", True, None]).edges == ()


def test_numbers_that_no_float_holds_do_not_stop_training() -> None:
    assert fitted(FieldKind.NUMBER, [10**400, 1, 2]).edges == learn_edges([1.0, 2.0])
    assert fitted(FieldKind.NUMBER, [-1.7e308, 1.7e308]).edges


@pytest.mark.parametrize("kind", [FieldKind.FLAG, FieldKind.TEXT, FieldKind.DATE])
def test_other_fields_learn_nothing(kind: FieldKind) -> None:
    assert fitted(kind, ["Jo Doe"] * 50).categories == ("stale",)


def test_a_number_learns_no_categories_and_other_parts_stay() -> None:
    template = Template(
        fields=(FieldTemplate(field="b", label="B", kind=FieldKind.NUMBER, max_tokens=9),), preamble="P", max_tokens=99
    )
    after = fit_template(template, [])
    assert after == template
