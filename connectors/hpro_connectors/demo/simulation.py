"""A whole simulated company over time: its leads and everything that happens to them, as dated events.

The company is a function of its kind and seed: lead ``n`` arrives at its own moment and lives its own life from
its own random numbers, so asking for more days, or later, never changes what was there before.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hpro_connectors.demo import events as ev
from hpro_connectors.demo.simulator.chain import Chain
from hpro_connectors.demo.simulator.company import CompanyKind
from hpro_connectors.demo.simulator.life import LOST, WON, Life, Living, Meaning
from hpro_connectors.demo.simulator.org_effects import Org, Rep, draw_fields, draw_org
from hpro_connectors.demo.wording.grammar import Grammar, load_phrases
from hpro_connectors.demo.wording.style import rep_text, sentence
from hpro_connectors.demo.wording.writer import Writer
from hpro_sdk.lead import FieldValue, InteractionKind, Speaker

START = datetime(2025, 9, 1, tzinfo=UTC)
"""Midnight before the first lead of every company."""

YEAR_DAYS = 365

DELETED_SHARE = 0.015
DUPLICATE_SHARE = 0.012
EDITED_SHARE = 0.04
VISITS = "web_visits"

_AFTER = {
    WON: ("Contract signed, deposit paid.", "Signed and handed over, all done.", "Won! Order is in, invoice sent."),
    LOST: ("Closed as lost, bought elsewhere.", "Deal is dead, closed the file.", "Lost, no further contact wanted."),
}
LOST_REASONS = ("price", "competitor", "no budget", "no reply", "changed plans")
"""Why leads are closed as lost, in the words of the list that people choose from."""


@dataclass(frozen=True, slots=True)
class Birth:
    """A lead before its life: what was drawn when it was created.

    Attributes:
        number: Of the lead in its company.
        lead: As the CRM gets it.
        rep: Who looks after it.
        language: Of the lead.
        log_odds: That its fields add.
        first_day: Days since :data:`START` on which it was created.
        deleted_day: Of its life, when people delete it; ``None``: never.
        duplicate_days: Of its life, when a duplicate is created and merged away; ``None``: never.
    """

    number: int
    lead: ev.SimulatedLead
    rep: Rep
    language: str
    log_odds: float
    first_day: int
    deleted_day: int | None
    duplicate_days: tuple[int, int] | None


class Simulation:
    """One company.

    Args:
        kind: What kind.
        seed: The same seed gives the same company, leads and days.
        leads_per_year: How many leads arrive in a year, evenly.
        reserved_phrases: Whether people here also use phrasings that training companies never do.
    """

    def __init__(self, kind: CompanyKind, seed: int, *, leads_per_year: int, reserved_phrases: bool) -> None:
        self.kind = kind
        self.seed = seed
        self.leads_per_year = leads_per_year
        self.org: Org = draw_org(kind, seed, reserved_phrases=reserved_phrases)
        self.chain = Chain.of(kind)
        self._living = Living(self.chain)
        self._grammars = {
            language: Grammar(load_phrases(kind.name, language), reserved=reserved_phrases)
            for language, _ in kind.phrases
        }

    @property
    def owners(self) -> tuple[ev.SimulatedOwner, ...]:
        """Reps as the CRM lists them."""
        return tuple(ev.SimulatedOwner(rep.owner_id, rep.name) for rep in self.org.reps)

    def lead_count(self, days: int) -> int:
        """Give how many leads have arrived in so many days."""
        return -(-days * self.leads_per_year // YEAR_DAYS)

    def birth(self, number: int) -> Birth:
        """Draw a lead as it is created."""
        draw = self._draw("birth", number)
        first_day = number * YEAR_DAYS // self.leads_per_year
        fields = draw_fields(self.org, draw)
        rep = draw.choice(self.org.reps)
        languages = [language for language, _ in self.kind.phrases]
        language = draw.choices(languages, [share for _, share in self.kind.phrases])[0]
        account = f"A{draw.randrange(1 + int(self.leads_per_year * 0.8)):05}" if self.kind.accounts else None
        lead = ev.SimulatedLead(
            lead_id=f"L{number:06}",
            person_id=f"P{number:06}",
            account_id=account,
            owner_id=rep.owner_id,
            created_at=START + timedelta(days=first_day, seconds=draw.randrange(1, 30_000)),
            stage=self.kind.stages[0].name,
            fields={**fields, VISITS: 0},
        )
        deleted = draw.randrange(1, 120) if draw.random() < DELETED_SHARE else None
        duplicate = None
        if draw.random() < DUPLICATE_SHARE:
            made = draw.randrange(1, 25)
            duplicate = (made, made + draw.randrange(1, 15))
        log_odds = self.org.log_odds(fields)
        return Birth(number, lead, rep, language, log_odds, first_day, deleted, duplicate)

    def life(self, birth: Birth, days: int) -> Life:
        """Live a lead for at most so many days."""
        return self._living.live(birth.log_odds, birth.rep, days, self._draw("life", birth.number))

    def events(self, until_day: int, since_day: int = 0) -> Iterator[ev.Event]:
        """Give all that the CRM learns of from ``since_day`` until ``until_day``, midnight to midnight, in order.

        Args:
            until_day: Days since :data:`START`, exclusive.
            since_day: Days since :data:`START`, inclusive.
        """
        since, until = START + timedelta(days=since_day), START + timedelta(days=until_day)
        # Of equal moments, creations come first, then leads by id; what a lead does at one moment stays in its order.
        pending: list[tuple[datetime, str, int, ev.Event]] = []
        order = itertools.count()
        for number in range(self.lead_count(until_day)):
            birth = self.birth(number)
            begins = START + timedelta(days=birth.first_day)
            while pending and pending[0][0] < begins:  # nothing of this lead, or of a later one, comes before
                yield heapq.heappop(pending)[-1]
            for event in self.lead_events(birth, until_day):
                if since <= event.at < until:
                    lead_id = "" if isinstance(event, ev.LeadCreated) else event.lead_id
                    heapq.heappush(pending, (event.at, lead_id, next(order), event))
        while pending:
            yield heapq.heappop(pending)[-1]

    def lead_events(self, birth: Birth, until_day: int) -> list[ev.Event]:
        """Give the events of one lead, its duplicate included, that lie before a day; not in order."""
        life = self.life(birth, until_day - birth.first_day)
        events: list[ev.Event] = [ev.LeadCreated(birth.lead.created_at, birth.lead)]
        events += self._exchange_events(birth, life)
        events += self._move_events(birth, life)
        events += self._visit_events(birth, life)
        end = START + timedelta(days=until_day)
        if birth.duplicate_days is not None:
            events += self._duplicate_events(birth, birth.duplicate_days)
        if birth.deleted_day is not None:
            deleted_at = birth.lead.created_at + timedelta(days=birth.deleted_day)
            events = [event for event in events if event.at < deleted_at]
            events.append(ev.LeadDeleted(deleted_at, birth.lead.lead_id))
        return [event for event in events if event.at < end]

    def _exchange_events(self, birth: Birth, life: Life) -> Iterator[ev.Event]:
        writer = Writer(self._grammars[birth.language], birth.rep)
        for exchange in life.exchanges:
            draw = self._draw("words", birth.number, exchange.number)
            written = writer.write(exchange, draw)
            occurred = self._at(birth, exchange.day, draw, 32_000, 60_000)
            if exchange.number == 0:
                occurred = birth.lead.created_at + timedelta(seconds=1)
            late = exchange.recorded_day > exchange.day
            recorded = (
                self._at(birth, exchange.recorded_day, draw, 30_000, 62_000)
                if late
                else occurred + timedelta(seconds=draw.randrange(5, 1200))
            )
            interaction_id = f"I{birth.number:06}-{exchange.number:03}"
            yield ev.InteractionLogged(
                at=recorded,
                lead_id=birth.lead.lead_id,
                interaction_id=interaction_id,
                kind=written.kind,
                speaker=written.speaker,
                text=written.text,
                call_seconds=written.call_seconds,
                occurred_at=occurred,
            )
            if written.kind is InteractionKind.NOTE and draw.random() < EDITED_SHARE:
                edited_at = recorded + timedelta(days=draw.randrange(1, 40), seconds=draw.randrange(600))
                update = self._update(birth, life, edited_at, draw)
                yield ev.InteractionEdited(edited_at, birth.lead.lead_id, interaction_id, f"{written.text} {update}")

    def _update(self, birth: Birth, life: Life, at: datetime, draw: random.Random) -> str:
        """What a rep adds to an old note: how it ended, once it has; before that, nothing that tells."""
        result = life.result
        if result is not None and at > self._closing_time(birth, life):
            return f"Update: {draw.choice(_AFTER[result])}"
        grammar = self._grammars[birth.language]
        return f"Update: {sentence(grammar.clause(Meaning(-1, is_for=True), Speaker.REP, draw))}"

    def _move_events(self, birth: Birth, life: Life) -> Iterator[ev.Event]:
        names = self.kind.stage_names
        for position, move in enumerate(life.moves):
            at = self._moved_at(birth, move.day)
            if isinstance(move.stage, int):
                yield ev.StageEntered(at, birth.lead.lead_id, names[move.stage])
                continue
            yield ev.StageEntered(at, birth.lead.lead_id, move.stage)
            yield from self._after(birth, move.stage, at, position)

    def _after(self, birth: Birth, result: str, at: datetime, position: int) -> Iterator[ev.Event]:
        """What is entered once a lead is closed; none of it was known before."""
        draw = self._draw("after", birth.number)
        lead_id = birth.lead.lead_id
        if result == WON:
            yield ev.FieldSet(at, lead_id, "contract_no", None, f"C-{birth.number:06}", tracked=False)
        else:
            yield ev.FieldSet(at, lead_id, "lost_reason", None, draw.choice(LOST_REASONS), tracked=False)
        yield ev.FieldSet(at, lead_id, "win_estimate", None, 100 if result == WON else 0, tracked=False)
        if draw.random() < 0.7:
            happened = at - timedelta(hours=draw.choice((0, 1, 5, 30)))
            yield ev.InteractionLogged(
                at=at + timedelta(minutes=draw.randrange(1, 2000)),
                lead_id=lead_id,
                interaction_id=f"I{birth.number:06}-end{position}",
                kind=InteractionKind.NOTE,
                speaker=Speaker.REP,
                text=rep_text([draw.choice(_AFTER[result])], birth.rep, draw),
                call_seconds=None,
                occurred_at=happened,
            )

    def _visit_events(self, birth: Birth, life: Life) -> Iterator[ev.Event]:
        for count, day in enumerate(life.visits):
            at = self._at(birth, day, self._draw("visit", birth.number, day), 31_000, 67_000)
            yield ev.FieldSet(at, birth.lead.lead_id, VISITS, count, count + 1, tracked=True)

    def _duplicate_events(self, birth: Birth, days: tuple[int, int]) -> Iterator[ev.Event]:
        """A second record of the same person, merged into the first one some days later; it tells nothing."""
        draw = self._draw("duplicate", birth.number)
        created_at = birth.lead.created_at + timedelta(days=days[0], seconds=7)
        fields: dict[str, FieldValue] = dict.fromkeys(birth.lead.fields) | {VISITS: 0}
        twin = replace(birth.lead, lead_id=f"{birth.lead.lead_id}D", created_at=created_at, fields=fields)
        yield ev.LeadCreated(created_at, twin)
        text = sentence(self._grammars[birth.language].clause(Meaning(-1, is_for=True), Speaker.LEAD, draw))
        logged_at = created_at + timedelta(seconds=40)
        yield ev.InteractionLogged(
            at=logged_at,
            lead_id=twin.lead_id,
            interaction_id=f"I{birth.number:06}-dup",
            kind=InteractionKind.EMAIL,
            speaker=Speaker.LEAD,
            text=text,
            call_seconds=None,
            occurred_at=created_at + timedelta(seconds=30),
        )
        merged_at = birth.lead.created_at + timedelta(days=days[1], seconds=11)
        yield ev.LeadMerged(merged_at, twin.lead_id, birth.lead.lead_id)

    def _closing_time(self, birth: Birth, life: Life) -> datetime:
        return self._moved_at(birth, life.moves[-1].day)

    def _moved_at(self, birth: Birth, day: int) -> datetime:
        """Stages change in the evening, after everything else of the day has happened."""
        return self._at(birth, day, self._draw("move", birth.number, day), 68_000, 84_000)

    @staticmethod
    def _at(birth: Birth, day: int, draw: random.Random, earliest: int, latest: int) -> datetime:
        return START + timedelta(days=birth.first_day + day, seconds=draw.randrange(earliest, latest))

    def _draw(self, *what: object) -> random.Random:
        return random.Random(":".join(map(str, (self.kind.name, self.seed, *what))))
