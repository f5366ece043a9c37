"""Assignment rules: a record that comes in by REST goes to whom the active rule names, unless the client forbids it."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.call import Call

HEADER = "Sforce-Auto-Assign"
ASSIGNED = frozenset({"Lead", "Case", "Account"})
"""Objects that have assignment rules."""


def assign(org: SalesforceOrg, call: Call, object_name: str, record_id: str) -> None:
    """Give a record that was made or changed to whom the active rule names.

    Args:
        org: Whose.
        call: That wrote it.
        object_name: Of which object it is.
        record_id: Which record.
    """
    owner_id = org.rules.assigned_to.get(object_name)
    if owner_id is None or object_name not in ASSIGNED:
        return
    if call.request.headers.value(HEADER, "TRUE").upper() != "FALSE":
        org.update(object_name, record_id, {"OwnerId": owner_id})
