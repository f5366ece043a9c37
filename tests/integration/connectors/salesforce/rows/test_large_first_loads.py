"""100,000 leads and 400,000 tasks in a process that is killed again and again: calls, memory, and every row once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.rows.conftest import ServedOrg

WORKER = Path(__file__).with_name("load_worker.py")
LEADS, TASKS = 100_000, 400_000
MOST_MB = 600
MEGABYTES = 100 * 1000 * 1000
WORDS = 'Said "yes", and then\nsaid "no" to Zoë.\r\n' * 6
COLUMNS = {
    "Lead": ("Id", "SystemModstamp", "CreatedDate", "Status", "LastName", "Company", "Description", "Number__c"),
    "Task": ("Id", "SystemModstamp", "CreatedDate", "Subject", "Description", "WhoId", "CallDurationInSeconds"),
}
TYPES = {"Number__c": "double", "CallDurationInSeconds": "int"}


class FirstLoad:
    """A first load of one object by one process after the other."""

    def __init__(self, served: ServedOrg, object_name: str, stored: Path) -> None:
        self._arguments = [
            served.emulator.url,
            served.emulator.app.consumer_key,
            served.emulator.app.consumer_secret,
            json.dumps(
                {
                    "object": object_name,
                    "columns": COLUMNS[object_name],
                    "types": TYPES,
                    "end": served.window().end.isoformat(),
                }
            ),
            str(stored),
        ]
        self._stored = stored

    def run(self, *, kill_after: int | None = None) -> int:
        """Run a process, to its end or until it gave some pages; give the most memory that it took, in MB."""
        process = subprocess.Popen([sys.executable, WORKER, *self._arguments], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        most = 0
        with process:
            for number, line in enumerate(process.stdout, start=1):
                if number == kill_after:
                    process.kill()
                if line.startswith("ended"):
                    most = int(line.split()[1])
        assert most or kill_after is not None
        return most

    def ids(self) -> Counter[str]:
        """Count the ids of all pages."""
        pages = map(json.loads, self._stored.read_text("utf-8").splitlines())
        return Counter(row_id for page in pages for row_id in page["ids"])


@pytest.mark.soak
@pytest.mark.parametrize("object_name", ["Lead", "Task"])
def test_a_large_first_load_keeps_to_its_calls_and_its_memory_and_survives_being_killed(
    served: ServedOrg, object_name: str, soak_share: float, tmp_path: Path
) -> None:
    leads, count = int(LEADS * soak_share), int((LEADS if object_name == "Lead" else TASKS) * soak_share)
    ids = served.fill(leads if object_name == "Lead" else 1, a_second=100, Description=WORDS[:80])
    if object_name == "Task":
        with served.org.transaction():
            fields = {"WhoId": ids[0], "Description": WORDS, "TaskSubtype": "Call", "CallDurationInSeconds": 90}
            ids = [served.org.create("Task", {"Subject": f"Call {number}", **fields}) for number in range(count)]
    served.wait(minutes=5)
    served.emulator.jobs.delay_polls = 3

    undisturbed = FirstLoad(served, object_name, tmp_path / "undisturbed")
    assert undisturbed.run() < MOST_MB
    assert undisturbed.ids() == dict.fromkeys(ids, 1)
    calls = served.calls()
    del calls["GET jobs/query"], calls["POST oauth2/token"]
    assert sum(calls.values()) <= 12 * (1 + served.emulator.limits.result_bytes.used // MEGABYTES)
    assert calls["POST jobs/query"] == calls["DELETE jobs/query"] == 1

    killed = FirstLoad(served, object_name, tmp_path / "killed")
    random = Random(5)
    for _ in range(max(1, round(4 * soak_share))):
        killed.run(kill_after=random.randint(1, max(2, count // 2000 // 3)))
    assert killed.run() < MOST_MB
    assert killed.ids() == dict.fromkeys(ids, 1)
    assert served.calls()["POST jobs/query"] == 2  # one more, however often the process was killed
