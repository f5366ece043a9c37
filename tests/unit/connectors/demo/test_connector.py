from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_admin import add_note, delete_lead, delete_note, merge_leads, move_stage, undelete_lead
from hpro_connectors.errors import FatalError, ResumeExpiredError
from hpro_connectors.protocol import (
    Backfill,
    Connector,
    FieldRecord,
    InteractionRecord,
    LeadRecord,
    Page,
    RecordKey,
    StageRecord,
    StreamContent,
    Window,
)
from hpro_sdk.lead import LeadKey, OutcomeResult

START = datetime(2026, 1, 1, tzinfo=UTC)
END = Backfill(end=datetime(2030, 1, 1, tzinfo=UTC))
ORG = "hpro-demo-saas"
STREAMS = ("lead", "interaction", "stage_history", "field_history")
MakeOrg = Callable[..., Path]

# The org is only read, so one for all examples will do.
reading_only = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


def connect(org: Org, page_size: int = 500) -> Connector:
    return DemoConnector(org, page_size=page_size)


def ids(pages: Iterable[Page]) -> list[str]:
    return [record.key[2] for page in pages for record in page.upserts]


def leads(pages: Iterable[Page]) -> dict[str, LeadRecord]:
    return {record.key.lead_id: record for page in pages for record in page.upserts if isinstance(record, LeadRecord)}


def test_an_org_is_described(org: Org) -> None:
    connector = connect(org)
    identity = connector.identity()
    assert (identity.org_id, identity.name, identity.vendor, identity.is_test) == (ORG, "Small", "demo", True)
    description = connector.describe()
    assert description.object_type == "lead"
    assert [stage.name for stage in description.stages] == ["new", "talk", "won", "lost"]
    assert [field.name for field in description.fields] == ["seats", "industry", "renews"]
    assert [field.history_tracked for field in description.fields] == [True, False, False]
    assert [owner.active for owner in description.owners] == [True, False]
    contents = [stream.content for stream in connector.streams()]
    assert contents == [
        StreamContent.LEAD,
        StreamContent.INTERACTION,
        StreamContent.HISTORY,
        StreamContent.HISTORY,
    ]
    assert connector.server_time() == START + timedelta(days=4)


def test_records_hold_what_the_org_holds(org: Org) -> None:
    connector = connect(org)
    lead = leads(list(connector.read("lead", END)))["l1"]
    assert lead == LeadRecord(
        key=LeadKey(ORG, "lead", "l1"),
        person_id="p1",
        account_id="a1",
        owner_id="o1",
        created_at=START,
        modified_at=START + timedelta(days=0.4),
        stage="talk",
        result=OutcomeResult.OPEN,
        fields={"seats": 11, "industry": "retail"},
    )
    (call, mail) = (
        record
        for page in connector.read_by_lead("interaction", ["l1"])
        for record in page.upserts
        if isinstance(record, InteractionRecord)
    )
    assert (call.text, call.call_seconds, call.leads) == ("Called.", 60, (LeadKey(ORG, "lead", "l1"),))
    assert (mail.text, mail.occurred_at) == ("Send a quote.", START + timedelta(days=0.15))
    assert mail.recorded_at == mail.modified_at == START + timedelta(days=0.2)
    stages = [
        (record.stage, record.at)
        for page in connector.read_by_lead("stage_history", ["l1"])
        for record in page.upserts
        if isinstance(record, StageRecord)
    ]
    assert stages == [("new", START), ("talk", START + timedelta(days=0.3))]
    (change,) = (
        record
        for page in connector.read_by_lead("field_history", ["l1"])
        for record in page.upserts
        if isinstance(record, FieldRecord)
    )
    assert (change.field, change.old, change.new) == ("seats", 1, 11)


@reading_only
@given(page_size=st.integers(1, 40), stream=st.sampled_from(STREAMS))
def test_pages_of_any_size_give_each_record_once(shared_org: Org, page_size: int, stream: str) -> None:
    connector = connect(shared_org, page_size)
    pages = list(connector.read(stream, END))
    found = ids(pages)
    assert found == ids(connect(shared_org).read(stream, END))
    assert len(set(found)) == len(found)
    assert set(found) == connector.list_ids(stream).ids
    assert all(len(page.upserts) == page_size for page in pages[:-1])
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert [page.resume is None for page in pages] == [page.complete for page in pages]


