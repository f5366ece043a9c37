from __future__ import annotations

import hashlib
import random
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpro_sdk.errors import PromptTooLongError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import Interaction, InteractionKind, Lead, LeadSnapshot, Speaker
from hpro_sdk.rendering import FieldTemplate, PromptRenderer, RenderedPrompt, Template
from hpro_sdk.rendering.ages import AGE_EDGES, AGE_WORDS
from hpro_sdk.rendering.cutting import CUT_MARK
from hpro_sdk.rendering.lines import count_line
from hpro_sdk.rendering.tokenizer import Encoder
from hpro_sdk.snapshots import take_snapshot

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
STAGES = ("new", "De\u0301mo \U0001d160", "offer")
EDGES = tuple(float(edge) for edge in range(9))
FIELDS = (
    FieldTemplate(field="number", label="number", kind=FieldKind.NUMBER, edges=EDGES),
    FieldTemplate(field="plain", label="plain", kind=FieldKind.NUMBER),
    FieldTemplate(field="category", label="category", kind=FieldKind.CATEGORY, categories=("retail", "web shop")),
    FieldTemplate(field="flag", label="flag", kind=FieldKind.FLAG),
    FieldTemplate(field="text", label="text", kind=FieldKind.TEXT, max_tokens=20),
    FieldTemplate(field="date", label="date", kind=FieldKind.DATE),
)
ROOM = 700  # tokens that hold all the fields above, even at one a byte

# Many moments lie at, or next to, an edge of an age.
SPANS = st.timedeltas(timedelta(0), timedelta(days=400)) | st.sampled_from(AGE_EDGES).flatmap(
    lambda edge: st.integers(-2, 2).map(lambda ticks: edge + ticks * TICK)
)
PAST = SPANS.map(lambda span: NOON - span)
BOTH_WAYS = PAST | SPANS.map(lambda span: NOON + span)
WORDS = st.lists(st.sampled_from(["price", "next week", "\u4f60\u597d", "\U0001f600", "x" * 70, "..."]), max_size=40)
TEXTS = st.text(max_size=30) | WORDS.map(" ".join)
ANY_VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
INTERACTIONS = st.builds(
    Interaction,
    interaction_id=st.integers(0, 999).map(str),
    kind=st.sampled_from(InteractionKind),
    speaker=st.none() | st.sampled_from(Speaker),
    text=TEXTS,
    call_seconds=st.none() | st.integers(0, 40_000),
    occurred_at=st.none() | PAST,
)
LEADS = st.builds(
    Lead,
    lead_id=st.just("1"),
    created_at=st.none() | BOTH_WAYS,
    stage=st.none() | st.sampled_from(STAGES),
    fields=st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("number", "plain", "category", "flag", "text"), ANY_VALUES),
            "category": st.sampled_from(["retail", "web shop", "x"]),
            "date": BOTH_WAYS.map(lambda moment: moment.isoformat()) | ANY_VALUES,
        },
    ),
    interactions=st.lists(INTERACTIONS, max_size=10, unique_by=lambda interaction: interaction.interaction_id),
)
BUDGETS = st.integers(0, 400)
SHARES = st.sampled_from([0.1, 0.5, 1.0])
COUNT_LINE = re.compile(r"^interactions: (\d+) shown(?:, (\d+) older left out)?$", re.MULTILINE)


def renderer(tokenizer: Encoder, more: int = 0, share: float = 0.5) -> PromptRenderer:
    template = Template(fields=FIELDS, max_tokens=ROOM + more, interaction_share=share)
    tight = PromptRenderer(template, tokenizer).longest_fixed_part(STAGES)
    return PromptRenderer(template.model_copy(update={"max_tokens": tight + more}), tokenizer)


def note(number: int, text: str = "", **keys: object) -> Interaction:
    return Interaction.model_validate({"interaction_id": f"{number:03}", "text": text, **keys})


def snapshot(*interactions: Interaction, **keys: object) -> LeadSnapshot:
    return take_snapshot(Lead.model_validate({"lead_id": "1", "interactions": interactions, **keys}), NOON)


def fixed_tokens(prompt: RenderedPrompt, tokenizer: Encoder) -> int:
    lines = [line for line in prompt.text.splitlines(keepends=True) if not line.startswith("- ")]
    segments = [lines[0], lines[-1]]
    for line in lines[1:-1]:
        label, _, value = line.partition(":")
        segments += [f"{label}:", value]
    return sum(len(tokenizer.encode(segment)) for segment in segments)


