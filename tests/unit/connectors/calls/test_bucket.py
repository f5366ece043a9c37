"""The token bucket never lets out more than it says, and never less than it could."""

from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.calls.bucket import TokenBucket


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_a_pace() -> None:
    clock = Seconds()
    bucket = TokenBucket(2.0, 3, clock)
    assert [bucket.reserve() for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    clock.now = 1.0
    assert bucket.reserve() == pytest.approx(0.5)
    clock.now = 100.0
    assert [bucket.reserve() for _ in range(4)] == [0, 0, 0, 0.5]


def test_what_went_out_already_is_waited_for_later() -> None:
    bucket = TokenBucket(1.0, 1, Seconds())
    assert bucket.reserve() == 0
    bucket.spend(3)
    assert bucket.reserve() == 4


def test_a_token_that_was_not_used_comes_back_but_no_more_than_it_holds() -> None:
    bucket = TokenBucket(1.0, 1, Seconds())
    assert bucket.reserve() == 0
    bucket.give_back()
    bucket.give_back()
    assert [bucket.reserve(), bucket.reserve()] == [0, 1]


def test_a_clock_that_goes_back_makes_no_tokens() -> None:
    clock = Seconds()
    clock.now = 10.0
    bucket = TokenBucket(1.0, 1, clock)
    bucket.reserve()
    clock.now = 5.0
    assert bucket.reserve() == 1
    clock.now = 10.0
    assert bucket.reserve() == 2


@given(
    per_second=st.floats(0.1, 50),
    burst=st.integers(1, 8),
    gaps=st.lists(st.one_of(st.just(0.0), st.floats(0, 3)), min_size=1, max_size=40),
)
def test_in_no_stretch_of_time_more_requests_go_out_than_promised(
    per_second: float, burst: int, gaps: list[float]
) -> None:
    clock = Seconds()
    bucket = TokenBucket(per_second, burst, clock)
    sent: list[float] = []
    for gap in gaps:
        clock.now += gap
        clock.now += bucket.reserve()
        sent.append(clock.now)
    for first, begin in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + per_second * (sent[last] - begin) + 1e-6


@given(per_second=st.floats(0.5, 20), burst=st.integers(1, 5), count=st.integers(1, 30))
def test_whoever_always_asks_gets_all_that_was_promised(per_second: float, burst: int, count: int) -> None:
    clock = Seconds()
    bucket = TokenBucket(per_second, burst, clock)
    for _ in range(count):
        clock.now += bucket.reserve()
    assert clock.now == pytest.approx(max(0, count - burst) / per_second)


def test_threads_share_one_without_losing_a_token() -> None:
    bucket = TokenBucket(1.0, 1, Seconds())
    waits: list[float] = []

    def take() -> None:
        for _ in range(200):
            waits.append(bucket.reserve())  # noqa: PERF401 - each reservation is seen by the other threads at once

    threads = [Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == list(range(800))
