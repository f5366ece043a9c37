"""Whatever happens in a CRM, in whatever order: after a pass it shows what the rules say, and a second does nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from hpro_connectors.engine.writing_rule import rank_moved
from hpro_connectors.errors import NetworkError
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.testing import World
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.lead import Lead, OutcomeResult, ScoredLead
from hpro_sdk.ranking import rank_leads
from hpro_sdk.scoring.scorer import Scorer

numbers = st.integers(0, 40)
waits = st.sampled_from([0.0, 1.0, 6.9, 8.0, 12.0, 30.0])
stages = st.sampled_from(["New", "Talking", "Offer", "Won", "Lost"])


class Company(RuleBasedStateMachine):
    """People change leads at will; passes run, are cut off, and run again."""

    @initialize(count=st.integers(0, 6), page_size=st.integers(1, 4))
    def begin(self, count: int, page_size: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(Path(self.folder.name) / "state.db", page_size=page_size)
        self.made = 0
        self.world.fill(count)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.store.close()
            self.folder.cleanup()

    def lead(self, number: int) -> str | None:
        live = sorted(self.world.company.leads)
        return live[number % len(live)] if live else None

    @rule(visits=numbers, stage=stages, person=st.integers(0, 3))
    def create(self, visits: int, stage: str, person: int) -> None:
        self.made += 1
        self.world.company.create_lead(
            f"N{self.made:03}", stage=stage, person_id=f"Q{person}", fields={"visits": visits}
        )

    @rule(number=numbers, visits=numbers)
    def change_field(self, number: int, visits: int) -> None:
        if lead_id := self.lead(number):
            self.world.company.change_lead(lead_id, fields={"visits": visits})

    @rule(number=numbers, stage=stages)
    def change_stage(self, number: int, stage: str) -> None:
        if lead_id := self.lead(number):
            self.world.company.change_lead(lead_id, stage=stage)

    @rule(number=numbers, excluded=st.booleans())
    def exclude(self, number: int, excluded: bool) -> None:
        if lead_id := self.lead(number):
            self.world.company.change_lead(lead_id, excluded=excluded)

    @rule(first=numbers, second=numbers, person=st.none() | st.integers(0, 3))
    def log(self, first: int, second: int, person: int | None) -> None:
        self.made += 1
        leads = {lead_id for lead_id in (self.lead(first), self.lead(second)) if lead_id}
        persons = () if person is None else (f"Q{person}",)
        self.world.company.log_interaction(f"J{self.made:03}", *sorted(leads), person_ids=persons, text="words")

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

    @rule(stream=st.sampled_from(["Lead", "Interaction", "History"]), number=st.integers(0, 3))
    def cut_off(self, stream: str, number: int) -> None:
        def cut(at: str, page: int) -> None:
            if (at, page) == (stream, number):
                raise NetworkError("The line is down.")

        self.world.connector.before_page = cut
        try:
            self.world.run()
        except NetworkError:
            pass
        finally:
            self.world.connector.before_page = lambda _stream, _number: None

    @rule(number=st.integers(0, 2), answered=st.booleans(), stage=st.none() | stages)
    def cut_off_while_writing(self, number: int, answered: bool, stage: str | None) -> None:
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
                raise NetworkError("The line is down.")

        connector = self.world.connector
        before, after = connector.before_write, connector.after_write
        if answered:
            connector.after_write = cut
        else:
            connector.before_write = cut
        try:
            self.world.run()
        except NetworkError:
            pass
        finally:
            connector.before_write, connector.after_write = before, after
        if sent and stage is not None:
            self.world.company.change_lead(sent[0], stage=stage)
            self.run_and_check()

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
        sent = len(self.world.connector.writes)
        dead = set(self.world.company.deleted) | {m.loser.record_id for m in self.world.company.merges}
        report = self.world.run()
        assert report.problem_count == report.gone == 0
        assert not dead.intersection(row.lead.lead_id for row in self.world.connector.writes[sent:])
        self.check_what_is_shown(
            report.model_id or "", {row.lead.lead_id for row in self.world.connector.writes[sent:]}
        )
        again = self.world.run()
        assert (again.model_calls, again.scored, again.to_write, again.to_clear) == (0, 0, 0, 0)

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
        expected = self.score_from_scratch(open_ids)
        assert [(row.lead_id, row.rank, row.stage_rank, row.stage_size, row.trend) for row in store.queue()] == [
            (lead.lead_id, lead.rank, lead.stage_rank, lead.stage_size, self.trend(lead, last.as_of))
            for lead in expected
        ]
        for lead in expected:
            row = company.shown[lead.lead_id]
            assert not rank_moved(lead.rank, row.rank)
            assert not rank_moved(lead.stage_rank, row.stage_rank)
            assert row.score is not None
            assert abs(float(row.score) - lead.score) < 0.006
            assert (row.band, row.model, row.trend) == (lead.band, model_id, self.trend(lead, last.as_of))
            if lead.lead_id in written:
                assert (row.rank, row.stage_rank, row.stage_size) == (lead.rank, lead.stage_rank, lead.stage_size)
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

    def score_from_scratch(self, lead_ids: list[str]) -> list[ScoredLead]:
        """Check what is stored against the CRM, and score it without the engine."""
        company = self.world.company
        last = self.world.store.last_pass()
        assert last is not None
        leads: list[Lead] = []
        for lead_id in lead_ids:
            stored = self.world.store.lead(lead_id, lambda stage: stage.lower())
            assert stored is not None
            record = company.leads[lead_id]
            theirs = {
                name: interaction.text
                for name, interaction in company.interactions.items()
                if record.key in interaction.leads
                or (record.person_id is not None and record.person_id in interaction.person_ids)
            }
            assert {i.interaction_id: i.text for i in stored.interactions} == theirs
            assert stored.fields == record.fields
            leads.append(stored)
        scorer = Scorer(self.world.engine, MANIFEST, "hpro-test")
        return rank_leads(scorer.score(leads, as_of=last.as_of))


Company.TestCase.settings = settings(
    max_examples=30, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCompany = Company.TestCase


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
