from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.errors import ConfigError, UnknownStageError
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import FieldChange, FieldValue, Interaction, Lead, StageChange, TextVersion, TrainingExample
from hpro_sdk.rendering import PromptRenderer, Template
from hpro_sdk.snapshots import build_snapshots, spaced_cutoffs, take_snapshot
from hpro_sdk.snapshots.cutoffs import divide_cutoffs

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAR = NOON + timedelta(days=3000)
FUNNEL = Funnel(stages=("new", "demo", "offer"), values={"Signed": "won"})
HORIZON = 10


class ByteTokenizer:
    """One token a byte."""

    def encode(self, text: str) -> Sequence[int]:
        return list(text.encode())


def day(days: float) -> datetime:
    return NOON + timedelta(days=days)


def build(
    *leads: Lead, cutoffs: Sequence[datetime] = (NOON,), known: Sequence[str] = (), until: datetime = FAR
) -> list[TrainingExample]:
    return build_snapshots(leads, HORIZON, cutoffs, funnel=FUNNEL, known_at_creation=known, known_until=until)


def lead_with(lead_id: str = "1", **keys: object) -> Lead:
    return Lead.model_validate({"lead_id": lead_id, "created_at": day(-100), **keys})


def stages(*changes: tuple[str, float]) -> tuple[StageChange, ...]:
    return tuple(StageChange(stage=stage, at=day(days)) for stage, days in changes)


@pytest.mark.parametrize("end", ["won", "lost", None])
@pytest.mark.parametrize(("missing", "kept"), [(timedelta(0), True), (timedelta(microseconds=1), False)])
def test_an_unfinished_horizon_is_dropped_converted_or_not(end: str | None, missing: timedelta, kept: bool) -> None:
    changes = stages(("new", -1), *([(end, 1)] if end else []))
    examples = build(lead_with(stage_changes=changes), until=day(HORIZON) - missing)
    assert bool(examples) == kept


TICK_DAYS = 1 / 86_400_000_000


@pytest.mark.parametrize(
    ("changes", "result", "days", "reached"),
    [
        ([], "open", None, None),
        ([("new", -2)], "open", None, "new"),
        ([("new", -2), ("won", 10)], "won", 10, "new"),
        ([("new", -2), ("won", 10 + TICK_DAYS)], "open", None, "new"),
        ([("new", -2), ("won", TICK_DAYS)], "won", TICK_DAYS, "new"),
        ([("offer", -2), ("new", -1), ("lost", 3)], "lost", 3, "offer"),
        ([("new", -2), ("lost", 3), ("demo", 5)], "open", None, "demo"),
        ([("new", -2), ("lost", 3), ("demo", 5), ("lost", 6), ("lost", 7)], "lost", 6, "demo"),
        ([("new", -2), ("lost", 3), ("demo", 11)], "lost", 3, "new"),
        ([("new", -2), ("won", 3), ("offer", 5), ("lost", 6)], "won", 3, "offer"),
        ([("new", -2), ("lost", 3), ("Signed", 4)], "won", 4, "new"),
        ([("lost", -9), ("demo", -2), ("offer", 9), ("offer", 11)], "open", None, "offer"),
        ([("demo", 2), ("offer", 2), ("lost", 2)], "lost", 2, "offer"),  # at one instant: the order given
        ([("won", 2)], "won", 2, None),
    ],
)
def test_the_outcome_is_what_the_horizon_brought(
    changes: list[tuple[str, float]], result: str, days: float | None, reached: str | None
) -> None:
    (example,) = build(lead_with(stage_changes=stages(*changes)))
    outcome = example.outcome
    assert (outcome.result, outcome.reached) == (result, reached)
    assert outcome.at == (None if days is None else day(days))


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ([("new", -5), ("won", 0)], "closed"),
        ([("new", -5), ("lost", -1)], "closed"),
        ([("new", -5), ("lost", -3), ("demo", -1)], "demo"),
        ([("new", -5), ("won", TICK_DAYS)], "new"),
        ([("demo", 0), ("offer", 0)], "offer"),
        ([("offer", 1)], None),
    ],
)
def test_only_open_leads_are_looked_at(changes: list[tuple[str, float]], stage: str | None) -> None:
    examples = build(lead_with(stage="offer", stage_changes=stages(*changes)))
    assert [example.snapshot.stage for example in examples] == ([] if stage == "closed" else [stage])


def test_the_stage_is_never_todays() -> None:
    (example,) = build(lead_with(stage="offer"))
    assert (example.snapshot.stage, example.snapshot.stage_entered_at) == (None, None)


