"""Processes over an emulated Salesforce: two at once, one that is told to stop, and one without room on its disk."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from kill_storm import Storm
from salesforce_under_kills import SalesforceUnderKills

from hpro_connectors.emulators.http.fault_script import Fault, FaultRule
from hpro_connectors.state import StateStore
from hpro_connectors.state.schema import CURSORS

LEADS, SEED = 150, 23
UPLOAD = r"/jobs/ingest/[^/]+/batches"
HPRO = Path(sys.executable).with_name("hpro")
RUN = ("run", "--once")
READ = (*RUN, "--stage", "read")
WITH_LITTLE_ROOM = """
import resource, sys
from hpro_sdk.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


class Desk:
    """A Salesforce and a person at a terminal in the folder of its configuration."""

    def __init__(self, crm: SalesforceUnderKills) -> None:
        self.crm = crm
        self.folder = crm.config.parent
        self.state = self.folder / "hpro-state" / "main.sqlite"

    def start(self, *command: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*map(str, command)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.crm.environment(1), "OMP_NUM_THREADS": "1"},
        )

    def hpro(self, *arguments: object, code: int = 0) -> str:
        """Run a command to its end, and give what it said on stderr."""
        return self.ended(self.start(HPRO, *arguments), code)

    def ended(self, process: subprocess.Popen[str], code: int) -> str:
        _, said = process.communicate(timeout=120)
        assert process.returncode == code, said
        assert "Traceback" not in said
        return said

    def asked(self, method: str, part: str) -> int:
        """Count the requests so far."""
        return sum(entry.method == method and part in entry.path for entry in self.crm.emulator.journal.entries)

    def shown(self) -> list[str]:
        """Give the leads that show a score."""
        rows = self.crm.org.run_query("SELECT Id FROM Lead WHERE HPRO_Score__c != null", user_id=None).rows
        return sorted(str(row[0]) for row in rows)

    def lead_ids(self) -> list[str]:
        """Give the leads that live."""
        return sorted(str(row[0]) for row in self.crm.org.run_query("SELECT Id FROM Lead", user_id=None).rows)

    def known_ids(self) -> list[str]:
        """Give the leads that the state knows."""
        with StateStore.open(self.state, create=False) as store:
            return store.lead_ids()

    def queued_ids(self) -> list[str]:
        """Give the leads that have a score in the state."""
        with StateStore.open(self.state, create=False) as store:
            return sorted(row.lead_id for row in store.queue())

    def cursors(self) -> list[tuple[object, ...]]:
        """Give how far each stream is read."""
        with StateStore.open(self.state, create=False) as store, store.transactions.reading() as connection:
            return [tuple(row) for row in connection.execute(CURSORS.select())]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as served:
        yield Desk(SalesforceUnderKills(tmp_path / "org", LEADS, SEED, served))


def wait_until_played(rule: FaultRule, process: subprocess.Popen[str]) -> None:
    while not rule.played:
        assert process.poll() is None, "it ended before it sent its rows"
        time.sleep(0.02)


def test_row_41_a_second_process_is_busy_and_no_row_is_written_twice(desk: Desk) -> None:
    storm = Storm(desk.crm, "exact", SEED, changes=5)
    with storm.start(fails=False) as first:
        hang = desk.crm.emulator.faults.add(Fault.hang(), path=UPLOAD)
        wait_until_played(hang, first)  # its rows are on their way
        said = desk.hpro(*RUN, code=4)
        assert f"process {first.pid} on " in said
        first.kill()
    assert desk.shown() == []
    storm.run()
    assert desk.shown() == desk.queued_ids() != []
    assert desk.asked("PUT", "/batches") == 2  # one that did not arrive, and one
    assert desk.asked("PATCH", "/composite/sobjects") == 0


def test_row_42_a_signal_between_reading_and_writing_loses_nothing(desk: Desk) -> None:
    assert "hpro plan" in desk.hpro(*RUN, code=2)
    desk.hpro("plan")
    before = desk.cursors()
    hang = desk.crm.emulator.faults.add(Fault.hang(), path=UPLOAD)
    process = desk.start(HPRO, "apply", "--plan", 1)
    wait_until_played(hang, process)
    process.send_signal(signal.SIGTERM)
    desk.ended(process, 3)
    assert desk.shown() == []
    assert desk.cursors() == before
    read = desk.asked("POST", "/jobs/query")
    desk.hpro(*RUN)  # the plan that was confirmed is carried out
    assert desk.shown() == desk.queued_ids() != []
    assert desk.asked("POST", "/jobs/query") == read  # nothing is loaded anew


def test_row_43_a_full_disk_at_the_first_load_is_made_up_for_by_the_next_one(desk: Desk) -> None:
    for room in (0, 20_000, 300_000):
        process = desk.start(sys.executable, "-c", WITH_LITTLE_ROOM, room, *READ)
        assert "hpro-state" in desk.ended(process, 1)
    assert desk.hpro(*READ) == ""
    assert desk.known_ids() == desk.lead_ids()


def test_row_43_a_full_disk_moves_no_cursor_past_what_was_stored(desk: Desk) -> None:
    desk.hpro(*READ)
    before = desk.cursors()
    lead_id = desk.lead_ids()[0]
    words = "words " * 5_000
    for number in range(100):
        desk.crm.org.create("Task", {"Subject": f"Call {number}", "Description": words, "WhoId": lead_id})
    desk.crm.let_writes_be_read()
    room = desk.state.stat().st_size + 100_000
    said = desk.ended(desk.start(sys.executable, "-c", WITH_LITTLE_ROOM, room, *READ), 1)
    assert "full" in said
    after = {row[0]: row for row in desk.cursors()}
    assert after["Task"] == {row[0]: row for row in before}["Task"]
    desk.hpro(*READ)
    with StateStore.open(desk.state, create=False) as store:
        (lead,) = store.load([lead_id])
    assert sum(one.record.text.endswith(words.strip()) for one in lead.interactions) == 100


def test_row_43_a_state_that_somebody_writes_to_is_busy(desk: Desk) -> None:
    desk.hpro(*READ)
    before = desk.cursors()
    with closing(sqlite3.connect(desk.state, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert str(desk.state.name) in desk.hpro(*RUN, code=4)
    assert desk.cursors() == before
