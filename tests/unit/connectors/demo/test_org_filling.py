from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.demo import org_admin as admin
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.demo_ids import DEMO_ORG_IDS, is_demo_org
from hpro_connectors.demo.events import (
    Event,
    FieldSet,
    InteractionEdited,
    InteractionLogged,
    LeadCreated,
    LeadDeleted,
    LeadMerged,
    SimulatedLead,
    StageEntered,
)
from hpro_connectors.demo.filling import apply_events, set_clock
from hpro_connectors.demo.org import Org, OrgDefinition, creating_org
from hpro_connectors.protocol import Backfill, InteractionRecord, LeadRecord, Page, Window
from hpro_sdk.errors import ConfigError, DataError
from hpro_sdk.lead import InteractionKind, Speaker

LATER = datetime(2026, 2, 1, tzinfo=UTC)
END = Backfill(end=datetime(2030, 1, 1, tzinfo=UTC))


def call(lead_id: str, interaction_id: str = "new") -> InteractionLogged:
    return InteractionLogged(
        LATER, lead_id, interaction_id, InteractionKind.CALL, Speaker.REP, "x", 5, LATER - timedelta(days=2)
    )


def window(org: Org, stream: str) -> Page:
    (page,) = DemoConnector(org).read(stream, Window(start=LATER, end=LATER + timedelta(seconds=1)))
    return page


def changed(org: Org, stream: str) -> set[str]:
    return {record.key[2] for record in window(org, stream).upserts}


def test_events_stamp_what_a_crm_stamps(org: Org) -> None:
    events: list[Event] = [
        call("l1"),
        InteractionEdited(LATER, "l1", "i1a", "Edited."),
        StageEntered(LATER, "l2", "talk"),
        FieldSet(LATER, "l3", "industry", "retail", "banks", tracked=False),
    ]
    assert apply_events(org, events) == 4
    assert changed(org, "lead") == {"l2", "l3"}
    assert changed(org, "interaction") == {"new", "i1a"}
    assert window(org, "field_history").upserts == ()
    texts = {
        record.key.record_id: record.text
        for record in window(org, "interaction").upserts
        if isinstance(record, InteractionRecord)
    }
    assert texts == {"new": "x", "i1a": "Edited."}
    assert org.clock() == LATER


@pytest.mark.parametrize("stage", ["won", "lost"])
def test_a_decision_stamps_all_interactions(org: Org, stage: str) -> None:
    apply_events(org, [StageEntered(LATER, "l1", stage)])
    assert changed(org, "interaction") == {"i1a", "i1b"}


def test_deletions_and_merges_happen(org: Org) -> None:
    apply_events(org, [LeadDeleted(LATER, "l1"), LeadMerged(LATER, "l2", "l3")])
    page = window(org, "lead")
    assert [gone.key.record_id for gone in page.tombstones] == ["l1"]
    assert [(merge.loser.record_id, merge.survivor.record_id) for merge in page.merges] == [("l2", "l3")]
    assert changed(org, "interaction") == {"i2a", "i2b"}


def test_an_interaction_of_several_leads_is_one(org: Org) -> None:
    apply_events(org, [call("l1"), call("l2")])
    (record,) = window(org, "interaction").upserts
    assert isinstance(record, InteractionRecord)
    assert [lead.lead_id for lead in record.leads] == ["l1", "l2"]


def test_what_concerns_leads_that_people_took_away_is_passed_over(org: Org) -> None:
    admin.delete_lead(org, "l1")
    admin.merge_leads(org, "l2", "l3")
    admin.delete_note(org, "i3a")
    events: list[Event] = [
        *(call(lead_id) for lead_id in ("l1", "l2", "nobody")),
        StageEntered(LATER, "l1", "won"),
        FieldSet(LATER, "l2", "seats", 1, 2, tracked=True),
        LeadDeleted(LATER, "l2"),
        LeadMerged(LATER, "l1", "l3"),
        LeadMerged(LATER, "l3", "l1"),
        LeadMerged(LATER, "l3", "l3"),
        InteractionEdited(LATER, "l3", "i3a", "x"),
    ]
    assert apply_events(org, events) == 0
    for stream in ("lead", "interaction", "stage_history", "field_history"):
        page = window(org, stream)
        assert (page.upserts, page.tombstones, page.merges) == ((), (), ())


def test_events_happen_all_or_not_at_all(org: Org) -> None:
    before = org.path.read_bytes()

    def broken() -> Iterator[Event]:
        yield StageEntered(LATER, "l1", "won")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply_events(org, broken())
    assert org.path.read_bytes() == before


def test_a_lead_is_created_once(org: Org) -> None:
    again = SimulatedLead("l1", "p", None, "o1", LATER, "new", {})
    with pytest.raises(DataError, match="same id"):
        apply_events(org, [LeadCreated(LATER, again)])


def test_the_clock_goes_forward_only(org: Org) -> None:
    set_clock(org, LATER)
    set_clock(org, LATER)
    with pytest.raises(ConfigError, match="cannot go back"):
        set_clock(org, LATER - timedelta(seconds=1))
    apply_events(org, [StageEntered(LATER - timedelta(days=1), "l1", "won")])
    assert org.clock() == LATER


def test_demo_orgs_are_known_by_their_ids() -> None:
    assert all(is_demo_org(org_id) for org_id in DEMO_ORG_IDS.values())
    assert not is_demo_org("00D000000000001")
    assert not is_demo_org("import-0123456789ab")


def test_a_company_of_usual_size_is_filled_and_read_in_seconds(tmp_path: Path, definition: OrgDefinition) -> None:
    leads, start, chance = 2000, definition.clock, random.Random(1)
    events: list[Event] = []
    for number in range(leads):
        at, lead_id = start + timedelta(hours=number), f"l{number}"
        events.append(LeadCreated(at, SimulatedLead(lead_id, f"p{number}", None, "o1", at, "new", {"seats": 1})))
        for position in range(chance.randrange(5, 11)):
            later = at + timedelta(hours=7 * position + 1)
            text = "<div>Wants <b>a quote</b>.</div>" if position % 3 else "Called.\nWants a quote.\n" * 5
            events.append(
                InteractionLogged(
                    later, lead_id, f"{lead_id}:{position}", InteractionKind.EMAIL, Speaker.LEAD, text, None, later
                )
            )
        events.append(StageEntered(at + timedelta(days=4), lead_id, "won" if number % 5 == 0 else "lost"))
    events.sort(key=lambda event: event.at)
    begun = time.process_time()
    with creating_org(tmp_path / "usual.org", definition) as org:
        apply_events(org, events)
    filled = time.process_time() - begun
    with Org.open(tmp_path / "usual.org") as org:
        connector = DemoConnector(org)
        found = [record for page in connector.read("lead", END) for record in page.upserts]
        interactions = sum(len(page.upserts) for page in connector.read("interaction", END))
    read = time.process_time() - begun - filled
    assert len([record for record in found if isinstance(record, LeadRecord)]) == leads
    assert interactions == sum(isinstance(event, InteractionLogged) for event in events)
    assert filled < 3  # measured 0.3 s
    assert read < 10  # measured 1.2 s
