"""What a request is about, for the journal: object, query and user."""

from __future__ import annotations

import re

from hpro_connectors.emulators.http.journal import Labels
from hpro_connectors.emulators.http.messages import Request
from hpro_connectors.emulators.salesforce.wire.bulk_query import BulkQueryJobs
from hpro_connectors.emulators.salesforce.wire.cursors import CursorStore
from hpro_connectors.emulators.salesforce.wire.sessions import SessionStore
from hpro_connectors.emulators.salesforce.wire.sign_in import bearer

_OBJECT = re.compile(r"/sobjects/(\w+)")
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_JOB = re.compile(r"/jobs/query/(\w+)")
_LOCATOR = re.compile(r"/query(?:All)?/(\w+)-\d+")


def labels_of(request: Request, sessions: SessionStore, jobs: BulkQueryJobs, cursors: CursorStore) -> Labels:
    """Say what a request is about.

    Args:
        request: It.
        sessions: Know the user.
        jobs: Know the query of a job.
        cursors: Know the object of a further page.
    """
    user = sessions.owner(bearer(request) or "")
    soql = request.query.get("q")
    if soql is None and request.path.rstrip("/").endswith("/jobs/query") and request.method == "POST":
        soql = _query_in(request)
    if soql is None and (found := _JOB.search(request.path)):
        soql = jobs.query_of(found[1])
    name = None
    if found := (soql is not None and _FROM.search(soql)) or _OBJECT.search(request.path):
        name = found[1]
    elif found := _LOCATOR.search(request.path):
        name = cursors.object_of(found[1])
    elif request.path.endswith("/composite/sobjects"):
        name = _first_type(request)
    return Labels(name, soql, user)


def _query_in(request: Request) -> str | None:
    try:
        body = request.json()
    except ValueError:
        return None
    soql = body.get("query") if isinstance(body, dict) else None
    return soql if isinstance(soql, str) else None


def _first_type(request: Request) -> str | None:
    found = re.search(rb'"type"\s*:\s*"(\w+)"', request.body)
    return None if found is None else found[1].decode("ascii", "replace")
