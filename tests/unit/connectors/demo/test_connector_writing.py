from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.filling import set_clock
from hpro_connectors.demo.org import Org, creating_org
from hpro_connectors.demo.org_admin import add_note, delete_lead, edit_field, merge_leads, move_stage
from hpro_connectors.errors import PermissionDeniedError, StateLockedError
from hpro_connectors.fields import SCORE_FIELDS, ScoreRow, Trend
from hpro_connectors.protocol import Backfill, FieldInfo, FieldState, LeadRecord, Page, Window, WriteStatus
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import Band, LeadKey

MakeOrg = Callable[..., Path]
END = Backfill(end=datetime(2030, 1, 1, tzinfo=UTC))
SCORED_AT = datetime(2026, 1, 3, 4, 5, 6, 789, tzinfo=UTC)


def key(lead_id: str) -> LeadKey:
    return LeadKey("hpro-demo-saas", "lead", lead_id)


def full_row(lead_id: str = "l1") -> ScoreRow:
    return ScoreRow(
        lead=key(lead_id),
        score=Decimal("73.10"),
        band=Band.A,
        trend=Trend.NOT_ENOUGH_INFORMATION,
        rank=1,
        stage_rank=2,
        stage_size=3,
        model="model 1",
        scored_at=SCORED_AT,
    )


@pytest.fixture
def connector(org: Org) -> DemoConnector:
    made = DemoConnector(org)
    made.ensure_fields()
    return made


def columns(org: Org) -> list[str]:
    with org.reading() as connection:
        return [row["name"] for row in connection.execute("PRAGMA table_info(lead)")]


def shown(pages: list[Page]) -> dict[str, ScoreRow | None]:
    return {
        record.key.lead_id: record.shown for page in pages for record in page.upserts if isinstance(record, LeadRecord)
    }


def test_fields_exist_once_they_were_made(org: Org) -> None:
    connector = DemoConnector(org)
    before = columns(org)
    (result,) = connector.write([full_row()])
    assert (result.status, result.code) == (WriteStatus.REJECTED, "INVALID_FIELD")
    assert connector.read_back(["l1"]) == {"l1": None}
    planned = connector.ensure_fields(dry_run=True)
    assert [one.state for one in planned] == [FieldState.CREATED] * len(SCORE_FIELDS)
    assert columns(org) == before
    assert connector.ensure_fields() == planned
    assert columns(org) == [*before, *(f"hpro_{field.name}" for field in SCORE_FIELDS)]
    assert {one.state for one in connector.ensure_fields()} == {FieldState.PRESENT}
    writable = [field for field in connector.describe().fields if field.writable]
    assert [field.name for field in writable] == [one.name for one in planned]
    assert connector.write([full_row()])[0].status is WriteStatus.WRITTEN


def test_a_field_of_another_kind_is_a_conflict(tmp_path: Path, org: Org) -> None:
    own = FieldInfo(name="hpro_score", label="Theirs", kind=FieldKind.TEXT)
    with creating_org(tmp_path / "own.org", dataclasses.replace(org.definition(), fields=(own,))) as taken:
        states = {one.name: one for one in DemoConnector(taken).ensure_fields()}
        assert states["hpro_score"].state is FieldState.CONFLICT
        assert states["hpro_score"].detail
        assert states["hpro_band"].state is FieldState.CREATED
    with org.transaction() as connection:
        connection.execute("ALTER TABLE lead ADD COLUMN hpro_rank TEXT")
    states = {one.name: one for one in DemoConnector(org).ensure_fields()}
    assert states["hpro_rank"].state is FieldState.CONFLICT
    assert "TEXT" in states["hpro_rank"].detail


def test_what_is_written_is_shown(org: Org, connector: DemoConnector) -> None:
    assert [result.status for result in connector.write([full_row()])] == [WriteStatus.WRITTEN]
    assert connector.read_back(["l1", "l2", "nobody"]) == {"l1": full_row(), "l2": ScoreRow(lead=key("l2"))}
    pages = list(connector.read("lead", END))
    assert shown(pages) == {"l1": full_row()} | {name: ScoreRow(lead=key(name)) for name in ("l2", "l3")}
    leads = [record for page in pages for record in page.upserts if isinstance(record, LeadRecord)]
    assert {name for lead in leads for name in lead.fields} == {"seats", "industry"}
    assert connector.limits().rows_written == 1


numbers = st.none() | st.integers(1, 999_999_999)


