"""The connector in memory keeps to the protocol; so does a guard around it, whatever fails behind the guard."""

from __future__ import annotations

from datetime import datetime

import pytest

from hpro_connectors.calls import CallPolicy, GuardedConnector
from hpro_connectors.protocol import Connector
from hpro_connectors.testing import (
    ConnectorContract,
    ContractCrm,
    FaultKind,
    FaultScript,
    FaultyConnector,
    ManualClock,
    ManualSleep,
    MemoryCompany,
    MemoryConnector,
)
from hpro_connectors.testing.faults import Method


class MemoryCrm:
    def __init__(self) -> None:
        self.company = MemoryCompany(ManualClock())
        for number in range(12):
            lead_id = self.company.create_lead(f"L{number}", person_id=f"P{number}", fields={"visits": number})
            self.company.change_lead(lead_id, stage="Talking", fields={"visits": number + 1})
            self.company.log_interaction(f"I{number}", lead_id, text="words")

    def connector(self) -> Connector:
        return MemoryConnector(self.company, page_size=3)

    def touch_lead(self, lead_id: str) -> datetime:
        self.company.touch_lead(lead_id)
        return self.company.clock.now

    def delete_lead(self, lead_id: str) -> None:
        self.company.delete_lead(lead_id)

    def merge_leads(self, loser: str, survivor: str) -> None:
        self.company.merge_leads(loser, survivor)


class TestMemoryConnector(ConnectorContract):
    def make_crm(self) -> ContractCrm:
        return MemoryCrm()


class GuardedCrm(MemoryCrm):
    def connector(self) -> Connector:
        clock = ManualClock()
        policy = CallPolicy(calls_per_second=1.0, burst=1)
        return GuardedConnector(super().connector(), policy, clock=clock.seconds, sleep=ManualSleep(clock))


class TestGuardedConnector(ConnectorContract):
    def make_crm(self) -> ContractCrm:
        return GuardedCrm()


READS: tuple[Method, ...] = (
    "identity",
    "describe",
    "server_time",
    "streams",
    "read",
    "read_by_lead",
    "list_ids",
    "read_back",
)
WRITES: tuple[Method, ...] = ("write", "ensure_fields")


class FailingCrm(MemoryCrm):
    """Whatever can be repeated fails at random.

    Writes fail before they arrive only: after a lost answer, rows are counted twice and fields are there already.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.faulty: list[FaultyConnector] = []
        self._seed = seed

    def connector(self) -> Connector:
        kinds = set(FaultKind) - {FaultKind.ROWS}
        reads = FaultScript.random(self._seed, 0.1, kinds, methods=READS)
        writes = FaultScript.random(self._seed, 0.5, {FaultKind.BEFORE}, methods=WRITES)
        inner = FaultyConnector(super().connector(), reads)
        outer = FaultyConnector(inner, writes)
        self.faulty += [inner, outer]
        clock = ManualClock()
        policy = CallPolicy(max_tries=20)  # a long answer by id begins anew after each failure
        return GuardedConnector(outer, policy, clock=clock.seconds, sleep=ManualSleep(clock))


class TestGuardedFailingConnector(ConnectorContract):
    crm: FailingCrm

    @pytest.fixture(autouse=True, params=range(5))
    def _crm(self, request: pytest.FixtureRequest) -> None:
        self.crm = FailingCrm(request.param)

    def make_crm(self) -> ContractCrm:
        return self.crm


def test_behind_the_guard_every_kind_of_failure_happens() -> None:
    kinds: set[FaultKind] = set()
    methods: set[str] = set()
    for seed in range(5):
        contract = TestGuardedFailingConnector()
        contract.crm = FailingCrm(seed)
        contract.test_reading_many_leads_by_id_gives_all_pages()
        contract.test_a_write_is_shown_and_touches_nothing_else()
        for faulty in contract.crm.faulty:
            kinds |= {fault.kind for _, fault in faulty.done}
            methods |= {place.method for place, _ in faulty.done}
    assert kinds == set(FaultKind) - {FaultKind.ROWS}
    assert {"read", "read_by_lead", "write"} <= methods
