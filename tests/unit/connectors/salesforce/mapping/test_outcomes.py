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
    assert (record.result, record.result_at) == (WON, datetime(2026, 1, 20, tzinfo=UTC))
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
            (WON, datetime(2026, 2, 10, tzinfo=UTC)),
        ),
        (
            {
                "ConvertedOpportunity.IsClosed": True,
                "ConvertedOpportunity.IsWon": False,
                "ConvertedOpportunity.CloseDate": "2026-02-10",
            },
            (LOST, datetime(2026, 2, 10, tzinfo=UTC)),
        ),
        ({"ConvertedOpportunityId": None}, (LOST, datetime(2026, 1, 20, tzinfo=UTC))),
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


def test_an_opportunity_is_won_or_lost_when_it_is_closed(make_streams: MakeStreams) -> None:
    streams = make_streams(SalesforceSettings(scored_object=ScoredObjectName.OPPORTUNITY))
    assert _results(streams) == {"Prospecting": OPEN, "Won": WON, "Lost": LOST}
    row: dict[str, JsonValue] = {
        "Id": "006000000000001AAA",
        "CreatedDate": "2026-01-05T10:00:00.000+0000",
        "SystemModstamp": "2026-02-01T12:30:00.000+0000",
        "StageName": "Lost",
        "IsClosed": True,
        "IsWon": False,
        "CloseDate": "2026-02-01",
        "ContactId": "003000000000001AAA",
        "AccountId": "001000000000001AAA",
    }
    record = _record(streams, row)
    assert (record.result, record.result_at) == (LOST, datetime(2026, 2, 1, tzinfo=UTC))
    assert (record.person_id, record.account_id) == ("003000000000001AAA", "001000000000001AAA")
    assert _record(streams, row | {"IsClosed": False, "StageName": "Prospecting"}).result is None


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
