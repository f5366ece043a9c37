"""The one way out to Salesforce: a requests session that simple-salesforce sends everything through.

Whatever the library forgets is done here, so that no call of it can go without: time limits, the count of calls, the
clock and the quota that every answer tells, and the rule that credentials go to Salesforce's own hosts and nowhere
else. Nothing is sent twice: no redirect is followed and no failed call is made again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase

from hpro_connectors.errors import FatalError, NetworkError
from hpro_connectors.salesforce.client.call_counts import CallCounts
from hpro_connectors.salesforce.client.emulator_adapter import EmulatorAdapter

_LOGGER = logging.getLogger(__name__)

_OWN_DOMAINS = (".salesforce.com", ".force.com", ".salesforce.mil", ".sfcrmproducts.cn")
_PART = 1 << 16
_WHOLE_ANSWER = 10.0
"""A whole answer may take so many times as long as one part of it."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What an answer is, without what it says.

    Attributes:
        status: Of HTTP.
        content_type: In lower case, without parameters.
        location: Host that a redirect leads to; empty where it is none.
        retry_after_s: Seconds that the server asks to be left alone for, where it does.
    """

    status: int
    content_type: str
    location: str
    retry_after_s: float | None

    @property
    def is_html(self) -> bool:
        """Whether it is a page for people, such as that of a maintenance."""
        return self.content_type in {"text/html", "application/xhtml+xml"}


class SalesforceSession(requests.Session):
    """Sends requests to Salesforce, one after the other.

    Args:
        connect_timeout_s: Seconds to wait for a connection.
        read_timeout_s: Seconds to wait for each part of an answer; a whole one may take ten times as long.
        emulator: ``http://127.0.0.1:PORT`` that stands in for every host; ``None``: the real ones.
        transport: What sends a request, in place of the usual one.
        clock: Seconds that only grow.

    Attributes:
        counts: What was sent, and what the answers said beside their content.
        latest: The head of the latest answer; ``None`` when the latest call had none.
    """

    def __init__(
        self,
        *,
        connect_timeout_s: float,
        read_timeout_s: float,
        emulator: str | None = None,
        transport: BaseAdapter | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        super().__init__()
        self.counts = CallCounts(clock)
        self.latest: AnswerHead | None = None
        self._clock = clock
        self._timeout = (connect_timeout_s, read_timeout_s)
        self._any_host = emulator is not None
        self.headers["User-Agent"] = "hpro"
        self.auth = _AsGiven()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # nothing is remembered between two requests
        # A proxy that the environment names must not stand between us and this machine.
        self.trust_env = emulator is None
        if transport is None:
            transport = HTTPAdapter(max_retries=0) if emulator is None else EmulatorAdapter(emulator)
        self.mount("https://", transport)
        self.mount("http://", _Refusing())

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as requests
        """Send a request once and read its whole answer.

        Args:
            request: What to send.
            **kwargs: As :meth:`requests.Session.send` takes them; time limits and redirects are fixed.

        Raises:
            FatalError: It would go to a host that is not Salesforce's.
            NetworkError: The answer takes too long altogether.
            requests.RequestException: It could not be sent, or its answer not be read.
        """
        self._check_host(request.url or "")
        kwargs["timeout"] = kwargs.get("timeout") or self._timeout
        kwargs["allow_redirects"] = False
        kwargs["stream"] = True  # read below, with a limit of time
        self.counts.calls += 1
        self.latest = None
        began = self._clock()
        response = super().send(request, **kwargs)
        try:
            self.counts.note_answer(response.headers)
            self.latest = _head_of(response)
            self._read(response, began)
        finally:
            response.close()
        # The path alone: what is asked for may hold ids and names.
        _LOGGER.debug(
            "a request was answered",
            extra={
                "method": request.method,
                "path": urlsplit(request.url or "").path,
                "status": response.status_code,
                "took_s": round(self._clock() - began, 3),
            },
        )
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Say that an answer leads nowhere, so that nothing of a request is made ready for another place.

        Args:
            resp: The answer.
        """

    def _check_host(self, url: str) -> None:
        place = urlsplit(url)
        host = (place.hostname or "").lower()
        if place.scheme != "https" or not (self._any_host or host.endswith(_OWN_DOMAINS)):
            raise FatalError(
                f"A request would have gone to {host or 'nowhere'}, which is no host of Salesforce; it was not sent.",
                hint="Check domain and instance_url in hpro.toml.",
                connector="salesforce",
            )

    def _read(self, response: requests.Response, began: float) -> None:
        """Read the body into the response, part by part."""
        parts = []
        for part in response.iter_content(_PART):
            parts.append(part)
            if self._clock() - began > self._timeout[1] * _WHOLE_ANSWER:
                raise NetworkError(
                    "An answer of Salesforce took too long and was given up.",
                    hint="Try again later; a longer timeout_s in hpro.toml helps on a slow line.",
                    connector="salesforce",
                )
        # As requests does it itself; the library reads .content, .text and .json() from it.
        response._content = b"".join(parts)  # noqa: SLF001
        response._content_consumed = True  # noqa: SLF001


class _AsGiven(AuthBase):
    """Keeps the header that the library sets; without it requests would put one of ~/.netrc in its place."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Refusing(BaseAdapter):
    """Takes nothing: no request is ever sent in the clear."""

    def send(self, *_args: object, **_kwargs: object) -> requests.Response:
        raise FatalError("A request would have been sent without encryption; it was not sent.", connector="salesforce")

    def close(self) -> None:
        """Nothing to close."""


def _head_of(response: requests.Response) -> AnswerHead:
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    location = _host_of(response.headers.get("Location", "")) if response.is_redirect else ""
    return AnswerHead(response.status_code, content_type, location, _seconds(response.headers.get("Retry-After", "")))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None
