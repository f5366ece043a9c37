"""An emulated Salesforce: an org behind the API's own wire protocol, on a port of this machine."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from hpro_connectors.emulators.http.fault_script import FaultScript
from hpro_connectors.emulators.http.journal import Labels, RequestJournal
from hpro_connectors.emulators.http.messages import Request, Response
from hpro_connectors.emulators.http.server import EmulatorServer
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, not_found
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.users import is_active
from hpro_connectors.emulators.salesforce.wire.actions import actions_of
from hpro_connectors.emulators.salesforce.wire.admin import PREFIX, Admin
from hpro_connectors.emulators.salesforce.wire.bulk_ingest import IngestJobs
from hpro_connectors.emulators.salesforce.wire.bulk_query import BulkQueryJobs
from hpro_connectors.emulators.salesforce.wire.call import Call, faulty
from hpro_connectors.emulators.salesforce.wire.cursors import CursorStore
from hpro_connectors.emulators.salesforce.wire.external_client_app import ExternalClientApp
from hpro_connectors.emulators.salesforce.wire.hosts import OrgHosts
from hpro_connectors.emulators.salesforce.wire.labels import labels_of
from hpro_connectors.emulators.salesforce.wire.limits import OrgLimits
from hpro_connectors.emulators.salesforce.wire.queries import Queries
from hpro_connectors.emulators.salesforce.wire.resources import FIRST_VERSION, LAST_VERSION, resources, versions
from hpro_connectors.emulators.salesforce.wire.sessions import Session, SessionStore
from hpro_connectors.emulators.salesforce.wire.sign_in import SignIn, bearer
from hpro_connectors.emulators.salesforce.wire.soap_login import soap_login
from hpro_connectors.emulators.salesforce.wire.strictness import (
    StrictModeError,
    Strictness,
    Violation,
    headers_too_long,
    too_long,
)

_VERSIONED = re.compile(r"/services/data/v(\d{1,3})\.(\d)(/.*)?")


class SalesforceEmulator:
    """Serves an org on loopback; a context manager.

    Args:
        org: What is served.
        port: 0 takes any free one.
        strict: Whether leaving the context fails when a request went beyond a documented limit.
        page_size: Rows of a query's page at most, whatever a client asks for; ``None``: as many as it asks for.
        bulk_delay_polls: How often a Bulk job says that it is in progress.
        daily_requests: Calls in 24 hours.
        token_life: How long a session lasts without being used.
        domain: The org's My Domain, such as ``acme.my``; ``None`` takes any name for its own.
        certfile: With ``keyfile``, TLS is spoken.
        keyfile: The private key of the certificate.
        on_advance: Lets days go by in the org; without it, only the clock is moved.
        real_now: What time it is on this machine, by which assertions of the JWT flow end.

    Attributes:
        org: What is served.
        app: Through which users come in.
        sessions: Of users.
        journal: What was asked.
        faults: What goes wrong.
        limits: What is left of the 24 hours.
        jobs: Queries of the Bulk API.
        ingest: Writes of the Bulk API.
        queries: Holds the size of pages.
        cursors: Of queries with several pages.
        strict: See above.
    """

    def __init__(
        self,
        org: SalesforceOrg,
        *,
        port: int = 0,
        strict: bool = False,
        page_size: int | None = None,
        bulk_delay_polls: int = 1,
        daily_requests: int = 100_000,
        token_life: timedelta = timedelta(hours=2),
        domain: str | None = None,
        certfile: Path | None = None,
        keyfile: Path | None = None,
        on_advance: Callable[[int], object] | None = None,
        real_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.org = org
        self.strict = strict
        self._folder = tempfile.TemporaryDirectory(prefix="hpro-emulator-")
        self._server = EmulatorServer(self, org.clock, port=port, certfile=certfile, keyfile=keyfile)
        self.app = ExternalClientApp.of_org(org.org_id, org.integration_user_id)
        self.sessions = SessionStore(org.org_id, org.clock, token_life, self._holds)
        self.limits = OrgLimits(org.clock, daily_requests)
        self.cursors = CursorStore(org.clock)
        self.queries = Queries(org, self.cursors, page_size)
        self.jobs = BulkQueryJobs(org, self.limits, Path(self._folder.name), bulk_delay_polls)
        self.ingest = IngestJobs(org, self.limits, bulk_delay_polls)
        self._hosts = OrgHosts(self.url, domain, org.is_sandbox)
        self._sign_in = SignIn(org, self.app, self.sessions, self._hosts, real_now)
        self._resources = resources(org, self.queries, self.jobs, self.ingest, self.limits)
        self._admin = Admin(self)
        self._actions = actions_of(self)
        self._strictness = Strictness()
        self._on_advance = on_advance

    @property
    def url(self) -> str:
        """Where it is served, without a slash at the end."""
        return self._server.url

    @property
    def instance_url(self) -> str:
        """What clients that were sent here believe it to be, such as ``https://acme.my.salesforce.com``."""
        return self._hosts.own_url

    @property
    def journal(self) -> RequestJournal:
        """What was asked."""
        return self._server.journal

    @property
    def faults(self) -> FaultScript:
        """What goes wrong."""
        return self._server.faults

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Requests that went beyond a documented limit."""
        return self._strictness.violations

    @property
    def crashes(self) -> tuple[Exception, ...]:
        """What the emulator failed at by itself; a client saw 500."""
        return tuple(self._server.crashes)

    def forgive(self) -> None:
        """Forget the violations, after a test that went too far on purpose."""
        self._strictness.clear()

    def start(self) -> None:
        """Serve, in threads of its own."""
        self._server.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self.check()

    def close(self) -> None:
        """End, and take the files away."""
        self._server.stop()
        self._folder.cleanup()

    def check(self) -> None:
        """Fail when the emulator failed by itself or, in strict mode, a request went too far.

        Raises:
            StrictModeError: A request went beyond a documented limit.
            RuntimeError: The emulator failed to answer.
        """
        if self.crashes:
            raise RuntimeError("the emulator failed to answer a request") from self.crashes[0]
        if self.strict and self.violations:
            raise StrictModeError("; ".join(str(violation) for violation in self.violations))

    def reset(self) -> None:
        """Begin anew: journal, faults, crashes, violations, sessions, cursors, jobs and counts. The records stay."""
        self.faults.clear()
        self.journal.clear()
        self._server.crashes.clear()
        self._strictness.clear()
        self.sessions.reset()
        self.cursors.expire_all()
        self.jobs.reset()
        self.ingest.reset()
        self.limits.clear()

    def stats(self) -> dict[str, object]:
        """What went on, as JSON can hold it."""
        entries = self.journal.entries
        return {
            "clock": self.org.clock.now().isoformat(),
            "org_id": self.org.org_id,
            "requests": len(entries),
            "counted_requests": self.limits.requests.used,
            "daily_requests": self.limits.daily_requests,
            "faults_played": sum(1 for entry in entries if entry.fault is not None),
            "sign_ins": self.sessions.issued,
            "open_cursors": self.cursors.open,
            "query_jobs": self.jobs.made,
            "ingest_jobs": self.ingest.made,
            "violations": [str(violation) for violation in self.violations],
        }

    def advance(self, days: int) -> datetime:
        """Let days go by.

        Args:
            days: How many.

        Returns:
            What time it is then.
        """
        if self._on_advance is None:
            return self.org.advance(timedelta(days=days))
        self._on_advance(days)
        return self.org.clock.now()

    def session_id(self, user_id: str | None = None) -> str:
        """Begin a session without signing in.

        Args:
            user_id: Whose; ``None``: the integration user's.
        """
        return self.sessions.issue(user_id or self.org.integration_user_id)

    # What the server calls.

    def label(self, request: Request) -> Labels | None:
        """Say what a request is about.

        Args:
            request: It.
        """
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            return None
        return labels_of(request, self.sessions, self.jobs, self.ingest, self.cursors)

    def answer(self, request: Request) -> Response:
        """Carry a request out.

        Args:
            request: It.
        """
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            return self._admin.answer(request)
        response = self._answer(request)
        self._strictness.look_at(request, response)
        return response

    def finish(self, response: Response) -> None:
        """Add what every answer says of the limits.

        Args:
            response: The answer.
        """
        response.headers["Sforce-Limit-Info"] = self.limits.header

    def act(self, action: str) -> None:
        """Let something happen, for a fault.

        Args:
            action: One of the names in :mod:`~hpro_connectors.emulators.salesforce.wire.actions`.
        """
        self._actions[action]()

    def _holds(self, session: Session) -> bool:
        """Whether neither the user nor the consent to the app was taken away."""
        return session.consent in {None, self.app.consent} and is_active(self.org, session.user_id)

    def _answer(self, request: Request) -> Response:
        if not self._hosts.knows(request):
            return Response.of_html("URL No Longer Exists", 404)
        if too_long(request):
            return Response.of_html("URI Too Long", 414)
        if headers_too_long(request):
            return Response.of_html("Request Header Fields Too Large", 431)
        if request.path.startswith("/services/oauth2/"):
            return self._sign_in.answer(request)
        if request.path.startswith("/services/Soap/u/"):
            return soap_login(request, self.org, self.app, self.sessions, self._hosts)
        if request.path.rstrip("/") == "/services/data":
            return versions()
        try:
            return self._resource(request)
        except ApiFault as exc:
            return faulty(exc)

    def _resource(self, request: Request) -> Response:
        found = _VERSIONED.fullmatch(request.path)
        if found is None:
            raise not_found()
        if int(found[1]) < FIRST_VERSION:
            raise ApiFault(410, "UNSUPPORTED_API_VERSION", f"The requested API version {found[1]}.0 has been retired.")
        if int(found[1]) > LAST_VERSION or found[2] != "0":
            raise not_found()
        if request.headers.value("Authorization") and bearer(request) is None:
            raise ApiFault(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
        session = self.sessions.use(bearer(request) or "")
        if session is None:
            raise ApiFault(401, "INVALID_SESSION_ID", "Session expired or invalid")
        self.limits.count_request()
        match = self._resources.find(request.method, found[3] or "")
        if match is None:
            raise not_found()
        if match.handler is None:
            allowed = ",".join(match.methods)
            raise ApiFault(
                405, "METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed. Allowed are {allowed}"
            )
        return match.handler(Call(request, session.user_id, f"{found[1]}.0", match.parts))
