from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from hpro_connectors.demo import events as ev
from hpro_connectors.demo.simulation import START, Simulation
from hpro_connectors.demo.simulator.companies import SAAS, TEST_DRIVE
from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.company import simulated_ids as ids
from hpro_connectors.emulators.salesforce.company.demo_schema import make_company
from hpro_connectors.emulators.salesforce.company.filling import Filling
from hpro_connectors.emulators.salesforce.company.simulated_activities import note_of
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_sdk.lead import InteractionKind, Speaker

SIMULATION = Simulation(TEST_DRIVE, 1, leads_per_year=100, reserved_phrases=True)
ONE, TWO = (SIMULATION.birth(number).lead for number in (0, 1))
TWIN = replace(ONE, lead_id=f"{ONE.lead_id}D")
RECORD, OTHER, COPY = (ids.lead_record_id(lead.lead_id) for lead in (ONE, TWO, TWIN))
DAY = timedelta(days=1)
LATER = START + 20 * DAY


@pytest.fixture
def org() -> Iterator[SalesforceOrg]:
    org = SalesforceOrg(org_id="00DHPRO00000001", name="dealer", clock=EmulatorClock(START))
    make_company(org, SIMULATION)
    yield org
    org.close()


@pytest.fixture
def filling(org: SalesforceOrg) -> Filling:
    filling = Filling(org, SIMULATION)
    filling.apply([ev.LeadCreated(ONE.created_at, ONE), ev.LeadCreated(TWO.created_at, TWO)])
    return filling


def logged(kind: InteractionKind, number: int = 1, lead_id: str = ONE.lead_id) -> ev.InteractionLogged:
    return ev.InteractionLogged(
        at=LATER,
        lead_id=lead_id,
        interaction_id=f"I000000-{number:03}",
        kind=kind,
        speaker=Speaker.REP,
        text="Wants it.",
        call_seconds=None,
        occurred_at=LATER - DAY,
    )


def count(org: SalesforceOrg, what: str) -> int:
    return len(org.run_query(f"SELECT Id FROM {what}", user_id=None).rows)


def histories(org: SalesforceOrg, record: str) -> list[tuple[object, ...]]:
    query = f"SELECT Field, OldValue, NewValue FROM LeadHistory WHERE LeadId = '{record}' ORDER BY CreatedDate, Id"
    return [tuple(row) for row in org.run_query(query, user_id=None).rows]


def test_a_lead_has_the_values_that_were_drawn_and_a_name_that_was_invented(
    org: SalesforceOrg, filling: Filling
) -> None:
    lead = org.get("Lead", RECORD)
    assert {name: lead[f"{name}__c"] for name in ONE.fields} == dict(ONE.fields)
    assert (lead["Status"], lead["CreatedDate"]) == ("new", f"{ONE.created_at:%Y-%m-%dT%H:%M:%S}.000+0000")
    assert str(lead["Email"]).startswith(f"{lead['FirstName']}.{lead['LastName']}.0@example.".lower())
    assert str(lead["Company"]).startswith(str(lead["LastName"]))
    owner = org.get("User", str(lead["OwnerId"]))
    assert owner["FirstName"] in {one.name for one in SIMULATION.owners}


def test_leads_of_one_account_are_of_one_company() -> None:
    simulation = Simulation(SAAS, 1, leads_per_year=100, reserved_phrases=True)
    org = SalesforceOrg(org_id="00DHPRO00000002", name="software", clock=EmulatorClock(START))
    make_company(org, simulation)
    twin = replace(simulation.birth(1).lead, account_id="A00001")
    other = replace(simulation.birth(2).lead, account_id="A00001")
    Filling(org, simulation).apply([ev.LeadCreated(twin.created_at, twin), ev.LeadCreated(other.created_at, other)])
    (company,) = {row[0] for row in org.run_query("SELECT Company FROM Lead", user_id=None).rows}
    assert "A00001 (Example)" in str(company)


def test_stages_and_tracked_fields_leave_a_history(org: SalesforceOrg, filling: Filling) -> None:
    events: list[ev.Event] = [
        ev.StageEntered(LATER, ONE.lead_id, "contacted"),
        ev.FieldSet(LATER, ONE.lead_id, "web_visits", 0, 1, tracked=True),
        ev.StageEntered(LATER + DAY, ONE.lead_id, "lost"),
        ev.FieldSet(LATER + DAY, ONE.lead_id, "lost_reason", None, "price", tracked=False),
    ]
    assert filling.apply(events) == 4
    lead = org.get("Lead", RECORD)
    assert (lead["Status"], lead["web_visits__c"], lead["lost_reason__c"]) == ("lost", 1, "price")
    assert lead["IsConverted"] is False
    assert histories(org, RECORD) == [
        ("created", None, None),
        ("Status", "new", "contacted"),
        ("web_visits__c", 0, 1),
        ("Status", "contacted", "lost"),
    ]


