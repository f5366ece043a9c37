"""Whatever the histories of leads are: a snapshot of the past shows what was known then, and nothing else."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import FieldChange, FieldValue, Interaction, Lead, StageChange, TextVersion, TrainingExample
from hpro_sdk.rendering import FieldTemplate, PromptRenderer, Template
from hpro_sdk.snapshots import build_snapshots
from hpro_sdk.snapshots.cutoffs import divide_cutoffs

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAR = NOON + timedelta(days=3000)
FUNNEL = Funnel(stages=("new", "demo", "offer"), values={"Signed": "won"})
KNOWN = ("source", "owner")
OTHERS = ("tracked", "closing", "amount")
CUTOFF_HOURS = (-700, -300, 0, 400)


class ByteTokenizer:
    """One token a byte."""

    def encode(self, text: str) -> Sequence[int]:
        return list(text.encode())


RENDERER = PromptRenderer(
    Template(
        fields=tuple(FieldTemplate(field=name, label=name, kind=FieldKind.TEXT) for name in (*KNOWN, *OTHERS)),
        max_tokens=8192,
        interaction_share=1,
    ),
    ByteTokenizer(),
)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def build(*leads: Lead, cutoffs: Sequence[datetime]) -> list[TrainingExample]:
    return build_snapshots(leads, 10, cutoffs, funnel=FUNNEL, known_at_creation=KNOWN, known_until=FAR)


# A mark says from which hour on it may be seen: "mark4200" is not to be seen before hour 200.
MARK = re.compile(r"mark(\d+)")
SHIFT = 4000
HOURS = st.integers(-1500, 1500)
NEVER = SHIFT * 2
CREATED = -3000


def mark(*hours: int | None) -> str:
    return f"mark{max((hour for hour in hours if hour is not None), default=-SHIFT) + SHIFT}"


@st.composite
def interactions_of(draw: st.DrawFn, name: str) -> Interaction:
    occurred, recorded = draw(st.none() | HOURS), draw(st.none() | HOURS)
    stored = sorted(draw(st.lists(HOURS, max_size=3, unique=True)))
    # The first text stored is shown from the start of the interaction on, whenever it was stored.
    # Without a date nobody can tell since when it was there.
    known = [NEVER] if occurred is None and recorded is None else [occurred, recorded]
    texts = [mark(*known, *([] if number == 0 else [hour])) for number, hour in enumerate(stored)]
    versions = [TextVersion(text=text, stored_at=at(hour)) for text, hour in zip(texts, stored, strict=True)]
    return Interaction(
        interaction_id=name,
        text=texts[-1] if texts else mark(*known),
        text_versions=tuple(draw(st.permutations(versions))),
        occurred_at=None if occurred is None else at(occurred),
        recorded_at=None if recorded is None else at(recorded),
        modified_at=draw(st.none() | HOURS.map(at)),
    )


@st.composite
def tracked(draw: st.DrawFn, field: str) -> tuple[list[FieldChange], str]:
    """Changes of a field, and today's value; the first value is known from creation on, or never."""
    hours = sorted(draw(st.lists(HOURS, max_size=3, unique=True)))
    values = [mark(CREATED if field in KNOWN else NEVER), *(mark(hour) for hour in hours)]
    changes = [
        FieldChange(field=field, old=old, new=new, at=at(hour))
        for hour, (old, new) in zip(hours, itertools.pairwise(values), strict=True)
    ]
    return changes, values[-1]


