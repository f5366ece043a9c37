"""Our own ledger of changes: what it notes, when it is asked, and that no past moment sees too much."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.protocol import FieldRecord, LeadRecord, Page, RecordKey, StageRecord
from hpro_connectors.state import StoredLead, assemble_lead
from hpro_connectors.testing import World
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import FieldChange, FieldValue, Lead, OutcomeResult, StageChange
from hpro_sdk.snapshots import build_snapshots, take_snapshot

FUNNEL = Funnel(
    stages=("new", "talking", "offer"),
    values={"New": "new", "Talking": "talking", "Offer": "offer", "Won": "won", "Lost": "lost"},
)
DAY = timedelta(days=1)


class Told:
    """A lead that the CRM keeps no history of, read now and then."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.created = world.clock.now

    def read(self, day: float, *, stage: str | None = "New", **fields: FieldValue) -> datetime:
        """Read it as it is on a day, and give when it was modified."""
        at = self.created + day * DAY
        record = LeadRecord(
            key=self.world.company.key("L1"), created_at=self.created, modified_at=at, stage=stage, fields=fields
        )
        self.store(record)
        return at

    def store(self, record: LeadRecord | StageRecord | FieldRecord) -> None:
        self.world.store.store_page(Page(upserts=(record,), complete=True), "lead", "Lead", None)

    def stored(self) -> StoredLead:
        return self.world.store.load(["L1"])[0]

    def lead(self) -> Lead:
        return assemble_lead(self.stored(), FUNNEL.resolve)

    def key(self, name: str) -> RecordKey:
        return RecordKey(self.world.company.identity.org_id, "history", name)


@pytest.fixture
def told(world: World) -> Told:
    return Told(world)


def test_a_value_that_changed_between_two_reads_counts_from_the_later_one(told: Told) -> None:
    told.read(1, seats=3)
    at = told.read(5, seats=8)
    assert told.stored().fields_seen == (FieldChange(field="seats", old=3, new=8, at=at),)
    lead = told.lead()
    assert take_snapshot(lead, at - timedelta(seconds=1)).fields == {"seats": 3}
    assert take_snapshot(lead, at).fields == {"seats": 8}
    assert take_snapshot(lead, at + DAY).fields == {"seats": 8}


def test_a_new_value_is_in_no_snapshot_of_before_it_was_seen(told: Told) -> None:
    told.read(0, seats=3)
    told.read(10, seats=8, offer="signed")
    (example,) = build_snapshots(
        [told.lead()],
        30,
        [told.created + 9 * DAY],
        funnel=FUNNEL,
        known_at_creation={"seats", "offer"},
        known_until=told.created + 100 * DAY,
    )
    assert example.snapshot.fields == {"seats": 3, "offer": None}


def test_what_did_not_change_is_not_noted(told: Told) -> None:
    told.read(1, seats=3, plan=None)
    told.read(2, seats=3)
    told.read(3, seats=3, plan=None)
    told.read(3, seats=3)
    stored = told.stored()
    assert (stored.fields_seen, stored.stages_seen) == ((), ())


def test_a_truth_value_is_no_number(told: Told) -> None:
    told.read(1, flag=1)
    told.read(2, flag=True)
    (change,) = told.stored().fields_seen
    assert (change.old, change.new) == (1, True)
    assert change.new is True


def test_a_change_is_noted_once_however_often_it_is_read(told: Told) -> None:
    told.read(1, seats=3)
    for _ in range(3):
        told.read(2, stage="Talking", seats=8)
    stored = told.stored()
    assert len(stored.fields_seen) == 1
    assert [change.stage for change in stored.stages_seen] == ["New", "Talking"]


def test_an_older_version_does_not_turn_the_order_of_the_ledger(told: Told) -> None:
    told.read(1, seats=1)
    last = told.read(5, seats=5)
    told.read(3, seats=3)
    told.read(4, seats=4)
    assert [change.at for change in told.stored().fields_seen] == [last] * 3
    assert take_snapshot(told.lead(), last - timedelta(seconds=1)).fields == {"seats": 1}


