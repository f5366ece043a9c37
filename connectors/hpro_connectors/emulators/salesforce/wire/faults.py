"""What goes wrong between a client and this CRM, ready for the fault script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from hpro_connectors.emulators.http.fault_script import Fault
from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.wire.call import error

EXPIRE_SESSIONS: Final = "expire_sessions"
EXPIRE_CURSORS: Final = "expire_cursors"
FAIL_BULK_JOB: Final = "fail_bulk_job"
FORGET_BULK_JOBS: Final = "forget_bulk_jobs"
FAIL_INGEST_JOB: Final = "fail_ingest_job"
ABORT_INGEST_JOB: Final = "abort_ingest_job"
REVOKE_CONSENT: Final = "revoke_consent"
DEACTIVATE_USER: Final = "deactivate_user"


def api_error(status: int, code: str, message: str = "said by the fault script", *, applied: bool = False) -> Fault:
    """Answer with an error of the API.

    Args:
        status: Of HTTP.
        code: The CRM's error code.
        message: The CRM's words.
        applied: Whether the request is carried out all the same.
    """
    return Fault.answering(error(status, code, message), f"{status} {code}", applied=applied)


def _maintenance(status: int) -> Fault:
    page = Response.of_html("Salesforce is down for maintenance. Sorry for the inconvenience.", status)
    return Fault.answering(page, f"maintenance page with {status}")


FAULTS: Final[Mapping[str, Callable[[], Fault]]] = MappingProxyType(
    {
        "reset": Fault.reset,
        "reset_after": lambda: Fault.reset(applied=True),
        "hang": Fault.hang,
        "hang_after": lambda: Fault.hang(applied=True),
        "truncated": Fault.truncated,
        "maintenance_200": lambda: _maintenance(200),
        "maintenance_503": lambda: _maintenance(503),
        "server_error": lambda: api_error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        "unavailable": lambda: api_error(503, "SERVER_UNAVAILABLE", "We are down for maintenance."),
        "bad_gateway": lambda: Fault.answering(Response.of_html("Bad Gateway", 502), "bad gateway"),
        "too_many_requests": lambda: Fault.answering(Response.of_html("Too Many Requests", 429), "429"),
        "unauthorized_dict": lambda: Fault.answering(
            Response.of_json({"error": "invalid_token", "error_description": "expired"}, 401), "401 as an object"
        ),
        "unauthorized_html": lambda: Fault.answering(Response.of_html("Unauthorized", 401), "401 as a page"),
        "session_expired": lambda: api_error(401, "INVALID_SESSION_ID", "Session expired or invalid"),
        "uri_too_long": lambda: Fault.answering(Response.of_html("URI Too Long", 414), "414"),
        "quota": lambda: api_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        "concurrent": lambda: api_error(
            403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        ),
        "query_timeout": lambda: api_error(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
        "api_disabled": lambda: api_error(
            403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."
        ),
        "expire_sessions": lambda: Fault.acting(EXPIRE_SESSIONS),
        "expire_cursors": lambda: Fault.acting(EXPIRE_CURSORS),
        "fail_bulk_job": lambda: Fault.acting(FAIL_BULK_JOB),
        "forget_bulk_jobs": lambda: Fault.acting(FORGET_BULK_JOBS),
        "fail_ingest_job": lambda: Fault.acting(FAIL_INGEST_JOB),
        "abort_ingest_job": lambda: Fault.acting(ABORT_INGEST_JOB),
        "revoke_consent": lambda: Fault.acting(REVOKE_CONSENT),
        "deactivate_user": lambda: Fault.acting(DEACTIVATE_USER),
    }
)
"""Faults by name; each call makes one."""

TRANSIENT: Final = (
    "reset",
    "reset_after",
    "truncated",
    "maintenance_200",
    "maintenance_503",
    "server_error",
    "unavailable",
    "bad_gateway",
    "too_many_requests",
)
"""Names of those that another try mends, except time-outs, which cost time."""


def transient_faults() -> tuple[Fault, ...]:
    """One of each that another try mends, for a rule with a share."""
    return tuple(FAULTS[name]() for name in TRANSIENT)
