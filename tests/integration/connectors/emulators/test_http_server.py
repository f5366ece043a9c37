"""The server of emulators on real sockets: kept-alive connections, and each fault as a client sees it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.http.fault_script import Fault
from hpro_connectors.emulators.http.journal import Labels
from hpro_connectors.emulators.http.messages import Request, Response
from hpro_connectors.emulators.http.server import EmulatorServer

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class _Echo:
    """Counts what was carried out, and says it back."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.acted: list[str] = []

    def label(self, request: Request) -> Labels | None:
        return None if request.path == "/own" else Labels(text=request.query.get("q"))

    def answer(self, request: Request) -> Response:
        self.done.append(request.path)
        if request.path == "/parts":
            return Response(200, iter([b"one,", b"", b"two"]), "text/csv")
        if request.path == "/measured":
            return Response(200, iter([b"one,", b"two"]), "text/csv", length=7)
        if request.path == "/broken":
            raise RuntimeError("a mistake of the emulator")
        if request.path == "/gone":
            return Response.empty()
        return Response.of_json({"path": request.path, "body": request.body.decode("utf-8")})

    def finish(self, response: Response) -> None:
        response.headers["Sforce-Limit-Info"] = "api-usage=1/2"

    def act(self, action: str) -> None:
        self.acted.append(action)


@pytest.fixture
def echo() -> _Echo:
    return _Echo()


@pytest.fixture
def clock() -> EmulatorClock:
    return EmulatorClock(START)


@pytest.fixture
def server(echo: _Echo, clock: EmulatorClock) -> Iterator[EmulatorServer]:
    server = EmulatorServer(echo, clock)
    server.start()
    yield server
    server.stop()


def _connection(server: EmulatorServer) -> http.client.HTTPConnection:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return http.client.HTTPConnection(host, int(port), timeout=5)


def test_one_connection_carries_many_requests(server: EmulatorServer, echo: _Echo) -> None:
    connection = _connection(server)
    sockets = set()
    for number in range(5):
        connection.request("POST", f"/{number}", body="häh".encode())
        answer = connection.getresponse()
        assert answer.status == 200
        assert "häh".encode() in answer.read()
        assert connection.sock is not None
        sockets.add(connection.sock.getsockname())
    assert len(sockets) == 1
    assert echo.done == [f"/{number}" for number in range(5)]


def test_every_answer_has_the_date_of_the_emulated_clock(server: EmulatorServer, clock: EmulatorClock) -> None:
    server.faults.add(Fault.answering(Response.of_html("Down", 503)), path="down")
    clock.advance(timedelta(days=100))
    for path in ("/a", "/down", "/own", "/broken"):
        answer = requests.get(server.url + path, timeout=5)
        assert parsedate_to_datetime(answer.headers["Date"]) == START + timedelta(days=100)
        assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/2"
    refused = _connection(server)
    refused.request("GET", "/", headers={"Transfer-Encoding": "chunked"})
    assert refused.getresponse().getheader("Date") == "Tue, 09 Jun 2026 12:00:00 GMT"


@pytest.mark.parametrize("path", ["/parts", "/measured"])
def test_an_answer_in_parts_arrives_whole_and_the_connection_goes_on(server: EmulatorServer, path: str) -> None:
    connection = _connection(server)
    for _ in range(2):
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.read() == b"one,two"
        assert (answer.getheader("Content-Length") == "7") is (path == "/measured")


def test_an_answer_without_a_body_leaves_the_connection_usable(server: EmulatorServer) -> None:
    connection = _connection(server)
    for _ in range(2):
        connection.request("DELETE", "/gone")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (204, b"")


@pytest.mark.parametrize("applied", [False, True])
def test_a_reset_is_seen_as_one_before_or_after_the_request_was_carried_out(
    server: EmulatorServer, echo: _Echo, applied: bool
) -> None:
    server.faults.add(Fault.reset(applied=applied))
    with pytest.raises(ConnectionResetError):
        _raw(server, b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
    server.faults.add(Fault.reset(applied=applied))
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url + "/b", timeout=5)
    assert echo.done == (["/a", "/b"] if applied else [])
    assert [entry.status for entry in server.journal.entries] == [None, None]
    assert requests.get(server.url + "/c", timeout=5).json()["path"] == "/c"


@pytest.mark.parametrize("applied", [False, True])
def test_a_hang_lasts_until_the_client_gives_up(server: EmulatorServer, echo: _Echo, applied: bool) -> None:
    server.faults.add(Fault.hang(applied=applied))
    with pytest.raises(requests.ReadTimeout):
        requests.get(server.url + "/a", timeout=0.2)
    assert echo.done == (["/a"] if applied else [])
    assert requests.get(server.url + "/b", timeout=5).ok


