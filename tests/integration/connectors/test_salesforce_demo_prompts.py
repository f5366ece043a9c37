"""The same company in an org file and in an emulated Salesforce: lead by lead the same prompts, as far as can be.

What the two CRMs cannot agree on, and why:

* A task knows the day of a call, not the hour. One that was logged on its day counts from its entry, some minutes
  later; one that was logged on a later day counts from midnight of its day. So does a mail that is a task alone.
* Whether the stage was tracked before its first change in the org, nothing says: the first stage of leads that were
  made before it is not known in Salesforce.
* A note has no date but that of its entry, so one that was entered days later counts from then.
* Where two interactions lie in one day, all of this may put them in another order, and into another word of age.
* A preview of a new note ends after 255 characters; whole notes are read here (`note_bodies`).
* Lists of ids differ: accounts exist in Salesforce only after a conversion, and persons are known from it on. Neither
  stands in a prompt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.generated_org import create_generated_org
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.simulation import START, YEAR_DAYS
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.emulators.salesforce.company.demo_org import make_demo_org
from hpro_connectors.emulators.salesforce.company.demo_schema import prompt_names
from hpro_connectors.emulators.salesforce.company.simulated_ids import simulated_lead_id
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.engine import PassSettings, Stage, run_pass
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.protocol import Connector
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.state import StateStore, assemble_lead
from hpro_sdk.lead import Interaction, InteractionKind, Lead
from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.scorer import Scorer
from hpro_sdk.snapshots import take_snapshot

LEADS, SEED = 250, 5
MIDNIGHT = START + timedelta(days=YEAR_DAYS)
LOGGED_WITHIN = timedelta(minutes=20)
LONGEST_DELAY = timedelta(days=6)

Leads = dict[str, Lead]


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load(bundled_model_path())


@pytest.fixture(scope="module")
def of_the_file(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Leads:
    folder = tmp_path_factory.mktemp("file")
    create_generated_org(folder / "org.sqlite", TEST_DRIVE, SEED, LEADS)
    with Org.open(folder / "org.sqlite") as org:
        return read(DemoConnector(org), folder / "state.sqlite", scorer, str, lag_s=0)


@pytest.fixture(scope="module")
def of_salesforce(scorer: Scorer, tmp_path_factory: pytest.TempPathFactory) -> Leads:
    demo = make_demo_org(TEST_DRIVE.name, SEED, LEADS)
    demo.org.clock.advance(timedelta(minutes=5))
    settings = SalesforceSettings(field_names=prompt_names(TEST_DRIVE), lost_stages=("lost",), note_bodies=True)
    with SalesforceEmulator(demo.org, strict=True) as emulator:
        connection = Connection(
            domain="dealer.my",
            sign_in=SignInWay.CLIENT_CREDENTIALS,
            consumer_key=emulator.app.consumer_key,
            consumer_secret=emulator.app.consumer_secret,
            emulator=emulator.url,
        )
        client = SalesforceClient(connection)
        state = tmp_path_factory.mktemp("salesforce") / "state.sqlite"
        found = read(SalesforceConnector(client, settings), state, scorer, simulated_lead_id, lag_s=120)
        client.close()
    return found


def read(connector: Connector, state: Path, scorer: Scorer, name: Callable[[str], str], *, lag_s: float) -> Leads:
    """Read everything by one pass, and give the leads as they would be scored, by the simulator's ids."""
    with StateStore.open(state) as store:
        run_pass(connector, store, None, PassSettings(lag_s=lag_s, stages=frozenset({Stage.READ})))
        stages = StageNames(connector.describe(), scorer.manifest)
        ids = sorted(connector.list_ids(connector.streams()[0].name).ids)
        return {name(one.record.key.lead_id): assemble_lead(one, stages.name_of) for one in store.load(ids)}


def said(lead: Lead) -> Counter[tuple[object, ...]]:
    return Counter((one.kind, one.speaker, one.text, one.call_seconds) for one in lead.interactions)


def test_both_hold_the_same_leads_with_the_same_fields_stages_and_words(
    of_the_file: Leads, of_salesforce: Leads
) -> None:
    assert of_the_file.keys() == of_salesforce.keys()
    assert len(of_the_file) > LEADS * 0.95
    tracked_since = min(change.at for lead in of_the_file.values() for change in lead.stage_changes[1:])
    made_before = 0
    for lead_id, lead in of_the_file.items():
        other = of_salesforce[lead_id]
        assert {name: other.fields.get(name) for name in lead.fields} == lead.fields
        assert (other.stage, other.created_at) == (lead.stage, lead.created_at)
        known = {change for change in lead.stage_changes if change.at >= tracked_since}
        assert set(other.stage_changes) == known
        made_before += len(known) < len(lead.stage_changes)
        assert set(other.field_changes) == set(lead.field_changes)
        assert said(other) == said(lead), lead_id
    assert made_before < LEADS * 0.05


def test_only_calls_and_notes_are_not_dated_to_the_second(of_the_file: Leads, of_salesforce: Leads) -> None:
    exact = lone_mails = 0
    for lead_id, lead in of_the_file.items():
        for one, other in pairs(lead, of_salesforce[lead_id]):
            assert one.occurred_at is not None
            assert other.occurred_at is not None
            apart = other.occurred_at - one.occurred_at
            if not apart:
                exact += 1
            elif one.kind is InteractionKind.NOTE:
                assert timedelta(0) < apart < LONGEST_DELAY
            else:
                midnight = one.occurred_at.replace(hour=0, minute=0, second=0)
                assert timedelta(0) < apart <= LOGGED_WITHIN or other.occurred_at == midnight
                assert one.kind in {InteractionKind.CALL, InteractionKind.EMAIL}
                lone_mails += one.kind is InteractionKind.EMAIL
    mails = sum(one.kind is InteractionKind.EMAIL for lead in of_the_file.values() for one in lead.interactions)
    assert exact > mails - lone_mails
    assert 0 < lone_mails < mails / 10


def pairs(lead: Lead, other: Lead) -> list[tuple[Interaction, Interaction]]:
    """Give interactions of the same words; where several are alike, none of them."""
    alone = {key for key, count in said(lead).items() if count == 1}
    by_words = {(one.kind, one.speaker, one.text, one.call_seconds): one for one in other.interactions}
    return [
        (one, by_words[key])
        for one in lead.interactions
        if (key := (one.kind, one.speaker, one.text, one.call_seconds)) in alone
    ]


def test_prompts_are_the_same_but_for_ages_and_order_of_calls_and_notes(
    scorer: Scorer, of_the_file: Leads, of_salesforce: Leads
) -> None:
    ended = {scorer.manifest.funnel.won, scorer.manifest.funnel.lost}
    open_leads = [lead_id for lead_id, lead in of_the_file.items() if lead.stage not in ended]
    same = dated_alike = 0
    for lead_id in open_leads:
        lead, other = of_the_file[lead_id], of_salesforce[lead_id]
        prompt = scorer.render(take_snapshot(lead, MIDNIGHT)).text
        same += prompt == scorer.render(take_snapshot(other, MIDNIGHT)).text
        dated_alike += prompt == scorer.render(take_snapshot(dated_as(other, lead), MIDNIGHT)).text
    assert len(open_leads) > 20
    assert dated_alike == len(open_leads)
    assert same > 0.75 * len(open_leads)


def dated_as(other: Lead, lead: Lead) -> Lead:
    """Give a lead of Salesforce with the dates and the order of the org file's interactions."""
    return other.model_copy(update={"interactions": lead.interactions if said(other) == said(lead) else ()})