def test_a_won_lead_is_converted_after_its_last_entries_and_lives_on_as_a_contact(
    org: SalesforceOrg, filling: Filling
) -> None:
    events: list[ev.Event] = [
        logged(InteractionKind.CALL, 1),
        ev.StageEntered(LATER + DAY, ONE.lead_id, "won"),
        ev.FieldSet(LATER + DAY, ONE.lead_id, "contract_no", None, "C-1", tracked=False),
        replace(logged(InteractionKind.MEETING, 2), at=LATER + 2 * DAY),
    ]
    assert filling.apply(events) == 4
    lead = org.get("Lead", RECORD)
    assert (lead["Status"], lead["IsConverted"], lead["contract_no__c"]) == ("won", True, "C-1")
    contact = lead["ConvertedContactId"]
    assert [row[0] for row in org.run_query("SELECT WhoId FROM Task", user_id=None).rows] == [contact]
    assert [row[0] for row in org.run_query("SELECT WhoId FROM Event", user_id=None).rows] == [contact]
    deal = org.get("Opportunity", str(lead["ConvertedOpportunityId"]))
    assert (deal["StageName"], deal["IsWon"]) == ("Closed Won", True)
    assert [row[0] for row in histories(org, RECORD)] == ["created", "Status", "leadConverted"]


def test_a_second_filling_goes_on_with_the_contact(org: SalesforceOrg, filling: Filling) -> None:
    filling.apply([ev.StageEntered(LATER, ONE.lead_id, "won")])
    assert Filling(org, SIMULATION).apply([logged(InteractionKind.CALL)]) == 1
    ((who,),) = org.run_query("SELECT WhoId FROM Task", user_id=None).rows
    assert who == org.get("Lead", RECORD)["ConvertedContactId"]


def test_a_duplicate_is_merged_with_what_belongs_to_it(org: SalesforceOrg, filling: Filling) -> None:
    mail = replace(logged(InteractionKind.EMAIL, lead_id=TWIN.lead_id), interaction_id="I000000-dup")
    events: list[ev.Event] = [
        ev.LeadCreated(ONE.created_at + DAY, TWIN),
        mail,
        ev.LeadMerged(LATER + DAY, TWIN.lead_id, ONE.lead_id),
        logged(InteractionKind.CALL, lead_id=TWIN.lead_id),
    ]
    assert filling.apply(events) == 3
    copy = org.get("Lead", COPY)
    assert (copy["IsDeleted"], copy["MasterRecordId"]) == (True, RECORD)
    assert copy["Email"] == org.get("Lead", RECORD)["Email"]
    ((who,),) = org.run_query("SELECT WhoId FROM Task", user_id=None).rows
    assert who == RECORD


def test_a_duplicate_of_a_converted_lead_is_deleted(org: SalesforceOrg, filling: Filling) -> None:
    events: list[ev.Event] = [
        ev.LeadCreated(ONE.created_at + DAY, TWIN),
        ev.StageEntered(LATER, ONE.lead_id, "won"),
        ev.LeadMerged(LATER + DAY, TWIN.lead_id, ONE.lead_id),
    ]
    assert filling.apply(events) == 3
    copy = org.get("Lead", COPY)
    assert (copy["IsDeleted"], copy["MasterRecordId"]) == (True, None)


@pytest.mark.parametrize("stage", ["offer", "won"])
def test_a_deleted_lead_takes_its_interactions_and_what_it_became_along(
    org: SalesforceOrg, filling: Filling, stage: str
) -> None:
    interactions = [
        logged(kind, n) for n, kind in enumerate((InteractionKind.CALL, InteractionKind.EMAIL, InteractionKind.MEETING))
    ]
    events: list[ev.Event] = [
        *interactions,
        logged(InteractionKind.NOTE, 5),
        ev.StageEntered(LATER, ONE.lead_id, stage),
        ev.LeadDeleted(LATER + DAY, ONE.lead_id),
        replace(logged(InteractionKind.CALL, 9), at=LATER + 2 * DAY),
    ]
    assert filling.apply(events) == 6
    assert [row[0] for row in org.run_query("SELECT Id FROM Lead", user_id=None).rows] == [OTHER]
    for name in ("Task", "EmailMessage", "Event", "Note", "Contact", "Account", "Opportunity"):
        assert count(org, name) == 0, name


