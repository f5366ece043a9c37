"""What every connector must pass: the protocol's promises, one test each.

Example::

    class TestMyConnector(ConnectorContract):
        def make_crm(self) -> ContractCrm:
            return MyCrm()  # a CRM with at least five leads, which can be changed
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol
from unittest import SkipTest

from hpro_connectors.errors import ResumeExpiredError
from hpro_connectors.fields import SCORE_FIELDS, ScoreRow, Trend
from hpro_connectors.protocol import (
    Backfill,
    Connector,
    FieldState,
    InteractionRecord,
    LeadRecord,
    Merge,
    Page,
    PreparedWriter,
    Record,
    RecordKey,
    StreamContent,
    Window,
    WriteStatus,
)
from hpro_sdk.lead import Band, LeadKey

FAR_OFF = timedelta(days=1)
_PAGES = 3  # fewer would not tell a connector that goes on after the second page from one that begins anew
_LONG_AGO = timedelta(days=36500)
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


class ContractCrm(Protocol):
    """A CRM that the contract can change; it holds at least five leads, and at least three pages of every stream.

    Every lead has an interaction and rows in every history.
    """

    def connector(self) -> Connector:
        """Make a connector to it, as a new process would."""

    def touch_lead(self, lead_id: str) -> datetime:
        """Change a lead, and give the ``modified_at`` that it has then."""

    def delete_lead(self, lead_id: str) -> None:
        """Delete a lead."""

    def merge_leads(self, loser: str, survivor: str) -> None:
        """Merge a lead into another one."""


class ConnectorContract(ABC):
    """Tests that pytest finds in every subclass whose name begins with ``Test``."""

    merges = True
    """Whether the CRM can merge leads at all."""

    @abstractmethod
    def make_crm(self) -> ContractCrm:
        """Make a CRM with leads in it, anew for every test."""

    def test_streams_come_leads_first_then_interactions_then_histories(self) -> None:
        """The engine relies on this order: interactions look for their leads."""
        streams = self.make_crm().connector().streams()
        order = [list(StreamContent).index(stream.content) for stream in streams]
        _check(order == sorted(order) and order[:1] == [0], "streams are not in order, or no lead stream is there")
        _check(len({stream.name for stream in streams}) == len(streams), "two streams have one name")

    def test_reading_twice_gives_the_same_records(self) -> None:
        """Nothing changed: a second read of the same window says the same."""
        connector = self.make_crm().connector()
        everything = _everything(connector)
        for stream in connector.streams():
            first = _records(connector.read(stream.name, everything))
            _check(first == _records(connector.read(stream.name, everything)), f"{stream.name} differs when read again")
            listed = connector.list_ids(stream.name)
            if listed.complete and stream.content is not StreamContent.HISTORY:
                _check({key.record_id for key in first} == listed.ids, f"{stream.name}: list_ids is not what exists")

    def test_keys_are_of_the_object_types_that_a_stream_names(self) -> None:
        """Ids of a stream are looked for among records of these types, and of no others."""
        connector = self.make_crm().connector()
        scored = connector.describe().object_type
        for stream in connector.streams():
            is_lead = stream.content is StreamContent.LEAD
            named = {scored} if is_lead else set(stream.object_types or (stream.name,))
            found = {key.object_type for key in _records(connector.read(stream.name, _everything(connector)))}
            _check(found <= named, f"{stream.name}: keys are of {', '.join(sorted(found - named))}, which is not named")

    def test_only_the_last_page_is_complete(self) -> None:
        """A page that is not the last one can be resumed after."""
        connector = self.make_crm().connector()
        for stream in connector.streams():
            pages = list(connector.read(stream.name, _everything(connector)))
            _check(bool(pages), f"{stream.name} gives no page at all")
            _check([page.complete for page in pages] == [False] * (len(pages) - 1) + [True], "complete is wrong")
            _check(pages[-1].resume is None, f"{stream.name}: the last page has a resume")
            _check(all(page.resume is not None for page in pages[:-1]), f"{stream.name}: a page cannot be resumed")

    def test_reading_goes_on_after_any_page(self) -> None:
        """A new process with the stored resume reads exactly what came on the pages after."""
        crm = self.make_crm()
        connector = crm.connector()
        everything = _everything(connector)
        for stream in connector.streams():
            pages = list(connector.read(stream.name, everything))
            _check(len(pages) >= _PAGES, f"{stream.name} has fewer than {_PAGES} pages: nothing is tried on it")
            for number, page in enumerate(pages[:-1]):
                rest = _told(crm.connector().read(stream.name, everything, page.resume))
                after = _told(pages[number + 1 :])
                _check(after <= rest, f"{stream.name}: a resume loses records")
                _check(rest <= after, f"{stream.name}: a resume goes back to earlier pages")

    def test_a_resume_that_is_not_known_is_refused_by_name(self) -> None:
        """Then the engine begins the window anew; any other error would end every pass to come."""
        connector = self.make_crm().connector()
        for stream in connector.streams():
            try:
                list(connector.read(stream.name, _everything(connector), {"no": "such place"}))
            except ResumeExpiredError:
                continue
            raise AssertionError(f"{stream.name}: a resume of nobody was taken")

    def test_a_wish_for_rows_at_once_is_at_least_one_row(self) -> None:
        """The engine hands over what is wished for, once our fields are made."""
        connector = self.make_crm().connector()
        connector.ensure_fields()
        if isinstance(connector, PreparedWriter):
            wishes = [connector.prepare_write(waiting, 200) for waiting in (1, 200, 1_000_000)]
            _check(min(wishes) >= 1, f"wishes for {wishes} rows")

    def test_windows_are_half_open(self) -> None:
        """What was modified at the start is in, at the end is out."""
        crm = self.make_crm()
        connector = crm.connector()
        lead_id = _lead_ids(connector)[0]
        at = crm.touch_lead(lead_id)
        stream = connector.streams()[0].name
        for start, end, inside in ((at, at + FAR_OFF, True), (at - FAR_OFF, at, False), (at, at, False)):
            found = _records(connector.read(stream, Window(start=start, end=end)))
            _check((lead_id in {key.record_id for key in found}) is inside, "a window is not half open")
        backfilled = _records(connector.read(stream, Backfill(end=at)))
        _check(lead_id not in {key.record_id for key in backfilled}, "a backfill reads beyond its end")

    def test_reading_by_id_gives_a_lead_whenever_it_was_modified(self) -> None:
        """All streams answer for the leads asked for; an id that does not exist says nothing."""
        connector = self.make_crm().connector()
        lead_id = _lead_ids(connector)[0]
        for stream in connector.streams():
            pages = list(connector.read_by_lead(stream.name, [lead_id, "no-such-lead"]))
            _check(bool(pages) and pages[-1].complete, f"{stream.name}: reading by id does not end")
            _check(not any(page.tombstones or page.merges for page in pages), "an unknown id became a tombstone")
            found = _records(pages)
            _check(found == _of_leads(connector, stream.name, [lead_id]), f"{stream.name}: by id is not what is there")
            _check(bool(found), f"{stream.name} holds nothing of lead {lead_id}: nothing is tried on it")

    def test_reading_many_leads_by_id_gives_all_pages(self) -> None:
        """An answer of several pages is complete on the last one only, and nothing is missing; ``resume`` is free."""
        connector = self.make_crm().connector()
        lead_ids = _lead_ids(connector)
        for stream in connector.streams():
            pages = list(connector.read_by_lead(stream.name, lead_ids))
            _check(len(pages) >= _PAGES, f"{stream.name} has fewer than {_PAGES} pages: nothing is tried on it")
            _check([page.complete for page in pages] == [False] * (len(pages) - 1) + [True], "complete is wrong")
            _check(_records(pages) == _of_leads(connector, stream.name, lead_ids), f"{stream.name}: leads are missing")

    def test_absence_is_no_deletion(self) -> None:
        """A quiet window tells of no deletion."""
        connector = self.make_crm().connector()
        later = connector.server_time() + FAR_OFF
        for stream in connector.streams():
            pages = list(connector.read(stream.name, Window(start=later, end=later + FAR_OFF)))
            _check(not any(page.upserts or page.tombstones or page.merges for page in pages), "a quiet window speaks")

    def test_a_deletion_is_told(self) -> None:
        """The window in which a lead was deleted has its tombstone, and the lead is not there any more."""
        crm = self.make_crm()
        connector = crm.connector()
        connector.ensure_fields()
        stream = connector.streams()[0]
        lead_id = _lead_ids(connector)[0]
        start = connector.server_time() - timedelta(seconds=1)
        crm.delete_lead(lead_id)
        pages = list(connector.read(stream.name, Window(start=start, end=connector.server_time() + FAR_OFF)))
        told = {tombstone.key.record_id for page in pages for tombstone in page.tombstones}
        _check((lead_id in told) is stream.reports_deletions, "a deletion is not told as the stream promises")
        _check(lead_id not in connector.list_ids(stream.name).ids, "a deleted lead is still listed")
        _check(lead_id not in connector.read_back([lead_id]), "a deleted lead is still shown")
        status = connector.write([_row(_key(connector, lead_id), 1)])[0].status
        _check(status is WriteStatus.GONE, f"writing to a deleted lead gives {status}")

    def test_a_merge_is_told(self) -> None:
        """The window in which leads were merged names loser and survivor."""
        if not self.merges:
            raise SkipTest("This CRM cannot merge leads.")
        crm = self.make_crm()
        connector = crm.connector()
        loser, survivor = _lead_ids(connector)[:2]
        start = connector.server_time() - timedelta(seconds=1)
        crm.merge_leads(loser, survivor)
        window = Window(start=start, end=connector.server_time() + FAR_OFF)
        merges: list[Merge] = []
        for page in connector.read(connector.streams()[0].name, window):
            merges += page.merges
        _check(
            [(m.loser.record_id, m.survivor.record_id) for m in merges] == [(loser, survivor)], "a merge is not told"
        )

    def test_a_write_is_shown_and_touches_nothing_else(self) -> None:
        """All eight values come back as they were sent; no other field of any lead moves."""
        connector = self.make_crm().connector()
        connector.ensure_fields()
        before = _leads(connector)
        rows = [_row(_key(connector, lead_id), number) for number, lead_id in enumerate(_lead_ids(connector)[:3], 1)]
        results = connector.write(rows[::-1])
        _check([result.lead for result in results] == [row.lead for row in rows[::-1]], "results are not in order")
        _check({result.status for result in results} == {WriteStatus.WRITTEN}, "a write was not taken")
        shown = connector.read_back([row.lead.lead_id for row in rows])
        _check(shown == {row.lead.lead_id: row for row in rows}, "what is shown is not what was written")
        _check(_leads(connector) == before, "a write changed other fields")
        cleared = rows[0].model_copy(update={"rank": None, "stage_rank": None, "stage_size": None})
        connector.write([cleared])
        lead_id = cleared.lead.lead_id
        _check(connector.read_back([lead_id]) == {lead_id: cleared}, "None does not clear a field")

    def test_a_record_tells_what_it_shows(self) -> None:
        """With our fields in place every record tells of them, empty ones too: that is how drift is seen."""
        connector = self.make_crm().connector()
        connector.ensure_fields()
        lead_id = _lead_ids(connector)[0]
        key = _key(connector, lead_id)
        row = _row(key, 1)
        for written in (None, row, ScoreRow(lead=key)):
            if written is not None:
                connector.write([written])
            expected = written or ScoreRow(lead=key)
            _check(_shown(connector).get(lead_id) == expected, "a record does not tell what is shown")
            _check(connector.read_back([lead_id]) == {lead_id: expected}, "what is read back is not what is shown")
        others = [shown for name, shown in _shown(connector).items() if name != lead_id]
        _check(
            all(shown == ScoreRow(lead=_key(connector, shown.lead.lead_id)) for shown in others if shown), "not empty"
        )
        _check(None not in others, "empty fields are told as None, which says that there are none")

    def test_an_unknown_row_stops_no_other(self) -> None:
        """One result a row; a record that does not exist is gone."""
        connector = self.make_crm().connector()
        connector.ensure_fields()
        known = _row(_key(connector, _lead_ids(connector)[0]), 1)
        unknown = known.model_copy(update={"lead": _key(connector, "no-such-lead")})
        statuses = [result.status for result in connector.write([unknown, known])]
        _check(statuses[1] is WriteStatus.WRITTEN, "an unknown row stopped another")
        _check(statuses[0] in {WriteStatus.GONE, WriteStatus.REJECTED}, "an unknown row was taken")

    def test_counters_count(self) -> None:
        """Requests and rows go up, and asking for them costs nothing."""
        connector = self.make_crm().connector()
        connector.ensure_fields()
        lead_ids = _lead_ids(connector)
        before = connector.limits()
        _check(connector.limits().calls == before.calls, "asking for the counters costs a request")
        connector.write([_row(_key(connector, lead_id), 1) for lead_id in lead_ids[:2]])
        after = connector.limits()
        _check(after.calls > before.calls, "a write is not counted as a request")
        _check(after.rows_written == before.rows_written + 2, "rows are not counted")

    def test_fields_are_made_once(self) -> None:
        """A dry run makes nothing; making them twice changes nothing."""
        crm = self.make_crm()
        connector = crm.connector()
        planned = connector.ensure_fields(dry_run=True)
        _check(planned == connector.ensure_fields(dry_run=True), "a dry run made fields")
        _check(len(planned) == len(SCORE_FIELDS), "not every field is accounted for")
        made = connector.ensure_fields()
        _check(made == planned, "a dry run says something else than what is done")
        again = {field.state for field in crm.connector().ensure_fields()}
        _check(again == {FieldState.PRESENT}, "fields are made a second time")

    def test_our_own_fields_are_not_among_the_leads_fields(self) -> None:
        """What we write stands in ``shown``, never where a prompt is made of."""
        connector = self.make_crm().connector()
        connector.ensure_fields()
        row = _row(_key(connector, _lead_ids(connector)[0]), 1)
        before = _leads(connector)
        connector.write([row])
        after = _leads(connector)
        _check(
            {key: set(lead.fields) for key, lead in after.items()} == {k: set(v.fields) for k, v in before.items()},
            "a write added fields to a lead",
        )


def _check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as an assertion does
    if not holds:
        raise AssertionError(otherwise)


def _everything(connector: Connector) -> Window:
    now = connector.server_time()
    return Window(start=now - _LONG_AGO, end=now + FAR_OFF)


def _records(pages: Iterable[Page]) -> dict[RecordKey, Record]:
    return {RecordKey(*record.key): record for page in pages for record in page.upserts}


def _told(pages: Iterable[Page]) -> set[tuple[str, RecordKey]]:
    """What pages tell, by the kind of news and the key."""
    told: set[tuple[str, RecordKey]] = set()
    for page in pages:
        told |= {("record", RecordKey(*record.key)) for record in page.upserts}
        told |= {("tombstone", tombstone.key) for tombstone in page.tombstones}
        told |= {("merge", merge.loser) for merge in page.merges}
    return told


def _of_leads(connector: Connector, stream: str, lead_ids: Sequence[str]) -> dict[RecordKey, Record]:
    """What windows tell of some leads."""
    leads = {RecordKey(*_key(connector, lead_id)) for lead_id in lead_ids}
    lead_stream = connector.streams()[0].name
    records = _records(connector.read(lead_stream, _everything(connector)))
    persons = {
        record.person_id
        for key, record in records.items()
        if key in leads and isinstance(record, LeadRecord) and record.person_id is not None
    }
    return {
        key: record
        for key, record in _records(connector.read(stream, _everything(connector))).items()
        if _belongs(record, leads, persons)
    }


def _belongs(record: Record, leads: set[RecordKey], persons: set[str]) -> bool:
    if isinstance(record, LeadRecord):
        return RecordKey(*record.key) in leads
    if isinstance(record, InteractionRecord):
        return not leads.isdisjoint(RecordKey(*key) for key in record.leads) or not persons.isdisjoint(
            record.person_ids
        )
    return RecordKey(*record.lead) in leads


def _leads(connector: Connector) -> dict[RecordKey, LeadRecord]:
    """All leads, without what a write of ours may change."""
    found = _records(connector.read(connector.streams()[0].name, _everything(connector)))
    return {
        key: record.model_copy(update={"shown": None, "modified_at": _ANY_TIME})
        for key, record in found.items()
        if isinstance(record, LeadRecord)
    }


def _shown(connector: Connector) -> dict[str, ScoreRow | None]:
    """What all leads show of our fields, as their records tell."""
    records = _records(connector.read(connector.streams()[0].name, _everything(connector))).values()
    return {record.key.lead_id: record.shown for record in records if isinstance(record, LeadRecord)}


def _lead_ids(connector: Connector) -> Sequence[str]:
    return sorted(key.record_id for key in _leads(connector))


def _key(connector: Connector, lead_id: str) -> LeadKey:
    return LeadKey(connector.identity().org_id, connector.describe().object_type, lead_id)


def _row(lead: LeadKey, rank: int) -> ScoreRow:
    return ScoreRow(
        lead=lead,
        score=Decimal("61.25"),
        band=Band.B,
        trend=Trend.STEADY,
        rank=rank,
        stage_rank=rank,
        stage_size=40,
        model="hpro-contract",
        scored_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
    )
