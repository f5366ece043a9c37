from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import ReplicationDateError
from hpro_connectors.salesforce.mapping.deletions import DeletionPage, read_deletions

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


class Log:
    """The CRM's log of deletions, which notes for which time it was asked."""

    def __init__(self, answer: JsonValue | Exception, begins: str = "") -> None:
        self.answer, self.begins = answer, begins
        self.asked: list[tuple[str, str]] = []

    def server_time(self) -> datetime:
        return NOW

    def request(self, method: str, path: str, *, params: dict[str, str], where: str) -> JsonValue:
        assert (method, path, where) == ("GET", "sobjects/Lead/deleted/", "Lead")
        self.asked.append((params["start"], params["end"]))
        if isinstance(self.answer, Exception):
            raise self.answer
        if params["start"] < self.begins:
            raise ReplicationDateError("gone")
        return self.answer


def _read(log: Log, start: datetime, end: datetime) -> DeletionPage:
    (page,) = read_deletions(cast("SalesforceClient", log), "Lead", Window(start=start, end=end))
    assert isinstance(page, DeletionPage)
    assert page.complete
    return page


def test_a_record_that_left_the_recycle_bin_is_told() -> None:
    deleted: JsonValue = {"id": "00Q000000000001AAA", "deletedDate": "2026-03-01T11:50:00.000+0000"}
    log = Log({"deletedRecords": [deleted]})
    page = _read(log, NOW - timedelta(minutes=20), NOW)
    assert page.rows == (
        {"Id": "00Q000000000001AAA", "IsDeleted": True, "SystemModstamp": "2026-03-01T11:50:00.000+0000"},
    )
    assert not page.lost
    assert log.asked == [("2026-03-01T09:40:00+00:00", "2026-03-01T12:00:30+00:00")]  # so far back it may lag


def test_the_log_is_asked_for_two_minutes_at_least_and_not_for_the_future() -> None:
    log = Log({"deletedRecords": []})
    _read(log, NOW - timedelta(seconds=5), NOW + timedelta(days=1))
    assert log.asked == [("2026-03-01T09:58:30+00:00", "2026-03-01T12:00:30+00:00")]


def test_the_log_is_not_asked_for_more_than_it_keeps() -> None:
    log = Log({"deletedRecords": []})
    assert not _read(log, NOW - timedelta(days=29, hours=23), NOW).lost
    assert log.asked == [("2026-01-30T12:01:30+00:00", "2026-03-01T12:00:30+00:00")]


@pytest.mark.parametrize(("behind", "lost"), [(0, False), (119, False), (120, False), (121, True), (2000, True)])
def test_row_15_deletions_are_lost_only_where_the_log_lags_more_than_the_next_window_asks_back(
    behind: int, lost: bool
) -> None:
    covered = NOW - timedelta(minutes=behind)
    log = Log({"deletedRecords": [], "latestDateCovered": covered.strftime("%Y-%m-%dT%H:%M:%S.000+0000")})
    assert _read(log, NOW - timedelta(minutes=20), NOW).lost is lost
    assert not _read(log, NOW - timedelta(days=5), NOW - timedelta(days=4)).lost  # that far it goes


def test_row_15_a_log_that_was_cut_off_just_before_the_window_may_lack_what_the_last_window_was_not_told() -> None:
    """The last window may have been told of deletions up to its own beginning only, and nothing says so now."""
    log = Log({"deletedRecords": []}, begins="2026-03-01T11:00:00+00:00")
    assert _read(log, NOW - timedelta(minutes=20), NOW).lost
    assert len(log.asked) == 1


@pytest.mark.parametrize("start", [NOW, NOW + timedelta(days=1)])
def test_a_window_of_the_future_costs_no_call(start: datetime) -> None:
    log = Log({"deletedRecords": []})
    assert _read(log, start, start + timedelta(days=1)).rows == ()
    assert log.asked == []


def test_row_15_a_log_that_does_not_reach_back_says_that_deletions_are_lost() -> None:
    assert _read(Log(ReplicationDateError("gone")), NOW - timedelta(days=3), NOW).lost
    log = Log({"deletedRecords": []})
    assert _read(log, NOW - timedelta(days=31), NOW).lost
    assert log.asked == []


@pytest.mark.parametrize("answer", [None, [], {}, {"deletedRecords": None}, {"deletedRecords": [{"id": 3}]}])
def test_an_answer_of_another_form_is_a_failed_one(answer: JsonValue) -> None:
    with pytest.raises(ServerError):
        _read(Log(answer), NOW - timedelta(minutes=20), NOW)
