from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldChange, FieldValue, Interaction, Lead, LeadSnapshot, StageChange, TextVersion
from hpro_sdk.rendering import FieldTemplate, PromptRenderer, Template
from hpro_sdk.snapshots import take_snapshot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
HOURS = st.integers(-2000, 2000)
PLANTED = "PLANTED"


class ByteTokenizer:
    """One token a byte: the longest prompts that there are."""

    def encode(self, text: str) -> Sequence[int]:
        return list(text.encode())


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def shown_ids(snapshot: LeadSnapshot) -> list[str]:
    return [interaction.interaction_id for interaction in snapshot.interactions]


def snapshot_with(*interactions: Interaction, as_of: datetime = NOON) -> LeadSnapshot:
    return take_snapshot(Lead(lead_id="1", interactions=interactions), as_of)


def test_what_does_not_change_is_carried_over() -> None:
    lead = Lead(org_id="o", object_type="contact", lead_id="7", created_at=at(-5), stage="new", fields={"a": 1})
    snapshot = take_snapshot(lead, NOON)
    assert snapshot.key == lead.key
    assert (snapshot.created_at, snapshot.stage, dict(snapshot.fields)) == (at(-5), "new", {"a": 1})


def test_as_of_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        take_snapshot(Lead(lead_id="1"), NOON.replace(tzinfo=None))
    moment = NOON.astimezone(timezone(timedelta(hours=-7)))
    assert take_snapshot(Lead(lead_id="1"), moment).as_of.tzinfo is UTC


@pytest.mark.parametrize(
    ("occurred", "recorded", "known"),
    [
        (NOON, NOON, True),
        (NOON + TICK, NOON, False),
        (NOON, NOON + TICK, False),
        (NOON, None, True),
        (None, NOON, True),
        (None, None, True),
        (NOON + TICK, None, False),
        (None, NOON + TICK, False),
    ],
)
@pytest.mark.parametrize("modified", [None, NOON - HOUR, NOON + 1000 * HOUR])
def test_an_interaction_is_known_once_it_happened_and_was_recorded(
    occurred: datetime | None, recorded: datetime | None, modified: datetime | None, known: bool
) -> None:
    interaction = Interaction(interaction_id="1", occurred_at=occurred, recorded_at=recorded, modified_at=modified)
    assert shown_ids(snapshot_with(interaction)) == (["1"] if known else [])


def test_interactions_are_newest_first_and_undated_ones_last() -> None:
    hours = {"b": -1, "a": -1, "old": -9, "new": 0}
    dated = [Interaction(interaction_id=name, occurred_at=at(hour)) for name, hour in hours.items()]
    for order in itertools.permutations([*dated, Interaction(interaction_id="undated")]):
        assert shown_ids(snapshot_with(*order)) == ["new", "b", "a", "old", "undated"]


@pytest.mark.parametrize(
    ("as_of", "text"),
    [
        (at(-9), "first"),  # nothing was stored yet: the first text stored
        (at(-2), "first"),
        (at(-1) - TICK, "first"),
        (at(-1), "second"),
        (at(1) - TICK, "second"),
        (at(1), "third"),
        (at(99), "third"),
    ],
)
def test_the_newest_text_that_was_stored_by_then_is_shown(as_of: datetime, text: str) -> None:
    versions = [TextVersion(text=text, stored_at=at(hour)) for text, hour in (("third", 1), ("first", -2))]
    versions.append(TextVersion(text="second", stored_at=at(-1)))
    interaction = Interaction(interaction_id="1", text="third", text_versions=tuple(versions))
    (shown,) = snapshot_with(interaction, as_of=as_of).interactions
    assert shown.text == text
    assert shown.text_versions == ()
    assert interaction.text_versions  # the lead's own is left alone


def test_a_text_without_versions_is_shown_as_it_is() -> None:
    (shown,) = snapshot_with(Interaction(interaction_id="1", text="only", modified_at=at(5))).interactions
    assert shown.text == "only"


@given(st.lists(st.tuples(HOURS, st.none() | st.integers(0, 3)), max_size=8, unique_by=lambda row: row[0]), HOURS)
def test_a_tracked_field_is_wound_back(changes: list[tuple[int, int | None]], hour: int) -> None:
    history: list[tuple[int, FieldValue]] = [(-9999, "start"), *sorted(changes)]
    tracked = [
        FieldChange(field="a", old=old, new=new, at=at(when)) for (_, old), (when, new) in itertools.pairwise(history)
    ]
    random.Random(hour).shuffle(tracked)
    lead = Lead(lead_id="1", fields={"a": history[-1][1], "b": "today"}, field_changes=tuple(tracked))
    expected = [value for when, value in history if when <= hour][-1]
    assert dict(take_snapshot(lead, at(hour)).fields) == {"a": expected, "b": "today"}
    assert lead.fields["a"] == history[-1][1]


def test_a_field_that_is_gone_today_comes_back() -> None:
    lead = Lead(lead_id="1", field_changes=(FieldChange(field="a", old=3, new=None, at=at(1)),))
    assert dict(take_snapshot(lead, NOON).fields) == {"a": 3}
    assert dict(take_snapshot(lead, at(1)).fields) == {}


def test_changes_of_a_field_at_one_instant_count_in_the_order_given() -> None:
    changes = [FieldChange(field="a", old=old, new=new, at=at(1)) for old, new in itertools.pairwise([1, 2, 3])]
    lead = Lead(lead_id="1", fields={"a": 3}, field_changes=tuple(changes))
    assert dict(take_snapshot(lead, NOON).fields) == {"a": 1}
    assert dict(take_snapshot(lead, at(1)).fields) == {"a": 3}


