"""`hpro emulate salesforce` as a process: it is filled, answers, lets days go by, and ends as told."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from hpro_connectors.errors import AuthError

HPRO = Path(sys.executable).with_name("hpro")
SMALL = ("--leads", "60", "--days", "90", "--port", "0")


@dataclass
class Running:
    """An emulator that runs, and what it said at first."""

    process: subprocess.Popen[str]
    told: dict[str, Any]

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@contextlib.contextmanager
def running(folder: Path, *arguments: object) -> Iterator[Running]:
    process = subprocess.Popen(
        [HPRO, "emulate", "salesforce", *map(str, SMALL), *map(str, arguments), "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": ""},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Running(process, json.loads(line))
    finally:
        process.kill()
        process.communicate()


def _token(told: dict[str, Any]) -> str:
    answer = requests.post(
        f"{told['url']}/services/oauth2/token",
        {"grant_type": "client_credentials"},
        auth=(told["consumer_key"], told["consumer_secret"]),
        timeout=30,
    )
    return str(answer.json()["access_token"])


def _count(told: dict[str, Any], object_name: str) -> int:
    answer = requests.get(
        f"{told['url']}/services/data/v62.0/query",
        {"q": f"SELECT COUNT() FROM {object_name}"},
        headers={"Authorization": f"Bearer {_token(told)}"},
        timeout=30,
    )
    return int(answer.json()["totalSize"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_lets_days_go_by_and_ends_as_told(tmp_path: Path, number: int) -> None:
    with running(tmp_path, "--strict") as emulator:
        told = emulator.told
        leads = _count(told, "Lead")
        assert leads > 5
        answer = requests.post(f"{told['url']}/emulator/advance", params={"days": "30"}, timeout=60).json()
        gone = datetime.fromisoformat(answer["clock"]) - datetime.fromisoformat(told["clock"])
        assert gone >= timedelta(days=30)
        assert _count(told, "Lead") > leads
        assert emulator.end(number) == (0, "")


def test_hpro_reads_it_with_what_it_prints(tmp_path: Path) -> None:
    key_file = tmp_path / "key.pem"
    with running(tmp_path, "--key-file", key_file) as emulator:
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        (tmp_path / "hpro.toml").write_text(emulator.told["config"], "utf-8")
        training = tomllib.loads(emulator.told["config"])["crm"]["main"]["training"]
        assert "source" in training["known_at_creation"]
        assert "lost_reason" not in training["known_at_creation"]
        done = subprocess.run(
            [HPRO, "run", "--once", "--stage", "read", "--json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **emulator.told["environment"]},
        )
        assert done.returncode == 0, done.stderr
        stats = requests.get(f"{emulator.told['url']}/emulator/stats", timeout=30).json()
        assert stats["sign_ins"] == 1
        assert stats["requests"] > 5
        assert stats["violations"] == []


def test_consent_that_is_revoked_in_the_middle_ends_hpro_with_one_clear_line(tmp_path: Path) -> None:
    with running(tmp_path) as emulator:
        url = emulator.told["url"]
        (tmp_path / "hpro.toml").write_text(emulator.told["config"], "utf-8")
        rule: dict[str, Any] = {"fault": "revoke_consent", "path": "/(query|jobs)", "nth": 12}
        assert requests.post(f"{url}/emulator/faults", json=rule, timeout=30).status_code == 201
        done = subprocess.run(
            [HPRO, "run", "--once", "--stage", "read"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **emulator.told["environment"]},
        )
        assert requests.get(f"{url}/emulator/faults", timeout=30).json()["rules"][0]["played"] == 1
    assert done.returncode == AuthError.exit_code
    assert "the External Client App has no user to run as" in done.stderr
    assert "choose the integration user under Run As" in done.stderr
    assert "Traceback" not in done.stderr


def test_in_strict_mode_a_request_that_went_too_far_is_named_at_the_end(tmp_path: Path) -> None:
    with running(tmp_path, "--strict") as emulator:
        requests.get(f"{emulator.told['url']}/services/data/v62.0/limits", timeout=30)
        code, said = emulator.end(signal.SIGTERM)
    assert code == 1
    assert "GET /services/data/v62.0/limits: no Authorization" in said


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [HPRO, "emulate", "salesforce", "--leads", "5", "--days", "5", "--port", str(port)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert f"Port {port} of this machine cannot be used" in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_file_that_cannot_be_written_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    done = subprocess.run(
        [HPRO, "emulate", "salesforce", *SMALL, "--key-file", "nowhere/key.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "nowhere does not exist" in done.stderr
    assert list(tmp_path.iterdir()) == []