@settings(max_examples=40)
@given(lead=LEADS, more=BUDGETS, share=SHARES)
def test_a_prompt_stays_within_its_budget_and_states_what_is_left_out(
    tokenizer: Encoder, lead: Lead, more: int, share: float
) -> None:
    rendering = renderer(tokenizer, more, share)
    known = take_snapshot(lead, NOON)
    prompt = rendering.render(known)
    assert len(prompt.token_ids) <= rendering.template.max_tokens
    assert prompt.interactions_shown + prompt.interactions_dropped == len(known.interactions)
    counted = COUNT_LINE.search(prompt.text)
    if not known.interactions:
        assert counted is None
    else:
        assert counted is not None
        assert (int(counted[1]), int(counted[2] or 0)) == (prompt.interactions_shown, prompt.interactions_dropped)
    assert prompt.text.count("\n- ") == prompt.interactions_shown
    assert prompt.input_hash == hashlib.sha256(prompt.text.encode()).hexdigest()


@settings(max_examples=40)
@given(lead=LEADS, more=BUDGETS)
def test_no_fixed_part_is_longer_than_the_longest(tokenizer: Encoder, lead: Lead, more: int) -> None:
    rendering = renderer(tokenizer, more)
    prompt = rendering.render(take_snapshot(lead, NOON))
    assert fixed_tokens(prompt, tokenizer) <= rendering.longest_fixed_part(STAGES)


class WordTokenizer:
    """Ages and numbers cost one token each, and all other text one a byte."""

    _PIECE = re.compile("|".join([*map(re.escape, AGE_WORDS), r"-?[\d.e-]+ \([a-z ]+\)", "."]), re.DOTALL)

    def encode(self, text: str) -> list[int]:
        return [byte for piece in self._PIECE.findall(text) for byte in (piece if len(piece) == 1 else "w").encode()]


@pytest.mark.parametrize("kind", [FieldKind.DATE, FieldKind.NUMBER])
@pytest.mark.parametrize("days", [-9, 0.5, 2, 5, 10, 20, 40, 70, 100, 300, 900])
def test_the_longest_fixed_part_knows_all_words(kind: FieldKind, days: float) -> None:
    tokenizer = WordTokenizer()
    template = Template(fields=tuple(FieldTemplate(field=str(n), label=f"f{n}", kind=kind) for n in range(9)))
    rendering = PromptRenderer(template, tokenizer)
    counted = count_line(999_999, 999_999)
    counting = len(tokenizer.encode(f"{counted.label}: {counted.value}\n")) + 4  # for digits merged differently
    ahead = NOON + timedelta(days=days)
    for stage in (None, *STAGES):
        for values in ({}, {str(n): ahead.isoformat() for n in range(9)}, {str(n): n for n in range(9)}):
            known = LeadSnapshot.model_validate(
                {"lead_id": "1", "as_of": NOON, "created_at": ahead, "stage": stage, "fields": values}
            )
            known = known.model_copy(update={"stage_entered_at": ahead if stage else None})
            longest = rendering.longest_fixed_part([stage] if stage else [])
            assert fixed_tokens(rendering.render(known), tokenizer) + counting <= longest


@settings(max_examples=40)
@given(lead=LEADS, more=BUDGETS, share=SHARES)
def test_a_prompt_changes_exactly_when_it_is_due(tokenizer: Encoder, lead: Lead, more: int, share: float) -> None:
    rendering = renderer(tokenizer, more, share)
    prompt = rendering.render(take_snapshot(lead, NOON))
    due = prompt.next_due_at
    if due is None:
        later = take_snapshot(lead, NOON + timedelta(days=9999))
        assert rendering.render(later).input_hash == prompt.input_hash
        return
    assert due > NOON
    for moment in (NOON + (due - NOON) / 2, due - TICK):
        assert rendering.render(take_snapshot(lead, moment)) == prompt
    assert rendering.render(take_snapshot(lead, due)).input_hash != prompt.input_hash


def test_a_prompt_is_due_when_the_first_one_left_out_comes_to_fit(byte_tokenizer: Encoder) -> None:
    # "- note, 1-2 days ago" is longer than "- note, this week": the older note fits three days after it.
    older = note(2, "b" * 60, occurred_at=NOON - timedelta(days=2, hours=12))
    lead = Lead(lead_id="1", interactions=(note(1, "a" * 60, occurred_at=NOON), older))
    dues = set()
    for tokens in range(200, 300):
        rendering = PromptRenderer(Template(max_tokens=tokens, interaction_share=1), byte_tokenizer)
        now, then = (rendering.render(take_snapshot(lead, NOON + span)) for span in (timedelta(0), timedelta(hours=12)))
        if (now.interactions_dropped, then.interactions_dropped) == (1, 0):
            assert now.next_due_at == NOON + timedelta(hours=12)
            dues.add(tokens)
    assert len(dues) == len("1-2 days ago") - len("this week")


@settings(max_examples=40)
@given(lead=LEADS, order=st.randoms(use_true_random=False), more=BUDGETS)
def test_the_order_of_the_input_does_not_matter(bpe: Encoder, lead: Lead, order: random.Random, more: int) -> None:
    rendering = renderer(bpe, more)
    interactions = list(lead.interactions)
    order.shuffle(interactions)
    fields = dict(sorted(lead.fields.items(), reverse=True))
    shuffled = lead.model_copy(update={"interactions": tuple(interactions), "fields": fields})
    prompt = rendering.render(take_snapshot(lead, NOON))
    assert rendering.render(take_snapshot(shuffled, NOON)) == prompt
    assert renderer(bpe, more).render(take_snapshot(lead, NOON)) == prompt  # nor what was rendered before


