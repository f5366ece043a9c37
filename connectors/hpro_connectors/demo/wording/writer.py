"""The text of one exchange, in the words of whoever wrote it."""

from __future__ import annotations

import random
from typing import NamedTuple

from hpro_connectors.demo.simulator.chain import TOPICS
from hpro_connectors.demo.simulator.life import Channel, Exchange, Meaning
from hpro_connectors.demo.simulator.org_effects import Rep
from hpro_connectors.demo.wording.grammar import Grammar
from hpro_connectors.demo.wording.style import lead_mail, rep_text, sentence
from hpro_sdk.lead import InteractionKind, Speaker

CHANGED_SHARE = 0.35
"""Of what is said, so much is said with what held before."""
ABOUT_ANOTHER_SHARE = 0.25
"""So many of a rep's texts hold a sentence about somebody else."""
QUOTED_SHARE = 0.35
"""So many mails of leads quote the mail they answer."""


class Written(NamedTuple):
    """Kind, speaker, text as typed, and length of a call in seconds."""

    kind: InteractionKind
    speaker: Speaker
    text: str
    call_seconds: int | None


class Writer:
    """Words the exchanges of one lead.

    Args:
        grammar: In the lead's language.
        rep: Who looks after it.
    """

    def __init__(self, grammar: Grammar, rep: Rep) -> None:
        self._grammar = grammar
        self._rep = rep

    def write(self, exchange: Exchange, draw: random.Random) -> Written:
        """Word an exchange.

        Args:
            exchange: What happened, in meanings.
            draw: Random numbers of this exchange alone, so that its wording depends on nothing else.
        """
        match exchange.channel:
            case Channel.ENQUIRY:
                return Written(InteractionKind.EMAIL, Speaker.LEAD, self._mail(exchange, None, draw), None)
            case Channel.LEAD_CONTACT if exchange.is_call:
                text = rep_text(self._sentences(exchange, Speaker.LEAD, draw), self._rep, draw)
                return Written(InteractionKind.CALL, Speaker.LEAD, text, _seconds(exchange, draw))
            case Channel.LEAD_CONTACT:
                quoted = self._grammar.offer(draw) if draw.random() < QUOTED_SHARE else None
                return Written(InteractionKind.EMAIL, Speaker.LEAD, self._mail(exchange, quoted, draw), None)
            case Channel.REP_CALL:
                said = self._sentences(exchange, Speaker.REP, draw) if exchange.reached else self._nobody(draw)
                text = rep_text(said, self._rep, draw)
                return Written(InteractionKind.CALL, Speaker.REP, text, _seconds(exchange, draw))
            case Channel.REP_MAIL:
                text = f"{self._grammar.offer(draw)}\n\n-- \n{self._rep.name}"
                return Written(InteractionKind.EMAIL, Speaker.REP, text, None)
            case Channel.NOTE | Channel.MEETING as channel:
                kind = InteractionKind.NOTE if channel is Channel.NOTE else InteractionKind.MEETING
                text = rep_text(self._sentences(exchange, Speaker.REP, draw), self._rep, draw)
                return Written(kind, Speaker.REP, text, None)

    def _mail(self, exchange: Exchange, quoted: str | None, draw: random.Random) -> str:
        parts = self._sentences(exchange, Speaker.LEAD, draw)
        if draw.random() < 0.2:
            parts.insert(0, self._grammar.greeting(draw))
        if draw.random() < 0.15:
            parts.append(self._grammar.closing(draw))
        return lead_mail(" ".join(parts), quoted, self._rep, draw)

    def _nobody(self, draw: random.Random) -> list[str]:
        return [sentence(self._grammar.no_answer(draw))]

    def _sentences(self, exchange: Exchange, voice: Speaker, draw: random.Random) -> list[str]:
        sentences = [sentence(self._worded(meaning, voice, draw)) for meaning in exchange.meanings]
        if voice is Speaker.REP and draw.random() < ABOUT_ANOTHER_SHARE:
            clause = self._grammar.clause(_any_meaning(draw), voice, draw)
            sentences.insert(draw.randrange(len(sentences) + 1), sentence(self._grammar.about_another(clause, draw)))
        return sentences

    def _worded(self, meaning: Meaning, voice: Speaker, draw: random.Random) -> str:
        now = self._grammar.clause(meaning, voice, draw)
        if meaning.topic < 0 or draw.random() >= CHANGED_SHARE:
            return now
        # What held before is mostly the opposite; it follows from what holds now and luck, so it tells nothing more.
        before = Meaning(meaning.topic, not meaning.is_for) if draw.random() < 0.85 else _any_meaning(draw)
        return self._grammar.changed(self._grammar.clause(before, voice, draw), now, draw)


def _any_meaning(draw: random.Random) -> Meaning:
    return Meaning(draw.randrange(len(TOPICS)), is_for=draw.random() < 0.5)


def _seconds(exchange: Exchange, draw: random.Random) -> int:
    if not exchange.reached:
        return draw.randrange(3, 30)
    return draw.randrange(240, 1500) if exchange.is_long else draw.randrange(25, 200)