@st.composite
def marked_leads(draw: st.DrawFn) -> Lead:
    """A lead with random histories, notes about its end among them, in which every text says when it may be seen."""
    hours = sorted(draw(st.lists(HOURS, max_size=5, unique=True)))
    names = [draw(st.sampled_from([*FUNNEL.stages, FUNNEL.won, FUNNEL.lost, "Signed"])) for _ in hours]
    ends = [hour for hour, name in zip(hours, names, strict=True) if name not in FUNNEL.stages]
    interactions = [draw(interactions_of(str(number))) for number in range(draw(st.integers(0, 4)))]
    for hour in ends:
        after = hour + draw(st.integers(1, 300))
        before = hour - draw(st.integers(1, 300))
        for name, occurred in (("after", after), ("logged late", before)):
            note = Interaction(
                interaction_id=f"{name} {hour}", text=mark(after), occurred_at=at(occurred), recorded_at=at(after)
            )
            interactions.append(note)
    fields: dict[str, FieldValue] = {"amount": mark(NEVER)}  # neither tracked nor known at creation
    changes: list[FieldChange] = []
    for name in (*KNOWN, "tracked", "closing"):
        of_field, fields[name] = draw(tracked(name))
        changes += of_field
    return Lead(
        lead_id=draw(st.sampled_from("abc")),
        account_id=draw(st.none() | st.sampled_from("xy")),
        created_at=at(draw(st.integers(CREATED, 500))),
        stage=draw(st.sampled_from([*FUNNEL.stages, FUNNEL.won, FUNNEL.lost])),
        fields=fields,
        interactions=tuple(draw(st.permutations(interactions))),
        stage_changes=tuple(
            draw(
                st.permutations([StageChange(stage=name, at=at(hour)) for hour, name in zip(hours, names, strict=True)])
            )
        ),
        field_changes=tuple(draw(st.permutations(changes))),
    )


def stage_by_hand(lead: Lead, as_of: datetime) -> str | None:
    known = {change.at: change.stage for change in lead.stage_changes if change.at <= as_of}
    return FUNNEL.resolve(known[max(known)]) if known else None


@given(marked_leads())
def test_nothing_of_after_the_cutoff_reaches_the_prompt(lead: Lead) -> None:
    cutoffs = [at(hour) for hour in CUTOFF_HOURS]
    shown = {cutoff: build(lead, cutoffs=[cutoff]) for cutoff in cutoffs}
    for cutoff, hour in zip(cutoffs, CUTOFF_HOURS, strict=True):
        stage = stage_by_hand(lead, cutoff)
        exists = lead.created_at is not None and lead.created_at <= cutoff
        assert bool(shown[cutoff]) == (exists and stage not in {FUNNEL.won, FUNNEL.lost})
        for example in shown[cutoff]:
            prompt = RENDERER.render(example.snapshot)
            assert all(int(number) - SHIFT <= hour for number in MARK.findall(prompt.text))
            line = re.search(r"^stage: (\w+), since", prompt.text, re.MULTILINE)
            assert (line[1] if line else None) == stage
            known = sum(
                any(moments) and all(moment is None or moment <= cutoff for moment in moments)
                for moments in ((one.occurred_at, one.recorded_at) for one in lead.interactions)
            )
            assert prompt.text.count("- note") == known  # nothing that was known is lost either
            assert prompt.interactions_cut == 0
            assert "amount: unknown" in prompt.text
            changed = {change.field for change in lead.field_changes if change.at <= cutoff}
            assert set(example.snapshot.fields) == {*KNOWN, *changed}
            assert example.snapshot.next_known_at is None


@given(marked_leads(), st.lists(st.none() | HOURS.map(at), min_size=1))
def test_when_something_was_modified_decides_nothing(lead: Lead, moments: list[datetime | None]) -> None:
    modified = itertools.cycle(moments)
    other = lead.model_copy(
        update={
            "interactions": tuple(one.model_copy(update={"modified_at": next(modified)}) for one in lead.interactions)
        }
    )
    cutoffs = [at(hour) for hour in CUTOFF_HOURS]
    assert build(other, cutoffs=cutoffs) == build(lead, cutoffs=cutoffs)