def test_texts_stored_at_one_instant_count_in_the_order_given() -> None:
    versions = tuple(TextVersion(text=text, stored_at=NOON) for text in ("first", "second"))
    (shown,) = snapshot_with(Interaction(interaction_id="1", text="second", text_versions=versions)).interactions
    assert shown.text == "second"


CHANGES = (
    StageChange(stage="demo", at=at(5)),
    StageChange(stage="new", at=at(-5)),
    StageChange(stage="contacted", at=at(0)),
)


@pytest.mark.parametrize(
    ("hour", "stage", "since"),
    [(-6, None, None), (-5, "new", -5), (-0.1, "new", -5), (0, "contacted", 0), (4, "contacted", 0), (5, "demo", 5)],
)
@pytest.mark.parametrize("today", [None, "demo"])
def test_the_stage_at_a_moment(hour: float, stage: str | None, since: int | None, today: str | None) -> None:
    snapshot = take_snapshot(Lead(lead_id="1", stage=today, stage_changes=CHANGES), at(hour))
    assert (snapshot.stage, snapshot.stage_entered_at) == (stage, None if since is None else at(since))


def test_the_record_is_the_last_word_on_todays_stage() -> None:
    lead = Lead(lead_id="1", stage="offer", stage_changes=CHANGES)
    today, earlier = take_snapshot(lead, at(6)), take_snapshot(lead, at(4))
    assert (today.stage, today.stage_entered_at) == ("offer", None)
    assert (earlier.stage, earlier.stage_entered_at) == ("contacted", at(0))


def test_without_a_stage_history_the_record_tells_the_stage() -> None:
    snapshot = take_snapshot(Lead(lead_id="1", stage="offer"), NOON)
    assert (snapshot.stage, snapshot.stage_entered_at) == ("offer", None)


@st.composite
def leads_with_a_future(draw: st.DrawFn) -> Lead:
    """A lead in which every word of after NOON is the planted one."""

    def text(*moments: datetime | None) -> str:
        return PLANTED if any(moment is not None and moment > NOON for moment in moments) else "known"

    moments = st.none() | HOURS.map(at)
    interactions = []
    for number in range(draw(st.integers(0, 4))):
        occurred, recorded = draw(moments), draw(moments)
        stored = sorted(draw(st.lists(HOURS.map(at), max_size=3)))
        first = [draw(st.integers(-2000, 0).map(at))] if stored else []  # the first text stored is always shown
        versions = [TextVersion(text=text(occurred, recorded, when), stored_at=when) for when in [*first, *stored]]
        newest = max(versions, key=lambda version: version.stored_at).text if versions else text(occurred, recorded)
        draw(st.randoms(use_true_random=False)).shuffle(versions)
        interactions.append(
            Interaction(
                interaction_id=str(number),
                text=newest,
                text_versions=tuple(versions),
                occurred_at=occurred,
                recorded_at=recorded,
                modified_at=draw(moments),
            )
        )
    stages = [StageChange(stage=text(at(hour)), at=at(hour)) for hour in sorted(draw(st.lists(HOURS, max_size=3)))]
    hours = sorted(draw(st.lists(HOURS, max_size=3, unique=True)))
    values = ["known", *(text(at(hour)) for hour in hours)]
    changes = [
        FieldChange(field="a", old=old, new=new, at=at(hour))
        for hour, (old, new) in zip(hours, itertools.pairwise(values), strict=True)
    ]
    return Lead(
        lead_id="1",
        fields={"a": values[-1]},
        stage=stages[-1].stage if stages else "known",
        interactions=tuple(interactions),
        stage_changes=tuple(draw(st.permutations(stages))),
        field_changes=tuple(draw(st.permutations(changes))),
    )


FIELD = FieldTemplate(field="a", label="a", kind=FieldKind.TEXT)
RENDERER = PromptRenderer(Template(fields=(FIELD,), max_tokens=4096), ByteTokenizer())


@given(leads_with_a_future())
def test_nothing_of_after_the_moment_reaches_the_prompt(lead: Lead) -> None:
    prompt = RENDERER.render(take_snapshot(lead, NOON))
    assert PLANTED not in prompt.text
    assert prompt.interactions_dropped == 0
    known = sum(
        all(moment is None or moment <= NOON for moment in (interaction.occurred_at, interaction.recorded_at))
        for interaction in lead.interactions
    )
    assert prompt.text.count("- note") == known
    later = RENDERER.render(take_snapshot(lead, at(2001))).text
    assert (PLANTED in later) == (PLANTED in lead.model_dump_json(include={"fields", "stage", "interactions"}))


def test_a_planned_meeting_says_when_it_will_be_known() -> None:
    early, late = NOON + timedelta(days=2), NOON + timedelta(days=5)
    lead = Lead(
        lead_id="L1",
        interactions=(
            Interaction(interaction_id="later", occurred_at=late),
            Interaction(interaction_id="meeting", occurred_at=early, recorded_at=NOON),
            Interaction(interaction_id="past", occurred_at=NOON),
        ),
    )
    assert take_snapshot(lead, NOON).next_known_at == early
    assert take_snapshot(lead, early).next_known_at == late
    assert take_snapshot(lead, late).next_known_at is None