def test_a_hang_ends_when_the_server_does(server: EmulatorServer) -> None:
    server.faults.add(Fault.hang())
    failed = []

    def ask() -> None:
        try:
            requests.get(server.url + "/a", timeout=60)
        except requests.ConnectionError as exc:
            failed.append(exc)

    client = threading.Thread(target=ask)
    client.start()
    while not server.journal.entries:
        client.join(0.01)
    server.stop()
    client.join(10)
    assert failed


def test_a_truncated_answer_names_its_whole_length(server: EmulatorServer, echo: _Echo) -> None:
    server.faults.add(Fault.truncated(), path="measured")
    connection = _connection(server)
    connection.request("GET", "/measured")
    answer = connection.getresponse()
    assert answer.getheader("Content-Length") == "7"
    with pytest.raises(http.client.IncompleteRead) as raised:
        answer.read()
    assert raised.value.partial == b"one"
    assert echo.done == ["/measured"]


def test_another_answer_may_come_before_or_after_the_request_was_carried_out(
    server: EmulatorServer, echo: _Echo
) -> None:
    page = Response.of_html("Down", 503)
    server.faults.add(Fault.answering(page), path="a")
    server.faults.add(Fault.answering(page, applied=True), path="b")
    assert "Down" in requests.get(server.url + "/a", timeout=5).text
    assert requests.get(server.url + "/b", timeout=5).status_code == 503
    assert echo.done == ["/b"]


def test_an_action_happens_first_and_the_request_is_carried_out(server: EmulatorServer, echo: _Echo) -> None:
    server.faults.add(Fault.acting("sessions end"))
    assert requests.get(server.url + "/a", timeout=5).ok
    assert (echo.acted, echo.done) == (["sessions end"], ["/a"])
    assert server.journal.entries[0].fault == "sessions end"


def test_requests_to_the_emulator_itself_are_not_journaled_and_never_fail(server: EmulatorServer) -> None:
    server.faults.add(Fault.reset(), times=None)
    assert requests.get(server.url + "/own", timeout=5).ok
    assert server.journal.entries == ()


def test_a_mistake_of_the_emulator_is_kept_for_the_test_to_see(server: EmulatorServer) -> None:
    assert requests.get(server.url + "/broken", timeout=5).status_code == 500
    assert isinstance(server.crashes[0], RuntimeError)


@pytest.mark.parametrize("step", ["label", "act"])
def test_a_mistake_before_the_answer_is_kept_too(
    server: EmulatorServer, echo: _Echo, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    server.faults.add(Fault.acting("sessions end"))

    def fail(_what: object) -> None:
        raise RuntimeError("a mistake of the emulator")

    monkeypatch.setattr(echo, step, fail)
    assert requests.get(server.url + "/a", timeout=5).status_code == 500
    assert [type(one) for one in server.crashes] == [RuntimeError]
    assert echo.done == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Transfer-Encoding": "chunked"}, b"411"),
        ({"Content-Length": "-1"}, b"400"),
        ({"Content-Length": "9" * 12}, b"413"),
    ],
)
def test_a_body_that_cannot_be_read_ends_the_connection(
    server: EmulatorServer, echo: _Echo, headers: dict[str, str], status: bytes
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    hidden = "2\r\nGE\r\n0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(f"POST /a HTTP/1.1\r\nHost: x\r\n{head}\r\n{hidden}".encode())
        said = b""
        with contextlib.suppress(ConnectionResetError):  # some of what was sent was never read
            while part := connection.recv(4096):
                said += part
    assert said.startswith(b"HTTP/1.1 " + status)
    assert said.count(b"HTTP/1.1") == 1
    assert echo.done == []


def test_many_clients_at_once(server: EmulatorServer, echo: _Echo) -> None:
    def ask(name: int) -> None:
        with requests.Session() as session:
            for number in range(20):
                assert session.get(f"{server.url}/{name}/{number}", timeout=10).ok

    clients = [threading.Thread(target=ask, args=(name,)) for name in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert len(echo.done) == len({entry.number for entry in server.journal.entries}) == 160


def test_nothing_listens_after_the_end(echo: _Echo, clock: EmulatorClock) -> None:
    server = EmulatorServer(echo, clock)
    server.start()
    connection = _connection(server)
    connection.request("GET", "/a")
    connection.getresponse().read()
    server.stop()
    with contextlib.suppress(ConnectionError):
        connection.request("GET", "/b")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.getresponse()
    connection.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=5)


def _raw(server: EmulatorServer, text: bytes) -> bytes:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(text)
        return connection.recv(1000)
