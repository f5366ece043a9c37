from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.protocol import LeadRecord
from hpro_connectors.salesforce.mapping.org_streams import OrgStreams
from hpro_connectors.salesforce.schema.crm_schema import CrmStage
from hpro_connectors.salesforce.settings import OutcomeRule, SalesforceSettings, ScoredObjectName
from hpro_sdk.lead import OutcomeResult

MakeStreams = Callable[..., OrgStreams]
MakeRow = Callable[..., dict[str, JsonValue]]
WON, LOST, OPEN = OutcomeResult.WON, OutcomeResult.LOST, OutcomeResult.OPEN


def _record(streams: OrgStreams, row: dict[str, JsonValue]) -> LeadRecord:
    (record,) = streams.lead_stream.records([row]).upserts
    assert isinstance(record, LeadRecord)
    return record


def _results(streams: OrgStreams) -> dict[str, OutcomeResult]:
    return {stage.name: stage.result for stage in streams.description().stages}


def test_a_lead_is_won_by_its_conversion(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    streams = make_streams()
    assert _results(streams) == {"Open": OPEN, "Working": OPEN, "Closed - Not Converted": LOST, "Qualified": WON}
    record = _record(streams, lead_row(IsConverted=True, Status="Qualified", ConvertedDate="2026-01-20"))
    assert (record.result, record.result_at) == (WON, datetime(2026, 1, 19, 10, tzinfo=UTC))
    assert _record(streams, lead_row()).result is None


def test_a_conversion_on_the_day_of_creation_is_not_before_it(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    record = _record(make_streams(), lead_row(IsConverted=True, ConvertedDate="2026-01-05"))
    assert record.result_at == datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opportunity", "expected"),
    [
        ({"ConvertedOpportunity.IsClosed": False, "ConvertedOpportunity.IsWon": False}, (OPEN, None)),
        (
            {
                "ConvertedOpportunity.IsClosed": True,
                "ConvertedOpportunity.IsWon": True,
                "ConvertedOpportunity.CloseDate": "2026-02-10",
            },
            (WON, datetime(2026, 2, 9, 10, tzinfo=UTC)),
        ),
        (
            {
                "ConvertedOpportunity.IsClosed": True,
                "ConvertedOpportunity.IsWon": False,
                "ConvertedOpportunity.CloseDate": "2026-02-10",
            },
            (LOST, datetime(2026, 2, 9, 10, tzinfo=UTC)),
        ),
        ({"ConvertedOpportunityId": None}, (LOST, datetime(2026, 1, 19, 10, tzinfo=UTC))),
    ],
)
def test_a_converted_lead_ends_as_its_opportunity(
    make_streams: MakeStreams,
    lead_row: MakeRow,
    opportunity: dict[str, JsonValue],
    expected: tuple[OutcomeResult, datetime | None],
) -> None:
    streams = make_streams(SalesforceSettings(outcome=OutcomeRule.OPPORTUNITY))
    assert _results(streams)["Qualified"] is OPEN
    values: dict[str, JsonValue] = {
        "IsConverted": True,
        "ConvertedDate": "2026-01-20",
        "ConvertedOpportunityId": "006000000000001AAA",
        **opportunity,
    }
    record = _record(streams, lead_row(**values))
    assert (record.result, record.result_at) == expected
    assert _record(streams, lead_row()).result is None


def test_a_change_of_the_opportunity_is_looked_for_by_its_own_stamp(make_streams: MakeStreams) -> None:
    stamps = [
        source.stamp
        for source in make_streams(SalesforceSettings(outcome=OutcomeRule.OPPORTUNITY)).lead_stream.window_sources()
    ]
    assert stamps == ["SystemModstamp", "ConvertedOpportunity.SystemModstamp"]
    assert len(make_streams().lead_stream.window_sources()) == 1


def test_a_status_alone_may_decide(make_streams: MakeStreams, lead_row: MakeRow) -> None:
    settings = SalesforceSettings(outcome=OutcomeRule.STATUS, won_stages=("Working on it",), lost_stages=("Open",))
    streams = make_streams(settings)
    assert _results(streams) == {"Open": LOST, "Working": WON, "Closed - Not Converted": OPEN, "Qualified": OPEN}
    record = _record(streams, lead_row(IsConverted=True, ConvertedDate="2026-01-20"))
    assert (record.stage, record.result, record.result_at) == ("Working", None, None)


def test_a_picklist_of_ones_own_may_be_the_stage(make_streams: MakeStreams) -> None:
    settings = SalesforceSettings(
        scored_object=ScoredObjectName.CONTACT, stage_field="Stage__c", won_stages=("Customer",)
    )
    assert _results(make_streams(settings)) == {"Cold": OPEN, "Customer": WON}


def _deal(**values: JsonValue) -> dict[str, JsonValue]:
    return {
        "Id": "006000000000001AAA",
        "CreatedDate": "2026-01-05T10:00:00.000+0000",
        "SystemModstamp": "2026-02-01T12:30:00.000+0000",
        "StageName": "Lost",
        "IsClosed": True,
        "IsWon": False,
        "CloseDate": "2026-02-01",
        "ContactId": "003000000000001AAA",
        "AccountId": "001000000000001AAA",
        **values,
    }


def test_an_opportunity_is_won_or_lost_when_it_is_closed(make_streams: MakeStreams) -> None:
    streams = make_streams(SalesforceSettings(scored_object=ScoredObjectName.OPPORTUNITY))
    assert _results(streams) == {"Prospecting": OPEN, "Won": WON, "Lost": LOST}
    row = _deal()
    record = _record(streams, row)
    assert (record.result, record.result_at) == (LOST, datetime(2026, 1, 31, 10, tzinfo=UTC))
    assert (record.person_id, record.account_id) == ("003000000000001AAA", "001000000000001AAA")
    assert _record(streams, row | {"IsClosed": False, "StageName": "Prospecting"}).result is None


@pytest.mark.parametrize(
    ("day", "stage_changed", "expected"),
    [
        ("2026-12-24", "2026-01-30T09:15:00.000+0000", datetime(2026, 1, 30, 9, 15, tzinfo=UTC)),
        ("2026-12-24", None, datetime(2026, 2, 1, 12, 30, tzinfo=UTC)),
        ("2026-01-31", "2026-01-30T09:15:00.000+0000", datetime(2026, 1, 30, 9, 15, tzinfo=UTC)),
        ("2026-01-31", "2026-01-31T09:15:00.000+0000", datetime(2026, 1, 30, 10, tzinfo=UTC)),
        ("2025-12-01", "2026-01-31T09:15:00.000+0000", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        (None, "2026-01-31T09:15:00.000+0000", datetime(2026, 1, 31, 9, 15, tzinfo=UTC)),
    ],
    ids=[
        "planned",
        "planned, never moved",
        "a day east of UTC",
        "an evening west of UTC",
        "before it was made",
        "without a day",
    ],
)
def test_a_decision_is_never_dated_later_than_it_can_have_been(
    make_streams: MakeStreams, lead_row: MakeRow, day: str | None, stage_changed: str | None, expected: datetime
) -> None:
    streams = make_streams(SalesforceSettings(scored_object=ScoredObjectName.OPPORTUNITY))
    assert _record(streams, _deal(CloseDate=day, LastStageChangeDate=stage_changed)).result_at == expected
    streams = make_streams(SalesforceSettings(outcome=OutcomeRule.OPPORTUNITY))
    values: dict[str, JsonValue] = {
        "IsConverted": True,
        "ConvertedDate": "2026-01-20",
        "ConvertedOpportunityId": "006000000000001AAA",
        "ConvertedOpportunity.IsClosed": True,
        "ConvertedOpportunity.IsWon": True,
        "ConvertedOpportunity.CloseDate": day,
        "ConvertedOpportunity.LastStageChangeDate": stage_changed,
        "ConvertedOpportunity.SystemModstamp": "2026-02-01T12:30:00.000+0000",
    }
    assert _record(streams, lead_row(SystemModstamp="2026-05-01T12:30:00.000+0000", **values)).result_at == expected


def test_when_a_stage_changed_is_only_read_where_the_crm_says_so(make_streams: MakeStreams) -> None:
    name = "ConvertedOpportunity.LastStageChangeDate"
    settings = SalesforceSettings(outcome=OutcomeRule.OPPORTUNITY)
    assert name in make_streams(settings).lead_stream.source.columns
    older = make_streams(settings, without={"Opportunity": ["LastStageChangeDate"]})
    assert name not in older.lead_stream.source.columns
    with pytest.raises(SchemaDriftError, match="IsWon of Opportunity"):
        make_streams(settings, without={"Opportunity": ["IsWon"]})
    with pytest.raises(SchemaDriftError, match="opportunities"):
        make_streams(settings, missing=["Opportunity"])


@pytest.mark.parametrize("rule", [OutcomeRule.CONVERTED, OutcomeRule.OPPORTUNITY])
@pytest.mark.parametrize("is_won", [True, False])
@pytest.mark.parametrize(("names", "expected"), [("lost_stages", LOST), ("won_stages", WON)])
def test_a_stage_that_a_person_named_goes_before_a_conversion(
    make_streams: MakeStreams,
    lead_row: MakeRow,
    rule: OutcomeRule,
    names: str,
    *,
    is_won: bool,
    expected: OutcomeResult,
) -> None:
    streams = make_streams(SalesforceSettings(outcome=rule, **{names: ("Working on it",)}))  # type: ignore[arg-type]
    values: dict[str, JsonValue] = {
        "IsConverted": True,
        "ConvertedDate": "2026-01-20",
        "ConvertedOpportunityId": "006000000000001AAA",
        "ConvertedOpportunity.IsClosed": True,
        "ConvertedOpportunity.IsWon": is_won,
    }
    record = _record(streams, lead_row(Status="Working", **values))
    assert (record.result, record.result_at) == (expected, datetime(2026, 1, 19, 10, tzinfo=UTC))


def test_a_stage_that_a_person_named_goes_before_a_closing(make_streams: MakeStreams) -> None:
    settings = SalesforceSettings(
        scored_object=ScoredObjectName.OPPORTUNITY, won_stages=("Lost",), lost_stages=("Won", "Prospecting")
    )
    streams = make_streams(settings)
    assert _results(streams) == {"Prospecting": LOST, "Won": LOST, "Lost": WON}
    assert _record(streams, _deal()).result is WON
    assert _record(streams, _deal(StageName="Won", IsWon=True)).result is LOST
    assert _record(streams, _deal(StageName="Prospecting", IsClosed=False)).result is None  # its stage tells


def test_a_stage_that_does_not_exist_cannot_be_won(make_streams: MakeStreams) -> None:
    with pytest.raises(SchemaDriftError, match="Sold") as caught:
        make_streams(SalesforceSettings(won_stages=("Sold",)))
    assert "Working on it" in str(caught.value.hint)


def test_statuses_that_salesforce_ships_as_lost_count_where_they_exist(make_streams: MakeStreams) -> None:
    stages = (CrmStage(value="New", label="New"), CrmStage(value="Unqualified", label="Unqualified"))
    assert _results(make_streams(stages=stages)) == {"New": OPEN, "Unqualified": LOST}
    named = make_streams(SalesforceSettings(lost_stages=("New",)), stages=stages)
    assert _results(named) == {"New": LOST, "Unqualified": OPEN}


def test_a_rule_that_nothing_can_tell_is_refused(make_streams: MakeStreams) -> None:
    with pytest.raises(SchemaDriftError, match="IsConverted"):
        make_streams(without={"Lead": ["IsConverted"]})
    assert make_streams(SalesforceSettings(outcome=OutcomeRule.STATUS), without={"Lead": ["IsConverted"]})
