"""One connection of a client: it reads requests, and answers them rightly or, for a fault, in one of the wrong ways."""

from __future__ import annotations

import logging
import select
import socket
import struct
import threading
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.http.messages import Headers, Request, Response

logger = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.05
_LARGEST_BODY = 256 * 1024 * 1024


class Serving(Protocol):
    """What a connection knows of its server."""

    clock: EmulatorClock

    def handle(self, connection: Connection, request: Request) -> None:
        """Answer one request.

        Args:
            connection: Where it came from.
            request: It.
        """


class Connection(BaseHTTPRequestHandler):
    """A connection that is kept alive, as the clients that are emulated for expect it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def __init__(self, *where: object, emulator: Serving) -> None:
        self._emulator = emulator
        super().__init__(*where)  # type: ignore[arg-type]

    def _serve(self) -> None:
        headers = Headers(self.headers.items())
        if headers.value("Transfer-Encoding"):
            self.send_error(411, "Length Required")
            return
        length = headers.value("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self.send_error(413 if length.isdecimal() else 400)
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client went away in the middle
            self.close_connection = True
            return
        self._emulator.handle(self, Request(self.command, self.path, headers, body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  # names of the base class

    def send(self, response: Response) -> None:
        """Send an answer whole.

        Args:
            response: It.
        """
        chunked = not isinstance(response.body, bytes) and response.length is None
        self._send_head(response, chunked=chunked)
        if self.command == "HEAD":
            self.wfile.flush()
            return
        parts = [response.body] if isinstance(response.body, bytes) else response.body
        for part in parts:
            if part:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def send_half(self, response: Response) -> None:
        """Say how long the answer is, send half of it, and end the connection.

        Args:
            response: It.
        """
        body = response.whole()
        self._send_head(response, chunked=False)
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.close_connection = True

    def reset(self) -> None:
        """End the connection as a crash would: the client sees a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()  # both hold the socket open
        self.wfile.close()
        self.connection.close()

    def hang(self, stopping: threading.Event) -> None:
        """Answer nothing, until the client goes away or the server ends.

        Args:
            stopping: Set when the server is to end.
        """
        self.close_connection = True
        while not stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], _LOOK_EVERY_S)
            if readable:  # no client sends anything before it has its answer, so this is its end
                return

    def _send_head(self, response: Response, *, chunked: bool) -> None:
        self.send_response(response.status, response.reason)
        if response.content_type is not None:
            self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif response.status != 204:
            length = len(response.body) if isinstance(response.body, bytes) else response.length
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002  # the base class's
        """The ``Date`` header, by the clock of the emulated CRM.

        Args:
            timestamp: Not looked at.
        """
        return format_datetime(self._emulator.clock.now(), usegmt=True)

    def version_string(self) -> str:
        """The ``Server`` header."""
        return "hpro-emulator"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing: the journal does.

        Args:
            format: Not looked at.
            *args: Not looked at.
        """
