"""What tests of connectors, and of what builds on them, are made of.

A connector proves that it keeps to the protocol by passing :class:`ConnectorContract`; an engine is tried on a
:class:`World`, in which nothing but the CRM and the model's arithmetic is made up.
"""

from hpro_connectors.testing.clock import ManualClock
from hpro_connectors.testing.company import MemoryCompany
from hpro_connectors.testing.contract import ConnectorContract, ContractCrm
from hpro_connectors.testing.memory import MemoryConnector
from hpro_connectors.testing.world import ArithmeticEngine, World

__all__ = [
    "ArithmeticEngine",
    "ConnectorContract",
    "ContractCrm",
    "ManualClock",
    "MemoryCompany",
    "MemoryConnector",
    "World",
]