def test_the_newest_interactions_are_kept_and_the_oldest_dropped_whole(tokenizer: Encoder) -> None:
    notes = [note(n, f"number {n} " * 5, occurred_at=NOON - timedelta(hours=n)) for n in range(40)]
    prompt = renderer(tokenizer, 400).render(snapshot(*notes))
    shown = re.findall(r"^- note, .*: (number \d+ )", prompt.text, re.MULTILINE)
    assert 1 < len(shown) < 40
    assert shown == [f"number {n} " for n in range(len(shown))]
    assert prompt.interactions_cut == 0
    assert (prompt.interactions_shown, prompt.interactions_dropped) == (len(shown), 40 - len(shown))
    assert f"interactions: {len(shown)} shown, {40 - len(shown)} older left out\n" in prompt.text


def test_an_interaction_longer_than_its_share_is_cut_and_counted(tokenizer: Encoder) -> None:
    long = note(1, f"BEGIN {'talk ' * 2000}END", occurred_at=NOON)
    rendering = PromptRenderer(Template(max_tokens=500, interaction_share=0.5), tokenizer)
    prompt = rendering.render(snapshot(long, note(2, "short")))
    assert prompt.interactions_cut == 1
    assert (prompt.interactions_shown, prompt.interactions_dropped) == (2, 0)
    (line,) = (line for line in prompt.text.splitlines() if "BEGIN" in line)
    assert CUT_MARK in line
    assert line.endswith("talk END")
    label, _, text = line.partition(":")
    taken = len(tokenizer.encode(f"{label}:")) + len(tokenizer.encode(f"{text}\n"))
    assert 100 < taken <= (500 - fixed_tokens(prompt, tokenizer)) / 2


def test_an_interaction_that_is_dropped_is_not_counted_as_cut(tokenizer: Encoder) -> None:
    lead = snapshot(*(note(n, "talk " * 999) for n in range(3)))
    seen = set()
    closing = "Chance of being won within the horizon, as a number:"
    least = len(PromptRenderer(Template(closing=closing), tokenizer).render(snapshot()).token_ids)
    for tokens in range(max(32, least), least + 100):
        prompt = PromptRenderer(Template(closing=closing, max_tokens=tokens), tokenizer).render(lead)
        assert prompt.interactions_cut == prompt.interactions_shown == prompt.text.count(CUT_MARK)
        seen.add((prompt.interactions_shown, "\ninteractions: 0 shown, 3 older left out\n" in prompt.text))
    assert seen >= {(0, False), (0, True), (1, False)}  # too tight to state the number, stated, one shown


def test_what_all_leads_share_comes_first(tokenizer: Encoder) -> None:
    rendering = renderer(tokenizer)
    one, other = rendering.render(snapshot()), rendering.render(snapshot(note(1, "a"), stage="new"))
    for prompt in (one, other):
        assert prompt.text.startswith("Sales lead, scored for its chance to be won.\n")
        assert prompt.text.endswith("\nScore:")
        assert prompt.token_ids[: prompt.shared_tokens] == rendering.shared_token_ids
        assert prompt.shared_tokens == len(tokenizer.encode("Sales lead, scored for its chance to be won.\n"))


def test_only_fields_that_exceed_the_budget_are_an_error(tokenizer: Encoder) -> None:
    bare = PromptRenderer(Template(fields=FIELDS, max_tokens=ROOM), tokenizer)
    lead = snapshot(*(note(n, "talk " * 99) for n in range(9)), stage="offer", created_at=NOON, fields={"text": "a"})
    only_fields = lead.model_copy(update={"interactions": ()})
    needed = len(bare.render(only_fields).token_ids)
    for tokens in (needed - 1, needed, needed + 1, needed + 30, needed + 60):
        rendering = PromptRenderer(Template(fields=FIELDS, max_tokens=tokens), tokenizer)
        if tokens < needed:
            for too_long in (lead, only_fields):
                with pytest.raises(PromptTooLongError, match="Lead 1") as caught:
                    rendering.render(too_long)
                assert (caught.value.tokens, caught.value.limit) == (needed, tokens)
        else:
            assert len(rendering.render(lead).token_ids) <= tokens
            assert rendering.render(only_fields).text == bare.render(only_fields).text


@settings(max_examples=40)
@given(lead=LEADS, more=BUDGETS)
def test_a_template_that_training_accepts_renders_every_lead(tokenizer: Encoder, lead: Lead, more: int) -> None:
    longest = renderer(tokenizer).longest_fixed_part(STAGES)
    rendering = PromptRenderer(Template(fields=FIELDS, max_tokens=longest), tokenizer)
    assert len(rendering.render(take_snapshot(lead, NOON)).token_ids) <= longest
