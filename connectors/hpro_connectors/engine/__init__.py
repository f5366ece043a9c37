"""The engine: one pass after the other keeps the scores in a CRM up to date, whichever CRM it is."""

from hpro_connectors.engine.applying import ApplyReport, apply_plan
from hpro_connectors.engine.passes import make_plan, run_pass
from hpro_connectors.engine.rails import Stop, StopCode, current_stop
from hpro_connectors.engine.rollback import roll_back
from hpro_connectors.engine.running import status_of as report_status
from hpro_connectors.engine.settings import PassSettings, Progress, Stage
from hpro_connectors.state import PassReport, Problem

__all__ = [
    "ApplyReport",
    "PassReport",
    "PassSettings",
    "Problem",
    "Progress",
    "Stage",
    "Stop",
    "StopCode",
    "apply_plan",
    "current_stop",
    "make_plan",
    "report_status",
    "roll_back",
    "run_pass",
]