def test_stages_are_known_from_where_the_lead_was_first_seen(told: Told) -> None:
    first = told.read(1, stage="Talking")
    second = told.read(5, stage="Offer")
    third = told.read(9, stage="Lost")
    assert told.stored().stages_seen == (
        StageChange(stage="Talking", at=first),
        StageChange(stage="Offer", at=second),
        StageChange(stage="Lost", at=third),
    )
    lead = told.lead()
    assert take_snapshot(lead, first - timedelta(seconds=1)).stage is None
    assert take_snapshot(lead, second - timedelta(seconds=1)).stage == "talking"
    assert take_snapshot(lead, third).stage == "lost"
    (example,) = build_snapshots(
        [lead],
        30,
        [told.created + 6 * DAY],
        funnel=FUNNEL,
        known_at_creation=(),
        known_until=told.created + 100 * DAY,
    )
    assert example.snapshot.stage == "offer"
    assert (example.outcome.result, example.outcome.at) == (OutcomeResult.LOST, third)


def test_a_lead_without_a_stage_now_is_told_no_earlier_one(told: Told) -> None:
    told.read(1, stage="Talking")
    told.read(2, stage=None)
    assert told.stored().stages_seen == ()
    assert take_snapshot(told.lead(), told.created + 3 * DAY).stage is None
    at = told.read(4, stage="Offer")
    assert told.stored().stages_seen == (StageChange(stage="Offer", at=at),)


def test_a_history_of_the_crm_goes_before_the_ledger(told: Told) -> None:
    told.read(1, seats=3, plan="a", note="x")
    told.read(5, stage="Talking", seats=8, plan="b", note="y")
    tracked = told.created + 4 * DAY
    told.store(
        FieldRecord(key=told.key("F1"), lead=told.world.company.key("L1"), field="seats", old=3, new=8, at=tracked)
    )
    told.store(StageRecord(key=told.key("S1"), lead=told.world.company.key("L1"), stage="Talking", at=tracked))
    stored = told.stored()
    assert [change.field for change in stored.fields_seen] == ["note", "plan", "seats"]
    lead = told.lead()
    assert [(change.field, change.at) for change in lead.field_changes] == [
        ("note", told.created + 5 * DAY),
        ("plan", told.created + 5 * DAY),
        ("seats", tracked),
    ]
    assert [(change.stage, change.at) for change in lead.stage_changes] == [
        ("new", told.created + 1 * DAY),
        ("talking", tracked),
    ]


def test_a_history_that_begins_late_leaves_what_was_seen_before_it(told: Told) -> None:
    told.read(1, stage="New")
    told.read(5, stage="Talking")
    told.read(9, stage="Offer")
    tracked = told.read(20, stage="Won")
    row = StageRecord(key=told.key("S1"), lead=told.world.company.key("L1"), stage="Won", previous="Offer", at=tracked)
    told.store(row)
    changes = [(change.stage, (change.at - told.created) / DAY) for change in told.lead().stage_changes]
    assert changes == [("new", 1), ("talking", 5), ("offer", 9), ("won", 20)]
    assert take_snapshot(told.lead(), told.created).stage is None


def test_a_history_that_begins_late_tells_no_stage_of_before(told: Told) -> None:
    told.read(20, stage="Won")
    row = StageRecord(
        key=told.key("S1"),
        lead=told.world.company.key("L1"),
        stage="Won",
        previous="Offer",
        at=told.created + 19 * DAY,
    )
    told.store(row)
    assert take_snapshot(told.lead(), told.created + 18 * DAY).stage is None
    assert take_snapshot(told.lead(), told.created + 19 * DAY).stage == "won"


