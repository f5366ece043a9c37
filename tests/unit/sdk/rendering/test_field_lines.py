from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue, Interaction, InteractionKind, LeadSnapshot, Speaker
from hpro_sdk.rendering import FieldTemplate, Template
from hpro_sdk.rendering.field_lines import describe_value
from hpro_sdk.rendering.lines import count_line, field_lines, interaction_line

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NINE = tuple(float(edge) for edge in range(9))
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def field(kind: FieldKind, **keys: object) -> FieldTemplate:
    return FieldTemplate.model_validate({"field": "a", "label": "a", "kind": kind, **keys})


def words(kind: FieldKind, value: FieldValue, **keys: object) -> str:
    return describe_value(field(kind, **keys), value, NOON).words


@pytest.mark.parametrize("kind", FieldKind)
@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_unknown(kind: FieldKind, value: FieldValue) -> None:
    assert describe_value(field(kind), value, NOON) == ("unknown", None)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 (very low)"), (7.0, "7 (very high)"), (-1534.9, "-1530 (lowest)"), (True, "unknown"), ("7", "unknown")],
)
def test_a_number_has_a_quantile_word(value: FieldValue, shown: str) -> None:
    edges = (0.0, 0.0, *NINE[1:8])
    assert words(FieldKind.NUMBER, value, edges=edges) == shown


def test_a_number_without_edges_stands_alone_and_one_without_a_float_is_unknown() -> None:
    assert words(FieldKind.NUMBER, 12) == "12"
    assert words(FieldKind.NUMBER, 10**400) == "unknown"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("web", "web"), (" web\n", "web"), ("Web", "other"), ("x", "other"), (True, "True"), (" ", "other")],
)
def test_a_category_that_was_not_learnt_is_other(value: FieldValue, shown: str) -> None:
    assert words(FieldKind.CATEGORY, value, categories=("web", "True")) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "yes"),
        (False, "no"),
        (1, "yes"),
        (0, "no"),
        (" TRUE ", "yes"),
        ("No", "no"),
        (2, "unknown"),
        ("x", "unknown"),
    ],
)
def test_a_flag_is_yes_or_no(value: FieldValue, shown: str) -> None:
    assert words(FieldKind.FLAG, value) == shown


@pytest.mark.parametrize(("value", "shown"), [(" a\nb ", "a b"), (7, "7"), ("\0", "unknown"), ("  ", "unknown")])
def test_a_text_is_one_line(value: FieldValue, shown: str) -> None:
    assert words(FieldKind.TEXT, value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-02-20T12:00:00+00:00", "1-2 weeks ago"),
        ("2026-03-01T13:00:00+01:00", "today"),
        ("2026-03-05T12:00:00Z", "within a week"),
        ("2026-02-20", "unknown"),
        ("2026-02-20T12:00:00", "unknown"),
        ("soon", "unknown"),
        (20260220, "unknown"),
        (True, "unknown"),
    ],
)
def test_a_date_is_an_age_and_needs_a_time_zone(value: FieldValue, shown: str) -> None:
    assert words(FieldKind.DATE, value) == shown


def test_only_a_date_changes_by_itself() -> None:
    age = describe_value(field(FieldKind.DATE), "2026-02-28T18:00:00+00:00", NOON)
    assert age == ("today", NOON + timedelta(hours=6))
    assert describe_value(field(FieldKind.TEXT), "2026-02-28T18:00:00+00:00", NOON).next_edge_at is None


@given(st.sampled_from(FieldKind), VALUES)
def test_no_value_stops_a_score(kind: FieldKind, value: FieldValue) -> None:
    shown = words(kind, value, edges=NINE if kind is FieldKind.NUMBER else ())
    assert shown
    assert len(shown.splitlines()) == 1


def test_the_lines_above_the_interactions() -> None:
    template = Template(
        fields=(
            FieldTemplate(field="b", label="B", kind=FieldKind.TEXT, max_tokens=9),
            FieldTemplate(field="a", label="A", kind=FieldKind.NUMBER),
        )
    )
    snapshot = LeadSnapshot(
        lead_id="1",
        as_of=NOON,
        created_at=NOON - timedelta(days=2),
        stage="De\nmo",
        stage_entered_at=NOON - timedelta(hours=1),
        fields={"a": 1, "c": "not in the template"},
    )
    assert list(field_lines(template, snapshot)) == [
        ("created", "1-2 days ago", None, NOON + timedelta(days=1)),
        ("stage", "De mo, since today", None, NOON + timedelta(hours=23)),
        ("B", "unknown", 9, None),
        ("A", "1", None, None),
    ]
    undated = LeadSnapshot(lead_id="1", as_of=NOON, stage="new")
    assert [line[:2] for line in field_lines(template, undated)][:1] == [("stage", "new")]
    assert [line.label for line in field_lines(template, LeadSnapshot(lead_id="1", as_of=NOON))] == ["B", "A"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (100, "2 min"),
        (35_900, "598 min"),
        (35_999, "over 10 h"),
        (10**400, "over 10 h"),
    ],
)
def test_the_length_of_a_call(seconds: int, words: str) -> None:
    interaction = Interaction(interaction_id="1", kind=InteractionKind.CALL, call_seconds=seconds)
    assert interaction_line(interaction, NOON).label == f"- call, {words}"


def test_the_line_of_an_interaction() -> None:
    interaction = Interaction(
        interaction_id="1",
        kind=InteractionKind.EMAIL,
        speaker=Speaker.LEAD,
        text="How\nmuch?",
        occurred_at=NOON - timedelta(days=5),
    )
    edge = NOON + timedelta(days=2)
    assert interaction_line(interaction, NOON) == ("- email, by lead, this week", "How much?", None, edge)
    assert interaction_line(Interaction(interaction_id="1"), NOON) == ("- note", "", None, None)


def test_the_line_that_counts() -> None:
    assert count_line(3, 0)[:2] == ("interactions", "3 shown")
    assert count_line(3, 9)[:2] == ("interactions", "3 shown, 9 older left out")
