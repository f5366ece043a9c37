"""Passes on a schedule, in one process that is left running: `hpro serve`."""

from hpro_connectors.service.job import JobState, RunResult, ServiceJob, ServiceState, StopSignal
from hpro_connectors.service.one_service import one_service
from hpro_connectors.service.schedule import Schedule, ScheduleSettings
from hpro_connectors.service.serve import Service, serve

__all__ = [
    "JobState",
    "RunResult",
    "Schedule",
    "ScheduleSettings",
    "Service",
    "ServiceJob",
    "ServiceState",
    "StopSignal",
    "one_service",
    "serve",
]
