from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from hpro_connectors.protocol import FieldRecord, RecordKey, StageRecord
from hpro_connectors.salesforce.mapping.org_streams import OrgStreams
from hpro_connectors.salesforce.schema.crm_schema import CrmStage
from hpro_connectors.salesforce.settings import OutcomeRule, SalesforceSettings, ScoredObjectName
from hpro_sdk.lead import LeadKey

ORG_ID = "00D000000000001EAA"
LEAD = "00Q000000000001AAA"
AT = datetime(2026, 2, 1, 8, 5, tzinfo=UTC)
TRACKED = frozenset({"Status", "Seats__c", "LeadSource", "Trial__c", "Renewal__c", "Tags__c", "Description"})
MakeStreams = Callable[..., OrgStreams]


def _change(field: str, old: JsonValue = None, new: JsonValue = None, **values: JsonValue) -> dict[str, JsonValue]:
    return {
        "Id": "017000000000001AAA",
        "IsDeleted": False,
        "LeadId": LEAD,
        "Field": field,
        "OldValue": old,
        "NewValue": new,
        "DataType": "Text",
        "CreatedDate": "2026-02-01T08:05:00.000+0000",
        "Lead.Status": "Working",
        **values,
    }


def test_a_change_of_the_stage_says_what_was_left(make_streams: MakeStreams) -> None:
    stream = make_streams(tracked=TRACKED).streams["LeadHistory"]
    assert stream.records([_change("Status", "Open", "Working")]).upserts == (
        StageRecord(
            key=RecordKey(ORG_ID, "LeadHistory", "017000000000001AAA"),
            lead=LeadKey(ORG_ID, "lead", LEAD),
            stage="Working",
            previous="Open",
            at=AT,
        ),
    )


def test_the_creation_is_told_with_the_stage_of_now(make_streams: MakeStreams) -> None:
    stream = make_streams(tracked=TRACKED).streams["LeadHistory"]
    (record,) = stream.records([_change("created")]).upserts
    assert isinstance(record, StageRecord)
    assert (record.stage, record.previous, record.at) == ("Working", None, AT)


@pytest.mark.parametrize("since", [None, "2026-02-01T08:05:01Z"])
def test_a_creation_before_the_stage_was_tracked_tells_no_stage(make_streams: MakeStreams, since: str | None) -> None:
    stream = make_streams(tracked=TRACKED, stage_tracked_since=since).streams["LeadHistory"]
    assert stream.records([_change("created")]).upserts == ()
    assert len(stream.records([_change("Status", "Open", "Working")]).upserts) == 1


def test_the_creation_tells_nothing_of_a_stage_field_of_ones_own(make_streams: MakeStreams) -> None:
    settings = SalesforceSettings(stage_field="LeadSource", outcome=OutcomeRule.STATUS)
    stages = (CrmStage(value="Qualified", label="Qualified"), CrmStage(value="Customer", label="Customer"))
    stream = make_streams(settings, tracked=TRACKED, stages=stages).streams["LeadHistory"]
    rows = [
        _change("created", **{"Lead.LeadSource": "Customer"}),
        _change("LeadSource", None, "Qualified"),
        _change("LeadSource", "Qualified", "Customer"),
    ]
    told = [record for record in stream.records(rows).upserts if isinstance(record, StageRecord)]
    assert [(record.stage, record.previous) for record in told] == [("Qualified", ""), ("Customer", "Qualified")]


def test_an_old_row_that_holds_labels_is_told_by_values(make_streams: MakeStreams) -> None:
    stream = make_streams(tracked=TRACKED).streams["LeadHistory"]
    (record,) = stream.records([_change("Status", "Working on it", "Qualified")]).upserts
    assert isinstance(record, StageRecord)
    assert (record.stage, record.previous) == ("Qualified", "Working")


