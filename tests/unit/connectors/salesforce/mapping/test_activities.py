from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from hpro_connectors.protocol import InteractionRecord, Tombstone
from hpro_connectors.salesforce.mapping.org_streams import OrgStreams
from hpro_connectors.salesforce.mapping.records import Wanted
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName
from hpro_sdk.lead import InteractionKind, LeadKey, Speaker

ORG_ID = "00D000000000001EAA"
LEAD, CONTACT, DEAL = "00Q000000000001AAA", "003000000000001AAA", "006000000000001AAA"
MakeStreams = Callable[..., OrgStreams]
MESSAGES = "SELECT ActivityId FROM EmailMessage WHERE ActivityId != null"
OPPORTUNITIES = SalesforceSettings(scored_object=ScoredObjectName.OPPORTUNITY)


def _task(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "Id": "00T000000000001AAA",
        "IsDeleted": False,
        "WhoId": LEAD,
        "Subject": "Call",
        "TaskSubtype": "Call",
        "CreatedDate": "2026-02-01T12:30:00.000+0000",
        "SystemModstamp": "2026-02-01T12:30:00.000+0000",
        **values,
    }


def _event(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "Id": "00U000000000001AAA",
        "IsDeleted": False,
        "WhoId": LEAD,
        "Subject": "Test drive",
        "CreatedDate": "2026-02-01T12:30:00.000+0000",
        "SystemModstamp": "2026-02-01T12:30:00.000+0000",
        **values,
    }


def _record(streams: OrgStreams, stream: str, row: dict[str, JsonValue]) -> InteractionRecord:
    (record,) = streams.streams[stream].records([row]).upserts
    assert isinstance(record, InteractionRecord)
    return record


def test_a_call_has_its_seconds_and_who_began_it(make_streams: MakeStreams) -> None:
    row = _task(CallDurationInSeconds=95, CallType="Inbound", Description="Wants a quote.", ActivityDate="2026-02-01")
    record = _record(make_streams(), "Task", row)
    assert (record.kind, record.speaker, record.call_seconds) == (InteractionKind.CALL, Speaker.LEAD, 95)
    assert record.text == "Call\nWants a quote."
    assert record.leads == (LeadKey(ORG_ID, "lead", LEAD),)
    assert record.occurred_at == record.recorded_at == datetime(2026, 2, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "kind", "speaker"),
    [
        ({"TaskSubtype": "Call", "CallType": "Outbound"}, InteractionKind.CALL, Speaker.REP),
        ({"TaskSubtype": "Task", "CallDurationInSeconds": 30}, InteractionKind.CALL, Speaker.REP),
        ({"TaskSubtype": "Email"}, InteractionKind.EMAIL, Speaker.REP),
        ({"TaskSubtype": "Task"}, InteractionKind.TASK, Speaker.REP),
        ({"TaskSubtype": None}, InteractionKind.TASK, Speaker.REP),
        ({"TaskSubtype": "LinkedIn"}, InteractionKind.TASK, Speaker.REP),
    ],
)
def test_tasks_are_of_the_kinds_that_prompts_know(
    make_streams: MakeStreams, values: dict[str, JsonValue], kind: InteractionKind, speaker: Speaker
) -> None:
    record = _record(make_streams(), "Task", _task(**values))
    assert (record.kind, record.speaker) == (kind, speaker)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # A call of the day on which it was entered; one of an earlier day; one without a day.
        ({"ActivityDate": "2026-02-01"}, datetime(2026, 2, 1, 12, 30, tzinfo=UTC)),
        ({"ActivityDate": "2026-01-28"}, datetime(2026, 1, 28, tzinfo=UTC)),
        ({}, datetime(2026, 2, 1, 12, 30, tzinfo=UTC)),
        (
            {"ActivityDate": "2026-02-03", "CompletedDateTime": "2026-02-03T09:00:00.000+0000"},
            datetime(2026, 2, 3, 9, tzinfo=UTC),
        ),
        # A thing to do: when it is due, then when it was done.
        ({"TaskSubtype": "Task", "ActivityDate": "2026-02-10"}, datetime(2026, 2, 10, tzinfo=UTC)),
        (
            {
                "TaskSubtype": "Task",
                "ActivityDate": "2026-02-10",
                "CompletedDateTime": "2026-02-08T09:00:00.000+0000",
            },
            datetime(2026, 2, 8, 9, tzinfo=UTC),
        ),
    ],
)
def test_a_task_happened_when_the_crm_says(
    make_streams: MakeStreams, values: dict[str, JsonValue], expected: datetime
) -> None:
    assert _record(make_streams(), "Task", _task(**values)).occurred_at == expected


