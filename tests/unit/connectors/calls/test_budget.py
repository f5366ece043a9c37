"""The budget: the org's quota is shared with people and other tools."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.calls import CallPolicy, GuardedConnector
from hpro_connectors.errors import QuotaExhaustedError
from hpro_connectors.protocol import Backfill, CallLimits
from hpro_connectors.testing import (
    Fault,
    FaultScript,
    FaultyConnector,
    ManualClock,
    ManualSleep,
    MemoryCompany,
    MemoryConnector,
)

RESET = datetime(2026, 3, 3, tzinfo=UTC)
FAR = Backfill(end=datetime(2030, 1, 1, tzinfo=UTC))


class QuotaConnector(MemoryConnector):
    """An org with a quota, which others use as well; the CRM tells of it with every answer, so not before the first."""

    def __init__(
        self, most: int | None, used_by_others: int = 0, *, cost: int = 1, resets_at: datetime | None = None
    ) -> None:
        company = MemoryCompany(ManualClock())
        for number in range(40):
            company.create_lead(f"L{number:02}")
        super().__init__(company, page_size=2)
        self.most = most
        self.used_by_others = used_by_others
        self._cost = cost
        self._resets_at = resets_at

    def limits(self) -> CallLimits:
        calls = super().limits().calls * self._cost
        if calls == 0 or self.most is None:
            return CallLimits(calls=calls, rows_written=0)
        left = max(0, self.most - self.used_by_others - calls)
        return CallLimits(
            calls=calls, rows_written=0, requests_left=left, requests_max=self.most, resets_at=self._resets_at
        )


def use_up(connector: GuardedConnector) -> QuotaExhaustedError:
    for _ in range(10_000):
        try:
            connector.server_time()
        except QuotaExhaustedError as exc:
            return exc
    pytest.fail("the budget never ends")


def test_a_run_stops_before_it_uses_more_than_its_share() -> None:
    connector = QuotaConnector(1000, resets_at=RESET)
    guarded = GuardedConnector(connector)
    error = use_up(guarded)
    assert guarded.calls == 250
    assert str(error) == (
        "This run has used 250 of the org's 1,000 CRM requests, its share of 25 %. "
        "What was stored stays; run again after 2026-03-03 00:00 UTC, or raise run_percent."
    )
    assert (error.resets_at, error.exit_code) == (RESET, 5)


def test_what_others_used_counts_for_the_org() -> None:
    connector = QuotaConnector(1000, used_by_others=700)
    guarded = GuardedConnector(connector)
    error = use_up(guarded)
    assert guarded.calls == 100
    assert str(error) == (
        "The org has used 800 of its 1,000 CRM requests: this run 100, people, other tools and earlier runs 700. "
        "HPRO stops at 80 %. What was stored stays; run again later, or raise stop_at_percent."
    )
    assert error.resets_at is None


def test_others_who_use_it_up_meanwhile_stop_the_run() -> None:
    connector = QuotaConnector(1000)
    guarded = GuardedConnector(connector)
    guarded.server_time()
    connector.used_by_others = 900
    guarded.server_time()  # its answer tells
    with pytest.raises(QuotaExhaustedError, match="people, other tools and earlier runs 900"):
        guarded.server_time()


def test_a_run_that_begins_with_nothing_left_makes_one_call() -> None:
    connector = QuotaConnector(1000, used_by_others=1000)
    guarded = GuardedConnector(connector)
    guarded.server_time()
    with pytest.raises(QuotaExhaustedError):
        guarded.server_time()
    assert guarded.calls == 1
    # The next run of the same process asks again: the quota may have begun anew.
    connector.used_by_others = 0
    again = GuardedConnector(connector)
    again.server_time()
    again.server_time()


def test_an_unknown_quota_is_no_limit() -> None:
    guarded = GuardedConnector(QuotaConnector(None))
    for _ in range(500):
        guarded.server_time()
    assert guarded.calls == 500


class NoMaximum(QuotaConnector):
    """Tells what is left, but not of how much."""

    def limits(self) -> CallLimits:
        return super().limits().model_copy(update={"requests_max": None})


def test_where_only_what_is_left_is_known_it_is_used_to_the_end() -> None:
    guarded = GuardedConnector(NoMaximum(7))
    assert "no CRM requests left; this run used 7." in str(use_up(guarded))


def test_a_run_pays_for_its_own_calls_only() -> None:
    connector = QuotaConnector(100)
    for _ in range(20):
        connector.server_time()
    guarded = GuardedConnector(connector)
    error = use_up(guarded)
    assert guarded.calls == 25
    assert "This run has used 25 of" in str(error)


def test_failed_tries_are_paid_for() -> None:
    clock = ManualClock()
    faulty = FaultyConnector(QuotaConnector(16), FaultScript([Fault.after("server_time", times=99)]))
    policy = CallPolicy(max_tries=50, breaker_failures=50)
    guarded = GuardedConnector(faulty, policy, clock=clock.seconds, sleep=ManualSleep(clock))
    with pytest.raises(QuotaExhaustedError):
        guarded.server_time()
    assert guarded.calls == 4


def test_pages_are_counted_one_by_one() -> None:
    guarded = GuardedConnector(QuotaConnector(20))
    pages = guarded.read("Lead", FAR)
    given_pages = [next(pages) for _ in range(5)]
    assert all(page.resume is not None for page in given_pages)
    with pytest.raises(QuotaExhaustedError, match="This run has used 5"):
        next(pages)


def test_it_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    guarded = GuardedConnector(QuotaConnector(4, resets_at=RESET))
    with caplog.at_level(logging.WARNING, "hpro_connectors"):
        use_up(guarded)
    assert [vars(record)["event"] for record in caplog.records] == ["budget_reached"]


@given(
    most=st.integers(1, 400),
    others=st.integers(0, 400),
    cost=st.integers(1, 7),
    stop_at=st.floats(1, 100),
    share=st.floats(1, 100),
)
def test_no_budget_is_overdrawn_by_more_than_one_call(
    most: int, others: int, cost: int, stop_at: float, share: float
) -> None:
    connector = QuotaConnector(most, others, cost=cost)
    guarded = GuardedConnector(connector, CallPolicy(stop_at_percent=stop_at, run_percent=share))
    use_up(guarded)
    calls = guarded.calls
    assert calls == cost or calls - cost < most * share / 100
    assert calls == cost or calls - cost + others < most * stop_at / 100
    assert calls >= most * share / 100 or calls + others >= most * stop_at / 100  # and nothing is left unused
