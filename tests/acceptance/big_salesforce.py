"""A big emulated Salesforce in a process of its own: `python big_salesforce.py LEADS`; prints where it is, as JSON.

Leads and interactions are made by counting, in one transaction: what is tried on them is reading, not their content.
"""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime, timedelta

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = "Asked about delivery, price and the trial; wants to hear more, “soon”, and has\na colleague look at it. "


def fill(org: SalesforceOrg, clock: EmulatorClock, leads: int) -> None:
    """Make leads, each with two calls, a task and a meeting; many share a second, as after an import."""
    org.schema.add_field("Lead", FieldSchema("Seats__c", FieldType.DOUBLE, precision=9, scale=0))
    with org.transaction():
        for number in range(leads):
            if number % 500 == 0:
                clock.advance(timedelta(seconds=30))
            person = {"LastName": f"Person {number}", "FirstName": "Nobody", "Company": f"Company {number % 900}"}
            lead_id = org.create("Lead", person | {"City": "Ghent, “East”", "Seats__c": number % 40})
            for call in range(2):
                words = f"{number}.{call}: {WORDS * (1 + number % 3)}"
                org.create(
                    "Task",
                    {"Subject": "Call", "TaskSubtype": "Call", "CallDurationInSeconds": 60 + call, "WhoId": lead_id}
                    | {"Description": words},
                )
            org.create("Task", {"Subject": f"Send offer {number}", "WhoId": lead_id})
            org.create(
                "Event",
                {"Subject": "Visit", "Description": WORDS, "WhoId": lead_id, "DurationInMinutes": 30}
                | {"StartDateTime": clock.now().isoformat()},
            )
    clock.advance(timedelta(hours=1))


def _wait_for_the_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


def main() -> None:
    """Serve until standard input ends."""
    clock = EmulatorClock(BEGINNING)
    org = SalesforceOrg(org_id="00DHp0000000002MAA", name="Big", clock=clock)
    fill(org, clock, int(sys.argv[1]))
    with SalesforceEmulator(org, strict=True) as emulator:
        told = {"url": emulator.url, "key": emulator.app.consumer_key, "secret": emulator.app.consumer_secret}
        print(json.dumps(told), flush=True)  # noqa: T201 - that is how it tells
        ended = threading.Event()
        threading.Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()
        ended.wait()


if __name__ == "__main__":
    main()