score_rows = st.builds(
    ScoreRow,
    lead=st.just(key("l1")),
    score=st.none() | st.integers(0, 10_000).map(lambda hundredths: Decimal(hundredths) / 100),
    band=st.none() | st.sampled_from(Band),
    trend=st.none() | st.sampled_from(Trend),
    rank=numbers,
    stage_rank=numbers,
    stage_size=numbers,
    model=st.none() | st.text(max_size=80),
    scored_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(row=score_rows)
def test_every_row_is_read_back_as_it_was_written(connector: DemoConnector, row: ScoreRow) -> None:
    assert connector.write([row])[0].status is WriteStatus.WRITTEN
    assert connector.read_back(["l1"]) == {"l1": row}


def test_writing_stamps_leads_and_nothing_else(org: Org, connector: DemoConnector) -> None:
    before = connector.server_time()
    connector.write([full_row("l2")])
    set_clock(org, before + timedelta(seconds=1))
    window = Window(start=before, end=connector.server_time())
    assert list(shown(list(connector.read("lead", window)))) == ["l2"]
    (page,) = connector.read("interaction", window)
    assert page.upserts == ()


def test_results_come_in_order_and_each_row_stands_for_itself(org: Org, connector: DemoConnector) -> None:
    delete_lead(org, "l2")
    elsewhere = full_row().model_copy(update={"lead": LeadKey("other", "lead", "l1")})
    rows = [full_row("l2"), full_row("nobody"), full_row("l1"), full_row("l1"), elsewhere, full_row("l3")]
    results = connector.write(rows)
    assert [result.lead for result in results] == [row.lead for row in rows]
    assert [(result.status, result.code) for result in results] == [
        (WriteStatus.GONE, "ENTITY_IS_DELETED"),
        (WriteStatus.GONE, "ENTITY_IS_DELETED"),
        (WriteStatus.WRITTEN, None),
        (WriteStatus.REJECTED, "DUPLICATE_VALUE"),
        (WriteStatus.REJECTED, "MALFORMED_ID"),
        (WriteStatus.WRITTEN, None),
    ]
    assert connector.limits().rows_written == 2


def test_a_merged_lead_is_gone_and_a_won_one_is_not(org: Org, connector: DemoConnector) -> None:
    merge_leads(org, "l1", "l2")
    move_stage(org, "l3", "won")
    statuses = [result.status for result in connector.write([full_row("l1"), full_row("l3")])]
    assert statuses == [WriteStatus.GONE, WriteStatus.WRITTEN]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("score", Decimal("1000.00"), "NUMBER_OUTSIDE_VALID_RANGE"),
        ("score", math.nan, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("score", math.inf, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("score", -1000, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("score", "73", "JSON_PARSER_ERROR"),
        ("rank", 10**9, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("rank", 10**30, "NUMBER_OUTSIDE_VALID_RANGE"),
        ("band", "E", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("model", "m" * 81, "STRING_TOO_LONG"),
        ("scored_at", "today", "JSON_PARSER_ERROR"),
    ],
)
def test_a_payload_that_a_crm_refuses_is_refused(
    connector: DemoConnector, field: str, value: object, code: str
) -> None:
    bad = full_row("l1").model_copy(update={field: value})
    results = connector.write([bad, full_row("l2")])
    assert [(result.status, result.code) for result in results] == [
        (WriteStatus.REJECTED, code),
        (WriteStatus.WRITTEN, None),
    ]
    assert connector.read_back(["l1"]) == {"l1": ScoreRow(lead=key("l1"))}


def test_200_rows_make_a_request(make_org: MakeOrg) -> None:
    with Org.open(make_org(401)) as org:
        connector = DemoConnector(org)
        connector.ensure_fields()
        calls = connector.limits().calls
        wanted = [f"l{number}" for number in range(1, 402)]
        results = connector.write([full_row(lead_id) for lead_id in wanted])
        assert {result.status for result in results} == {WriteStatus.WRITTEN}
        assert connector.limits().calls == calls + 3
        assert set(connector.read_back(wanted)) == set(wanted)
        assert connector.limits().calls == calls + 6
        assert connector.write([]) == []


def test_what_people_write_over_a_score_is_seen(org: Org, connector: DemoConnector) -> None:
    connector.write([full_row()])
    edit_field(org, "l1", "hpro_band", "D")
    edit_field(org, "l1", "hpro_rank", None)
    expected = full_row().model_copy(update={"band": Band.D, "rank": None})
    assert connector.read_back(["l1"]) == {"l1": expected}
    edit_field(org, "l1", "hpro_score", 500)  # fits the field, but is no score
    assert connector.read_back(["l1"]) == {"l1": expected.model_copy(update={"score": None})}


def test_a_read_only_or_locked_org_takes_no_scores(make_org: MakeOrg) -> None:
    path = make_org()
    with Org.open(path, writable=False) as org, pytest.raises(PermissionDeniedError):
        DemoConnector(org).ensure_fields()
    with Org.open(path) as org:
        DemoConnector(org).ensure_fields()
    with Org.open(path, writable=False) as org, pytest.raises(PermissionDeniedError):
        DemoConnector(org).write([full_row()])
    with Org.open(path) as holder, Org.open(path, busy_timeout_s=0) as org, holder.transaction():
        with pytest.raises(StateLockedError):
            DemoConnector(org).write([full_row()])
        with pytest.raises(StateLockedError):
            add_note(org, "l1", "x")