@st.composite
def leads_told_more(draw: st.DrawFn) -> tuple[Lead, Lead, datetime]:
    """A lead, the same lead with records of after a moment added, and the moment."""
    lead = draw(marked_leads())
    hour = draw(st.sampled_from(CUTOFF_HOURS))
    later = st.integers(hour + 1, 3000).map(at)
    fields = {**lead.fields, "amount": "changed"}
    changes = list(lead.field_changes)
    for name in draw(st.lists(st.sampled_from([*OTHERS, "another"]), max_size=4)):
        changes.append(FieldChange(field=name, old="what was", new="what came", at=draw(later)))
        fields[name] = "what came"
    for name in draw(st.lists(st.sampled_from(KNOWN), max_size=2, unique=True)):
        changes.append(FieldChange(field=name, old=fields[name], new="what came", at=at(3001)))
        fields[name] = "what came"
    interactions = [
        one.model_copy(
            update={
                "text": "edited",
                "text_versions": (*one.text_versions, TextVersion(text="edited", stored_at=at(3000))),
            }
        )
        if one.text_versions
        else one
        for one in lead.interactions
    ]
    for number in range(draw(st.integers(0, 3))):
        first, second = draw(st.permutations([draw(later), draw(st.none() | HOURS.map(at))]))
        note = Interaction(interaction_id=f"new {number}", text="new", occurred_at=first, recorded_at=second)
        interactions.append(note)
    names = st.sampled_from([*FUNNEL.stages, FUNNEL.won, FUNNEL.lost])
    added = [StageChange(stage=draw(names), at=draw(later)) for _ in range(draw(st.integers(0, 3)))]
    update = {
        "fields": fields,
        "field_changes": tuple(draw(st.permutations(changes))),
        "interactions": tuple(interactions),
        "stage": draw(names),
        "stage_changes": (*lead.stage_changes, *added),
    }
    return lead, Lead.model_validate({**dict(lead), **update}), at(hour)


@given(leads_told_more())
def test_what_is_recorded_later_changes_no_snapshot(case: tuple[Lead, Lead, datetime]) -> None:
    lead, told_more, moment = case
    before, after = build(lead, cutoffs=[moment]), build(told_more, cutoffs=[moment])
    assert [example.snapshot for example in after] == [example.snapshot for example in before]


@given(st.lists(marked_leads(), max_size=6), st.integers(1, 8), st.randoms(use_true_random=False))
def test_no_group_stands_on_two_sides(leads: list[Lead], count: int, shuffled: random.Random) -> None:
    leads = [lead.model_copy(update={"lead_id": str(number)}) for number, lead in enumerate(leads)]
    cutoffs = [at(-1000 + 250 * number) for number in range(count)]
    examples = build(*leads, cutoffs=cutoffs)
    ordered = [(example.snapshot.as_of, example.snapshot.key) for example in examples]
    assert ordered == sorted(ordered)
    sides: dict[str | None, set[str]] = {}
    for example in examples:
        sides.setdefault(example.group, set()).add(example.split)
    assert all(len(of_group) == 1 for of_group in sides.values())
    moments = [[example.snapshot.as_of for example in examples if example.split == side] for side in ("train", "test")]
    assert not all(moments) or max(moments[0]) < min(moments[1])
    # Whatever becomes of a lead, its group's side is that of the first snapshot.
    alone = {(lead.lead_id, cutoff) for cutoff in cutoffs for lead in leads if build(lead, cutoffs=[cutoff])}
    usable = divide_cutoffs(sorted({cutoff for _, cutoff in alone}))
    for lead in leads:
        group = lead.account_id or lead.lead_id
        of_group = [
            cutoff
            for lead_id, cutoff in alone
            if next(one.account_id or one.lead_id for one in leads if one.lead_id == lead_id) == group
        ]
        if of_group:
            assert sides[group] == {usable[min(of_group)]}
    mixed = leads.copy()
    shuffled.shuffle(mixed)
    assert build(*mixed, cutoffs=[*cutoffs[::-1], *cutoffs]) == examples