def test_a_stage_is_shown_by_the_funnels_name_and_an_unknown_one_is_refused() -> None:
    funnel = FUNNEL.model_copy(update={"values": {"Vorstellung": "demo"}})
    lead = lead_with(stage_changes=stages(("Vorstellung", -3)))
    (example,) = build_snapshots([lead], 1, [NOON], funnel=funnel, known_at_creation=(), known_until=FAR)
    assert (example.snapshot.stage, example.snapshot.stage_entered_at) == ("demo", day(-3))
    with pytest.raises(UnknownStageError, match="Vorstellung"):
        build(lead)


def changed(field: str, old: FieldValue, new: FieldValue, days: float) -> FieldChange:
    return FieldChange(field=field, old=old, new=new, at=day(days))


@pytest.mark.parametrize("known", [(), ("a",)])
@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ([changed("a", 1, 2, -2), changed("a", 2, 3, 2)], 2),
        ([changed("a", 1, 2, 0)], 2),
        ([changed("a", 1, None, -1)], None),
        ([changed("a", 1, 2, -1), changed("a", 2, 5, -1)], 5),  # at one instant: the order given
        ([changed("a", 2, 5, -1), changed("a", 1, 2, -1)], 2),
    ],
)
def test_a_field_is_what_its_history_says(known: Sequence[str], changes: list[FieldChange], value: FieldValue) -> None:
    lead = lead_with(fields={"a": "today", "b": "today"}, field_changes=tuple(changes))
    (example,) = build(lead, known=known)
    assert dict(example.snapshot.fields) == {"a": value}


def test_only_a_field_known_at_creation_is_wound_back_through_later_changes() -> None:
    """Were others shown before their first change, their presence would tell that they are going to change."""
    changes = [changed(name, old, new, 1) for name in "ab" for old, new in ((1, 2), (2, 3))]
    lead = lead_with(fields={"a": 3, "b": 3, "c": 3, "d": 3}, field_changes=tuple(changes))
    (example,) = build(lead, known=("a", "c", "missing"))
    assert dict(example.snapshot.fields) == {"a": 1, "c": 3}


def test_text_versions_of_one_instant_count_in_the_order_given() -> None:
    versions = [TextVersion(text=text, stored_at=day(days)) for text, days in (("a", -1), ("b", -1), ("c", 1))]
    note = Interaction(interaction_id="1", text="c", text_versions=tuple(versions), modified_at=NOON, recorded_at=NOON)
    (example,) = build(lead_with(interactions=(note,)))
    assert example.snapshot.interactions == (Interaction(interaction_id="1", text="b", recorded_at=NOON),)


def test_a_lead_is_looked_at_from_its_creation_on() -> None:
    cutoffs = [day(days) for days in (-1, 0, 1)]
    examples = build(lead_with(created_at=NOON), cutoffs=cutoffs)
    assert [example.snapshot.as_of for example in examples] == cutoffs[1:2]  # the next one is the other side's


def test_leads_without_a_creation_are_counted_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="hpro_sdk"):
        examples = build(lead_with("1", created_at=None), lead_with("2"), lead_with("3", created_at=None))
    assert [example.snapshot.lead_id for example in examples] == ["2"]
    (record,) = caplog.records
    assert (vars(record)["event"], vars(record)["leads"]) == ("leads_without_created_at", 2)


def test_undated_interactions_are_in_no_past_snapshot_and_counted_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    undated = tuple(Interaction(interaction_id=name, text="contract signed", modified_at=day(-5)) for name in "ab")
    known = Interaction(interaction_id="c", occurred_at=day(-1))
    lead = lead_with("1", interactions=(*undated, known))
    with caplog.at_level(logging.INFO, logger="hpro_sdk"):
        examples = build(lead, lead_with("2", interactions=undated[:1]))
    assert [len(example.snapshot.interactions) for example in examples] == [1, 0]
    (record,) = caplog.records
    assert (vars(record)["event"], vars(record)["interactions"]) == ("undated_interactions", 3)
    assert len(take_snapshot(lead, NOON).interactions) == 3  # of the present it is all true


def test_what_is_left_out_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    lead, closed = lead_with("1"), lead_with("2", stage="Signed", stage_changes=stages(("new", -1)))
    with caplog.at_level(logging.INFO, logger="hpro_sdk"):
        build(lead, closed, cutoffs=[day(0), day(1), day(2), day(50)], until=day(20))
    logged = {vars(record)["event"]: vars(record) for record in caplog.records}
    assert logged.keys() == {"unfinished_horizons", "leads_without_end", "snapshots_of_other_sides"}
    assert logged["unfinished_horizons"]["cutoffs"] == 1
    assert logged["leads_without_end"]["leads"] == 1
    assert logged["snapshots_of_other_sides"]["snapshots"] == 4


