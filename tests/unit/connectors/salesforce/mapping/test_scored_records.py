from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import PermissionDeniedError, ServerError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import LeadRecord, Merge, RecordKey, Tombstone
from hpro_connectors.salesforce.mapping.org_streams import OrgStreams
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS, to_crm
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import LeadKey

ORG_ID = "00D000000000001EAA"
MakeStreams = Callable[..., OrgStreams]
MakeRow = Callable[..., dict[str, JsonValue]]
OWN = " ".join(f"{column}:string" for column in SCORE_COLUMNS.values())


def _record(streams: OrgStreams, row: dict[str, JsonValue]) -> LeadRecord:
    (record,) = streams.lead_stream.records([row]).upserts
    assert isinstance(record, LeadRecord)
    return record


def test_a_lead_is_read_as_it_is(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    row = lead_row(AnnualRevenue=5.0, Trial__c=True, Renewal__c="2026-05-01", Description="Likes <b>blue</b>")
    record = _record(make_streams(), row)
    assert record.key == LeadKey(ORG_ID, "lead", "00Q000000000001AAA")
    assert record.owner_id == "005000000000001AAA"
    assert record.created_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert record.modified_at == datetime(2026, 2, 1, 12, 30, tzinfo=UTC)
    assert record.stage == "Working"
    assert record.person_id is None
    assert record.fields == {
        "Company": "Acme",
        "AnnualRevenue": 5,
        "Trial__c": True,
        "Renewal__c": "2026-05-01T00:00:00+00:00",
        "Description": "Likes blue",
    }


def test_names_in_prompts_are_those_of_records_and_descriptions(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    settings = SalesforceSettings(field_names={"Seats__c": "seats", "LeadSource": "source"})
    streams = make_streams(settings, tracked=frozenset({"Status", "Seats__c"}))
    record = _record(streams, lead_row(Seats__c=12.0, LeadSource="Web"))
    assert (record.fields["seats"], record.fields["source"]) == (12, "Web")
    assert not {"Seats__c", "LeadSource"} & set(record.fields)
    described = {field.name: field for field in streams.description().fields}
    assert described["seats"].history_tracked
    assert described["source"].kind is FieldKind.CATEGORY
    assert not described["source"].history_tracked
    assert set(record.fields) <= set(described)


def test_a_converted_lead_is_the_person_of_its_contact(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    values: dict[str, JsonValue] = {
        "IsConverted": True,
        "ConvertedContactId": "003000000000001AAA",
        "ConvertedAccountId": "001000000000001AAA",
    }
    record = _record(make_streams(), lead_row(**values))
    assert (record.person_id, record.account_id) == ("003000000000001AAA", "001000000000001AAA")


def test_a_contact_is_its_own_person(make_streams: MakeStreams) -> None:
    settings = SalesforceSettings(scored_object=ScoredObjectName.CONTACT)
    row: dict[str, JsonValue] = {
        "Id": "003000000000001AAA",
        "AccountId": "001000000000001AAA",
        "CreatedDate": "2026-01-05T10:00:00.000+0000",
        "SystemModstamp": "2026-02-01T12:30:00.000+0000",
    }
    record = _record(make_streams(settings), row)
    assert record.key.object_type == "contact"
    assert (record.person_id, record.stage) == ("003000000000001AAA", None)
    assert make_streams(settings).lead_stream.persons_of(["003000000000001AAA"]) == []


def test_row_14_a_deleted_lead_is_a_tombstone(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    found = make_streams().lead_stream.records([lead_row(IsDeleted=True)])
    assert found.upserts == ()
    assert found.merges == ()
    assert found.tombstones == (
        Tombstone(
            key=RecordKey(ORG_ID, "lead", "00Q000000000001AAA"), deleted_at=datetime(2026, 2, 1, 12, 30, tzinfo=UTC)
        ),
    )


def test_row_17_a_merged_lead_names_its_survivor_even_when_that_was_merged_too(
    make_streams: MakeStreams, lead_row: MakeRow
) -> None:
    first, second, third = (f"00Q00000000000{number}AAA" for number in (1, 2, 3))
    rows = [
        lead_row(Id=first, IsDeleted=True, MasterRecordId=second),
        lead_row(Id=second, IsDeleted=True, MasterRecordId=third, SystemModstamp="2026-02-01T12:31:00.000+0000"),
        lead_row(Id=third),
    ]
    found = make_streams().lead_stream.records(rows)
    assert found.tombstones == ()
    assert found.merges == (
        Merge(
            loser=RecordKey(ORG_ID, "lead", first),
            survivor=RecordKey(ORG_ID, "lead", second),
            merged_at=datetime(2026, 2, 1, 12, 30, tzinfo=UTC),
        ),
        Merge(
            loser=RecordKey(ORG_ID, "lead", second),
            survivor=RecordKey(ORG_ID, "lead", third),
            merged_at=datetime(2026, 2, 1, 12, 31, tzinfo=UTC),
        ),
    )
    assert [record.key for record in found.upserts] == [LeadKey(ORG_ID, "lead", third)]


def test_row_16_a_lead_that_came_back_is_a_record_again(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    found = make_streams().lead_stream.records([lead_row(IsDeleted=False, MasterRecordId="00Q000000000002AAA")])
    assert len(found.upserts) == 1
    assert found.merges == ()


def test_a_checkbox_excludes_a_lead(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    streams = make_streams(SalesforceSettings(exclude_field="Trial__c", field_names={"Trial__c": "on_trial"}))
    assert _record(streams, lead_row(Trial__c=True)).excluded
    record = _record(streams, lead_row(Trial__c=False))
    assert not record.excluded
    assert record.fields["on_trial"] is False


def test_what_is_shown_of_our_fields_stands_apart(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    key = LeadKey(ORG_ID, "lead", "00Q000000000001AAA")
    row = ScoreRow(lead=key, score=Decimal("61.25"), rank=3, scored_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    streams = make_streams(more=OWN)
    record = _record(streams, lead_row(**to_crm(row)))
    assert record.shown == row
    assert not [name for name in record.fields if name.startswith("HPRO")]
    assert _record(streams, lead_row()).shown == ScoreRow(lead=key)
    assert _record(make_streams(), lead_row()).shown is None


def test_a_hidden_column_that_nothing_can_be_done_without_is_named(make_streams: MakeStreams) -> None:
    with pytest.raises(PermissionDeniedError, match="CreatedDate"):
        make_streams(without={"Lead": ["CreatedDate"]})


def test_hidden_columns_that_can_be_done_without_are_left_out(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    streams = make_streams(without={"Lead": ["OwnerId", "MasterRecordId", "ConvertedContactId"]})
    assert not {"OwnerId", "MasterRecordId", "ConvertedContactId"} & set(streams.lead_stream.source.columns)
    assert streams.lead_stream.persons_of(["00Q000000000001AAA"]) == []


def test_a_row_without_its_stamp_is_a_failed_answer(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    with pytest.raises(ServerError, match="SystemModstamp"):
        make_streams().lead_stream.records([lead_row(SystemModstamp=None)])