@pytest.mark.parametrize(
    ("field", "old", "new", "expected"),
    [
        ("Seats__c", 5.0, 12.5, ("seats", 5, 12.5)),
        ("Seats__c", "5.0", "12.5", ("seats", 5, 12.5)),
        ("Trial__c", "false", "true", ("Trial__c", False, True)),
        ("Trial__c", False, True, ("Trial__c", False, True)),
        ("Renewal__c", None, "2026-05-01", ("Renewal__c", None, "2026-05-01T00:00:00+00:00")),
        ("LeadSource", "Web", None, ("LeadSource", "Web", None)),
    ],
)
def test_values_are_typed_as_the_field_is(
    make_streams: MakeStreams, field: str, old: JsonValue, new: JsonValue, expected: tuple[object, ...]
) -> None:
    settings = SalesforceSettings(field_names={"Seats__c": "seats"})
    (record,) = (
        make_streams(settings, tracked=TRACKED).streams["LeadHistory"].records([_change(field, old, new)]).upserts
    )
    assert isinstance(record, FieldRecord)
    assert (record.field, record.old, record.new) == expected


@pytest.mark.parametrize(
    "row",
    [
        _change("leadConverted"),
        _change("ownerAssignment", "Ann", "Ben"),
        _change("Owner", "Ann", "Ben"),
        _change("Owner", "005000000000001AAA", "005000000000002AAA", DataType="EntityId"),
        _change("Company", "Acme", "Beta"),  # not tracked any more: our own ledger tells
        _change("Tags__c"),
        _change("Description"),
        _change("Status", "Open", None),
        _change("created", **{"Lead.Status": None}),
        _change("Status", "Open", "Working", LeadId=None),
    ],
)
def test_rows_that_tell_nothing_of_a_value_are_passed_over(
    make_streams: MakeStreams, row: dict[str, JsonValue]
) -> None:
    assert make_streams(tracked=TRACKED).streams["LeadHistory"].records([row]).upserts == ()


def test_fields_without_logged_values_are_not_called_tracked(make_streams: MakeStreams) -> None:
    tracked = {field.name for field in make_streams(tracked=TRACKED).description().fields if field.history_tracked}
    assert tracked == {"Seats__c", "LeadSource", "Trial__c", "Renewal__c"}


@pytest.mark.parametrize(
    ("tracked", "missing"), [(frozenset(), []), (None, []), (frozenset({"Company__c"}), []), (TRACKED, ["LeadHistory"])]
)
def test_without_tracking_our_own_ledger_tells(
    make_streams: MakeStreams, tracked: frozenset[str] | None, missing: list[str]
) -> None:
    streams = make_streams(tracked=tracked, missing=missing)
    assert "LeadHistory" not in streams.streams
    assert not [field for field in streams.description().fields if field.history_tracked]


def test_where_the_stage_is_not_tracked_the_creation_does_not_hide_our_ledger(make_streams: MakeStreams) -> None:
    stream = make_streams(tracked=frozenset({"Seats__c"})).streams["LeadHistory"]
    assert "Lead.Status" not in stream.source.columns
    rows = [_change("created"), _change("Status", "Open", "Working"), _change("Seats__c", 1.0, 2.0)]
    assert [type(record) for record in stream.records(rows).upserts] == [FieldRecord]


@pytest.mark.parametrize(
    ("settings", "name", "columns"),
    [
        (
            SalesforceSettings(scored_object=ScoredObjectName.OPPORTUNITY),
            "OpportunityFieldHistory",
            {"OpportunityId", "Opportunity.StageName"},
        ),
        (
            SalesforceSettings(scored_object=ScoredObjectName.CONTACT, stage_field="Stage__c"),
            "ContactHistory",
            {"ContactId", "Contact.Stage__c"},
        ),
        (
            SalesforceSettings(stage_field="LeadSource", outcome=OutcomeRule.STATUS),
            "LeadHistory",
            {"LeadId", "Lead.LeadSource"},
        ),
    ],
)
def test_every_scored_object_has_its_history(
    make_streams: MakeStreams, settings: SalesforceSettings, name: str, columns: set[str]
) -> None:
    streams = make_streams(settings, tracked=frozenset({str(settings.stage_column)}))
    assert columns <= set(streams.streams[name].source.columns)
    assert streams.streams[name].source.stamp == "CreatedDate"
