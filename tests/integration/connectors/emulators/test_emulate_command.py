"""How `hpro emulate salesforce` ends: with 0 only where the emulator answered all by itself."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest
import requests
from click.testing import CliRunner, Result

from hpro_connectors.cli import emulate_run
from hpro_connectors.cli.emulate import emulate
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator

Ended = Callable[..., Result]


@pytest.fixture
def ended(emulator: SalesforceEmulator, monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Runs the command over an emulator that was asked already, and ends it at once."""

    @contextlib.contextmanager
    def running(_options: object) -> Iterator[SalesforceEmulator]:
        yield emulator

    @contextlib.contextmanager
    def ending() -> Iterator[threading.Event]:
        event = threading.Event()
        event.set()
        yield event

    monkeypatch.setattr(emulate_run, "running_salesforce", running)
    monkeypatch.setattr(emulate_run, "ending", ending)

    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(emulate, ["salesforce", "--json", *arguments])
        emulator.reset()  # the fixture would fail with what went wrong on purpose
        return done

    return run


def _ask(emulator: SalesforceEmulator, headers: dict[str, str]) -> int:
    url = f"{emulator.url}/services/data/v62.0/limits"
    return requests.get(url, headers=headers, timeout=5).status_code


@pytest.mark.parametrize("arguments", [[], ["--strict"]])
def test_a_crash_of_the_emulator_ends_with_1(
    emulator: SalesforceEmulator, ended: Ended, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(emulator.limits, "as_json", lambda: 1 / 0)
        assert _ask(emulator, {"Authorization": f"Bearer {emulator.session_id()}"}) == 500
    done = ended(*arguments)
    assert done.exit_code == 1
    assert "The emulator itself failed to answer:\nZeroDivisionError('division by zero')" in done.stderr


def test_a_request_that_went_too_far_ends_with_1_in_strict_mode_only(
    emulator: SalesforceEmulator, ended: Ended
) -> None:
    for arguments, code in (([], 0), (["--strict"], 1)):
        assert _ask(emulator, {}) == 401
        done = ended(*arguments)
        assert done.exit_code == code
        assert ("no Authorization" in done.stderr) is (code == 1)


def test_where_all_was_well_it_ends_with_0(emulator: SalesforceEmulator, ended: Ended) -> None:
    assert _ask(emulator, {"Authorization": f"Bearer {emulator.session_id()}"}) == 200
    done = ended("--strict")
    assert (done.exit_code, done.stderr) == (0, "")
