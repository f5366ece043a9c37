"""A first load in a process of its own, made to be killed; see test_large_first_loads.py.

Each page becomes a line of a file, with its ids and its ``resume``; a later process goes on after the last whole line.
On stdout comes a line a page, and at the end the most memory that the process took.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import datetime
from pathlib import Path

from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.rows.row_reader import RowReader, Source


def whole_lines(stored: Path) -> list[str]:
    """Give the lines that were written to their end, and cut off the rest."""
    text = stored.read_text("utf-8") if stored.exists() else ""
    text = text[: text.rfind("\n") + 1]
    stored.write_text(text, "utf-8")
    return text.splitlines()


def most_memory_mb() -> int:
    """Give the most memory that this process took; on Linux, `getrusage` would tell of the one that started it, too."""
    status = Path("/proc/self/status")
    if status.exists():
        return (
            next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) // 1024
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 * 1024)


def main(url: str, key: str, secret: str, asked: str, stored: Path) -> None:
    """Load one object.

    Args:
        url: Of the emulator.
        key: Of the client app.
        secret: Of the client app.
        asked: JSON of object, columns, types and end.
        stored: Where pages go.
    """
    given = json.loads(asked)
    source = Source(given["object"], tuple(given["columns"]), given["types"])
    lines = whole_lines(stored)
    resume = json.loads(lines[-1])["resume"] if lines else None
    del lines
    client = SalesforceClient(
        Connection("acme.my", SignInWay.CLIENT_CREDENTIALS, consumer_key=key, consumer_secret=secret, emulator=url)
    )
    reader = RowReader(client, sleep=lambda _seconds: time.sleep(0.01))
    with stored.open("a", encoding="utf-8") as file:
        for page in reader.backfill(source, datetime.fromisoformat(given["end"]), resume):
            ids = [row["Id"] for row in page.rows]
            file.write(json.dumps({"ids": ids, "resume": page.resume, "complete": page.complete}) + "\n")
            file.flush()
            print(f"page {len(ids)}", flush=True)  # noqa: T201 - whoever started this process listens
    print(f"ended {most_memory_mb()}", flush=True)  # noqa: T201 - likewise


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], Path(sys.argv[5]))
