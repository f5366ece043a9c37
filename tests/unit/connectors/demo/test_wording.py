"""The phrase files, and how meanings become text."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from hpro_connectors.demo.simulator.chain import TOPICS
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_connectors.demo.simulator.life import Channel, Exchange, Meaning
from hpro_connectors.demo.simulator.org_effects import draw_org
from hpro_connectors.demo.wording.grammar import RESERVED_EVERY, Grammar, PhraseFile, load_phrases
from hpro_connectors.demo.wording.style import mistype
from hpro_connectors.demo.wording.writer import Writer
from hpro_connectors.text import clean_crm_text
from hpro_sdk.lead import Speaker

FILES = [(name, language) for name, kind in COMPANIES.items() for language, _ in kind.phrases]


def templates(phrases: PhraseFile) -> Iterator[str]:
    for topic in phrases.topics.values():
        for voices in (topic.for_, topic.against):
            yield from (*voices.rep, *voices.lead)
    yield from (*phrases.neutral.rep, *phrases.neutral.lead)


@pytest.mark.parametrize(("name", "language"), FILES)
def test_every_topic_can_be_spoken_for_and_against(name: str, language: str) -> None:
    phrases = load_phrases(name, language)
    assert set(phrases.topics) == set(TOPICS)
    for template in templates(phrases):
        assert set(re.findall(r"\{(\w+)\}", template)) <= set(phrases.slots)
    for frame in phrases.frames.changed:
        assert frame.count("{then}") == frame.count("{now}") == 1
    for frame in phrases.frames.other:
        assert frame.count("{clause}") == 1


@pytest.mark.parametrize("name", sorted(COMPANIES))
def test_for_and_against_share_their_words(name: str) -> None:
    """A bag of words must not tell them apart easily: order and negation have to matter."""
    for topic in load_phrases(name, "en").topics.values():
        for_words, against_words = (
            {word for template in (*voices.rep, *voices.lead) for word in re.findall(r"[a-z]+", template.lower())}
            for voices in (topic.for_, topic.against)
        )
        assert len(for_words & against_words) > 0.5 * len(for_words | against_words)


@pytest.mark.parametrize(("name", "language"), FILES)
def test_training_companies_never_use_reserved_phrasings(name: str, language: str) -> None:
    phrases = load_phrases(name, language)
    train, every = Grammar(phrases, reserved=False), Grammar(phrases, reserved=True)
    draw = random.Random(1)
    for topic in range(len(TOPICS)):
        voices = phrases.topics[TOPICS[topic]].for_
        kept = [t for i, t in enumerate(voices.rep) if i % RESERVED_EVERY == RESERVED_EVERY - 1 and "{" not in t]
        said = {train.clause(Meaning(topic, is_for=True), Speaker.REP, draw) for _ in range(400)}
        assert not said & set(kept)
        assert set(kept) <= {every.clause(Meaning(topic, is_for=True), Speaker.REP, draw) for _ in range(2000)}


def test_the_same_draw_gives_the_same_words() -> None:
    writer = Writer(
        Grammar(load_phrases("saas", "en"), reserved=True),
        draw_org(COMPANIES["saas"], 1, reserved_phrases=True).reps[0],
    )
    exchange = Exchange(0, 0, Channel.LEAD_CONTACT, 0, meanings=(Meaning(2, is_for=False),))
    assert writer.write(exchange, random.Random(9)) == writer.write(exchange, random.Random(9))


@pytest.mark.parametrize("channel", list(Channel))
def test_every_channel_has_words_that_stay_when_cleaned(channel: Channel) -> None:
    org = draw_org(COMPANIES["test_drive"], 1, reserved_phrases=True)
    for number, rep in enumerate(org.reps):
        writer = Writer(Grammar(load_phrases("test_drive", "en"), reserved=True), rep)
        exchange = Exchange(0, 0, channel, 0, meanings=(Meaning(0, is_for=True), Meaning(-1, is_for=True)))
        for seed in range(20):
            written = writer.write(exchange, random.Random(f"{number}:{seed}"))
            clean = clean_crm_text(written.text)
            assert clean
            assert "<" not in clean
            assert "wrote:" not in clean


def test_typing_errors_keep_most_letters() -> None:
    text = "the customer would like to drive the estate on Saturday " * 20
    typed = mistype(text, 0.02, random.Random(3))
    assert typed != text
    assert abs(len(typed) - len(text)) < 0.05 * len(text)
    assert mistype(text, 0.0, random.Random(3)) == text
