"""The resources of the REST API: which path is answered by whom."""

from __future__ import annotations

from collections.abc import Callable

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.http.router import Router
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.bulk_query import BulkQueryJobs
from hpro_connectors.emulators.salesforce.wire.call import Call, Resource
from hpro_connectors.emulators.salesforce.wire.limits import OrgLimits
from hpro_connectors.emulators.salesforce.wire.queries import Queries
from hpro_connectors.emulators.salesforce.wire.records import Records
from hpro_connectors.emulators.salesforce.wire.sobject_collections import Collections
from hpro_connectors.emulators.salesforce.wire.tooling import Tooling

FIRST_VERSION, LAST_VERSION = 31, 68
"""Older versions were taken away."""

_SEASONS = ("Winter", "Spring", "Summer")
_WINTER_24 = 59


def resources(
    org: SalesforceOrg, queries: Queries, jobs: BulkQueryJobs, limits: OrgLimits
) -> Router[Callable[[Call], Response]]:
    """Say who answers what lies below ``/services/data/vNN.0/``.

    Args:
        org: Whose.
        queries: Answer queries.
        jobs: Answer the Bulk API.
        limits: Of the org.
    """
    router: Router[Resource] = Router()
    records, collections, tooling = Records(org), Collections(org), Tooling(org, queries)
    router.add("GET", "", lambda call: _overview(call, org.org_id))
    router.add("GET", "limits", lambda _: Response.of_json(limits.as_json()))
    router.add("GET", "query", queries.query)
    router.add("GET", "queryAll", queries.query_all)
    router.add("GET", "query/{locator}", queries.more)
    router.add("GET", "queryAll/{locator}", queries.more)
    router.add("GET", "sobjects", records.objects)
    router.add("GET", "sobjects/{object}", records.overview)
    router.add("POST", "sobjects/{object}", records.create)
    router.add("GET", "sobjects/{object}/describe", records.describe)
    router.add("GET", "sobjects/{object}/deleted", records.deleted)
    router.add("GET", "sobjects/{object}/updated", records.updated)
    router.add("GET", "sobjects/{object}/{id}", records.read)
    router.add("PATCH", "sobjects/{object}/{id}", records.update)
    router.add("DELETE", "sobjects/{object}/{id}", records.delete)
    router.add("GET", "sobjects/{object}/{id}/{field}", records.content)
    router.add("PATCH", "composite/sobjects", collections.update)
    router.add("POST", "composite/sobjects", collections.create)
    router.add("GET", "composite/sobjects/{object}", collections.read)
    router.add("POST", "composite/sobjects/{object}", collections.read)
    router.add("POST", "jobs/query", jobs.create)
    router.add("GET", "jobs/query", jobs.all)
    router.add("GET", "jobs/query/{id}", jobs.look_at)
    router.add("PATCH", "jobs/query/{id}", jobs.change)
    router.add("DELETE", "jobs/query/{id}", jobs.delete)
    router.add("GET", "jobs/query/{id}/results", jobs.results)
    router.add("GET", "tooling/query", tooling.query)
    router.add("GET", "tooling/query/{locator}", queries.more)
    router.add("POST", "tooling/sobjects/CustomField", tooling.create_field)
    router.add("GET", "tooling/sobjects/CustomField/{id}", tooling.read_field)
    router.add("DELETE", "tooling/sobjects/CustomField/{id}", tooling.delete_field)
    return router


def versions() -> Response:
    """Name the versions of the API; nobody has to sign in for that."""
    return Response.of_json(
        [
            {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(FIRST_VERSION, LAST_VERSION + 1)
        ]
    )


def _label(number: int) -> str:
    year, season = divmod(number - _WINTER_24, len(_SEASONS))
    return f"{_SEASONS[season]} '{24 + year:02d}"


def _overview(call: Call, org_id: str) -> Response:
    names = ("sobjects", "query", "queryAll", "limits", "composite", "jobs", "tooling")
    found = {name: f"{call.base}/{name}" for name in names}
    return Response.of_json({**found, "identity": f"https://login.salesforce.com/id/{org_id}/{call.user_id}"})
