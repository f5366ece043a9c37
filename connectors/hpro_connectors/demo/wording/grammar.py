"""The phrase grammar of one kind of company in one language, read from ``demo/phrases``.

Every fourth phrasing and every fourth filler of a slot is *reserved*: training companies never use them, the demo
org and test companies do, so that a figure measured there holds for words a model has not seen.
"""

from __future__ import annotations

import functools
import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Annotated

from pydantic import Field

from hpro_connectors.demo.simulator.chain import TOPICS
from hpro_connectors.demo.simulator.life import Meaning
from hpro_sdk.lead import Frozen, Speaker

RESERVED_EVERY = 4
_SLOT = re.compile(r"\{(\w+)\}")

Phrases = Annotated[tuple[str, ...], Field(min_length=1)]


class Voices(Frozen):
    """Phrasings by who speaks: the lead in the first person, a rep about the lead in the third."""

    rep: Phrases
    lead: Phrases


class Topic(Frozen):
    """Phrasings for and against the deal."""

    for_: Annotated[Voices, Field(alias="for")]
    against: Voices


class Frames(Frozen):
    """Sentences around clauses.

    Attributes:
        changed: With ``{then}``, which no longer holds, and ``{now}``, which does.
        other: With ``{clause}``, which is about somebody else.
        no_answer: A call that reached nobody.
        greeting: Opens a mail of the lead.
        closing: Closes it.
        offer: A mail of a rep.
    """

    changed: Phrases
    other: Phrases
    no_answer: Phrases
    greeting: Phrases
    closing: Phrases
    offer: Phrases


class PhraseFile(Frozen):
    """One file of phrases."""

    language: str
    slots: Mapping[str, Phrases]
    topics: Mapping[str, Topic]
    neutral: Voices
    frames: Frames


@functools.cache
def load_phrases(company: str, language: str) -> PhraseFile:
    """Load the phrases of a kind of company in a language; they are part of the package."""
    name = f"{company}.{language}.toml"
    text = resources.files("hpro_connectors.demo").joinpath("phrases", name).read_text(encoding="utf-8")
    return PhraseFile.model_validate(tomllib.loads(text))


class Grammar:
    """Words for meanings.

    Args:
        phrases: The phrases.
        reserved: Whether reserved phrasings are used as well.
    """

    def __init__(self, phrases: PhraseFile, *, reserved: bool) -> None:
        self._phrases = phrases
        self._reserved = reserved

    def clause(self, meaning: Meaning, voice: Speaker, draw: random.Random) -> str:
        """Word one meaning as a clause without a full stop."""
        if meaning.topic < 0:
            voices = self._phrases.neutral
        else:
            topic = self._phrases.topics[TOPICS[meaning.topic]]
            voices = topic.for_ if meaning.is_for else topic.against
        return self._fill(self._choose(voices.lead if voice is Speaker.LEAD else voices.rep, draw), draw)

    def changed(self, then: str, now: str, draw: random.Random) -> str:
        """Say that one clause held once and another one holds now."""
        return self._choose(self._phrases.frames.changed, draw).replace("{then}", then).replace("{now}", now)

    def about_another(self, clause: str, draw: random.Random) -> str:
        """Say a clause of somebody else."""
        return self._choose(self._phrases.frames.other, draw).replace("{clause}", clause)

    def no_answer(self, draw: random.Random) -> str:
        """Say that a call reached nobody."""
        return self._fill(self._choose(self._phrases.frames.no_answer, draw), draw)

    def offer(self, draw: random.Random) -> str:
        """Word a rep's mail."""
        return self._fill(self._choose(self._phrases.frames.offer, draw), draw)

    def greeting(self, draw: random.Random) -> str:
        """Open a mail."""
        return self._fill(self._choose(self._phrases.frames.greeting, draw), draw)

    def closing(self, draw: random.Random) -> str:
        """Close a mail."""
        return self._fill(self._choose(self._phrases.frames.closing, draw), draw)

    def _fill(self, template: str, draw: random.Random) -> str:
        return _SLOT.sub(lambda match: self._choose(self._phrases.slots[match.group(1)], draw), template)

    def _choose(self, phrases: Sequence[str], draw: random.Random) -> str:
        while True:
            position = draw.randrange(len(phrases))
            if self._reserved or position % RESERVED_EVERY != RESERVED_EVERY - 1:
                return phrases[position]
