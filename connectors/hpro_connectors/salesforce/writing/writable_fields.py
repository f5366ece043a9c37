"""Whether our fields can be written at all: looked at before the first row, so that no row fails for it."""

from __future__ import annotations

from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError
from hpro_connectors.protocol import FieldState
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS, plan_fields


def require_writable(described: CrmObject) -> None:
    """Make sure that our fields can be written, before the first row is sent.

    Args:
        described: The scored object as the CRM's user sees it.

    Raises:
        SchemaDriftError: One is missing, hidden, or something else.
        PermissionDeniedError: One cannot be written by this user.
    """
    planned = plan_fields(described)
    missing = [one.name for one in planned if one.state is FieldState.CREATED]
    if missing:
        raise SchemaDriftError(
            f"{described.name} has no field {', '.join(missing)}, or the CRM's user does not see it.",
            hint="Have an admin run `hpro fields install`: it gives that user the permission set HPRO_Connector. `hpro "
            "doctor` says which step is missing.",
            connector=NAME,
            stream=described.name,
        )
    clash = next((one for one in planned if one.state is FieldState.CONFLICT), None)
    if clash is not None:
        raise SchemaDriftError(
            f"{described.name} has a field {clash.name} that is not as HPRO makes it: {clash.detail}",
            hint="Rename it in the org, or delete it, and have an admin run `hpro fields install`.",
            connector=NAME,
            stream=described.name,
        )
    read_only = [column for column in SCORE_COLUMNS.values() if not described.by_name[column].updateable]
    if read_only:
        raise PermissionDeniedError(
            f"The CRM's user may not write {', '.join(read_only)} of {described.name}.",
            hint="Have an admin run `hpro fields install`; `hpro doctor` says what the permission set HPRO_Connector, "
            "or its assignment, lacks.",
            connector=NAME,
            stream=described.name,
        )
