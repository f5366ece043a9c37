"""From a configuration to an org at work: its connector, its state, its model, and the lease on it."""

from hpro_connectors.orgs.connecting import connected
from hpro_connectors.orgs.limits import call_policy_of, pass_settings_of
from hpro_connectors.orgs.model_in_use import load_model_in_use
from hpro_connectors.orgs.working import WorkingOrg, open_state, working_org

__all__ = [
    "WorkingOrg",
    "call_policy_of",
    "connected",
    "load_model_in_use",
    "open_state",
    "pass_settings_of",
    "working_org",
]
