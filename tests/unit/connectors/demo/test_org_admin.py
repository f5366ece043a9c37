from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from hpro_connectors.demo import org_admin as admin
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.org import Org
from hpro_connectors.protocol import FieldRecord, InteractionRecord, LeadRecord, Page, StageRecord, Window
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import FieldValue, InteractionKind, Speaker

SECOND = timedelta(seconds=1)


def since(org: Org, start: datetime, stream: str) -> Page:
    connector = DemoConnector(org)
    (page,) = connector.read(stream, Window(start=start, end=connector.server_time()))
    return page


CHANGES: list[Callable[[Org], object]] = [
    lambda org: admin.edit_field(org, "l1", "seats", 99),
    lambda org: admin.edit_field(org, "l1", "renews", "2027-01-01T00:00:00+00:00"),
    lambda org: admin.edit_field(org, "l1", "seats", None),
    lambda org: admin.move_stage(org, "l1", "new"),
    lambda org: admin.set_owner(org, "l1", "o2"),
    lambda org: admin.exclude_lead(org, "l1"),
    lambda org: admin.merge_leads(org, "l2", "l1"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_in_the_window_that_ends_now(org: Org, change: Callable[[Org], object]) -> None:
    before = org.clock()
    change(org)
    assert org.clock() == before + SECOND
    (record,) = since(org, before, "lead").upserts
    assert isinstance(record, LeadRecord)
    assert (record.key.lead_id, record.modified_at) == ("l1", before)


def test_a_tracked_field_leaves_its_old_value(org: Org) -> None:
    before = org.clock()
    admin.edit_field(org, "l1", "seats", 99)
    admin.edit_field(org, "l1", "industry", "banks")
    (record,) = since(org, before, "field_history").upserts
    assert isinstance(record, FieldRecord)
    assert (record.field, record.old, record.new, record.at) == ("seats", 11, 99, before)
    (lead,) = since(org, before, "lead").upserts
    assert isinstance(lead, LeadRecord)
    assert lead.fields == {"seats": 99, "industry": "banks"}


def test_a_stage_leaves_a_row_of_history(org: Org) -> None:
    before = org.clock()
    admin.move_stage(org, "l1", "lost")
    (record,) = since(org, before, "stage_history").upserts
    assert isinstance(record, StageRecord)
    assert (record.stage, record.at) == ("lost", before)


def test_exclusion_and_owner_show_and_can_be_taken_back(org: Org) -> None:
    before = org.clock()
    admin.exclude_lead(org, "l1")
    admin.set_owner(org, "l1", "o2")
    (lead,) = since(org, before, "lead").upserts
    assert isinstance(lead, LeadRecord)
    assert (lead.excluded, lead.owner_id) == (True, "o2")
    admin.exclude_lead(org, "l1", excluded=False)
    (lead,) = since(org, before, "lead").upserts
    assert isinstance(lead, LeadRecord)
    assert not lead.excluded


def test_notes_are_entered_edited_and_deleted(org: Org) -> None:
    before = org.clock()
    note = admin.add_note(org, "l1", "First.", kind=InteractionKind.CALL, speaker=Speaker.LEAD)
    other = admin.add_note(org, "l1", "Other.")
    assert note != other
    admin.edit_note(org, note, "Second.")
    admin.delete_note(org, other)
    page = since(org, before, "interaction")
    (record,) = page.upserts
    assert isinstance(record, InteractionRecord)
    assert (record.text, record.kind, record.speaker) == ("Second.", InteractionKind.CALL, Speaker.LEAD)
    assert (record.occurred_at, record.recorded_at, record.modified_at) == (before, before, before + 2 * SECOND)
    assert [gone.key.record_id for gone in page.tombstones] == [other]
    assert since(org, before, "lead").upserts == ()


def test_an_interaction_of_two_leads_outlives_the_first(org: Org) -> None:
    with org.transaction() as connection:
        connection.execute("INSERT INTO interaction_lead VALUES ('i1a', 'l2')")
    before = org.clock()
    admin.delete_lead(org, "l1")
    page = since(org, before, "interaction")
    (record,) = page.upserts
    assert isinstance(record, InteractionRecord)
    assert [lead.lead_id for lead in record.leads] == ["l2"]
    assert [gone.key.record_id for gone in page.tombstones] == ["i1b"]
    before = org.clock()
    admin.delete_lead(org, "l2")
    assert {gone.key.record_id for gone in since(org, before, "interaction").tombstones} == {"i1a", "i2a", "i2b"}
    before = org.clock()
    admin.undelete_lead(org, "l1")
    records = since(org, before, "interaction").upserts
    assert {record.key[2] for record in records} == {"i1a", "i1b"}


def test_every_deletion_and_merge_is_logged(org: Org) -> None:
    at = admin.delete_lead(org, "l1")
    admin.merge_leads(org, "l2", "l3")
    with org.reading() as connection:
        deleted = connection.execute("SELECT record_type, record_id FROM deletion_log").fetchall()
        merged = connection.execute("SELECT loser_id, survivor_id FROM merge_log").fetchall()
    assert at == org.clock() - 2 * SECOND
    assert [tuple(row) for row in deleted] == [("lead", "l1"), ("interaction", "i1a"), ("interaction", "i1b")]
    assert [tuple(row) for row in merged] == [("l2", "l3")]


WRONG: list[Callable[[Org], object]] = [
    lambda org: admin.edit_field(org, "nobody", "seats", 1),
    lambda org: admin.edit_field(org, "l1", "colour", "red"),
    lambda org: admin.edit_field(org, "l1", "hpro_score", 1),
    lambda org: admin.add_note(org, "nobody", "x"),
    lambda org: admin.edit_note(org, "nothing", "x"),
    lambda org: admin.delete_note(org, "nothing"),
    lambda org: admin.move_stage(org, "l1", "gone"),
    lambda org: admin.set_owner(org, "l1", "o9"),
    lambda org: admin.exclude_lead(org, "nobody"),
    lambda org: admin.delete_lead(org, "nobody"),
    lambda org: admin.undelete_lead(org, "l1"),
    lambda org: admin.undelete_lead(org, "nobody"),
    lambda org: admin.merge_leads(org, "l1", "l1"),
    lambda org: admin.merge_leads(org, "l1", "nobody"),
    lambda org: admin.merge_leads(org, "nobody", "l1"),
]


@pytest.mark.parametrize("change", WRONG)
def test_what_cannot_be_done_changes_nothing(org: Org, change: Callable[[Org], object]) -> None:
    before = org.path.read_bytes()
    with pytest.raises(ConfigError) as caught:
        change(org)
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert org.path.read_bytes() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seats", "many"),
        ("seats", True),
        ("seats", float("nan")),
        ("industry", 3),
        ("renews", "soon"),
        ("renews", "2027-01-01"),
        ("renews", "2027-01-01T00:00:00"),
    ],
)
def test_a_value_of_another_kind_is_refused(org: Org, field: str, value: FieldValue) -> None:
    with pytest.raises(ConfigError, match=field):
        admin.edit_field(org, "l1", field, value)


@pytest.mark.parametrize(("field", "value"), [("hpro_score", 1000), ("hpro_band", "E"), ("hpro_rank", "first")])
def test_people_cannot_overfill_our_fields(org: Org, field: str, value: FieldValue) -> None:
    DemoConnector(org).ensure_fields()
    with pytest.raises(ConfigError, match=field):
        admin.edit_field(org, "l1", field, value)


def test_a_merged_lead_cannot_come_back(org: Org) -> None:
    admin.merge_leads(org, "l1", "l2")
    with pytest.raises(ConfigError, match="merged into"):
        admin.undelete_lead(org, "l1")
