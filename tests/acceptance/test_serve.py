"""``hpro serve`` as a real process over an org file: one an org, told to stop, and started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

HPRO = Path(sys.executable).with_name("hpro")
ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
Serve = Callable[[], subprocess.Popen[str]]


def hpro(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HPRO, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | ENVIRONMENT,
    )


@pytest.fixture
def place(imported_org: Path, tmp_path: Path) -> Path:
    """A folder with an org of thirty leads, and a configuration of it."""
    (tmp_path / "org.sqlite").write_bytes((imported_org / "leads.org.sqlite").read_bytes())
    done = hpro("config", "init", "--org", "org.sqlite", "--every-minutes", "60", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.fixture
def serve(place: Path) -> Iterator[Serve]:
    with ExitStack() as started:

        def begin() -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [HPRO, "-v", "serve"],
                cwd=place,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=os.environ | ENVIRONMENT,
            )
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield begin


def until(process: subprocess.Popen[str], message: str) -> dict[str, Any]:
    """Read the log up to a message."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("{") and (record := json.loads(line))["message"] == message:
            return dict(record)
    raise AssertionError(f"it ended before it said {message!r}")


def test_row_41_a_second_service_is_busy_also_between_two_passes(serve: Serve, place: Path) -> None:
    first = serve()
    assert until(first, "pass of a job ended")["status"] == "done"
    second = serve()
    assert second.wait(60) == 4
    assert second.stderr is not None
    assert f"`hpro serve` runs for this org already: process {first.pid}" in second.stderr.read()
    assert hpro("run", "--once", cwd=place).returncode == 0  # a person may work in between
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0


def test_row_48_a_service_that_is_started_again_waits_for_its_next_beginning_unless_one_was_missed(
    serve: Serve, place: Path
) -> None:
    first = serve()
    until(first, "pass of a job ended")
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    second = serve()
    planned = until(second, "job planned")
    assert planned["due"] > planned["at"]
    second.send_signal(signal.SIGTERM)
    assert second.wait(60) == 0
    told = json.loads(hpro("runs", "--json", cwd=place).stdout)
    assert [run["kind"] for run in told] == ["pass"]


def test_a_killed_service_leaves_nothing_behind_that_holds_the_next_one_up(serve: Serve, place: Path) -> None:
    first = serve()
    until(first, "pass begins")
    first.kill()
    first.wait(60)
    second = serve()
    assert until(second, "pass of a job ended")["status"] in {"done", "partial"}
    second.send_signal(signal.SIGINT)
    assert second.wait(60) == 0
    done = hpro("status", "--json", cwd=place)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["main"]["healthy"]


def test_a_configuration_that_no_pass_could_work_with_ends_it_at_once(serve: Serve, place: Path) -> None:
    (place / "org.sqlite").unlink()
    process = serve()
    assert process.wait(60) == 2
    assert process.stderr is not None
    said = process.stderr.readline()
    assert said.startswith("Error: There is no")
    assert "org.sqlite" in said
    assert not (place / "hpro-state").exists()
