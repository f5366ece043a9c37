"""Whatever happens in a CRM and to the process, in whatever order: nothing is lost, and two passes settle it.

After a pass without failures the CRM shows what the rules say, and a second pass does nothing. No cursor ever goes
back, or past what the CRM has committed.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from hpro_connectors.engine.bands import SteadyBands
from hpro_connectors.engine.writing_rule import rank_moved
from hpro_connectors.errors import NetworkError, RecordRejectedError
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state import StateStore
from hpro_connectors.state.dead_letters import DeadLetterStatus
from hpro_connectors.testing import Crash, CrashPlace, CrashPoint, World
from hpro_connectors.testing.memory import STREAMS
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.lead import OutcomeResult, ScoredLead
from hpro_sdk.ranking import rank_leads
from hpro_sdk.scoring.scorer import Scorer

numbers = st.integers(0, 40)
waits = st.sampled_from([0.0, 1.0, 6.5, 8.0, 12.0, 30.0])
"""Days; no sum of them is minutes short of 7 or 30, where the second of two passes would rightly find something."""
stages = st.sampled_from(["New", "Talking", "Offer", "Won", "Lost"])
late = st.sampled_from([0.0, 1.0, 60.0, 300.0, 599.0])
"""Seconds that a commit appears after its stamp; the overlap is 600."""
refusals = st.sampled_from([WriteStatus.RETRY, WriteStatus.REJECTED])


class Company(RuleBasedStateMachine):
    """People change leads at will; passes run, are cut off, die, and run again."""

    @initialize(
        count=st.integers(0, 6),
        page_size=st.integers(1, 4),
        epsilon=st.sampled_from([0.0, 1.0]),
        margin=st.sampled_from([0.0, 1.5]),
    )
    def begin(self, count: int, page_size: int, epsilon: float = 0.0, margin: float = 0.0) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name) / "state.db", page_size=page_size)
        self.world.settings = dataclasses.replace(
            self.world.settings, score_epsilon=epsilon, band_margin=margin, max_attempts=2
        )
        self.cursors: dict[str, datetime] = {}
        self.made = 0
        self.world.fill(count)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.store.close()
            self.folder.cleanup()

    @invariant()
    def no_cursor_goes_back_or_past_what_is_committed(self) -> None:
        if not hasattr(self, "world"):
            return
        committed = self.world.clock.now - timedelta(seconds=self.world.settings.lag_s)
        for stream in STREAMS:
            cursor = self.world.store.cursor(stream.name).cursor
            before = self.cursors.get(stream.name)
            assert before is None or (cursor is not None and cursor >= before)
            if cursor is not None:
                assert cursor <= committed
                self.cursors[stream.name] = cursor

    def lead(self, number: int) -> str | None:
        live = sorted(self.world.company.leads)
        return live[number % len(live)] if live else None

    @rule(visits=numbers, stage=stages, person=st.integers(0, 3))
    def create(self, visits: int, stage: str, person: int) -> None:
        self.made += 1
        self.world.company.create_lead(
            f"N{self.made:03}", stage=stage, person_id=f"Q{person}", fields={"visits": visits}
        )

    @rule(number=numbers, stage=stages)
    def change_stage(self, number: int, stage: str) -> None:
        if lead_id := self.lead(number):
            self.world.company.change_lead(lead_id, stage=stage)

    @rule(visits=numbers, count=st.integers(2, 6), lateness=late)
    def create_many_at_once(self, visits: int, count: int, lateness: float) -> None:
        """An import: one stamp for all, and it appears after the stamp."""
        company = self.world.company
        stamp = company.clock.tick() - timedelta(seconds=lateness)
        for number in range(count):
            self.create(visits + number, "New", number % 4)
            lead_id = f"N{self.made:03}"
            company.leads[lead_id] = company.leads[lead_id].model_copy(update={"modified_at": stamp})

    @rule(number=numbers, visits=numbers, lateness=late)
    def change_field(self, number: int, visits: int, lateness: float = 0.0) -> None:
        """A change that appears after its stamp; a stamp never goes back behind the one before."""
        if lead_id := self.lead(number):
            company = self.world.company
            before = company.leads[lead_id].modified_at
            company.change_lead(lead_id, fields={"visits": visits})
            stamp = max(before, company.clock.now - timedelta(seconds=lateness))
            company.leads[lead_id] = company.leads[lead_id].model_copy(update={"modified_at": stamp})

    @rule(number=numbers, rank=st.none() | st.integers(1, 9), cleared=st.booleans())
    def overwrite(self, number: int, rank: int | None, cleared: bool) -> None:
        """Somebody changes what we wrote, or empties all of it."""
        if lead_id := self.lead(number):
            self.world.company.overwrite_shown(lead_id, **({} if cleared else {"rank": rank, "model": "theirs"}))

    @rule(number=numbers, excluded=st.booleans())
    def exclude(self, number: int, excluded: bool) -> None:
        if lead_id := self.lead(number):
            self.world.company.change_lead(lead_id, excluded=excluded)

    @rule(first=numbers, second=numbers, person=st.none() | st.integers(0, 3), lateness=late)
    def log(self, first: int, second: int, person: int | None, lateness: float) -> None:
        self.made += 1
        leads = {lead_id for lead_id in (self.lead(first), self.lead(second)) if lead_id}
        persons = () if person is None else (f"Q{person}",)
        company = self.world.company
        name = company.log_interaction(f"J{self.made:03}", *sorted(leads), person_ids=persons, text="words")
        stamp = company.clock.now - timedelta(seconds=lateness)
        company.interactions[name] = company.interactions[name].model_copy(update={"modified_at": stamp})

    @rule(number=numbers)
    def edit(self, number: int) -> None:
        names = sorted(self.world.company.interactions)
        if names:
            self.made += 1
            self.world.company.edit_interaction(names[number % len(names)], f"words {self.made}")

    @rule(number=numbers)
    def delete_interaction(self, number: int) -> None:
        names = sorted(self.world.company.interactions)
        if names:
            self.world.company.delete_interaction(names[number % len(names)])

    @rule(number=numbers)
    def delete(self, number: int) -> None:
        if lead_id := self.lead(number):
            self.world.company.delete_lead(lead_id)

    @rule(number=numbers)
    def undelete(self, number: int) -> None:
        gone = sorted(self.world.company.deleted)
        if gone:
            self.world.company.undelete_lead(gone[number % len(gone)])

    @rule(first=numbers, second=numbers)
    def merge(self, first: int, second: int) -> None:
        loser, survivor = self.lead(first), self.lead(second)
        if loser and survivor and loser != survivor:
            self.world.company.merge_leads(loser, survivor)

    @rule(days=st.floats(0, 40) | waits)
    def wait(self, days: float) -> None:
        self.world.clock.advance(days=days)

    @contextmanager
    def hooks(self, **hooks: Callable[..., None]) -> Iterator[None]:
        """Set what the connector does before and after its requests, and take it off again."""
        connector = self.world.connector
        before = {name: getattr(connector, name) for name in hooks}
        for name, hook in hooks.items():
            setattr(connector, name, hook)
        try:
            yield
        finally:
            for name, hook in before.items():
                setattr(connector, name, hook)

    def begin_anew(self) -> None:
        """Let another process go on with the state file."""
        path = self.world.store.path
        self.world.store.close()
        self.world.store = StateStore.open(path)

    @rule(stream=st.sampled_from(["Lead", "Interaction", "History"]), number=st.integers(0, 3), dies=st.booleans())
    def cut_off(self, stream: str, number: int, dies: bool = False) -> None:
        def cut(at: str, page: int) -> None:
            if (at, page) == (stream, number):
                raise Crash if dies else NetworkError("The line is down.")

        with self.hooks(before_page=cut), suppress(NetworkError, Crash):
            self.world.run()
        if dies:
            self.begin_anew()

    @rule(number=st.integers(0, 2), answered=st.booleans(), stage=st.none() | stages, dies=st.booleans())
    def cut_off_while_writing(self, number: int, answered: bool, stage: str | None, dies: bool = False) -> None:
        """The line goes down at a batch: before the CRM has it, or after it wrote it and before it could say so.

        Then a lead of that batch may go to another stage.
        """
        sent: list[str] = []
        batches = 0

        def cut(rows: Sequence[ScoreRow]) -> None:
            nonlocal batches
            batches += 1
            if batches == number + 1:
                sent.extend(row.lead.lead_id for row in rows if row.lead.lead_id in self.world.company.leads)
                raise Crash if dies else NetworkError("The line is down.")

        with self.hooks(**{"after_write" if answered else "before_write": cut}), suppress(NetworkError, Crash):
            self.world.run()
        if dies:
            self.begin_anew()
        if sent and stage is not None:
            self.world.company.change_lead(sent[0], stage=stage)
            self.run_and_check()

    @rule(number=st.integers(0, 70), place=st.sampled_from(CrashPlace), again=st.none() | st.integers(0, 70))
    def die(self, number: int, place: CrashPlace, again: int | None) -> None:
        """The process dies at any of its transactions, and perhaps the next one too."""
        for nth in (number, again):
            if nth is not None:
                with CrashPoint(self.world.store.transactions, nth, place), suppress(Crash):
                    self.world.run()
                self.begin_anew()

    @rule(first=numbers, second=numbers, status=refusals, hours=st.sampled_from([0.0, 0.01, 2.0]))
    def refuse(self, first: int, second: int, status: WriteStatus, hours: float) -> None:
        """The CRM refuses the rows of some leads, or puts them off, in two passes."""
        connector = self.world.connector
        connector.answers = {lead_id: status for lead_id in (self.lead(first), self.lead(second)) if lead_id}
        for _ in range(2):
            report = self.world.run()
            assert report.rejected <= len(connector.answers)
            assert report.rejected + report.written + report.cleared <= report.to_write + report.to_clear
            self.world.clock.advance(hours=hours)
        connector.answers = {}

    @rule(number=numbers)
    def refuse_whole_batches(self, number: int) -> None:
        """The CRM refuses each batch that one lead is in, whole."""
        bad = self.lead(number)

        def refuse(rows: Sequence[ScoreRow]) -> None:
            if bad in {row.lead.lead_id for row in rows}:
                raise RecordRejectedError("One of them is not right.", vendor_code="BAD_ROW")

        with self.hooks(before_write=refuse):
            report = self.world.run()
        assert report.rejected <= 1
        assert report.rejected <= len(self.world.store.dead_letters.list())

    @rule(number=numbers, visits=numbers, survivor=numbers, days=waits)
    def score_and_merge_and_wait(self, number: int, visits: int, survivor: int, days: float) -> None:
        """What a merge does to a trend is told by the pass a week later."""
        self.change_field(number, visits)
        self.run_and_check()
        self.world.clock.advance(days=1)
        self.change_field(number, 40 - visits)
        self.run_and_check()
        self.merge(number, survivor)
        self.world.clock.advance(days=days)
        self.run_and_check()

    @rule(days=waits)
    def run_pass(self, days: float) -> None:
        self.world.clock.advance(days=days)
        self.run_and_check()

    def run_and_check(self) -> None:
        """With failures over, and the clock past lag and back-off, a pass settles all, and the next does nothing."""
        self.world.store.dead_letters.set_status(DeadLetterStatus.REPLAY)
        sent = len(self.world.connector.writes)
        dead = set(self.world.company.deleted) | {m.loser.record_id for m in self.world.company.merges}
        report = self.world.run()
        assert report.problem_count == report.gone == report.waiting == 0
        assert self.world.store.dead_letters.list() == []
        assert not any(row.resend for name, row in self.world.store.written_rows().items() if name in self.shown_now())
        assert not dead.intersection(row.lead.lead_id for row in self.world.connector.writes[sent:])
        self.check_what_is_shown(
            report.model_id or "", {row.lead.lead_id for row in self.world.connector.writes[sent:]}
        )
        again = self.world.run()
        assert (again.model_calls, again.scored, again.to_write, again.to_clear) == (0, 0, 0, 0)
        assert {name: row.row for name, row in self.world.store.written_rows().items()} == self.shown_now()

    def shown_now(self) -> dict[str, ScoreRow]:
        """Give what the CRM shows on leads that live."""
        company = self.world.company
        return {lead_id: row for lead_id, row in company.shown.items() if lead_id in company.leads}

    def check_what_is_shown(self, model_id: str, written: set[str]) -> None:
        company, store = self.world.company, self.world.store
        last = store.last_pass()
        assert last is not None
        open_ids = [
            lead_id
            for lead_id, record in company.leads.items()
            if record.stage not in {"Won", "Lost"}
            and record.result in {None, OutcomeResult.OPEN}
            and not record.excluded
        ]
        self.check_what_is_known()
        expected = self.score_from_scratch(open_ids)
        queue = store.queue()
        steady = SteadyBands(MANIFEST.bands, MANIFEST.calibration, self.world.settings.band_margin)
        assert [(row.lead_id, row.rank, row.stage_rank, row.stage_size, row.trend) for row in queue] == [
            (lead.lead_id, lead.rank, lead.stage_rank, lead.stage_size, self.trend(lead, last.as_of))
            for lead in expected
        ]
        for lead, ranked in zip(expected, queue, strict=True):
            row = company.shown[lead.lead_id]
            # The model's own band, or one that the margin keeps: from there the score leads to no other.
            assert steady.band_of(lead.rank_score, lead.score, ranked.band) is ranked.band
            assert not rank_moved(lead.rank, row.rank)
            assert not rank_moved(lead.stage_rank, row.stage_rank)
            assert row.score is not None
            assert abs(float(row.score) - lead.score) < self.world.settings.score_epsilon + 0.006
            assert (row.band, row.model, row.trend) == (ranked.band, model_id, self.trend(lead, last.as_of))
            if lead.lead_id in written:
                assert (row.rank, row.stage_rank, row.stage_size) == (lead.rank, lead.stage_rank, lead.stage_size)
                assert abs(float(row.score) - lead.score) < 0.006
        for lead_id in set(company.shown) - set(open_ids) - set(company.deleted):
            row = company.shown[lead_id]
            assert (row.rank, row.stage_rank, row.stage_size) == (None, None, None)

    def trend(self, lead: ScoredLead, as_of: datetime) -> Trend:
        """Say how a score moved against the history that the state keeps; all of it is of one model."""
        old = [
            entry
            for entry in self.world.store.score_history(lead.lead_id)
            if entry.scored_at <= as_of - timedelta(days=7)
        ]
        own = [entry for entry in old if entry.origin_lead_id == lead.lead_id]
        if not old:
            return Trend.NOT_ENOUGH_INFORMATION
        moved = lead.score - (own or old)[-1].score
        return Trend.IMPROVING if moved >= 5 else Trend.DECLINING if moved <= -5 else Trend.STEADY

    def check_what_is_known(self) -> None:
        """Everything that the CRM holds of live leads was read."""
        company = self.world.company
        survivors = {merge.survivor.record_id for merge in company.merges}
        texts = {name: interaction.text for name, interaction in company.interactions.items()}
        for lead_id, record in company.leads.items():
            stored = self.world.store.lead(lead_id, lambda stage: stage.lower())
            assert stored is not None
            theirs = {
                name: interaction.text
                for name, interaction in company.interactions.items()
                if record.key in interaction.leads or record.person_id in interaction.person_ids
            }
            known = {interaction.interaction_id: interaction.text for interaction in stored.interactions}
            # A survivor keeps what belonged to the person of the lead that was merged into it.
            assert known == theirs or (lead_id in survivors and theirs.items() <= known.items() <= texts.items())
            assert stored.fields == record.fields

    def score_from_scratch(self, lead_ids: list[str]) -> list[ScoredLead]:
        """Score what is stored without the engine."""
        last = self.world.store.last_pass()
        assert last is not None
        stored = [self.world.store.lead(lead_id, lambda stage: stage.lower()) for lead_id in lead_ids]
        scorer = Scorer(self.world.engine, MANIFEST, "hpro-test")
        return rank_leads(scorer.score([lead for lead in stored if lead is not None], as_of=last.as_of))


@pytest.mark.soak
def test_sequences(soak_share: float) -> None:
    run_state_machine_as_test(
        Company,
        settings=settings(
            max_examples=max(1, int(400 * soak_share)),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_sequences_that_chance_seldom_finds() -> None:
    """Every rule ends in :meth:`Company.run_and_check`; without rows stored as intended, this fails."""
    company = Company()
    company.begin(count=4, page_size=4)
    try:
        company.cut_off_while_writing(number=0, answered=True, stage="Lost")
        company.score_and_merge_and_wait(number=1, visits=26, survivor=0, days=8.0)
        company.cut_off_while_writing(number=0, answered=True, stage="Won")
        company.score_and_merge_and_wait(number=0, visits=3, survivor=1, days=6.9)
        company.run_pass(days=12.0)
    finally:
        company.teardown()
