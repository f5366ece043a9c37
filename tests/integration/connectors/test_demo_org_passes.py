"""Passes of the real engine, with the bundled model, over a simulated company's org file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.demo import org_admin
from hpro_connectors.demo.filling import set_clock
from hpro_connectors.demo.generated_org import create_generated_org
from hpro_connectors.demo.histories import HORIZON_DAYS, histories, simulated_examples
from hpro_connectors.demo.scored_org import ScoredOrg, open_scored_org
from hpro_connectors.demo.simulation import START, YEAR_DAYS, Simulation
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.fields import ScoreRow
from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.models import bundled_model_path
from hpro_sdk.rendering import RenderedPrompt
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.snapshots import take_snapshot

LEADS, SEED = 160, 3


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(bundled_model_path(), threads=1)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "org.sqlite"
    create_generated_org(path, TEST_DRIVE, SEED, LEADS)
    return path


@pytest.fixture
def org(filled: Path, scorer: Scorer, tmp_path: Path) -> Iterator[ScoredOrg]:
    """A copy of the org that one pass has scored."""
    (tmp_path / "org.sqlite").write_bytes(filled.read_bytes())
    with open_scored_org(tmp_path / "org.sqlite", tmp_path / "state.sqlite", scorer) as scored:
        scored.run()
        yield scored


def open_ids(org: ScoredOrg) -> list[str]:
    return [row.lead_id for row in org.store.queue()]


def prompt(org: ScoredOrg, lead_id: str, at: datetime) -> RenderedPrompt:
    lead = org.store.lead(lead_id)
    assert lead is not None
    return org.scorer.render(take_snapshot(lead, at))


def shown(org: ScoredOrg, lead_id: str) -> ScoreRow | None:
    return org.connector.read_back([lead_id]).get(lead_id)


def interaction_texts(org: ScoredOrg, lead_id: str) -> list[str]:
    lead = org.store.lead(lead_id)
    assert lead is not None
    return [interaction.text for interaction in lead.interactions]


def test_a_pass_with_nothing_new_does_nothing(org: ScoredOrg) -> None:
    for _ in range(2):
        report = org.run().report
        assert (report.model_calls, report.scored, report.written, report.cleared) == (0, 0, 0, 0)
        assert report.unchanged == report.open_leads > 20


def test_our_own_writes_come_back_as_changes_and_cost_nothing(org: ScoredOrg) -> None:
    set_clock(org.org, org.org.clock() + timedelta(seconds=1))
    report = org.run().report
    assert report.read >= report.open_leads  # every lead was written, and so modified
    assert (report.model_calls, report.written) == (0, 0)


def test_one_planted_change_is_one_model_call(org: ScoredOrg) -> None:
    org_admin.add_note(org.org, open_ids(org)[5], "wants to sign the contract tomorrow")
    report = org.run().report
    assert (report.model_calls, report.scored) == (1, 1)


def test_thirty_silent_days_score_the_leads_whose_ages_changed_and_no_others(org: ScoredOrg) -> None:
    now = org.org.clock()
    later = now + timedelta(days=30)
    ids = open_ids(org)
    expected = {i for i in ids if prompt(org, i, now).input_hash != prompt(org, i, later).input_hash}
    assert expected
    set_clock(org.org, later)
    report = org.run().report
    assert report.scored == len(expected)
    scored = {lead_id for lead_id in ids if org.store.score_history(lead_id)[-1].scored_at == later}
    assert scored == expected


def test_the_next_second_after_a_due_time_scores_that_lead_and_no_other(org: ScoredOrg) -> None:
    now = org.org.clock()
    due = {lead_id: at for lead_id in open_ids(org) if (at := prompt(org, lead_id, now).next_due_at) is not None}
    first = min(due.values())
    expected = {lead_id for lead_id, at in due.items() if at == first}
    set_clock(org.org, first - timedelta(seconds=1))
    assert org.run().report.scored == 0
    set_clock(org.org, first)
    assert org.run().report.scored == len(expected)


def test_a_deleted_lead_is_never_written(org: ScoredOrg) -> None:
    gone = open_ids(org)[0]
    before = shown(org, gone)
    assert before is not None
    org_admin.delete_lead(org.org, gone)
    set_clock(org.org, org.org.clock() + timedelta(days=40))
    org.run()
    assert gone not in open_ids(org)
    assert shown(org, gone) is None
    org_admin.undelete_lead(org.org, gone)
    assert shown(org, gone) == before, "nothing was written while it was deleted"


def test_an_undeleted_lead_has_its_history_again(org: ScoredOrg) -> None:
    lead_id = open_ids(org)[2]
    texts = interaction_texts(org, lead_id)
    at = org.org.clock()
    was = prompt(org, lead_id, at).text
    org_admin.delete_lead(org.org, lead_id)
    org.run()
    assert org.store.lead(lead_id) is None
    org_admin.undelete_lead(org.org, lead_id)
    org.run()
    assert sorted(interaction_texts(org, lead_id)) == sorted(texts)
    assert prompt(org, lead_id, at).text == was
    row = shown(org, lead_id)
    assert row is not None
    assert row.rank is not None


def test_history_follows_a_merge(org: ScoredOrg) -> None:
    survivor, loser = open_ids(org)[3], open_ids(org)[4]
    both = interaction_texts(org, survivor) + interaction_texts(org, loser)
    org_admin.merge_leads(org.org, loser, survivor)
    report = org.run().report
    assert report.problem_count == 0
    assert loser not in open_ids(org)
    assert sorted(interaction_texts(org, survivor)) == sorted(both)
    assert shown(org, loser) is None


def test_a_won_lead_loses_its_ranks_once_and_keeps_its_score(org: ScoredOrg) -> None:
    lead_id = open_ids(org)[1]
    before = shown(org, lead_id)
    org_admin.move_stage(org.org, lead_id, "won")
    assert org.run().report.cleared == 1
    assert org.run().report.cleared == 0
    after = shown(org, lead_id)
    assert before is not None
    assert after == before.model_copy(update={"rank": None, "stage_rank": None, "stage_size": None})


def test_what_is_scored_is_what_is_trained_on(org: ScoredOrg) -> None:
    """Prompts of open leads as read through the connector equal those of training snapshots at the same moment."""
    simulation = Simulation(TEST_DRIVE, SEED, leads_per_year=LEADS, reserved_phrases=True)
    known = [h.lead for h in histories(simulation, YEAR_DAYS + HORIZON_DAYS) if h.birth.duplicate_days is None]
    examples = simulated_examples(
        simulation, (YEAR_DAYS,), leads=known, until_day=YEAR_DAYS + HORIZON_DAYS, split="train"
    )
    at = START + timedelta(days=YEAR_DAYS)
    trained: dict[str, LeadSnapshot] = {example.snapshot.lead_id: example.snapshot for example in examples}
    served = [lead_id for lead_id in open_ids(org) if lead_id in trained]
    assert len(served) > 20
    for lead_id in served:
        assert prompt(org, lead_id, at).text == org.scorer.render(trained[lead_id]).text
