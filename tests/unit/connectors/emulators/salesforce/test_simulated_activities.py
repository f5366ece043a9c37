from __future__ import annotations

import base64
from datetime import UTC, date, datetime, timedelta

import pytest

from hpro_connectors.demo.events import InteractionLogged
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.companies import TEST_DRIVE
from hpro_connectors.emulators.salesforce.company.simulated_activities import Party, Row, note_of, note_text, rows_of
from hpro_sdk.lead import InteractionKind, Speaker

HAPPENED = datetime(2026, 3, 2, 11, 5, tzinfo=UTC)
PARTY = Party("00QSm0000000001AAA", "005Sm0000000001AAA", "ida.elmo@example.com", "ada@example.org")


def logged(
    kind: InteractionKind, speaker: Speaker = Speaker.REP, text: str = "Wants it.", *, number: int = 1
) -> list[Row]:
    event = InteractionLogged(
        at=HAPPENED + timedelta(days=2),
        lead_id="L000012",
        interaction_id=f"I000012-{number:03}",
        kind=kind,
        speaker=speaker,
        text=text,
        call_seconds=90 if kind is InteractionKind.CALL else None,
        occurred_at=HAPPENED,
    )
    return list(rows_of(event, PARTY))


@pytest.mark.parametrize(("speaker", "call_type"), [(Speaker.LEAD, "Inbound"), (Speaker.REP, "Outbound")])
def test_a_call_is_a_task_with_its_seconds(speaker: Speaker, call_type: str) -> None:
    (task,) = logged(InteractionKind.CALL, speaker)
    assert task.object_name == "Task"
    assert (task.values["TaskSubtype"], task.values["CallType"]) == ("Call", call_type)
    assert task.values["CallDurationInSeconds"] == 90
    assert task.values["ActivityDate"] == date(2026, 3, 2)
    assert (task.values["WhoId"], task.values["OwnerId"]) == (PARTY.record_id, PARTY.owner_id)


def test_a_mail_of_the_lead_is_an_email_message_with_its_task() -> None:
    task, mail = logged(InteractionKind.EMAIL, Speaker.LEAD, "Hello\n> quoted")
    assert (task.object_name, mail.object_name) == ("Task", "EmailMessage")
    assert task.values["TaskSubtype"] == "Email"
    assert mail.values["ActivityId"] == task.record_id
    assert (mail.values["TextBody"], "HtmlBody" in mail.values) == ("Hello\n> quoted", False)
    assert (mail.values["Incoming"], mail.values["MessageDate"]) == (True, HAPPENED)
    assert (mail.values["FromAddress"], mail.values["ToAddress"]) == (PARTY.lead_email, PARTY.rep_email)


def test_html_of_a_mail_stays_html() -> None:
    _, mail = logged(InteractionKind.EMAIL, Speaker.LEAD, "<html><body>Yes</body></html>")
    assert (mail.values["HtmlBody"], "TextBody" in mail.values) == ("<html><body>Yes</body></html>", False)


def test_some_mails_of_reps_are_tasks_alone_and_none_of_leads_is() -> None:
    sizes = {speaker: {len(logged(InteractionKind.EMAIL, speaker, number=n)) for n in range(8)} for speaker in Speaker}
    assert sizes == {Speaker.LEAD: {2}, Speaker.REP: {1, 2}}


def test_a_meeting_is_an_event_of_an_hour() -> None:
    (event,) = logged(InteractionKind.MEETING)
    assert event.object_name == "Event"
    assert event.values["StartDateTime"] == HAPPENED
    assert event.values["EndDateTime"] == HAPPENED + timedelta(minutes=60)


def test_notes_are_of_both_kinds_and_an_edit_finds_them_again() -> None:
    kinds = set()
    for number in range(4):
        note, *links = logged(InteractionKind.NOTE, text="A < B", number=number)
        kinds.add(note.object_name)
        assert note_of(f"I000012-{number:03}") == note[:2]
        if note.object_name == "Note":
            assert (note.values["Body"], note.values["ParentId"], links) == ("A < B", PARTY.record_id, [])
        else:
            assert base64.b64decode(str(note.values["Content"])) == b"<p>A &lt; B</p>"
            (link,) = links
            assert link.object_name == "ContentDocumentLink"
            assert (link.values["ContentDocumentId"], link.values["LinkedEntityId"]) == (note[1], PARTY.record_id)
    assert kinds == {"Note", "ContentNote"}
    assert note_text("ContentNote", "<p>x</p>") == {"Content": base64.b64encode(b"<p>x</p>").decode()}


def test_a_task_is_a_task() -> None:
    (task,) = logged(InteractionKind.TASK)
    assert (task.values["TaskSubtype"], task.values["Description"]) == ("Task", "Wants it.")


def test_every_interaction_of_a_company_has_records_of_its_own() -> None:
    simulation = Simulation(TEST_DRIVE, 3, leads_per_year=200, reserved_phrases=True)
    events = [event for event in simulation.events(90) if isinstance(event, InteractionLogged)]
    rows = [row for event in events for row in rows_of(event, PARTY)]
    assert {row.object_name for row in rows} == {
        "Task", "Event", "EmailMessage", "Note", "ContentNote", "ContentDocumentLink"
    }  # fmt: skip
    given = [(row.object_name, row.record_id) for row in rows if row.record_id is not None]
    assert len(set(given)) == len(given) >= len(events)
