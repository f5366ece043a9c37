"""Installing HPRO's fields and permission sets in an org with an admin's session, and taking them out again.

This is what ``sf project deploy`` does with the files of :mod:`hpro_connectors.salesforce.metadata`, for an admin who
has no such tool: fields through the Tooling API, permissions as records. The integration user needs no right to
change the org; what it may do comes from the permission set ``HPRO_Connector``.
"""

from hpro_connectors.salesforce.installing.admin_session import HOW_TO_GET_ONE, AdminSession, read_session
from hpro_connectors.salesforce.installing.failures import admin_told
from hpro_connectors.salesforce.installing.install import install, plan_install
from hpro_connectors.salesforce.installing.org_users import OrgUser, find_user, signed_in_user_id, user_of_id
from hpro_connectors.salesforce.installing.reading_back import find_problems
from hpro_connectors.salesforce.installing.remove import Removal, plan_removal, remove
from hpro_connectors.salesforce.installing.steps import (
    Step,
    StepKind,
    StepState,
    count_changes,
    has_conflict,
    with_conflicts,
)

__all__ = [
    "HOW_TO_GET_ONE",
    "AdminSession",
    "OrgUser",
    "Removal",
    "Step",
    "StepKind",
    "StepState",
    "admin_told",
    "count_changes",
    "find_problems",
    "find_user",
    "has_conflict",
    "install",
    "plan_install",
    "plan_removal",
    "read_session",
    "remove",
    "signed_in_user_id",
    "user_of_id",
    "with_conflicts",
]
