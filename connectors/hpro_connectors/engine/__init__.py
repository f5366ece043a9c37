"""The engine: one pass after the other keeps the scores in a CRM up to date, whichever CRM it is."""

from hpro_connectors.engine.passes import run_pass
from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.engine.trend import trend_of
from hpro_connectors.engine.writing_rule import must_write
from hpro_connectors.state import PassReport, Problem

__all__ = ["PassReport", "PassSettings", "Problem", "Progress", "must_write", "run_pass", "trend_of"]