@pytest.mark.parametrize(
    ("keys", "group"),
    [({"account_id": "a", "person_id": "p"}, "a"), ({"person_id": "p"}, "p"), ({}, "1")],
)
def test_the_group_is_the_account_or_the_person_or_the_lead(keys: dict[str, str], group: str) -> None:
    (example,) = build(lead_with("1", **keys))
    assert example.group == group


@pytest.mark.parametrize(
    ("count", "sides"),
    [(0, (0, 0, 0)), (1, (1, 0, 0)), (2, (1, 1, 0)), (3, (1, 1, 1)), (4, (2, 1, 1)), (10, (7, 1, 2)), (20, (14, 2, 4))],
)
def test_cutoffs_are_divided_by_time(count: int, sides: tuple[int, int, int]) -> None:
    cutoffs = [day(days) for days in range(count)]
    expected = [side for side, size in zip(("train", "valid", "test"), sides, strict=True) for _ in range(size)]
    assert divide_cutoffs(cutoffs[::-1]) == dict(zip(cutoffs, expected, strict=True))


def test_a_larger_share_validates_on_request() -> None:
    sides = list(divide_cutoffs([day(days) for days in range(20)], valid_share=0.15).values())
    assert sides == ["train"] * 13 + ["valid"] * 3 + ["test"] * 4


@given(st.integers(3, 200))
def test_of_three_cutoffs_or_more_each_side_has_one(count: int) -> None:
    sides = list(divide_cutoffs([day(days) for days in range(count)]).values())
    assert set(sides) == {"train", "valid", "test"}
    assert 0.5 <= sides.count("train") / count <= 0.75 or count < 5


def test_cutoffs_without_examples_do_not_count() -> None:
    leads = [lead_with(str(number), created_at=day(number)) for number in range(3)]
    examples = build(*leads, cutoffs=[day(days) for days in (-9, -8, -7, 0, 1, 2, 90, 91)], until=day(20))
    assert [(example.snapshot.lead_id, example.split) for example in examples] == [
        ("0", "train"),
        ("1", "valid"),
        ("2", "test"),
    ]


def test_wrong_arguments_are_refused() -> None:
    naive = NOON.replace(tzinfo=None)
    for cutoffs, until in (([naive], FAR), ([NOON], naive)):
        with pytest.raises(ValueError, match="no time zone"):
            build(lead_with(), cutoffs=cutoffs, until=until)
    with pytest.raises(ConfigError, match="no cutoffs"):
        build(lead_with(), cutoffs=[])
    for horizon in (0, -1, 10**10):
        with pytest.raises(ConfigError, match="horizon_days"):
            build_snapshots([], horizon, [NOON], funnel=FUNNEL, known_at_creation=(), known_until=FAR)


def test_cutoffs_of_any_time_zone_are_taken_once() -> None:
    zone = timezone(timedelta(hours=-7))
    assert len(build(lead_with(), cutoffs=[NOON, NOON.astimezone(zone)], until=FAR.astimezone(zone))) == 1


def test_halves_of_characters_pass() -> None:
    note = Interaction(interaction_id="1", text="call \ud800 back", recorded_at=NOON)
    lead = lead_with(fields={"source": "\udfff", "x\ud800": "y"}, interactions=(note,))
    (example,) = build(lead, known=("source", "x\ud800"))
    assert dict(example.snapshot.fields) == dict(lead.fields)
    assert "call back\n" in PromptRenderer(Template(), ByteTokenizer()).render(example.snapshot).text


def test_spaced_cutoffs() -> None:
    assert spaced_cutoffs(day(0), day(61), 30) == [day(0), day(30), day(60)]
    assert spaced_cutoffs(day(0), day(60), 30) == [day(0), day(30), day(60)]
    assert spaced_cutoffs(day(0), day(0), 30) == [day(0)]
    assert spaced_cutoffs(day(0).astimezone(timezone(timedelta(hours=5))), day(9), 30)[0].tzinfo is UTC
    with pytest.raises(ConfigError, match="every_days"):
        spaced_cutoffs(day(0), day(1), 0)
    with pytest.raises(ConfigError, match="before the first"):
        spaced_cutoffs(day(1), day(0), 1)
    with pytest.raises(ValueError, match="no time zone"):
        spaced_cutoffs(NOON.replace(tzinfo=None), day(0), 1)
