"""What tests of connectors, and of what builds on them, are made of: for everyone who writes a connector to a CRM.

A connector proves that it keeps to the protocol by passing :class:`ConnectorContract`; an engine is tried on a
:class:`World`, in which nothing but the CRM and the model's arithmetic is made up.

A connector to a CRM of your own, in three steps. First the contract, with a CRM that it can change::

    class TestMyConnector(ConnectorContract):
        def make_crm(self) -> ContractCrm:
            return MyCrm()  # at least five leads, three pages of every stream

Then the contract again with failures in between: a :class:`FaultyConnector` lets calls fail by a script, and a
:class:`~hpro_connectors.calls.GuardedConnector`, which every connector runs behind, makes them again. Nothing waits in
truth: :class:`ManualSleep` moves a :class:`ManualClock` on. ::

    class MyFailingCrm(MyCrm):
        def connector(self) -> Connector:
            clock = ManualClock()
            kinds = {FaultKind.BEFORE, FaultKind.ENDS}
            script = FaultScript.random(seed=7, rate=0.1, kinds=kinds, in_a_row=2)
            faulty = FaultyConnector(super().connector(), script)
            policy = CallPolicy(max_tries=20)  # an answer by id that fails in the middle begins anew
            return GuardedConnector(faulty, policy, clock=clock.seconds, sleep=ManualSleep(clock))

Last, single failures by name: the answer to the second write is lost, the third page of the leads does not come::

    FaultScript([Fault.after("write", ServerError, nth=2), Fault.before("read", NetworkError, stream="Lead", page=3)])

What went wrong stands in ``FaultyConnector.done``, what was waited in ``ManualSleep.waits``.
"""

from hpro_connectors.testing.clock import ManualClock, ManualSleep
from hpro_connectors.testing.company import MemoryCompany
from hpro_connectors.testing.contract import ConnectorContract, ContractCrm
from hpro_connectors.testing.crashes import Crash, CrashPlace, CrashPoint
from hpro_connectors.testing.failing_world import FailingWorld
from hpro_connectors.testing.faults import Fault, FaultKind, FaultScript, Place
from hpro_connectors.testing.faulty import FaultDone, FaultyConnector
from hpro_connectors.testing.fixed_cost import FixedCostEngine, fixed_cost_scorer
from hpro_connectors.testing.memory import MemoryConnector
from hpro_connectors.testing.world import ArithmeticEngine, World

__all__ = [
    "ArithmeticEngine",
    "ConnectorContract",
    "ContractCrm",
    "Crash",
    "CrashPlace",
    "CrashPoint",
    "FailingWorld",
    "Fault",
    "FaultDone",
    "FaultKind",
    "FaultScript",
    "FaultyConnector",
    "FixedCostEngine",
    "ManualClock",
    "ManualSleep",
    "MemoryCompany",
    "MemoryConnector",
    "Place",
    "World",
    "fixed_cost_scorer",
]
