"""The fault script: each fault happens where it is said to, once, and nothing else goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from hpro_connectors.errors import NetworkError, RateLimitedError, ServerError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import Backfill, Page, WriteStatus
from hpro_connectors.testing import (
    Fault,
    FaultKind,
    FaultScript,
    FaultyConnector,
    ManualClock,
    ManualSleep,
    MemoryCompany,
    MemoryConnector,
    Place,
)
from hpro_connectors.testing.faults import Method

EVERYTHING = Backfill(end=datetime(2030, 1, 1, tzinfo=UTC))


def company() -> MemoryCompany:
    made = MemoryCompany(ManualClock())
    for number in range(9):
        made.create_lead(f"L{number}")
        made.log_interaction(f"I{number}", f"L{number}", text="words")
    return made


def faulty(*faults: Fault) -> FaultyConnector:
    return FaultyConnector(MemoryConnector(company(), page_size=3), FaultScript(faults))


def rows(connector: FaultyConnector, count: int = 4) -> list[ScoreRow]:
    memory = connector.connector
    assert isinstance(memory, MemoryConnector)
    return [ScoreRow(lead=memory.company.key(f"L{number}"), rank=number + 1) for number in range(count)]


def sizes(pages: list[Page]) -> list[int]:
    return [len(page.upserts) for page in pages]


METHODS: dict[Method, Callable[[FaultyConnector], object]] = {
    "identity": lambda connector: connector.identity(),
    "describe": lambda connector: connector.describe(),
    "server_time": lambda connector: connector.server_time(),
    "streams": lambda connector: connector.streams(),
    "read": lambda connector: list(connector.read("Lead", EVERYTHING)),
    "read_by_lead": lambda connector: list(connector.read_by_lead("Lead", ["L1"])),
    "list_ids": lambda connector: connector.list_ids("Lead"),
    "ensure_fields": lambda connector: connector.ensure_fields(),
    "write": lambda connector: connector.write(rows(connector, 1)),
    "read_back": lambda connector: connector.read_back(["L1"]),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [Fault.before, Fault.after])
def test_the_nth_call_of_a_method_fails_and_no_other(method: Method, make: Callable[..., Fault]) -> None:
    connector = faulty(make(method, ServerError, nth=2, times=2))
    failed = []
    for number in range(1, 6):
        for name, call in METHODS.items():
            try:
                call(connector)
            except ServerError:
                failed.append((name, number))
    assert failed == [(method, 2), (method, 3)]
    assert [(done.place.method, done.place.call) for done in connector.done] == failed


def test_what_fails_before_never_happened_and_what_fails_after_did() -> None:
    for make, shown in ((Fault.before, 0), (Fault.after, 2)):
        connector = faulty(make("write", NetworkError))
        sent = rows(connector, 2)
        with pytest.raises(NetworkError):
            connector.write(sent)
        memory = connector.connector
        assert isinstance(memory, MemoryConnector)
        assert len(memory.company.shown) == shown
        assert connector.limits().calls == (1 if shown else 0)


def test_calls_are_counted_by_stream_when_a_stream_is_named() -> None:
    connector = faulty(Fault.before("list_ids", stream="Interaction", nth=2))
    connector.list_ids("Lead")
    connector.list_ids("Interaction")
    connector.list_ids("Lead")
    with pytest.raises(NetworkError):
        connector.list_ids("Interaction")
    assert connector.done[0].place.stream_call == 2


@pytest.mark.parametrize("make", [Fault.before, Fault.after])
def test_a_page_fails_and_those_before_came(make: Callable[..., Fault]) -> None:
    connector = faulty(make("read", stream="Lead", page=3))
    assert sizes(list(connector.read("Interaction", EVERYTHING))) == [3, 3, 3]
    pages = connector.read("Lead", EVERYTHING)
    assert sizes([next(pages), next(pages)]) == [3, 3]
    with pytest.raises(NetworkError):
        next(pages)
    assert sizes(list(connector.read("Lead", EVERYTHING))) == [3, 3, 3]


def test_pages_end_without_a_complete_one() -> None:
    connector = faulty(Fault.ends(page=3), Fault.ends("read_by_lead"))
    pages = list(connector.read("Lead", EVERYTHING))
    assert [page.complete for page in pages] == [False, False]
    assert list(connector.read_by_lead("Lead", ["L1"])) == []


def test_a_page_comes_twice() -> None:
    connector = faulty(Fault.twice(page=2), Fault.twice(nth=2, page=3))
    pages = list(connector.read("Lead", EVERYTHING))
    assert len(pages) == 4
    assert pages[1] == pages[2]
    pages = list(connector.read("Lead", EVERYTHING))
    assert [page.complete for page in pages] == [False, False, True, True]


def test_some_rows_are_answered_and_not_written() -> None:
    connector = faulty(
        Fault.answers(WriteStatus.RETRY, [0]), Fault.answers(WriteStatus.REJECTED, [2, 77]), Fault.after("write", nth=2)
    )
    sent = rows(connector)
    results = connector.write(sent)
    assert [result.lead for result in results] == [row.lead for row in sent]
    written = WriteStatus.WRITTEN
    assert [result.status for result in results] == [WriteStatus.RETRY, written, WriteStatus.REJECTED, written]
    assert [result.code for result in results] == ["SCRIPTED", None, "SCRIPTED", None]
    memory = connector.connector
    assert isinstance(memory, MemoryConnector)
    assert set(memory.company.shown) == {"L1", "L3"}


def test_rows_that_are_all_answered_reach_nobody() -> None:
    connector = faulty(Fault.answers(WriteStatus.SKIPPED, range(4)))
    assert {result.status for result in connector.write(rows(connector))} == {WriteStatus.SKIPPED}
    assert connector.limits().calls == 0


def test_a_script_can_be_changed_while_it_plays() -> None:
    connector = faulty(Fault.before("identity", times=99))
    with pytest.raises(NetworkError):
        connector.identity()
    connector.script = FaultScript([Fault.before("identity", ServerError, nth=3)])
    connector.identity()
    with pytest.raises(ServerError):
        connector.identity()


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Fault.ends("write"), "write has no pages"),
        (lambda: Fault.twice("list_ids"), "list_ids has no pages"),
        (lambda: Fault("read", FaultKind.ROWS), "read has no rows"),
        (lambda: Fault.before("read", nth=0), "counted from 1"),
        (lambda: Fault.before("read", page=0), "counted from 1"),
    ],
)
def test_a_fault_that_could_never_happen_is_refused(made: Callable[[], Fault], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made()


def play(script: FaultScript, rounds: int = 40) -> FaultyConnector:
    """Call everything again and again, whatever comes."""
    connector = FaultyConnector(MemoryConnector(company(), page_size=3), script)
    for _ in range(rounds):
        for call in METHODS.values():
            try:
                call(connector)
            except (NetworkError, ServerError, RateLimitedError):
                continue
    return connector


def seen(connector: FaultyConnector) -> list[tuple[Place, FaultKind, tuple[int, ...]]]:
    return [(done.place, done.fault.kind, done.fault.rows) for done in connector.done]


def test_random_faults_are_the_same_for_the_same_seed() -> None:
    first = seen(play(FaultScript.random(5, 0.2)))
    assert first == seen(play(FaultScript.random(5, 0.2)))
    assert first != seen(play(FaultScript.random(6, 0.2)))


def test_random_faults_are_of_every_kind_and_fit_their_place() -> None:
    connector = play(FaultScript.random(5, 0.3))
    assert {done.fault.kind for done in connector.done} == set(FaultKind)
    assert {done.place.method for done in connector.done} == set(METHODS)
    for place, fault in connector.done:
        assert fault.method == place.method
        assert fault.kind is not FaultKind.ROWS or (place.method == "write" and fault.rows == (0,))


def test_random_faults_come_about_as_often_as_asked_for() -> None:
    asked: list[Place] = []

    class Counted(FaultScript):
        def at(self, place: Place) -> list[Fault]:
            asked.append(place)
            return script.at(place)

    script = FaultScript.random(5, 0.25)
    connector = play(Counted(), rounds=200)
    assert 0.22 < len(connector.done) / len(asked) < 0.28
    assert play(FaultScript.random(5, 0.0)).done == []


def test_random_faults_end_and_come_only_where_they_may() -> None:
    methods: set[Method] = {"write", "read"}
    script = FaultScript.random(5, 1.0, {FaultKind.BEFORE}, methods=methods, errors=[ServerError], limit=7)
    connector = play(script)
    assert len(connector.done) == 7
    assert {done.place.method for done in connector.done} == methods
    assert {done.fault.error for done in connector.done} == {ServerError}


def test_random_faults_in_a_row_have_a_limit() -> None:
    connector = FaultyConnector(MemoryConnector(company()), FaultScript.random(5, 1.0, in_a_row=2))
    outcomes = []
    for _ in range(9):
        try:
            connector.identity()
            outcomes.append(True)
        except (NetworkError, ServerError, RateLimitedError):
            outcomes.append(False)
    assert outcomes == [False, False, True] * 3


def test_a_manual_sleep_moves_its_clock() -> None:
    clock = ManualClock()
    began = clock.now
    sleep = ManualSleep(clock)
    sleep(1.5)
    sleep(0.5)
    assert (sleep.waits, clock.seconds(), (clock.now - began).total_seconds()) == ([1.5, 0.5], 2.0, 2.0)
