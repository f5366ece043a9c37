"""The examination of an org file."""

from __future__ import annotations

from collections.abc import Iterator

from hpro_connectors.config import DemoCrm
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.org import Org
from hpro_connectors.doctor import Examined, Finding, Findings, check_exclusion
from hpro_connectors.protocol import FieldState
from hpro_sdk.errors import HproError


def examine_demo_org(crm: DemoCrm) -> Examined:
    """Open the org file for reading, and examine it.

    Args:
        crm: The CRM's table.
    """
    try:
        with Org.open(crm.org, writable=False) as org:
            connector = DemoConnector(org)
            identity, description = connector.identity(), connector.describe()
            findings = Findings()
            findings.found.append(Finding.ok("org", f"{identity.name} ({identity.org_id}), {_kind(identity.is_test)}."))
            findings.attempt("exclusion", check_exclusion(description, crm.exclude_name))
            findings.attempt("score fields", _own_fields(connector))
            return Examined(tuple(findings.found), identity, description.object_type, description)
    except HproError as exc:
        return Examined((Finding.fatal("org", exc.message, exc.hint or ""),))


def _kind(is_test: bool) -> str:  # noqa: FBT001 - as the identity says it
    return "an invented company" if is_test else "an imported org"


def _own_fields(connector: DemoConnector) -> Iterator[Finding]:
    planned = connector.ensure_fields(dry_run=True)
    conflicts = [one for one in planned if one.state is FieldState.CONFLICT]
    for one in conflicts:
        yield Finding.problem(
            "score fields", f"The org has a field {one.name} that is not ours: {one.detail}", "Rename it in the org."
        )
    if not conflicts:
        missing = sum(one.state is FieldState.CREATED for one in planned)
        yield Finding.ok("score fields", f"{missing} are made by the next run." if missing else "All are there.")
