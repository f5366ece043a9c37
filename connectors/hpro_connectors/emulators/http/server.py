"""An HTTP/1.1 server on loopback that keeps connections alive, journals requests and plays faults at the socket."""

from __future__ import annotations

import itertools
import logging
import socket
import socketserver
import ssl
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.http.connection import Connection
from hpro_connectors.emulators.http.fault_script import Fault, FaultKind, FaultScript
from hpro_connectors.emulators.http.journal import JournalEntry, Labels, RequestJournal
from hpro_connectors.emulators.http.messages import Request, Response

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
_QUEUE = 64


class Application(Protocol):
    """What an emulated CRM is to the server."""

    def label(self, request: Request) -> Labels | None:
        """Say what a request is about.

        Args:
            request: It.

        Returns:
            ``None`` for requests to the emulator itself: they are not journaled, and no fault is played on them.
        """

    def answer(self, request: Request) -> Response:
        """Carry a request out.

        Args:
            request: It.
        """

    def finish(self, response: Response) -> None:
        """Add the headers that every answer has, except ``Date``.

        Args:
            response: The answer.
        """

    def act(self, action: str) -> None:
        """Let something happen, for a fault.

        Args:
            action: One of the emulator's.
        """


class EmulatorServer:
    """Serves an application on loopback until it is stopped.

    Args:
        application: Who answers.
        clock: Of the ``Date`` header.
        port: 0 takes any free one.
        certfile: With ``keyfile``, TLS is spoken.
        keyfile: The private key of the certificate.

    Attributes:
        journal: What was asked.
        faults: What goes wrong.
        crashes: What the application failed at by itself; a client saw 500.
    """

    def __init__(
        self,
        application: Application,
        clock: EmulatorClock,
        *,
        port: int = 0,
        certfile: Path | None = None,
        keyfile: Path | None = None,
    ) -> None:
        self.journal = RequestJournal()
        self.faults = FaultScript()
        self.crashes: list[Exception] = []
        self.clock = clock
        self._application = application
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._tls = certfile is not None
        self._listener = _Listener((HOST, port), self)
        if certfile is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certfile, keyfile)
            self._listener.socket = context.wrap_socket(
                self._listener.socket, server_side=True, do_handshake_on_connect=False
            )

    @property
    def url(self) -> str:
        """Where it is served, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://{HOST}:{self._listener.server_port}"

    @property
    def stopping(self) -> threading.Event:
        """Set when the server is to end; who waits for a client, waits for this too."""
        return self._stopping

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self._thread = threading.Thread(
            target=self._listener.serve_forever, kwargs={"poll_interval": 0.05}, name="emulator", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End, and close the connections that are open."""
        self._stopping.set()
        if self._thread is not None:
            self._listener.shutdown()
            self._thread.join()
            self._thread = None
        self._listener.close_connections()
        self._listener.server_close()

    def handle(self, connection: Connection, request: Request) -> None:
        """Answer one request on a connection.

        Args:
            connection: Where it came from.
            request: It.
        """
        request = Request(request.method, request.target, request.headers, request.body, next(self._numbers))
        labels: Labels | None = None
        fault: Fault | None = None
        try:
            labels = self._application.label(request)
            if labels is not None:
                fault = self.faults.draw(request, labels)
            response = self._response(request, fault)
        except Exception as exc:  # noqa: BLE001  # kept for the test to see
            response = self._failed(request, exc)
        if labels is None:
            connection.send(self._finished(response))
            return
        lost = fault is not None and fault.kind in _NO_ANSWER
        self.journal.add(
            JournalEntry(
                request.number,
                request.method,
                request.path,
                dict(request.query),
                None if lost else response.status,
                labels,
                None if fault is None else fault.label,
            )
        )
        if fault is None or fault.kind not in _AT_THE_SOCKET:
            connection.send(self._finished(response))
        elif fault.kind is FaultKind.TRUNCATED:
            connection.send_half(self._finished(response))
        elif fault.kind in {FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER}:
            connection.hang(self._stopping)
        else:
            connection.reset()

    def _response(self, request: Request, fault: Fault | None) -> Response:
        """Carry the request out, unless the fault forbids it."""
        if fault is not None and fault.kind is FaultKind.ACTION:
            self._application.act(fault.action)
        if fault is not None and fault.kind in _NOT_APPLIED:
            return fault.answer or Response.empty()
        response = self._application.answer(request)
        if fault is not None and fault.kind is FaultKind.ANSWER_AFTER and fault.answer is not None:
            return fault.answer
        return response

    def _failed(self, request: Request, exc: Exception) -> Response:
        logger.error("The emulator failed", exc_info=exc, extra={"event": "emulator_failed", "path": request.path})
        self.crashes.append(exc)
        return Response.of_json([{"message": f"the emulator failed: {exc!r}", "errorCode": "UNKNOWN_EXCEPTION"}], 500)

    def _finished(self, response: Response) -> Response:
        """A copy with the headers that every answer has: a fault's answer may be sent many times."""
        response = Response(
            response.status, response.body, response.content_type, dict(response.headers), response.length
        )
        self._application.finish(response)
        return response


_NO_ANSWER = {FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.HANG_BEFORE, FaultKind.HANG_AFTER}
_AT_THE_SOCKET = {*_NO_ANSWER, FaultKind.TRUNCATED}
_NOT_APPLIED = {FaultKind.ANSWER, FaultKind.RESET_BEFORE, FaultKind.HANG_BEFORE}


class _Listener(ThreadingHTTPServer):
    """A socket that listens, and a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = _QUEUE

    def __init__(self, address: tuple[str, int], emulator: EmulatorServer) -> None:
        self.emulator = emulator
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, lambda *where: Connection(*where, emulator=emulator))

    def server_bind(self) -> None:
        """Bind, without asking a name server who we are."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  # the base class's
        """A client that went away is no error here."""
        logger.debug("A connection ended early")

    def close_connections(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed meanwhile
