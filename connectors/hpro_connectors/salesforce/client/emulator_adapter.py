"""Sends what is meant for any host of Salesforce to an emulator on this machine."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

from hpro_connectors.config.kinds import is_loopback_url


class EmulatorAdapter(HTTPAdapter):
    """Rewrites scheme and host; the header ``Host`` says which one was meant.

    Args:
        url: ``http://127.0.0.1:PORT``.

    Raises:
        ValueError: It is not an address of this machine.
    """

    def __init__(self, url: str) -> None:
        if not is_loopback_url(url):
            raise ValueError("an emulator runs on this machine: http://127.0.0.1:PORT")
        super().__init__(max_retries=0)
        self._place = urlsplit(url)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
        """Send a request to the emulator.

        Args:
            request: What to send.
            *args: As :meth:`requests.adapters.HTTPAdapter.send` takes them.
            **kwargs: The same.
        """
        meant = urlsplit(request.url or "")
        moved = request.copy()
        moved.headers["Host"] = meant.netloc
        moved.url = urlunsplit((self._place.scheme, self._place.netloc, meant.path, meant.query, ""))
        kwargs["proxies"] = {}
        response = super().send(moved, *args, **kwargs)
        response.request = request
        response.url = request.url or ""
        return response
