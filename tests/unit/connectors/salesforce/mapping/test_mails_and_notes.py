from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from hpro_connectors.protocol import InteractionRecord
from hpro_connectors.salesforce.mapping.org_streams import OrgStreams
from hpro_connectors.salesforce.mapping.records import Wanted
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName
from hpro_sdk.lead import InteractionKind, LeadKey, Speaker

ORG_ID = "00D000000000001EAA"
LEAD, CONTACT, DEAL = "00Q000000000001AAA", "003000000000001AAA", "006000000000001AAA"
MAIL, NOTE = "02s000000000001AAA", "069000000000001AAA"
MakeStreams = Callable[..., OrgStreams]


def _mail(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "Id": MAIL,
        "IsDeleted": False,
        "Subject": "Your offer",
        "TextBody": "Thanks.",
        "HtmlBody": "<p>Thanks.</p>",
        "Incoming": True,
        "MessageDate": "2026-02-01T08:00:00.000+0000",
        "CreatedDate": "2026-02-01T08:05:00.000+0000",
        "SystemModstamp": "2026-02-01T08:05:00.000+0000",
        "ActivityId": "00T000000000001AAA",
        "Activity.WhoId": LEAD,
        "Activity.WhatId": None,
        **values,
    }


def _records(streams: OrgStreams, stream: str, *rows: dict[str, JsonValue]) -> list[InteractionRecord]:
    found = streams.streams[stream].records(list(rows)).upserts
    records = [record for record in found if isinstance(record, InteractionRecord)]
    assert len(records) == len(found)
    return records


def test_a_mail_is_its_subject_and_its_own_words(make_streams: MakeStreams) -> None:
    body = "Let us meet.\n\nOn Mon, 2 Feb 2026, Ann <ann@example.org> wrote:\n> Hello"
    (record,) = _records(make_streams(), "EmailMessage", _mail(TextBody=body))
    assert (record.kind, record.speaker) == (InteractionKind.EMAIL, Speaker.LEAD)
    assert record.text == "Your offer\nLet us meet."
    assert record.occurred_at == datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert record.leads == (LeadKey(ORG_ID, "lead", LEAD),)


def test_row_39_html_is_read_where_there_is_no_plain_text(make_streams: MakeStreams) -> None:
    html = "<div>Ja 🎉 <script>x()</script><b>gern</b></div><div class='gmail_quote'>Old</div>"
    for empty in (None, "", "  \n", "> quoted only"):
        (record,) = _records(make_streams(), "EmailMessage", _mail(TextBody=empty, HtmlBody=html, Incoming=False))
        assert record.text == "Your offer\nJa 🎉 gern"
        assert record.speaker is Speaker.REP


def test_a_mail_without_a_task_is_of_the_persons_it_is_related_to(make_streams: MakeStreams) -> None:
    relations = {
        "EmailMessageRelation": [
            {"EmailMessageId": MAIL, "RelationId": CONTACT},
            {"EmailMessageId": MAIL, "RelationId": LEAD},
            {"EmailMessageId": MAIL, "RelationId": "005000000000001AAA"},
            {"EmailMessageId": MAIL, "RelationId": None},
        ]
    }
    row = _mail(ActivityId=None, **{"Activity.WhoId": None})
    (record,) = _records(make_streams(rows=relations), "EmailMessage", row)
    assert (record.leads, record.person_ids) == ((LeadKey(ORG_ID, "lead", LEAD),), (CONTACT,))
    (nobodys,) = _records(make_streams(missing=["EmailMessageRelation"]), "EmailMessage", row)
    assert (nobodys.leads, nobodys.person_ids) == ((), ())


def test_a_mail_to_two_leads_is_of_both_though_its_task_names_the_first(make_streams: MakeStreams) -> None:
    second = "00Q000000000002AAA"
    relations = {
        "EmailMessageRelation": [{"EmailMessageId": MAIL, "RelationId": one} for one in (second, LEAD, CONTACT)]
    }
    (record,) = _records(make_streams(rows=relations), "EmailMessage", _mail())
    assert record.leads == (LeadKey(ORG_ID, "lead", LEAD), LeadKey(ORG_ID, "lead", second))
    assert record.person_ids == (CONTACT,)


def test_relations_are_asked_for_once_a_page_and_not_at_all_where_no_mail_came(make_streams: MakeStreams) -> None:
    streams = make_streams()
    reader: Any = streams.streams["EmailMessage"].reader
    assert _records(streams, "EmailMessage") == []
    assert reader.asked == []
    ids = (MAIL, "02s000000000002AAA")
    _records(streams, "EmailMessage", *(_mail(Id=one) for one in ids))
    assert reader.asked == [("EmailMessageRelation", "EmailMessageId", ids)]


