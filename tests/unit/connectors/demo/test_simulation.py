"""A simulated company is a function of its seed, whatever is asked of it, and in whatever pieces."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta

import pytest

from hpro_connectors.demo import events as ev
from hpro_connectors.demo.histories import HORIZON_DAYS, funnel_of, histories, simulated_examples
from hpro_connectors.demo.simulation import START, VISITS, Birth, Simulation
from hpro_connectors.demo.simulator.companies import COMPANIES, TEST_DRIVE
from hpro_connectors.demo.simulator.life import LOST, WON


def company(name: str = "test_drive", seed: int = 4, leads: int = 400) -> Simulation:
    return Simulation(COMPANIES[name], seed, leads_per_year=leads, reserved_phrases=True)


@pytest.mark.parametrize("name", sorted(COMPANIES))
def test_days_asked_for_in_pieces_are_the_same_days(name: str) -> None:
    whole = list(company(name).events(130))
    pieces = [event for since in range(0, 130, 26) for event in company(name).events(since + 26, since)]
    assert pieces == whole


def test_a_longer_time_does_not_change_what_was() -> None:
    until = START + timedelta(days=90)
    assert [event for event in company().events(140) if event.at < until] == list(company().events(90))


def test_another_seed_is_another_company() -> None:
    assert list(company(seed=4).events(40)) != list(company(seed=5).events(40))


def test_events_are_in_order_and_speak_of_leads_that_exist() -> None:
    created: set[str] = set()
    last = START
    for event in company().events(200):
        assert event.at >= last
        last = event.at
        if isinstance(event, ev.LeadCreated):
            created.add(event.lead.lead_id)
        else:
            assert event.lead_id in created


def test_leads_are_lived_as_their_events_are_asked_for() -> None:
    class Counting(Simulation):
        born = 0

        def birth(self, number: int) -> Birth:
            self.born += 1
            return super().birth(number)

    simulation = Counting(TEST_DRIVE, 4, leads_per_year=100_000, reserved_phrases=True)
    first = list(itertools.islice(simulation.events(365), 300))
    assert all(event.at < START + timedelta(days=2) for event in first)
    assert simulation.born < 1_000


@pytest.mark.parametrize("name", sorted(COMPANIES))
def test_a_year_has_everything_in_it(name: str) -> None:
    events = list(company(name, leads=1200).events(365))
    kinds = Counter(type(event) for event in events)
    assert set(kinds) == set(ev.Event.__args__)
    stages = Counter(event.stage for event in events if isinstance(event, ev.StageEntered))
    assert set(stages) == {*COMPANIES[name].stage_names[1:], WON, LOST}
    entered_late = [
        e for e in events if isinstance(e, ev.InteractionLogged) and e.at - e.occurred_at > timedelta(days=1)
    ]
    assert len(entered_late) > 50
    texts = [event.text for event in events if isinstance(event, ev.InteractionLogged)]
    assert any(text.startswith("<") for text in texts)
    assert any("\n> " in text for text in texts)
    assert any("🙂" in text or "👍" in text for text in texts)
    assert len(set(texts)) > 0.7 * len(texts)


def test_a_deleted_lead_stays_silent() -> None:
    gone: dict[str, ev.LeadDeleted] = {}
    for event in company(leads=2000).events(365):
        if isinstance(event, ev.LeadDeleted):
            gone[event.lead_id] = event
        elif not isinstance(event, ev.LeadCreated):
            assert event.lead_id not in gone
    assert gone


def test_a_duplicate_is_merged_into_the_first_record_of_the_person() -> None:
    leads: dict[str, ev.SimulatedLead] = {}
    merges = 0
    for event in company(leads=2000).events(365):
        if isinstance(event, ev.LeadCreated):
            leads[event.lead.lead_id] = event.lead
        elif isinstance(event, ev.LeadMerged):
            merges += 1
            assert leads[event.lead_id].person_id == leads[event.survivor_id].person_id
            assert leads[event.lead_id].created_at > leads[event.survivor_id].created_at
    assert merges


def test_histories_hold_what_a_crm_would_forget() -> None:
    known = list(histories(company(leads=1500), 365))
    assert all(history.lead.fields[VISITS] == len(history.life.visits) for history in known if history.life.result)
    edited = [i for history in known for i in history.lead.interactions if i.text_versions]
    assert edited
    assert all(i.text_versions[0].text != i.text == i.text_versions[-1].text for i in edited)
    assert not any("<" in i.text for history in known for i in history.lead.interactions)


def test_snapshots_know_neither_the_end_nor_what_is_entered_after_it() -> None:
    simulation = company(leads=1500)
    known = [history.lead for history in histories(simulation, 365 + HORIZON_DAYS)]
    examples = simulated_examples(simulation, (200,), leads=known, until_day=365 + HORIZON_DAYS, split="train")
    assert len(examples) > 100
    assert any(example.outcome.won for example in examples)
    for example in examples:
        assert example.snapshot.stage in funnel_of(simulation).stages
        assert not {"contract_no", "lost_reason", "win_estimate"} & set(example.snapshot.fields)
        assert not any("igned" in i.text and "deposit" in i.text for i in example.snapshot.interactions)


def test_reps_differ_in_their_habits() -> None:
    reps = company().org.reps
    assert min(rep.logs for rep in reps) < 0.7 < max(rep.logs for rep in reps)
    assert len({rep.terse for rep in reps}) > 1
    assert all(abs(sum(rep.delays) - 1) < 1e-9 for rep in reps)


def test_each_company_has_effects_of_its_own() -> None:
    first, second = company(seed=1).org, company(seed=2).org
    assert first.effects["source"] != second.effects["source"]
    assert set(first.effects["source"]) == {option.value for option in TEST_DRIVE.fields[0].options}  # type: ignore[union-attr]
