"""What lies under ``/emulator``: the emulator's own handles, which no CRM has. Nobody signs in for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from hpro_connectors.emulators.http.fault_script import Fault, FaultRule
from hpro_connectors.emulators.http.messages import Request, Response
from hpro_connectors.emulators.http.router import Router
from hpro_connectors.emulators.salesforce.wire.admin_session import admin_session
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS, api_error

if TYPE_CHECKING:
    from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator

PREFIX = "/emulator"
_LOCAL = {"127.0.0.1", "localhost"}


class Admin:
    """The handles of an emulator.

    Args:
        emulator: Whose.
    """

    def __init__(self, emulator: SalesforceEmulator) -> None:
        self._emulator = emulator
        self._router: Router[Callable[[Request], Response]] = Router()
        self._router.add("GET", "emulator/stats", lambda _: Response.of_json(emulator.stats()))
        self._router.add("GET", "emulator/journal", self._journal)
        self._router.add("POST", "emulator/reset", self._reset)
        self._router.add("GET", "emulator/faults", self._faults)
        self._router.add("POST", "emulator/faults", self._add_fault)
        self._router.add("DELETE", "emulator/faults", self._clear_faults)
        self._router.add("POST", "emulator/advance", self._advance)
        self._router.add("POST", "emulator/expire-sessions", self._expire_sessions)
        self._router.add("POST", "emulator/admin-session", self._admin_session)

    def answer(self, request: Request) -> Response:
        """Answer a request to the emulator itself.

        Args:
            request: It.
        """
        if request.headers.value("Host").partition(":")[0] not in _LOCAL or request.headers.value("Origin"):
            return _refused(403, "only programs of this machine may do this, and no web page")
        match = self._router.find(request.method, request.path)
        if match is None:
            return _refused(404, "there is no such handle")
        if match.handler is None:
            return _refused(405, f"allowed are {', '.join(match.methods)}")
        try:
            return match.handler(request)
        except (ValueError, KeyError) as exc:
            return _refused(400, str(exc))

    def _journal(self, request: Request) -> Response:
        entries = self._emulator.journal.matching(
            request.query.get("path", ""),
            method=request.query.get("method"),
            after=int(request.query.get("after", "0")),
        )
        return Response.of_json([entry.as_json() for entry in entries])

    def _reset(self, _: Request) -> Response:
        self._emulator.reset()
        return Response.of_json(self._emulator.stats())

    def _faults(self, _: Request) -> Response:
        return Response.of_json(
            {
                "rules": [_told(rule) for rule in self._emulator.faults.rules],
                "faults": [*FAULTS, "api_error"],
            }
        )

    def _add_fault(self, request: Request) -> Response:
        asked = RuleRequest.model_validate_json(request.body)
        rule = self._emulator.faults.add(
            asked.made(),
            path=asked.path,
            method=asked.method,
            text=asked.text,
            nth=asked.nth,
            times=asked.times,
            share=asked.share,
            seed=asked.seed,
        )
        return Response.of_json(_told(rule), 201)

    def _clear_faults(self, _: Request) -> Response:
        self._emulator.faults.clear()
        return Response.empty()

    def _advance(self, request: Request) -> Response:
        now = self._emulator.advance(int(request.query["days"]))
        return Response.of_json({"clock": now.isoformat()})

    def _expire_sessions(self, _: Request) -> Response:
        self._emulator.sessions.expire_all()
        return Response.empty()

    def _admin_session(self, _: Request) -> Response:
        return Response.of_json(admin_session(self._emulator))


class RuleRequest(BaseModel):
    """A rule of the fault script as JSON; see :class:`~hpro_connectors.emulators.http.fault_script.FaultRule`.

    Attributes:
        fault: One of the names that ``wire.faults`` has, or ``api_error`` with the next four.
        status: Of HTTP.
        code: The CRM's error code.
        message: The CRM's words.
        applied: Whether the request is carried out all the same.
        path: A regular expression that is searched in the path.
        method: Only requests of this method.
        text: A regular expression that is searched in the query.
        nth: From which fitting request on.
        times: In so many fitting requests; ``null`` is from then on.
        share: Of the fitting requests, instead.
        seed: Of the draws.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    fault: str
    status: int = 500
    code: str = "UNKNOWN_EXCEPTION"
    message: str = "said by the fault script"
    applied: bool = False
    path: str = ""
    method: str | None = None
    text: str | None = None
    nth: int = 1
    times: int | None = 1
    share: float | None = None
    seed: int = 0

    def made(self) -> Fault:
        """Make the fault.

        Raises:
            ValueError: There is none of that name.
        """
        if self.fault == "api_error":
            return api_error(self.status, self.code, self.message, applied=self.applied)
        if self.fault not in FAULTS:
            raise ValueError(f"fault is one of: {', '.join([*FAULTS, 'api_error'])}")
        return FAULTS[self.fault]()


def _refused(status: int, why: str) -> Response:
    return Response.of_json({"error": why}, status)


def _told(rule: FaultRule) -> dict[str, object]:
    return {
        "faults": [fault.label for fault in rule.faults],
        "path": rule.path,
        "method": rule.method,
        "text": rule.text,
        "nth": rule.nth,
        "times": rule.times,
        "share": rule.share,
        "seed": rule.seed,
        "played": rule.played,
    }
