"""The first load of a big Salesforce by `hpro run`: few calls, little memory, and killed at any page it goes on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.request import urlopen

import pytest
from sqlalchemy import select

from hpro_connectors.state import StateStore
from hpro_connectors.state.schema import INTERACTIONS, LEADS

EMULATOR = Path(__file__).with_name("big_salesforce.py")
HPRO = Path(sys.executable).with_name("hpro")
LEADS_IN_FULL = 100_000
KILLS_IN_FULL = 40
MOST_MB = 600
MOST_CALLS_A_JOB = 12
RESULTS = re.compile(r"/jobs/query/([^/]+)/results$")
OF_A_JOB = re.compile(r"/jobs/query/([^/]+)$")


class BigSalesforce:
    """An emulator in a process of its own."""

    def __init__(self, told: dict[str, str]) -> None:
        self.told = told

    def journal(self, path: str = "", after: int = 0) -> list[dict[str, Any]]:
        """Give the requests so far whose path begins so."""
        url = f"{self.told['url']}/emulator/journal?path={path}&after={after}"
        with urlopen(url) as answer:
            entries: list[dict[str, Any]] = json.load(answer)
        return entries

    def configure(self, folder: Path) -> Path:
        """Write an hpro.toml, and give its path."""
        folder.mkdir()
        file = folder / "hpro.toml"
        file.write_text(
            "[crm.main]\n"
            'connector = "salesforce"\n'
            'domain = "acme.my"\n'
            f'consumer_key = "{self.told["key"]}"\n'
            f'emulator = "{self.told["url"]}"\n'
            "[budget]\ncalls_per_second = 1000\n",
            encoding="utf-8",
        )
        return file

    def read(self, config: Path) -> subprocess.Popen[str]:
        """Start `hpro run --once --stage read`."""
        return subprocess.Popen(
            [HPRO, "run", "--once", "--stage", "read", "--config", config],
            env={**os.environ, "HPRO_CRM__MAIN__CONSUMER_SECRET": self.told["secret"]},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


@contextmanager
def big_salesforce(leads: int) -> Iterator[BigSalesforce]:
    process = subprocess.Popen(
        [sys.executable, EMULATOR, str(leads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield BigSalesforce(json.loads(process.stdout.readline()))
    finally:
        process.communicate()


def read_ids(config: Path) -> Counter[str]:
    """Count what the state holds, and check that nothing is there twice."""
    state = config.parent / "hpro-state" / "main.sqlite"
    with StateStore.open(state, create=False) as store, store.transactions.reading() as connection:
        leads = list(connection.scalars(select(LEADS.c.lead_id)))
        others = list(connection.execute(select(INTERACTIONS.c.object_type, INTERACTIONS.c.record_id)))
    assert len(set(leads)) == len(leads)
    assert len(set(others)) == len(others)
    return Counter(["Lead"] * len(leads) + [one.object_type for one in others])


def peak_mb_of(pid: int) -> int:
    """Give the peak memory of a process so far; what ``wait4`` gives counts the process that started it too."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) // 1024 if found else 0


@pytest.mark.soak
def test_a_first_load_takes_few_calls_and_little_memory_and_goes_on_when_killed(
    tmp_path: Path, soak_share: float
) -> None:
    leads = round(LEADS_IN_FULL * soak_share)
    expected = {"Lead": leads, "Task": 3 * leads, "Event": leads}
    with big_salesforce(leads) as crm:
        config = crm.configure(tmp_path / "whole")
        started = time.monotonic()
        process, peak_mb = crm.read(config), 0
        while process.poll() is None:
            peak_mb = max(peak_mb, peak_mb_of(process.pid))
            time.sleep(0.05)
        took_s = time.monotonic() - started
        assert process.returncode == 0, process.stderr and process.stderr.read()
        assert read_ids(config) == expected
        assert 0 < peak_mb < MOST_MB
        calls: defaultdict[str, int] = defaultdict(int)
        for entry in crm.journal():
            of_a_job = RESULTS.search(entry["path"]) or OF_A_JOB.search(entry["path"])
            if of_a_job and not (entry["method"] == "GET" and OF_A_JOB.search(entry["path"])):  # polls are not counted
                calls[of_a_job[1]] += 1
        assert calls
        assert max(calls.values()) + 1 <= MOST_CALLS_A_JOB  # and the call that made it
        print(f"{leads} leads: {took_s:.0f} s, {peak_mb} MB, calls a job {sorted(calls.values())}")  # noqa: T201 - with -s

        interrupted = crm.configure(tmp_path / "interrupted")
        draw, kills, wanted_kills = Random(3), 0, max(4, round(KILLS_IN_FULL * soak_share))
        while True:
            after = crm.journal()[-1]["number"]
            process = crm.read(interrupted)
            wanted = draw.randrange(1, 4)
            while process.poll() is None and kills < wanted_kills:
                of_jobs = [one for one in crm.journal(after=after) if "/jobs/query" in one["path"]]
                if len(of_jobs) >= wanted:
                    time.sleep(draw.random() * 0.5)
                    process.kill()
                    process.wait()
                    kills += 1
                time.sleep(0.02)
            if process.wait() == 0:
                break
            assert process.returncode in {-9, 137}, process.stderr and process.stderr.read()
        assert kills >= min(4, wanted_kills)
        assert read_ids(interrupted) == expected
        print(f"{kills} kills")  # noqa: T201 - with -s
