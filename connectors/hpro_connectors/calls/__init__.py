"""What stands between the engine and a connector: tries, the budget, the pace and the circuit breaker.

Connectors never retry, wait or keep a budget; they raise the errors of :mod:`hpro_connectors.errors` and leave the
rest to a :class:`GuardedConnector` around them. It keeps to the connector protocol itself, so nothing above it knows.
"""

from hpro_connectors.calls.deadline import Clock, Deadline
from hpro_connectors.calls.guarded import GuardedConnector
from hpro_connectors.calls.pauses import Sleep, interruptible_sleep
from hpro_connectors.calls.policy import CallPolicy

__all__ = ["CallPolicy", "Clock", "Deadline", "GuardedConnector", "Sleep", "interruptible_sleep"]
