"""Requests beyond a documented limit, or made in a way that no client should: collected, so that a test can fail."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from hpro_connectors.emulators.http.messages import Request, Response
from hpro_connectors.emulators.salesforce.wire.bulk_rules import COMPOUND
from hpro_connectors.emulators.salesforce.wire.queries import LARGEST_PAGE, SMALLEST_PAGE

LONGEST_TARGET = 16_384
LONGEST_HEADERS = 32_768
LONGEST_SOQL = 100_000
LONGEST_REPLICATION = timedelta(days=30)

_SECRETS = ("client_secret", "password", "assertion", "access_token", "oauth_token", "sid")
_REFUSALS = {
    "EXCEEDED_ID_LIMIT": "more records in one call than are allowed",
    "OPERATION_TOO_LARGE": "more kinds of records in one call than are allowed",
    "DUPLICATE_VALUE": "one record twice in one call",
    "MALFORMED_QUERY": "a malformed query",
    "JSON_PARSER_ERROR": "a body that is no JSON",
    "METHOD_NOT_ALLOWED": "a method that the resource does not know",
    "LIMIT_EXCEEDED": "more jobs in 24 hours than are allowed",
}
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)")
_CODE = re.compile(rb'"(?:errorCode|statusCode)":"([A-Z_]+)"')


@dataclass(frozen=True, slots=True)
class Violation:
    """A request that went too far.

    Attributes:
        number: Of the request, as in the journal.
        method: Of the request.
        path: Of the request.
        what: What it did.
    """

    number: int
    method: str
    path: str
    what: str

    def __str__(self) -> str:
        return f"request {self.number}, {self.method} {self.path}: {self.what}"


class StrictModeError(AssertionError):
    """Requests went beyond a documented limit."""


class Strictness:
    """Looks at requests and their answers. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._violations: list[Violation] = []

    @property
    def violations(self) -> tuple[Violation, ...]:
        """What was found, in order."""
        with self._lock:
            return tuple(self._violations)

    def clear(self) -> None:
        """Forget what was found."""
        with self._lock:
            self._violations.clear()

    def note(self, request: Request, what: str) -> None:
        """Note that a request went too far.

        Args:
            request: It.
            what: What it did.
        """
        with self._lock:
            self._violations.append(Violation(request.number, request.method, request.path, what))

    def look_at(self, request: Request, response: Response) -> None:
        """Look at a request and how it was answered.

        Args:
            request: It.
            response: The answer.
        """
        for what in _of_request(request):
            self.note(request, what)
        if isinstance(response.body, bytes) and (
            response.status >= 400 or request.path.endswith("/composite/sobjects")
        ):
            for code in sorted(set(_CODE.findall(response.body))):
                if (name := code.decode("ascii")) in _REFUSALS:
                    self.note(request, _REFUSALS[name])
            if COMPOUND.encode() in response.body:
                self.note(request, "a compound field in a Bulk query")


def _of_request(request: Request) -> list[str]:
    found = []
    if too_long(request):
        found.append(f"a URL of {len(request.target)} characters; {LONGEST_TARGET} are allowed")
    if any(name in request.query for name in _SECRETS):
        found.append("a secret in the URL")
    if len(request.query.get("q", "")) > LONGEST_SOQL:
        found.append(f"a query of more than {LONGEST_SOQL} characters")
    is_resource = re.match(r"/services/data/v[\d.]+/.", request.path) is not None
    if is_resource and not request.headers.value("Authorization"):
        found.append("no Authorization")
    if is_resource and request.method in {"POST", "PATCH"} and request.body:
        kind = request.headers.value("Content-Type").partition(";")[0].strip().lower()
        if kind != "application/json":
            found.append(f"a body of type {kind or 'nothing'}")
    size = _BATCH_SIZE.search(request.headers.value("Sforce-Query-Options"))
    if size is not None and not SMALLEST_PAGE <= int(size[1]) <= LARGEST_PAGE:
        found.append(f"a page size of {size[1]}; {SMALLEST_PAGE} to {LARGEST_PAGE} are allowed")
    if request.path.rstrip("/").endswith(("/deleted", "/updated")) and _replication_days(request) > LONGEST_REPLICATION:
        found.append("more than 30 days of deletions or updates")
    return found


def too_long(request: Request) -> bool:
    """Say whether the URL of a request is longer than is allowed.

    Args:
        request: It.
    """
    return len(request.target) > LONGEST_TARGET


def headers_too_long(request: Request) -> bool:
    """Say whether URL and headers are longer together than is allowed.

    Args:
        request: It.
    """
    headers = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    return len(request.target) + headers > LONGEST_HEADERS


def _replication_days(request: Request) -> timedelta:
    try:
        start, end = (datetime.fromisoformat(request.query[name].replace(" ", "+")) for name in ("start", "end"))
        return end - start
    except (KeyError, ValueError, TypeError):
        return timedelta(0)
