from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from tests.unit.connectors.emulators.salesforce.conftest import Ask

TEXT = "<p>Hello &amp; welcome</p><p>Call <b>back</b></p>"


def test_a_note_is_a_document_with_a_version(org: SalesforceOrg, ask: Ask) -> None:
    note = org.create("ContentNote", {"Title": "Call", "Content": base64.b64encode(TEXT.encode()).decode()})
    assert note.startswith("069")
    assert ask("SELECT TextPreview, FileType, ContentSize FROM ContentNote") == [
        ("Hello & welcome\nCall back", "SNOTE", len(TEXT))
    ]
    assert ask("SELECT Id, Title, FileType FROM ContentDocument") == [(note, "Call", "SNOTE")]
    (version,) = ask("SELECT Id, ContentDocumentId, IsLatest FROM ContentVersion")
    assert version[1:] == (note, True)
    assert org.content("ContentNote", note, "Content") == TEXT.encode()
    assert org.content("ContentVersion", str(version[0]), "VersionData") == TEXT.encode()
    assert ask("SELECT LatestPublishedVersion.Title FROM ContentNote") == [("Call",)]


def test_a_note_has_no_stamp_but_the_one_of_people(org: SalesforceOrg, ask: Ask, clock: EmulatorClock) -> None:
    note = org.create("ContentNote", {"Title": "x", "Content": TEXT.encode()})
    with pytest.raises(ApiFault, match="No such column 'SystemModstamp'"):
        ask("SELECT SystemModstamp FROM ContentNote")
    clock.advance(timedelta(hours=1))
    org.update("ContentNote", note, {"Content": b"<p>other</p>"})
    assert ask("SELECT TextPreview, LastModifiedDate FROM ContentNote") == [("other", "2026-03-02T10:00:00.000+0000")]
    assert ask("SELECT ContentSize, SystemModstamp FROM ContentDocument") == [(12, "2026-03-02T10:00:00.000+0000")]
    (version,) = ask("SELECT Id FROM ContentVersion")
    assert org.content("ContentVersion", str(version[0]), "VersionData") == b"<p>other</p>"


def test_a_preview_is_short(org: SalesforceOrg, ask: Ask) -> None:
    org.create("ContentNote", {"Title": "x", "Content": b"<p>" + b"y" * 1000 + b"</p>"})
    org.create("ContentNote", {"Title": "empty"})
    assert ask("SELECT TextPreview FROM ContentNote ORDER BY Title DESC") == [("y" * 255,), (None,)]


@pytest.mark.parametrize("name", ["ContentNote", "ContentDocument"])
def test_note_and_document_go_and_come_back_together(org: SalesforceOrg, ask: Ask, lead_id: str, name: str) -> None:
    note = org.create("ContentNote", {"Title": "x", "Content": b"x"})
    org.create("ContentDocumentLink", {"ContentDocumentId": note, "LinkedEntityId": lead_id})
    org.delete(name, note)
    for one in ("ContentNote", "ContentDocument", "ContentVersion"):
        assert ask(f"SELECT Id FROM {one}") == []
        assert len(ask(f"SELECT Id FROM {one}", deleted=True)) == 1
    assert ask(f"SELECT IsDeleted FROM ContentDocumentLink WHERE LinkedEntityId = '{lead_id}'") == []
    org.undelete(name, note)
    assert ask(f"SELECT IsDeleted FROM ContentDocumentLink WHERE LinkedEntityId = '{lead_id}'") == [(False,)]
    org.purge(name, note)
    assert ask("SELECT Id FROM ContentVersion", deleted=True) == []


def test_content_of_what_is_not_there(org: SalesforceOrg) -> None:
    note = org.create("ContentNote", {"Title": "x"})
    assert org.content("ContentNote", note, "Content") == b""
    with pytest.raises(ApiFault, match="NOT_FOUND"):
        org.content("ContentNote", note, "Nothing")
    org.delete("ContentNote", note)
    with pytest.raises(ApiFault, match="ENTITY_IS_DELETED"):
        org.content("ContentNote", note, "Content")


def test_content_that_is_no_base64(org: SalesforceOrg) -> None:
    with pytest.raises(ApiFault, match="JSON_PARSER_ERROR"):
        org.create("ContentNote", {"Title": "x", "Content": "not base64!"})