def test_notes_of_both_kinds_can_be_edited(org: SalesforceOrg, filling: Filling) -> None:
    for number in (1, 2):
        note = logged(InteractionKind.NOTE, number)
        edited = ev.InteractionEdited(LATER + DAY, ONE.lead_id, note.interaction_id, "Wants it. Update: <b>yes</b>")
        assert filling.apply([note, edited]) == 2
        name, record = note_of(note.interaction_id)
        if name == "Note":
            assert org.get("Note", record)["Body"] == "Wants it. Update: <b>yes</b>"
        else:
            assert b"Update: &lt;b&gt;" in org.content("ContentNote", record, "Content")
            assert str(org.get("ContentNote", record)["TextPreview"]) == "Wants it. Update: <b>yes</b>"
    assert (count(org, "Note"), count(org, "ContentNote")) == (1, 1)


def test_what_people_deleted_meanwhile_is_passed_over(org: SalesforceOrg, filling: Filling) -> None:
    note = logged(InteractionKind.NOTE)
    filling.apply([note])
    org.delete(*note_of(note.interaction_id))
    edited = ev.InteractionEdited(LATER + DAY, ONE.lead_id, note.interaction_id, "More.")
    assert filling.apply([edited]) == 0
    org.delete("Lead", RECORD)
    events: list[ev.Event] = [
        replace(logged(InteractionKind.CALL), at=LATER + DAY),
        ev.StageEntered(LATER + DAY, ONE.lead_id, "won"),
        ev.LeadMerged(LATER + DAY, TWO.lead_id, ONE.lead_id),
        ev.StageEntered(LATER + DAY, TWO.lead_id, "contacted"),
    ]
    assert filling.apply(events) == 1
    assert org.get("Lead", OTHER)["Status"] == "contacted"


def test_a_lead_that_people_converted_meanwhile_moves_no_more(org: SalesforceOrg, filling: Filling) -> None:
    org.convert_lead(RECORD)
    status = org.get("Lead", RECORD)["Status"]
    moves = [ev.StageEntered(at=LATER, lead_id=ONE.lead_id, stage=stage) for stage in ("appointment", "won")]
    edit = ev.FieldSet(at=LATER, lead_id=ONE.lead_id, field="web_visits", old=0, new=7, tracked=True)
    assert filling.apply([*moves, edit, logged(InteractionKind.CALL)]) == 1
    assert org.get("Lead", RECORD)["Status"] == status
    assert count(org, "Opportunity") == 1


def test_what_should_have_happened_before_the_clock_happens_at_the_clock(org: SalesforceOrg, filling: Filling) -> None:
    org.clock.set(LATER + DAY)
    filling.apply([ev.StageEntered(LATER, ONE.lead_id, "contacted")])
    assert org.get("Lead", RECORD)["SystemModstamp"] == f"{LATER + DAY:%Y-%m-%dT%H:%M:%S}.000+0000"


def test_events_happen_all_or_not_at_all(org: SalesforceOrg, filling: Filling) -> None:
    with pytest.raises(ApiFault, match="DUPLICATE_VALUE"):
        filling.apply([ev.StageEntered(LATER, ONE.lead_id, "contacted"), ev.LeadCreated(LATER + DAY, TWO)])
    assert org.get("Lead", RECORD)["Status"] == "new"


def test_texts_are_kept_as_they_were_typed(org: SalesforceOrg, filling: Filling) -> None:
    text = "<html><body><div>Yes &amp; no</div><blockquote>old</blockquote></body></html>"
    mail = replace(logged(InteractionKind.EMAIL), text=text, speaker=Speaker.LEAD)
    html_note = replace(logged(InteractionKind.NOTE, 2), text="<p>Fine.</p><p>&nbsp;</p>")
    filling.apply([mail, html_note])
    ((body,),) = org.run_query("SELECT HtmlBody FROM EmailMessage", user_id=None).rows
    assert body == text
    name, record = note_of(html_note.interaction_id)
    assert name == "ContentNote"
    assert org.content(name, record, "Content") == b"<p>Fine.</p><p>&nbsp;</p>"
