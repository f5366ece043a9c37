"""The life of one lead, day by day: what it said and did, in meanings rather than words.

A day goes: people contact each other (channels below), then the stage may change, then the hidden state moves.
Only what a rep entered is kept. The same lead of the same seed lives the same days in every run, however far it
is asked to live: a longer life begins with the shorter one.
"""

from __future__ import annotations

import bisect
import itertools
import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from hpro_connectors.demo.simulator.chain import TOPICS, Chain
from hpro_connectors.demo.simulator.company import FIT_TOPICS, INTENT_TOPICS, STATES
from hpro_connectors.demo.simulator.org_effects import Rep

LOST = "lost"
WON = "won"


class Channel(StrEnum):
    """How an interaction came about; at most one of each a day."""

    ENQUIRY = "enquiry"
    REP_CALL = "rep call"
    LEAD_CONTACT = "lead contact"
    REP_MAIL = "rep mail"
    NOTE = "note"
    MEETING = "meeting"


class Meaning(NamedTuple):
    """Something said: a topic, and whether for the deal; a topic of ``-1`` tells nothing."""

    topic: int
    is_for: bool


@dataclass(frozen=True, slots=True)
class Exchange:
    """An interaction that a rep entered.

    Attributes:
        day: Of the lead's life on which it happened.
        recorded_day: On which it was entered.
        channel: How it came about.
        number: Of this interaction in the lead's life.
        reached: Whether a call reached the lead.
        is_long: Whether it was a long call.
        is_call: Whether the lead called, rather than wrote.
        meanings: What was said.
    """

    day: int
    recorded_day: int
    channel: Channel
    number: int
    reached: bool = True
    is_long: bool = False
    is_call: bool = False
    meanings: tuple[Meaning, ...] = ()


class Move(NamedTuple):
    """At the end of a day the lead went to a stage: an index of an open stage, or lost, or won."""

    day: int
    stage: int | str


@dataclass(slots=True)
class Life:
    """A life so far.

    Attributes:
        exchanges: In order of the day on which they happened.
        visits: Days with a visit to the web site.
        moves: Stage moves in order; the life ends with won or lost.
        days: How many days were lived; less than asked for only when the life ended.
        states: Hidden state of each day, for tests; never given to a posterior or a model.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    visits: list[int] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    days: int = 0
    states: list[int] = field(default_factory=list)

    @property
    def result(self) -> str | None:
        """Won, lost, or ``None`` while open."""
        last = self.moves[-1].stage if self.moves else None
        return last if isinstance(last, str) else None

    def stage_on(self, day: int) -> int | str:
        """Give the stage at the beginning of a day."""
        known = [move.stage for move in self.moves if move.day < day]
        return known[-1] if known else 0


class _Tables:
    """The chain's numbers as plain lists, which are quicker to look up one by one."""

    def __init__(self, chain: Chain) -> None:
        self.moves = [list(itertools.accumulate(row)) for row in chain.moves.tolist()]
        self.advance: list[list[float]] = chain.advance.tolist()
        self.loss: list[float] = chain.loss.tolist()
        self.lead_contact: list[float] = chain.lead_contact.tolist()
        self.answers: list[float] = chain.answers.tolist()
        self.long_call: list[float] = chain.long_call.tolist()
        self.visit: list[float] = chain.visit.tolist()
        self.stance: list[list[float]] = chain.stance.tolist()


class Living:
    """Lives leads of one kind of company.

    Args:
        chain: The hidden chain of that kind.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._kind = chain.kind
        self._tables = _Tables(chain)

    def live(self, log_odds: float, rep: Rep, days: int, draw: random.Random) -> Life:
        """Live a lead.

        Args:
            log_odds: That its fields add.
            rep: Who looks after it.
            days: How many days at most.
            draw: Random numbers of this lead alone.
        """
        tables, kind = self._tables, self._kind
        life = Life()
        state = bisect.bisect(list(itertools.accumulate(self._chain.start(log_odds).tolist())), draw.random())
        state = min(state, STATES - 1)
        stage = 0
        for day in range(days):
            life.states.append(state)
            life.days = day + 1
            if day == 0:
                life.exchanges.append(Exchange(0, 0, Channel.ENQUIRY, 0, meanings=self._say(state, None, draw)))
            self._contacts(life, day, stage, state, rep, draw)
            if draw.random() < tables.visit[state]:
                life.visits.append(day)
            if draw.random() < tables.loss[state]:
                life.moves.append(Move(day, LOST))
                break
            if draw.random() < tables.advance[stage][state]:
                stage += 1
                if stage == len(kind.stages):
                    life.moves.append(Move(day, WON))
                    break
                life.moves.append(Move(day, stage))
                if kind.stages[stage].meeting:
                    self._enter(life, day, Channel.MEETING, state, rep, draw)
            state = min(bisect.bisect(tables.moves[state], draw.random()), STATES - 1)
        return life

    def _contacts(  # noqa: PLR0917 - the whole of a day
        self, life: Life, day: int, stage: int, state: int, rep: Rep, draw: random.Random
    ) -> None:
        tables, kind = self._tables, self._kind
        if draw.random() < kind.stages[stage].contact * rep.diligence:
            self._enter(life, day, Channel.REP_CALL, state, rep, draw)
        if draw.random() < tables.lead_contact[state]:
            self._enter(life, day, Channel.LEAD_CONTACT, state, rep, draw)
        if draw.random() < kind.rep_mail:
            self._enter(life, day, Channel.REP_MAIL, state, rep, draw)
        if draw.random() < kind.note:
            self._enter(life, day, Channel.NOTE, state, rep, draw)

    def _enter(  # noqa: PLR0917 - as above
        self, life: Life, day: int, channel: Channel, state: int, rep: Rep, draw: random.Random
    ) -> None:
        """Let something happen, and keep it when the rep enters it; mails enter themselves, at once."""
        is_call = channel is Channel.LEAD_CONTACT and draw.random() < self._kind.lead_calls
        by_itself = channel is Channel.REP_MAIL or (channel is Channel.LEAD_CONTACT and not is_call)
        reached = channel is not Channel.REP_CALL or draw.random() < self._tables.answers[state]
        is_long = reached and (channel is Channel.REP_CALL or is_call) and draw.random() < self._tables.long_call[state]
        meanings: tuple[Meaning, ...] = ()
        if reached and channel is not Channel.REP_MAIL:
            meanings = self._say(state, None if channel is Channel.LEAD_CONTACT else rep, draw)
        logged, delay = draw.random() < rep.logs, draw.choices(range(len(rep.delays)), rep.delays)[0]
        if not by_itself and not logged:
            return
        recorded = day if by_itself else day + delay
        life.exchanges.append(
            Exchange(day, recorded, channel, len(life.exchanges), reached, is_long, is_call, meanings)
        )

    def _say(self, state: int, rep: Rep | None, draw: random.Random) -> tuple[Meaning, ...]:
        """Draw what is said: one or two things, by the lead, or by a rep about the lead."""
        return tuple(self._meaning(state, rep, draw) for _ in range(1 if draw.random() < 0.75 else 2))

    def _meaning(self, state: int, rep: Rep | None, draw: random.Random) -> Meaning:
        if draw.random() < self._kind.neutral:
            return Meaning(-1, is_for=True)
        of_fit = draw.random() < 0.25
        topic = TOPICS.index(draw.choice(FIT_TOPICS if of_fit else INTENT_TOPICS))
        chance = self._tables.stance[topic][state]
        if rep is not None:
            chance = (1 - rep.mood) * chance + rep.mood * rep.sees_good
        return Meaning(topic, is_for=draw.random() < chance)