def test_mails_of_some_leads_come_by_task_and_by_relation(make_streams: MakeStreams) -> None:
    by_task, by_relation = _mail(), _mail(Id="02s000000000002AAA", ActivityId=None, **{"Activity.WhoId": None})
    rows = {
        "EmailMessage": [by_task, by_relation],
        "EmailMessageRelation": [{"EmailMessageId": by_relation["Id"], "RelationId": CONTACT}],
    }
    stream = make_streams(rows=rows).streams["EmailMessage"]
    found = [row["Id"] for page in stream.of_leads(Wanted([LEAD], [CONTACT])) for row in page.rows]
    assert found == [MAIL, "02s000000000002AAA"]


def test_a_mail_of_an_opportunity_is_related_to_it(make_streams: MakeStreams) -> None:
    streams = make_streams(SalesforceSettings(scored_object=ScoredObjectName.OPPORTUNITY))
    row = _mail(RelatedToId=DEAL, **{"Activity.WhoId": CONTACT, "Activity.WhatId": DEAL})
    (record,) = _records(streams, "EmailMessage", row)
    assert (record.leads, record.person_ids) == ((LeadKey(ORG_ID, "opportunity", DEAL),), (CONTACT,))


def test_drafts_are_not_read(make_streams: MakeStreams) -> None:
    stream = make_streams().streams["EmailMessage"]
    assert {source.condition for source in (*stream.window_sources(), *stream.existing_sources())} == {"Status != '5'"}


def test_an_old_note_is_its_title_and_body(make_streams: MakeStreams) -> None:
    row: dict[str, JsonValue] = {
        "Id": "002000000000001AAA",
        "ParentId": CONTACT,
        "Title": "Budget",
        "Body": "40 seats",
        "CreatedDate": "2026-02-01T08:05:00.000+0000",
        "SystemModstamp": "2026-02-03T08:05:00.000+0000",
    }
    (record,) = _records(make_streams(), "Note", row)
    assert (record.kind, record.speaker, record.text) == (InteractionKind.NOTE, Speaker.REP, "Budget\n40 seats")
    assert (record.leads, record.person_ids) == ((), (CONTACT,))
    assert record.occurred_at == datetime(2026, 2, 1, 8, 5, tzinfo=UTC)
    assert record.modified_at == datetime(2026, 2, 3, 8, 5, tzinfo=UTC)


def _content_note(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "Id": NOTE,
        "Title": "Visit",
        "TextPreview": "Kitchen &amp; bath",
        "CreatedDate": "2026-02-01T08:05:00.000+0000",
        "LastModifiedDate": "2026-02-02T08:05:00.000+0000",
        **values,
    }


LINKS = {
    "ContentDocumentLink": [
        {"ContentDocumentId": NOTE, "LinkedEntityId": LEAD},
        {"ContentDocumentId": NOTE, "LinkedEntityId": CONTACT},
        {"ContentDocumentId": NOTE, "LinkedEntityId": "005000000000001AAA"},
    ]
}


def test_a_content_note_is_its_preview_and_belongs_to_whom_it_is_linked(make_streams: MakeStreams) -> None:
    (record,) = _records(make_streams(rows=LINKS), "ContentNote", _content_note())
    assert record.text == "Visit\nKitchen & bath"
    assert (record.leads, record.person_ids) == ((LeadKey(ORG_ID, "lead", LEAD),), (CONTACT,))
    assert record.modified_at == datetime(2026, 2, 2, 8, 5, tzinfo=UTC)


def test_whole_content_notes_are_read_where_that_is_asked_for(make_streams: MakeStreams) -> None:
    streams = make_streams(SalesforceSettings(note_bodies=True), rows=LINKS)
    records = _records(streams, "ContentNote", _content_note(), _content_note(Id="069000000000002AAA"))
    assert [record.text for record in records] == ["Visit\nThe whole note", "Visit\nKitchen & bath"]
    client: Any = streams.streams["ContentNote"]
    assert client._client.asked == [f"sobjects/ContentNote/{NOTE}/Content"]


def test_a_quiet_page_of_content_notes_asks_for_no_links(make_streams: MakeStreams) -> None:
    streams = make_streams()
    assert _records(streams, "ContentNote") == []
    reader: Any = streams.streams["ContentNote"].reader
    assert reader.asked == []


def test_content_notes_of_some_leads_come_by_their_links(make_streams: MakeStreams) -> None:
    stream = make_streams(rows={**LINKS, "ContentNote": [_content_note()]}).streams["ContentNote"]
    assert [row["Id"] for page in stream.of_leads(Wanted([LEAD], [])) for row in page.rows] == [NOTE]
    assert list(stream.of_leads(Wanted(["00Q000000000009AAA"], []))) == []
    assert not stream.info.reports_deletions


@pytest.mark.parametrize("missing", ["EmailMessage", "Note", "ContentNote", "ContentDocumentLink"])
def test_row_23_what_an_edition_lacks_is_no_stream(make_streams: MakeStreams, missing: str) -> None:
    gone = "ContentNote" if missing == "ContentDocumentLink" else missing
    assert gone not in make_streams(missing=[missing]).streams
    assert gone in make_streams().streams
