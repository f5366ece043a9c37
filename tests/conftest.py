"""What every test gets: no settings of the person running it, no network, an empty home."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent
OUR_LOGGERS = ("hpro_sdk", "hpro_connectors", "hpro_quantize")

settings.register_profile("hpro", deadline=None, print_blob=True)  # a busy machine is no reason to fail
settings.load_profile("hpro")


class NetworkForbiddenError(RuntimeError):
    """A test tried to leave the machine."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run the tests marked soak in full")


def pytest_configure(config: pytest.Config) -> None:
    """Give each parallel worker a processor of its own: threads of torch and llama.cpp that wait, wait by spinning."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[int(worker.removeprefix("gw")) % len(processors)]})


@pytest.fixture(scope="session")
def soak_share(request: pytest.FixtureRequest) -> float:
    """Share of its full size that a soak test runs at: all of it with --soak, otherwise a twentieth."""
    return 1.0 if request.config.getoption("--soak") else 0.05


@pytest.fixture(scope="session")
def bench_data() -> Path:
    """The folder of public lead sets; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("HPRO_BENCH_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"the benchmark data are not at {folder}; set HPRO_BENCH_DATA to their folder")
    return folder


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith("HPRO_") and name != "HPRO_BENCH_DATA"]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: object) -> None:
        _refuse_remote(self.family, address)
        connect(self, address)  # type: ignore[arg-type]

    def guarded_connect_ex(self: socket.socket, address: object) -> int:
        _refuse_remote(self.family, address)
        return connect_ex(self, address)  # type: ignore[arg-type]

    def guarded_getaddrinfo(host: bytes | str | None, *args: object, **options: object) -> object:
        _refuse_remote(socket.AF_INET, (host,))
        return getaddrinfo(host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)


def _refuse_remote(family: int, address: object) -> None:
    if family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
        return
    host = address[0]
    host = host.decode() if isinstance(host, bytes) else host
    if host is None or host in {"", "localhost"}:
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback or host in {"0.0.0.0", "::"}
    except ValueError:
        loopback = False
    if not loopback:
        raise NetworkForbiddenError(f"a test tried to reach {host}; only loopback is allowed")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Undo what a command's logging set-up changed."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in OUR_LOGGERS}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)
