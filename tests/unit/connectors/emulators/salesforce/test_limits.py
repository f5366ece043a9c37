"""What an org may be asked in 24 hours: a window that moves with its clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.wire.limits import DAY, QUERY_JOBS, RESULT_MB, OrgLimits, RollingCount

START = datetime(2026, 3, 1, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(1, 5)), max_size=30))
def test_only_what_happened_within_24_hours_counts(steps: list[tuple[int, int]]) -> None:
    clock = EmulatorClock(START)
    count = RollingCount(clock)
    happened: list[tuple[datetime, int]] = []
    for seconds, amount in steps:
        now = clock.advance(timedelta(seconds=seconds))
        count.add(amount)
        happened.append((now, amount))
        assert count.used == sum(number for at, number in happened if at > now - DAY)


def test_the_last_call_is_served_and_the_next_one_refused() -> None:
    clock = EmulatorClock(START)
    limits = OrgLimits(clock, 2)
    limits.count_request()
    limits.count_request()
    with pytest.raises(ApiFault, match="REQUEST_LIMIT_EXCEEDED"):
        limits.count_request()
    assert limits.header == "api-usage=2/2"
    clock.advance(DAY)
    limits.count_request()
    assert limits.as_json()["DailyApiRequests"] == {"Max": 2, "Remaining": 1}


def test_query_jobs_have_a_limit_of_their_own() -> None:
    limits = OrgLimits(EmulatorClock(START), 2)
    limits.query_jobs.add(QUERY_JOBS)
    with pytest.raises(ApiFault, match="LIMIT_EXCEEDED"):
        limits.count_query_job()
    limits.clear()
    limits.count_query_job()
    assert limits.as_json()["DailyBulkV2QueryJobs"]["Remaining"] == QUERY_JOBS - 1


def test_a_query_job_is_refused_where_the_results_of_a_day_fill_their_storage() -> None:
    clock = EmulatorClock(START)
    limits = OrgLimits(clock, 2)
    limits.result_bytes.add(RESULT_MB * 1_000_000 - 1)
    limits.count_query_job()
    limits.result_bytes.add()
    with pytest.raises(ApiFault, match="DailyBulkV2QueryFileStorageMB"):
        limits.count_query_job()
    assert limits.query_jobs.used == 1
    assert limits.as_json()["DailyBulkV2QueryFileStorageMB"] == {"Max": RESULT_MB, "Remaining": 0}
    clock.advance(DAY)
    limits.count_query_job()