@reading_only
@given(page_size=st.integers(1, 40), stream=st.sampled_from(STREAMS), stop=st.integers(0, 30))
def test_reading_goes_on_where_it_stopped(shared_org: Org, page_size: int, stream: str, stop: int) -> None:
    pages = list(connect(shared_org, page_size).read(stream, END))
    last = pages[min(stop, len(pages) - 1)]
    if last.complete:
        return
    resume: JsonValue = json.loads(json.dumps(last.resume))
    rest = list(connect(shared_org, page_size).read(stream, END, resume))
    assert rest == pages[pages.index(last) + 1 :]


@reading_only
@given(
    stream=st.sampled_from(STREAMS),
    cuts=st.lists(st.integers(0, 22 * 86_400), max_size=6).map(sorted),
    page_size=st.sampled_from([1, 7, 500]),
)
def test_windows_part_what_was_modified(shared_org: Org, stream: str, cuts: list[int], page_size: int) -> None:
    edges = [START, *(START + timedelta(seconds=cut) for cut in cuts), END.end]
    connector = connect(shared_org, page_size)
    parts = [list(connector.read(stream, Window(start=start, end=end))) for start, end in itertools.pairwise(edges)]
    assert [one for part in parts for one in ids(part)] == ids(connector.read(stream, END))


@pytest.fixture(scope="module")
def shared_org(tmp_path_factory: pytest.TempPathFactory, small_org_file: Callable[[Path, int], Path]) -> Iterator[Org]:
    path = small_org_file(tmp_path_factory.mktemp("shared") / "shared.org", 20)
    with Org.open(path, writable=False) as opened:
        yield opened


def test_windows_are_half_open(org: Org) -> None:
    connector = connect(org)
    stamp = leads(list(connector.read("lead", END)))["l1"].modified_at
    second = timedelta(seconds=1)
    assert ids(connector.read("lead", Window(start=stamp, end=stamp + second))) == ["l1"]
    assert ids(connector.read("lead", Window(start=stamp - second, end=stamp))) == []
    assert "l1" not in ids(connector.read("lead", Backfill(end=stamp)))


def test_a_deletion_shows_in_its_window_and_nowhere_else(org: Org) -> None:
    connector = connect(org)
    before = connector.server_time()
    at = delete_lead(org, "l1")
    window = Window(start=before, end=connector.server_time())
    (page,) = connector.read("lead", window)
    assert page.upserts == ()
    assert [(gone.key, gone.deleted_at) for gone in page.tombstones] == [(RecordKey(ORG, "lead", "l1"), at)]
    (page,) = connector.read("interaction", window)
    assert [gone.key.record_id for gone in page.tombstones] == ["i1a", "i1b"]
    (page,) = connector.read("lead", Window(start=START, end=before))
    assert "l1" not in ids([page])
    for stream in STREAMS:
        (page,) = connector.read(stream, END)
        assert page.tombstones == ()
        assert set(ids([page])) == connector.list_ids(stream).ids
        (page,) = connector.read_by_lead(stream, ["l1"])
        assert page.upserts == ()


def test_an_undeleted_lead_comes_back_with_its_interactions(org: Org) -> None:
    connector = connect(org)
    delete_note(org, "i1a")
    delete_lead(org, "l1")
    before = connector.server_time()
    undelete_lead(org, "l1")
    window = Window(start=before, end=connector.server_time())
    (page,) = connector.read("lead", window)
    assert ids([page]) == ["l1"]
    (page,) = connector.read("interaction", window)
    assert ids([page]) == ["i1b"]  # the other one was deleted by itself
    assert page.tombstones == ()