def test_after_the_crm_ceased_to_log_stages_the_ledger_tells_them(told: Told) -> None:
    told.read(1, stage="New")
    at = told.read(5, stage="Talking")
    row = StageRecord(key=told.key("S1"), lead=told.world.company.key("L1"), stage="Talking", previous="New", at=at)
    told.store(row)
    told.read(6, stage="Talking", seats=3)
    told.read(9, stage="Offer")
    told.read(12, stage="Lost")
    lead = told.lead()
    changes = [(change.stage, (change.at - told.created) / DAY) for change in lead.stage_changes]
    assert changes == [("new", 1), ("talking", 5), ("offer", 9), ("lost", 12)]
    assert take_snapshot(lead, told.created + 10 * DAY).stage == "offer"


def test_a_change_that_the_ledger_saw_later_than_the_crm_logged_it_is_told_once(told: Told) -> None:
    told.read(1, stage="New")
    told.read(7, stage="Talking")  # something else was changed on this day
    at = told.created + 5 * DAY
    row = StageRecord(key=told.key("S1"), lead=told.world.company.key("L1"), stage="Talking", previous="New", at=at)
    told.store(row)
    changes = [(change.stage, (change.at - told.created) / DAY) for change in told.lead().stage_changes]
    assert changes == [("new", 1), ("talking", 5)]


def test_a_field_whose_history_begins_late_keeps_what_was_seen_before_it(told: Told) -> None:
    told.read(1, plan="a")
    told.read(10, plan="b")
    at = told.read(20, plan="c")
    told.store(
        FieldRecord(key=told.key("F1"), lead=told.world.company.key("L1"), field="plan", old="b", new="c", at=at)
    )
    lead = told.lead()
    shown = []
    for day in (9, 10, 19, 20):
        (example,) = build_snapshots(
            [lead],
            30,
            [told.created + day * DAY],
            funnel=FUNNEL,
            known_at_creation={"plan"},
            known_until=told.created + 100 * DAY,
        )
        shown.append(example.snapshot.fields["plan"])
    assert shown == ["a", "b", "b", "c"]
    assert len(lead.field_changes) == 2


def test_todays_prompt_is_the_same_with_the_ledger_and_without(told: Told) -> None:
    told.read(1, seats=3)
    told.read(5, seats=8)
    told.store(StageRecord(key=told.key("S1"), lead=told.world.company.key("L1"), stage="New", at=told.created))
    lead = told.lead()
    bare = lead.model_copy(update={"field_changes": ()})
    assert take_snapshot(lead, told.created + 6 * DAY) == take_snapshot(bare, told.created + 6 * DAY)


def test_our_own_fields_are_never_noted(world: World) -> None:
    world.fill(3)
    world.run()
    world.company.overwrite_shown("L001", model="theirs")
    world.run()
    stored = world.store.load(["L000", "L001", "L002"])
    assert [lead.fields_seen for lead in stored] == [()] * 3


def test_a_deleted_lead_takes_its_ledger_along_and_a_merged_one_leaves_it(world: World, tmp_path: Path) -> None:
    world.fill(3)
    world.company.create_lead("gone", fields={"remark": "SECRETFIRST"})
    world.company.create_lead("merged", fields={"remark": "MOVED"})
    world.run()
    world.company.change_lead("gone", stage="Talking", fields={"remark": "SECRETSECOND"})
    world.company.change_lead("merged", stage="Offer", fields={"remark": "LATER"})
    world.run()
    assert len(world.store.load(["gone"])[0].fields_seen) == 1
    world.company.delete_lead("gone")
    world.company.merge_leads("merged", "L000")
    world.run()
    held = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert b"SECRET" not in held
    (survivor,) = world.store.load(["L000"])
    assert [(change.old, change.new) for change in survivor.fields_seen] == [("MOVED", "LATER")]
    assert [change.stage for change in survivor.stages_seen] == ["New", "Offer"]
    world.company.undelete_lead("gone")
    world.run()
    assert world.store.load(["gone"])[0].fields_seen == ()


def test_a_load_of_many_leads_takes_a_few_queries(world: World) -> None:
    from sqlalchemy import event

    world.fill(20)
    world.run()
    asked: list[str] = []
    event.listen(world.store._engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    world.store.load(list(world.company.leads))
    assert len([statement for statement in asked if statement.startswith("SELECT")]) <= 8
