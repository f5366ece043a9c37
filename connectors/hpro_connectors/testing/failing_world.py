"""A company in memory whose connector fails by a script, behind a guard whose waits only move a clock."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from threading import Event
from typing import Final

from hpro_connectors.calls import CallPolicy, Deadline, GuardedConnector
from hpro_connectors.testing.clock import ManualClock, ManualSleep
from hpro_connectors.testing.company import MemoryCompany
from hpro_connectors.testing.faults import Fault, FaultScript
from hpro_connectors.testing.faulty import FaultyConnector
from hpro_connectors.testing.memory import MemoryConnector

NO_BREAKER: Final = CallPolicy(breaker_failures=1_000_000)
"""The usual policy, but for the circuit breaker."""


class FailingWorld:
    """What a run calls through, and all that stands behind it.

    Args:
        faults: What goes wrong.
        policy: Of the guard; default: without a circuit breaker, so that waits are those of single calls.
        seconds: Until the run should be over; ``None``: it may last.
        leads: How many there are, each with a person and an interaction.
        page_size: Records a page.
        seed: Of the waits.

    Attributes:
        clock: Of the company, the guard and the deadline.
        sleep: What the guard waits with.
        stop: Set it, and the guard calls no more.
        company: The CRM.
        memory: The connector that never fails.
        faulty: The one that does.
        connector: The guard around it.
    """

    def __init__(
        self,
        faults: Sequence[Fault] | FaultScript = (),
        policy: CallPolicy = NO_BREAKER,
        *,
        seconds: float | None = None,
        leads: int = 12,
        page_size: int = 3,
        seed: int = 1,
    ) -> None:
        self.clock = ManualClock()
        self.sleep = ManualSleep(self.clock)
        self.stop = Event()
        self.company = MemoryCompany(self.clock)
        for number in range(leads):
            lead_id = self.company.create_lead(f"L{number:03}", person_id=f"P{number:03}", fields={"visits": number})
            self.company.log_interaction(f"I{number:03}", lead_id, text=f"words about {lead_id}")
        self.memory = MemoryConnector(self.company, page_size=page_size)
        self.faulty = FaultyConnector(self.memory, faults if isinstance(faults, FaultScript) else FaultScript(faults))
        self.connector = GuardedConnector(
            self.faulty,
            policy,
            clock=self.clock.seconds,
            sleep=self.sleep,
            deadline=None if seconds is None else Deadline.after(seconds, self.clock.seconds),
            stop=self.stop,
            random=Random(seed),
        )
