"""What is left of the org's daily quotas, against the budget that HPRO keeps to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from pydantic import JsonValue

from hpro_connectors.config.tables import BudgetConfig
from hpro_connectors.doctor import Finding
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient

_CALLS: Final = "API calls"
_JOBS: Final = "Bulk query jobs"
_JOBS_OF_A_FIRST_LOAD: Final = 20
_SEE: Final = "In Setup, Company Information shows who uses the calls"


class _Quota(NamedTuple):
    left: int
    most: int

    @property
    def used_percent(self) -> float:
        return 100.0 * (self.most - self.left) / self.most


def check_limits(client: SalesforceClient, budget: BudgetConfig) -> Iterator[Finding]:
    """Look at the quotas.

    Args:
        client: Signed in.
        budget: What HPRO may use.
    """
    found = client.request("GET", "limits/")
    yield _calls(_quota(found, "DailyApiRequests"), budget)
    yield _jobs(_quota(found, "DailyBulkV2QueryJobs"))


def _calls(quota: _Quota | None, budget: BudgetConfig) -> Finding:
    if quota is None:
        return Finding.ok(_CALLS, "The org does not say how many calls it has left.")
    used = (
        f"{quota.left:,} of {quota.most:,} calls of 24 hours are left ({quota.used_percent:.0f} % used, by all tools)"
    )
    if quota.used_percent >= budget.stop_at_percent:
        return Finding.problem(
            _CALLS,
            f"{used}. HPRO stops at {budget.stop_at_percent:g} % and makes no pass now.",
            f"Wait: calls are counted over the last 24 hours. {_SEE}; stop_at_percent in hpro.toml is HPRO's limit.",
        )
    until_the_stop = quota.most * budget.stop_at_percent / 100 - (quota.most - quota.left)
    of_a_run = quota.most * budget.run_percent / 100
    if until_the_stop < of_a_run:
        return Finding.warning(
            _CALLS,
            f"{used}. A run may use {of_a_run:,.0f}, and HPRO stops after {until_the_stop:,.0f} more.",
            f"Run at a quieter time, or lower run_percent in hpro.toml. {_SEE}.",
        )
    return Finding.ok(_CALLS, f"{used}; a run may use {of_a_run:,.0f}.")


def _jobs(quota: _Quota | None) -> Finding:
    if quota is None:
        return Finding.ok(_JOBS, "The org does not say how many Bulk query jobs it has left.")
    left = f"{quota.left:,} of {quota.most:,} Bulk query jobs of 24 hours are left"
    if not quota.left:
        return Finding.problem(
            _JOBS, f"{left}: no first load and no comparison of ids now.", "Wait; other tools used them."
        )
    if quota.left < _JOBS_OF_A_FIRST_LOAD:
        return Finding.warning(_JOBS, f"{left}, and a first load takes about a dozen.", "Make the first load later.")
    return Finding.ok(_JOBS, f"{left}.")


def _quota(found: JsonValue, name: str) -> _Quota | None:
    row = found.get(name) if isinstance(found, dict) else None
    most, left = (row.get("Max"), row.get("Remaining")) if isinstance(row, dict) else (None, None)
    if not isinstance(most, int) or not isinstance(left, int) or most <= 0:
        return None
    return _Quota(max(0, left), most)
