"""A client whose requests go to a script in place of a socket; everything above the socket is the real one."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import dumps
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORG_15, ORG_18 = "00D5e000000HPRo", "00D5e000000HPRoEAO"
SECRET = "hidden-consumer-secret"


@dataclass
class Reply:
    """What the script answers; an exception is raised in its place."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None


class Script(BaseAdapter):
    """Answers requests in order, and notes them; signing in succeeds unless the script says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: list[Reply] = []
        self.sign_ins: list[Reply] = []
        self.always: Callable[[requests.PreparedRequest], Reply] | None = None
        self.requests: list[requests.PreparedRequest] = []
        self.timeouts: list[object] = []
        self.tokens = 0

    def send(self, request: requests.PreparedRequest, *_args: object, **kwargs: object) -> requests.Response:
        self.requests.append(request)
        self.timeouts.append(kwargs.get("timeout"))
        reply = self._reply(request)
        if reply.error is not None:
            raise reply.error
        headers = {"Date": "Sun, 01 Mar 2026 12:00:00 GMT", **reply.headers}
        raw = urllib3.HTTPResponse(io.BytesIO(reply.body), headers, reply.status, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing to close."""

    def _reply(self, request: requests.PreparedRequest) -> Reply:
        if self.path_of(request) in {"/services/oauth2/token", "/services/Soap/u/62.0"}:
            if self.sign_ins:
                return self.sign_ins.pop(0)
            self.tokens += 1
            token = f"{ORG_15}!token-{self.tokens}"
            return self.json({"access_token": token, "instance_url": "https://acme.my.salesforce.com"})
        if self.always is not None:
            return self.always(request)
        return self.replies.pop(0)

    @staticmethod
    def path_of(request: requests.PreparedRequest) -> str:
        return urlsplit(request.url or "").path

    @staticmethod
    def raw(body: bytes = b"", status: int = 200, **headers: str) -> Reply:
        return Reply(status, body, {name.replace("_", "-"): text for name, text in headers.items()})

    @staticmethod
    def fails(error: Exception) -> Reply:
        return Reply(error=error)

    @staticmethod
    def json(value: object, status: int = 200, **headers: str) -> Reply:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return Reply(status, dumps(value).encode(), {"Content-Type": "application/json;charset=UTF-8", **named})

    @staticmethod
    def failure(code: str, status: int = 400, message: str = "the CRM's words") -> Reply:
        return Script.json([{"message": message, "errorCode": code}], status)

    @staticmethod
    def html(status: int = 200, words: str = "We are down for maintenance.") -> Reply:
        return Reply(status, f"<html>{words}</html>".encode(), {"Content-Type": "text/html;charset=UTF-8"})

    @staticmethod
    def rows(*names: str, next_path: str | None = None, total: int | None = None) -> Reply:
        found = [{"attributes": {"type": "Lead"}, "Id": name} for name in names]
        answer: dict[str, Any] = {"totalSize": len(found) if total is None else total, "done": next_path is None}
        answer["records"] = found
        if next_path is not None:
            answer["nextRecordsUrl"] = next_path
        return Script.json(answer)

    @property
    def calls(self) -> list[str]:
        """Method and path of what was asked, without signing in."""
        found = [f"{request.method} {self.path_of(request)}" for request in self.requests]
        return [call.replace("/services/data/v62.0/", "") for call in found if "/oauth2/" not in call]

    def asked(self, number: int = -1) -> dict[str, str]:
        """What stood behind the question mark."""
        query = parse_qs(urlsplit(self.requests[number].url or "").query)
        return {name: values[0] for name, values in query.items()}


class Ticks:
    """A clock that moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


def connection(**changes: object) -> Connection:
    given: dict[str, Any] = {
        "domain": "acme.my",
        "sign_in": SignInWay.CLIENT_CREDENTIALS,
        "consumer_key": "key",
        "consumer_secret": SECRET,
        "connect_timeout_s": 3.0,
        "read_timeout_s": 60.0,
    }
    return Connection(**{**given, **changes})


@pytest.fixture
def make(script: Script, ticks: Ticks) -> Callable[..., SalesforceClient]:
    """Make a client of another connection than the usual one."""

    def client(now: datetime = NOW, **changes: object) -> SalesforceClient:
        return SalesforceClient(connection(**changes), transport=script, clock=ticks, now=lambda: now)

    return client


@pytest.fixture
def client(make: Callable[..., SalesforceClient]) -> SalesforceClient:
    return make()
