from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from hpro_sdk.lead import (
    FieldChange,
    Frozen,
    Interaction,
    InteractionKind,
    Lead,
    LeadKey,
    LeadSnapshot,
    Outcome,
    OutcomeResult,
    ScoredLead,
    Speaker,
    StageChange,
    TextVersion,
    TrainingExample,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 - bounds are naive
IDS = st.text(min_size=1, max_size=6)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
INTERACTIONS = st.builds(
    Interaction,
    interaction_id=IDS,
    kind=st.sampled_from(InteractionKind),
    speaker=st.none() | st.sampled_from(Speaker),
    text=st.text(),
    text_versions=st.lists(st.builds(TextVersion, text=st.text(), stored_at=MOMENTS), max_size=2),
    call_seconds=st.none() | st.integers(0, 10_000),
    occurred_at=st.none() | MOMENTS,
    recorded_at=st.none() | MOMENTS,
    modified_at=st.none() | MOMENTS,
)
LEADS = st.builds(
    Lead,
    org_id=IDS,
    object_type=IDS,
    lead_id=IDS,
    person_id=st.none() | IDS,
    account_id=st.none() | IDS,
    created_at=st.none() | MOMENTS,
    stage=st.none() | IDS,
    fields=st.dictionaries(st.text(max_size=4), VALUES, max_size=4),
    interactions=st.lists(INTERACTIONS, max_size=2),
    stage_changes=st.lists(st.builds(StageChange, stage=IDS, at=MOMENTS), max_size=2),
    field_changes=st.lists(st.builds(FieldChange, field=IDS, old=VALUES, new=VALUES, at=MOMENTS), max_size=2),
)
DOMAIN: list[tuple[type[Frozen], dict[str, Any]]] = [
    (TextVersion, {"text": "a", "stored_at": NOON}),
    (Interaction, {"interaction_id": "1"}),
    (StageChange, {"stage": "new", "at": NOON}),
    (FieldChange, {"field": "size", "at": NOON}),
    (Lead, {"lead_id": "1"}),
    (LeadSnapshot, {"lead_id": "1", "as_of": NOON}),
    (Outcome, {"result": "won"}),
]


@given(LEADS)
def test_a_lead_survives_json(lead: Lead) -> None:
    back = Lead.model_validate_json(lead.model_dump_json())
    assert back == lead
    # 1 == 1.0 == True, so the kinds are compared by themselves.
    assert [type(value) for value in back.fields.values()] == [type(value) for value in lead.fields.values()]


@pytest.mark.parametrize("value", [True, False, 0, 1, 10**30, 1.0, -0.5, 1e22, "1", "true", "", None])
def test_a_field_value_keeps_its_kind(value: object) -> None:
    lead = Lead.model_validate({"lead_id": "1", "fields": {"x": value}})
    back = Lead.model_validate_json(lead.model_dump_json())
    for read in (lead.fields["x"], back.fields["x"]):
        assert (type(read), read) == (type(value), value)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, NOON, b"a", [1], {"a": 1}])
def test_a_field_value_of_another_kind_is_refused(bad: object) -> None:
    with pytest.raises(ValidationError):
        Lead.model_validate({"lead_id": "1", "fields": {"x": bad}})
    with pytest.raises(ValidationError):
        FieldChange.model_validate({"field": "x", "new": bad, "at": NOON})


@pytest.mark.parametrize("json", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_not_finite_is_refused_in_json(json: str) -> None:
    with pytest.raises(ValidationError):
        Lead.model_validate_json(f'{{"lead_id": "1", "fields": {{"x": {json}}}}}')


@pytest.mark.parametrize(("kind", "values"), DOMAIN)
def test_the_domain_model_is_frozen_and_refuses_other_keys(kind: type[Frozen], values: dict[str, Any]) -> None:
    model = kind.model_validate(values)
    for name in kind.model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(model, name, getattr(model, name))
    with pytest.raises(ValidationError, match="extra"):
        kind.model_validate({**values, "another": 1})


MOMENT_FIELDS = [
    (kind, values, name)
    for kind, values in DOMAIN
    for name in kind.model_fields
    if name in {"stored_at", "occurred_at", "recorded_at", "modified_at", "at", "created_at", "as_of"}
    or name == "stage_entered_at"
]


@pytest.mark.parametrize(("kind", "values", "name"), MOMENT_FIELDS)
def test_moments_need_a_time_zone_and_are_kept_in_utc(kind: type[Frozen], values: dict[str, Any], name: str) -> None:
    for naive in (datetime(2026, 3, 1, 12), "2026-03-01T12:00:00"):  # noqa: DTZ001 - what must be refused
        with pytest.raises(ValidationError, match="timezone"):
            kind.model_validate({**values, name: naive})
    for moment in (NOON.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-03-01T05:00:00-07:00"):
        kept = getattr(kind.model_validate({**values, name: moment}), name)
        assert kept == NOON
        assert kept.tzinfo is UTC


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_a_moment_that_utc_cannot_write_is_refused(moment: str) -> None:
    with pytest.raises(ValidationError, match="years 1 to 9999"):
        Interaction.model_validate({"interaction_id": "1", "occurred_at": moment})


@pytest.mark.parametrize("bad", ["", "a" * 256])
def test_an_identifier_is_not_empty_and_not_endless(bad: str) -> None:
    with pytest.raises(ValidationError):
        Lead(lead_id=bad)
    with pytest.raises(ValidationError):
        Interaction(interaction_id=bad)


def test_a_call_cannot_last_less_than_nothing() -> None:
    with pytest.raises(ValidationError):
        Interaction(interaction_id="1", call_seconds=-1)


def test_an_error_does_not_repeat_what_the_crm_holds() -> None:
    with pytest.raises(ValidationError) as caught:
        Interaction.model_validate({"interaction_id": "1", "occurred_at": "call Ms Secret"})
    assert "Secret" not in str(caught.value)


def models_within(annotation: object) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found.add(annotation)
        for field in annotation.model_fields.values():
            found |= models_within(field.annotation)
    for argument in getattr(annotation, "__args__", ()):
        found |= models_within(argument)
    return found


@pytest.mark.parametrize("kind", [Lead, LeadSnapshot])
def test_what_is_rendered_cannot_hold_an_outcome(kind: type[Frozen]) -> None:
    reachable = models_within(kind)
    assert Interaction in reachable  # the search does go down
    assert Outcome not in reachable
    assert not {"outcome", "result", "won", "reached"} & set(kind.model_fields)
    with pytest.raises(ValidationError):
        kind.model_validate({"lead_id": "1", "as_of": NOON, "outcome": {"result": "won"}})
    assert Outcome in models_within(TrainingExample)


def test_a_snapshot_shows_nothing_that_a_lead_does_not_know() -> None:
    assert set(LeadSnapshot.model_fields) - set(Lead.model_fields) == {"as_of", "next_known_at", "stage_entered_at"}


def test_won_is_the_result_won() -> None:
    assert [Outcome(result=result).won for result in OutcomeResult] == [True, False, False]


def test_lead_snapshot_and_scored_lead_have_one_key() -> None:
    names = {"org_id": "o", "object_type": "contact", "lead_id": "7"}
    key = LeadKey("o", "contact", "7")
    score = {"rank_score": 0, "probability": 0.5, "score": 50, "band": "B", "model_id": "m", "input_hash": "0"}
    assert Lead.model_validate(names).key == key
    assert LeadSnapshot.model_validate({**names, "as_of": NOON}).key == key
    assert ScoredLead.model_validate({**names, **score, "scored_at": NOON}).key == key
