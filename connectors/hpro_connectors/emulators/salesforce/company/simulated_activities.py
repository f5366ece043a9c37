"""The records that Salesforce keeps of an interaction: which objects it becomes, and what stands in their fields.

Texts are put in as people typed them, HTML and quoted mail included. Calls and mails have no subject and notes the
title that Salesforce itself gives: the simulator's people write none, and inventing one would put words in their mouth.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from hpro_connectors.demo.events import InteractionLogged
from hpro_connectors.emulators.salesforce.company import simulated_ids as ids
from hpro_sdk.lead import InteractionKind, Speaker

UNTITLED = "Untitled Note"
"""What Salesforce calls a note without a title."""

MEETING = timedelta(hours=1)
LONE_TASK_SHARE = 4
"""One of so many mails of reps is kept as a task alone, as by an older mail program."""


class Row(NamedTuple):
    """A record to create.

    Attributes:
        object_name: Of which object.
        record_id: Its id; ``None``: the org gives one.
        values: By field.
    """

    object_name: str
    record_id: str | None
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Party:
    """Who an interaction is with.

    Attributes:
        record_id: Of the lead, or of the contact that it became.
        owner_id: Of the rep's user.
        lead_email: Of the person.
        rep_email: Of the rep.
    """

    record_id: str
    owner_id: str
    lead_email: str
    rep_email: str


def rows_of(event: InteractionLogged, party: Party) -> Iterator[Row]:
    """Give the records of an interaction, in the order in which they can be created.

    Args:
        event: The interaction.
        party: Who it is with.
    """
    number = ids.interaction_number(event.interaction_id)
    match event.kind:
        case InteractionKind.CALL:
            is_inbound = event.speaker is Speaker.LEAD
            yield _task(
                event,
                party,
                TaskSubtype="Call",
                CallType="Inbound" if is_inbound else "Outbound",
                CallDurationInSeconds=event.call_seconds,
            )
        case InteractionKind.EMAIL:
            yield _task(event, party, TaskSubtype="Email")
            if event.speaker is Speaker.LEAD or number % LONE_TASK_SHARE:
                yield _mail(event, party)
        case InteractionKind.MEETING:
            yield Row(
                "Event",
                ids.interaction_record_id(ids.EVENT, event.interaction_id),
                {
                    "WhoId": party.record_id,
                    "OwnerId": party.owner_id,
                    "Description": event.text,
                    "StartDateTime": event.occurred_at,
                    "EndDateTime": event.occurred_at + MEETING,
                    "DurationInMinutes": MEETING // timedelta(minutes=1),
                },
            )
        case InteractionKind.NOTE:
            yield from _note(event, party)
        case InteractionKind.TASK:
            yield _task(event, party, TaskSubtype="Task")


def note_of(interaction_id: str) -> tuple[str, str]:
    """Give the object and the id of the record that keeps a note; by turns the old kind and the new one.

    Args:
        interaction_id: As the simulator gives it.
    """
    if ids.interaction_number(interaction_id) % 2:
        return "Note", ids.interaction_record_id(ids.NOTE, interaction_id)
    return "ContentNote", ids.interaction_record_id(ids.CONTENT_NOTE, interaction_id)


def note_text(object_name: str, text: str) -> dict[str, object]:
    """Give the fields that hold the text of a note.

    Args:
        object_name: ``Note`` holds it as it is, ``ContentNote`` as HTML in base64.
        text: As people typed it.
    """
    if object_name == "Note":
        return {"Body": text}
    markup = text if text.startswith("<") else f"<p>{html.escape(text, quote=False)}</p>"
    return {"Content": base64.b64encode(markup.encode()).decode("ascii")}


def _task(event: InteractionLogged, party: Party, **further: object) -> Row:
    return Row(
        "Task",
        ids.interaction_record_id(ids.TASK, event.interaction_id),
        {
            "WhoId": party.record_id,
            "OwnerId": party.owner_id,
            "Description": event.text,
            "Status": "Completed",
            "Priority": "Normal",
            "ActivityDate": event.occurred_at.date(),
            **further,
        },
    )


def _mail(event: InteractionLogged, party: Party) -> Row:
    is_incoming = event.speaker is Speaker.LEAD
    sender, receiver = party.lead_email, party.rep_email
    if not is_incoming:
        sender, receiver = receiver, sender
    return Row(
        "EmailMessage",
        ids.interaction_record_id(ids.EMAIL, event.interaction_id),
        {
            "ActivityId": ids.interaction_record_id(ids.TASK, event.interaction_id),
            "HtmlBody" if event.text.startswith("<") else "TextBody": event.text,
            "Incoming": is_incoming,
            "MessageDate": event.occurred_at,
            "FromAddress": sender,
            "ToAddress": receiver,
        },
    )


def _note(event: InteractionLogged, party: Party) -> Iterator[Row]:
    object_name, record_id = note_of(event.interaction_id)
    values = {"Title": UNTITLED, "OwnerId": party.owner_id, **note_text(object_name, event.text)}
    if object_name == "Note":
        yield Row(object_name, record_id, {**values, "ParentId": party.record_id})
        return
    yield Row(object_name, record_id, values)
    yield Row(
        "ContentDocumentLink",
        None,
        {"ContentDocumentId": record_id, "LinkedEntityId": party.record_id, "ShareType": "V"},
    )