def test_a_merge_shows_and_brings_the_interactions_along(org: Org) -> None:
    connector = connect(org)
    before = connector.server_time()
    at = merge_leads(org, "l1", "l2")
    window = Window(start=before, end=connector.server_time())
    (page,) = connector.read("lead", window)
    assert ids([page]) == ["l2"]
    assert page.tombstones == ()
    (merge,) = page.merges
    assert (merge.loser.record_id, merge.survivor.record_id, merge.merged_at) == ("l1", "l2", at)
    (page,) = connector.read("interaction", window)
    assert {record.key[2]: record.leads for record in page.upserts if isinstance(record, InteractionRecord)} == {
        "i1a": (LeadKey(ORG, "lead", "l2"),),
        "i1b": (LeadKey(ORG, "lead", "l2"),),
    }


def test_a_decided_lead_says_when_and_stamps_its_interactions(org: Org) -> None:
    connector = connect(org)
    before = connector.server_time()
    at = move_stage(org, "l1", "won")
    window = Window(start=before, end=connector.server_time())
    (lead,) = leads(list(connector.read("lead", window))).values()
    assert (lead.stage, lead.result, lead.result_at) == ("won", OutcomeResult.WON, at)
    assert ids(connector.read("interaction", window)) == ["i1a", "i1b"]


def test_leads_that_do_not_exist_are_passed_over(org: Org) -> None:
    connector = connect(org, page_size=1)
    delete_lead(org, "l3")
    pages = list(connector.read_by_lead("lead", ["l2", "nobody", "l3", "l1", "l2"]))
    assert ids(pages) == ["l1", "l2"]
    assert [page.complete for page in pages] == [False, True]
    assert [page.complete for page in connector.read_by_lead("lead", [])] == [True]


def test_many_leads_are_read_in_several_requests(make_org: MakeOrg) -> None:
    with Org.open(make_org(450)) as org:
        connector = connect(org)
        wanted = [f"l{number}" for number in range(1, 451)]
        pages = list(connector.read_by_lead("interaction", wanted))
        assert len(set(ids(pages))) == len(ids(pages)) == 900
        assert [page.complete for page in pages] == [False, False, True]


def test_a_record_changed_while_pages_are_read_moves_to_the_next_window(org: Org) -> None:
    connector = connect(org, page_size=1)
    end = connector.server_time()
    pages = connector.read("interaction", Backfill(end=end))
    first = next(pages)
    move_stage(org, "l3", "won")
    rest = ids(pages)
    assert set(ids([first]) + rest) == {"i1a", "i1b", "i2a", "i2b"}
    assert ids(connector.read("interaction", Window(start=end, end=connector.server_time()))) == ["i3a", "i3b"]


def test_every_request_is_counted(org: Org) -> None:
    connector = connect(org, page_size=2)
    assert connector.limits().calls == 0
    connector.identity()
    connector.describe()
    connector.server_time()
    connector.streams()
    assert connector.limits().calls == 3
    list(connector.read("interaction", END))
    assert connector.limits().calls == 6
    next(connector.read("interaction", END))
    assert connector.limits().calls == 7
    connector.list_ids("lead")
    assert connector.limits().calls == 9
    connector.ensure_fields(dry_run=True)
    connector.read_back(["l1"])
    assert connector.limits().calls == 11


@pytest.mark.parametrize("resume", ["x", 3, [1], [1, 2], ["a", "b"], [True, None], {"at": 1}])
def test_a_foreign_place_is_refused(org: Org, resume: JsonValue) -> None:
    with pytest.raises(ResumeExpiredError, match="not one of this connector"):
        list(connect(org).read("lead", END, resume))


def test_an_unknown_stream_is_refused(org: Org) -> None:
    connector = connect(org)
    with pytest.raises(FatalError, match="no stream"):
        list(connector.read("contact", END))
    with pytest.raises(FatalError, match="no stream"):
        connector.list_ids("contact")


def test_an_interaction_entered_late_is_read(org: Org) -> None:
    connector = connect(org)
    before = connector.server_time()
    note = add_note(org, "l1", "Met last week.", occurred_at=before - timedelta(days=7))
    (record,) = (
        record
        for page in connector.read("interaction", Window(start=before, end=connector.server_time()))
        for record in page.upserts
        if isinstance(record, InteractionRecord)
    )
    assert (record.key.record_id, record.occurred_at, record.recorded_at) == (note, before - timedelta(days=7), before)
