"""Reads of pages: they go on after the last page that was given, and lose nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.calls import GuardedConnector
from hpro_connectors.errors import NetworkError, RateLimitedError, RetriableError, RunStoppedError, ServerError
from hpro_connectors.protocol import Backfill, Page, RecordKey, Window
from hpro_connectors.testing import FailingWorld, Fault, FaultKind, FaultScript, FaultyConnector, MemoryConnector
from hpro_connectors.testing.failing_world import NO_BREAKER
from hpro_connectors.testing.faults import MakeError

EVERYTHING = Backfill(end=datetime(2030, 1, 1, tzinfo=UTC))
PAGES = 4
"""Of twelve leads, three a page."""


def ids(pages: list[Page]) -> list[str]:
    return [RecordKey(*record.key).record_id for page in pages for record in page.upserts]


ALL = [f"L{number:03}" for number in range(12)]


@pytest.mark.parametrize("page", range(1, PAGES + 1))
@pytest.mark.parametrize("kind", ["before", "after", "ends", "twice"])
def test_a_failure_at_any_page_is_not_seen(page: int, kind: str) -> None:
    fault = {
        "before": Fault.before("read", page=page),
        "after": Fault.after("read", page=page),
        "ends": Fault.ends(page=page),
        "twice": Fault.twice(page=page),
    }[kind]
    world = FailingWorld([fault])
    pages = list(world.connector.read("Lead", EVERYTHING))
    assert ids(pages) == ALL
    assert [page.complete for page in pages] == [False, False, False, True]
    assert len(world.faulty.done) == 1


def test_every_page_has_its_full_number_of_tries() -> None:
    faults = [Fault.before("read", nth=1, times=4)]
    faults += [Fault.before("read", nth=first, times=1, page=2) for first in (5,)]
    faults += [Fault.before("read", nth=6, times=3), Fault.before("read", nth=9, page=3), Fault.before("read", nth=10)]
    world = FailingWorld(faults)
    assert ids(list(world.connector.read("Lead", EVERYTHING))) == ALL
    assert (world.connector.retries, len(world.faulty.done)) == (10, 10)


def test_tries_run_out_at_one_page_and_what_was_given_before_stays() -> None:
    world = FailingWorld([Fault.before("read", page=3), Fault.before("read", nth=2, times=9)])
    reading = world.connector.read("Lead", EVERYTHING)
    pages = [next(reading), next(reading)]
    assert ids(pages) == ALL[:6]
    with pytest.raises(NetworkError):
        next(reading)
    assert len(world.faulty.done) == 5
    rest = list(world.memory.read("Lead", EVERYTHING, pages[-1].resume))
    assert ids(rest) == ALL[6:]


def test_a_stored_resume_is_where_a_read_begins_and_begins_again() -> None:
    first = next(FailingWorld().connector.read("Lead", EVERYTHING))
    world = FailingWorld([Fault.before("read"), Fault.after("read", nth=2)])
    assert ids(list(world.connector.read("Lead", EVERYTHING, first.resume))) == ALL[3:]


def test_pages_without_a_resume_come_again_and_none_is_missing() -> None:
    world = FailingWorld([Fault.before("read_by_lead", page=3)])
    pages = list(world.connector.read_by_lead("Lead", ALL))
    assert ids(pages) == ALL[:6] + ALL
    assert [page.complete for page in pages] == [False] * 5 + [True]


def test_pages_that_only_come_again_are_no_progress() -> None:
    world = FailingWorld([Fault.before("read_by_lead", times=1000, page=3)])
    with pytest.raises(NetworkError):
        list(world.connector.read_by_lead("Lead", ALL))
    assert len(world.faulty.done) == 5


def test_each_step_further_is_progress_without_a_resume_too() -> None:
    faults = [Fault.before("read_by_lead", nth=1 + 4 * step, times=4, page=step + 1) for step in range(PAGES)]
    world = FailingWorld(faults)
    assert set(ids(list(world.connector.read_by_lead("Lead", ALL)))) == set(ALL)
    assert world.connector.retries == 4 * PAGES


class NamesPagesById(MemoryConnector):
    """Gives a resume with answers by id, though nothing can be asked for with it."""

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        for number, page in enumerate(super().read_by_lead(stream, lead_ids)):
            yield page.model_copy(update={"resume": None if page.complete else number})


def test_answers_by_id_are_asked_for_anew_even_if_they_have_a_resume() -> None:
    for fault, tries in (
        (Fault.before("read_by_lead", page=3), 1),
        (Fault.before("read_by_lead", times=99, page=3), 5),
    ):
        world = FailingWorld()
        faulty = FaultyConnector(NamesPagesById(world.company, page_size=3), FaultScript([fault]))
        connector = GuardedConnector(faulty, NO_BREAKER, clock=world.clock.seconds, sleep=world.sleep)
        pages = connector.read_by_lead("Lead", ALL)
        if tries == 1:
            assert ids(list(pages)) == ALL[:6] + ALL
        else:
            with pytest.raises(NetworkError):
                list(pages)
        assert len(faulty.done) == tries


class EverySecond(MemoryConnector):
    """Only every second page of a window has a resume, against the contract."""

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        for number, page in enumerate(super().read(stream, window, resume)):
            yield page if number % 2 else page.model_copy(update={"resume": None})


def test_a_page_without_a_resume_between_others_comes_again_and_counts_as_progress_once() -> None:
    # Page 1 has no resume, page 2 has one, page 3 has none: four failures before each of 2, 3 and 4.
    faults = [Fault.before("read", times=4, page=2), Fault.before("read", nth=5, page=3)]
    faults += [Fault.before("read", nth=6, times=3), Fault.before("read", nth=9, times=4, page=2)]
    world = FailingWorld()
    faulty = FaultyConnector(EverySecond(world.company, page_size=3), FaultScript(faults))
    connector = GuardedConnector(faulty, NO_BREAKER, clock=world.clock.seconds, sleep=world.sleep)
    assert ids(list(connector.read("Lead", EVERYTHING))) == ALL[:3] * 5 + ALL[3:6] + ALL[6:9] * 5 + ALL[9:]
    assert connector.retries == 12


class Stuck(MemoryConnector):
    """Gives the first page for ever."""

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        page = next(super().read(stream, window))
        while True:
            yield page


def test_a_page_that_comes_for_ever_is_an_error() -> None:
    world = FailingWorld()
    stuck = GuardedConnector(
        Stuck(world.company, page_size=3), NO_BREAKER, clock=world.clock.seconds, sleep=world.sleep
    )
    pages = stuck.read("Lead", EVERYTHING)
    assert ids([next(pages)]) == ALL[:3]
    with pytest.raises(ServerError, match="gave the same page of Lead twice"):
        next(pages)


class Endless(MemoryConnector):
    """Never gives a last page, nor any other one."""

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        return iter(())


def test_pages_that_never_come_are_an_error() -> None:
    world = FailingWorld()
    silent = GuardedConnector(Endless(world.company), NO_BREAKER, clock=world.clock.seconds, sleep=world.sleep)
    with pytest.raises(ServerError, match="stopped in the middle of Lead"):
        next(silent.read("Lead", EVERYTHING))


def test_nothing_is_asked_for_before_it_is_wanted_or_after_it_is_not() -> None:
    world = FailingWorld()
    pages = world.connector.read("Lead", EVERYTHING)
    assert world.connector.calls == 0
    next(pages)
    assert world.connector.calls == 1
    pages.close()  # type: ignore[attr-defined]  # as the end of a loop does it
    assert world.connector.calls == 1


def retriable_faults(method: str) -> st.SearchStrategy[Fault]:
    errors = st.sampled_from([NetworkError, ServerError, ConnectionResetError, KeyError])
    at = {"nth": st.integers(1, 12), "times": st.integers(1, 3), "page": st.integers(1, 5)}
    return st.one_of(
        st.builds(Fault.before, st.just(method), errors, **at),
        st.builds(Fault.after, st.just(method), errors, **at),
        st.builds(Fault.ends, st.just(method), **at),
        st.builds(Fault.twice, st.just(method), **at),
    )


@given(faults=st.lists(retriable_faults("read"), max_size=12), page_size=st.integers(1, 13))
def test_any_finite_script_of_faults_is_not_seen_by_who_reads(faults: list[Fault], page_size: int) -> None:
    policy = replace(NO_BREAKER, max_tries=40)
    world = FailingWorld(faults, policy, page_size=page_size)
    expected = list(world.memory.read("Lead", EVERYTHING))
    assert list(world.connector.read("Lead", EVERYTHING)) == expected


@given(faults=st.lists(retriable_faults("read_by_lead"), max_size=12), page_size=st.integers(1, 13))
def test_any_finite_script_of_faults_loses_no_record_read_by_id(faults: list[Fault], page_size: int) -> None:
    policy = replace(NO_BREAKER, max_tries=40)
    world = FailingWorld(faults, policy, page_size=page_size)
    pages = list(world.connector.read_by_lead("Interaction", ALL))
    assert {record.key: record for page in pages for record in page.upserts} == {
        record.key: record for page in world.memory.read_by_lead("Interaction", ALL) for record in page.upserts
    }
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]


def random_faults(seed: int, rate: float, asked: float) -> FaultScript:
    errors: list[MakeError] = [NetworkError, lambda: RateLimitedError(retry_after_s=asked)]
    return FaultScript.random(seed, rate, {FaultKind.BEFORE, FaultKind.ENDS}, errors=errors)


@given(
    script=st.one_of(
        st.builds(FaultScript, st.lists(retriable_faults("read"), max_size=12)),
        st.builds(random_faults, st.integers(0, 1000), st.floats(0.1, 0.9), st.floats(0, 20)),
    ),
    seconds=st.floats(0, 40),
    seed=st.integers(0, 1000),
)
def test_waits_never_pass_the_deadline(script: FaultScript, seconds: float, seed: int) -> None:
    policy = replace(NO_BREAKER, calls_per_second=2.0, burst=1, breaker_failures=4, breaker_pause_s=10)
    world = FailingWorld(script, policy, seconds=seconds, seed=seed)
    began = world.clock.seconds()
    with contextlib.suppress(RetriableError, RunStoppedError):
        for page in world.connector.read("Lead", EVERYTHING):
            assert page
    assert world.connector.waited_s == pytest.approx(world.clock.seconds() - began)
    assert world.connector.waited_s <= seconds + 1e-5