def test_a_mail_that_is_a_message_too_is_told_once(make_streams: MakeStreams) -> None:
    paired, lone, call = "00T000000000001AAA", "00T000000000002AAA", "00T000000000003AAA"
    rows = [
        _task(Id=paired, TaskSubtype="Email"),
        _task(Id=lone, TaskSubtype="Email"),
        _task(Id=call, TaskSubtype="Call"),
    ]
    messages = {"EmailMessage": [{"Id": "02s000000000001AAA", "ActivityId": paired}]}
    streams = make_streams(rows=messages)
    kept = streams.streams["Task"].records(rows).upserts
    assert [record.key[2] for record in kept] == [lone, call]
    without_messages = make_streams(SalesforceSettings(interactions=("Task",)), rows=messages)
    assert len(without_messages.streams["Task"].records(rows).upserts) == 3


def test_messages_are_only_looked_up_for_pages_that_hold_mails(make_streams: MakeStreams) -> None:
    reader: Any = make_streams().streams["Task"].reader
    make_streams(reader=reader).streams["Task"].records([_task(), _task(IsDeleted=True, TaskSubtype="Email")])
    assert reader.asked == []


def test_a_first_load_leaves_the_pairs_to_the_crm(make_streams: MakeStreams) -> None:
    conditions = [source.condition for source in make_streams().streams["Task"].existing_sources()]
    assert conditions == [
        "WhoId != null AND TaskSubtype != 'Email'",
        f"WhoId != null AND TaskSubtype = 'Email' AND Id NOT IN ({MESSAGES})",
    ]
    (window,) = make_streams().streams["Task"].window_sources()
    assert window.condition is None
    assert window.archived


def test_after_a_conversion_an_activity_is_the_persons(make_streams: MakeStreams) -> None:
    record = _record(make_streams(), "Task", _task(WhoId=CONTACT, WhatId=DEAL))
    assert (record.leads, record.person_ids) == ((), (CONTACT,))


def test_an_activity_of_an_opportunity_is_of_it_and_its_person(make_streams: MakeStreams) -> None:
    streams = make_streams(OPPORTUNITIES)
    record = _record(streams, "Task", _task(WhoId=CONTACT, WhatId=DEAL))
    assert (record.leads, record.person_ids) == ((LeadKey(ORG_ID, "opportunity", DEAL),), (CONTACT,))
    list(streams.streams["Task"].of_leads(Wanted([DEAL], [CONTACT])))
    reader: Any = streams.streams["Task"].reader
    assert reader.asked == [("Task", "WhatId", (DEAL,)), ("Task", "WhoId", (CONTACT,))]


def test_an_activity_of_a_scored_contact_is_of_the_record(make_streams: MakeStreams) -> None:
    streams = make_streams(SalesforceSettings(scored_object=ScoredObjectName.CONTACT))
    record = _record(streams, "Event", _event(WhoId=CONTACT))
    assert (record.leads, record.person_ids) == ((LeadKey(ORG_ID, "contact", CONTACT),), ())


def test_an_activity_of_nobody_is_still_told(make_streams: MakeStreams) -> None:
    record = _record(make_streams(), "Task", _task(WhoId=None, WhatId="001000000000001AAA"))
    assert (record.leads, record.person_ids) == ((), ())


def test_a_deleted_activity_is_a_tombstone(make_streams: MakeStreams) -> None:
    found = make_streams().streams["Event"].records([_event(IsDeleted=True)])
    assert found.upserts == ()
    assert [(one.key, type(one)) for one in found.tombstones] == [((ORG_ID, "Event", "00U000000000001AAA"), Tombstone)]


def test_a_meeting_is_when_it_begins(make_streams: MakeStreams) -> None:
    streams = make_streams()
    record = _record(streams, "Event", _event(StartDateTime="2026-02-05T09:00:00.000+0000", ActivityDate="2026-02-05"))
    assert (record.kind, record.occurred_at) == (InteractionKind.MEETING, datetime(2026, 2, 5, 9, tzinfo=UTC))
    assert record.recorded_at == datetime(2026, 2, 1, 12, 30, tzinfo=UTC)
    whole_day = _record(streams, "Event", _event(ActivityDate="2026-02-05"))
    assert whole_day.occurred_at == datetime(2026, 2, 5, tzinfo=UTC)


def test_copies_for_invited_reps_are_not_read(make_streams: MakeStreams) -> None:
    stream = make_streams().streams["Event"]
    assert [source.condition for source in stream.window_sources()] == ["IsChild = false"]
    assert [source.condition for source in stream.existing_sources()] == ["IsChild = false AND WhoId != null"]


def test_hidden_columns_of_activities_are_done_without(make_streams: MakeStreams) -> None:
    hidden = ["TaskSubtype", "CallType", "CallDurationInSeconds", "CompletedDateTime"]
    streams = make_streams(without={"Task": hidden})
    row = {name: value for name, value in _task().items() if name not in hidden}
    assert _record(streams, "Task", row).kind is InteractionKind.TASK
    assert len(streams.streams["Task"].existing_sources()) == 1
