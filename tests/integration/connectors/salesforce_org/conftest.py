"""An emulated org of a few leads, the state of HPRO beside it, and passes that read it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.engine import PassReport, PassSettings, run_pass
from hpro_connectors.engine.settings import Stage
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.state import StateStore
from hpro_connectors.state.rows import StoredLead

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEADS = 4


class SalesforceWorld:
    """An org as people leave it, and passes over it, each a process of its own.

    Attributes:
        org: The org; its integration user is the one that reads.
        emulator: Serves it, two rows a page, and strictly.
        store: The state.
        settings: How it is read.
        lead_ids: Of the leads that were made first.
    """

    def __init__(self, folder: Path, served: ExitStack) -> None:
        self.folder = folder
        self._served = served
        self.clock = EmulatorClock(START)
        self.org = SalesforceOrg(org_id="00DHp0000000001MAA", name="Acme", clock=self.clock)
        self.org.schema.add_field("Lead", FieldSchema("Seats__c", FieldType.DOUBLE, precision=9, scale=0))
        self.org.schema.add_field("Lead", FieldSchema("Segment__c", FieldType.STRING, length=40))
        self.org.schema.track("Lead", "Status")
        self.lead_ids = [self.add_lead(number) for number in range(LEADS)]
        self.emulator = served.enter_context(SalesforceEmulator(self.org, page_size=2, strict=True, domain="acme.my"))
        self.store = served.enter_context(StateStore.open(folder / "state.sqlite"))
        self.settings = SalesforceSettings(describe_cache=folder / "describe.json")

    def add_lead(self, number: int) -> str:
        """Make a lead that was called, mailed, met and noted."""
        self.wait(minutes=1)
        fields = {"LastName": f"L{number}", "Company": f"Acme {number}", "Seats__c": number, "Segment__c": "small"}
        lead_id = self.org.create("Lead", fields)
        who = {"WhoId": lead_id}
        self.org.create("Task", who | {"Subject": "Call", "TaskSubtype": "Call", "CallDurationInSeconds": 60})
        task_id = self.org.create("Task", who | {"Subject": "Email: Offer", "TaskSubtype": "Email"})
        self.org.create("EmailMessage", {"Subject": "Offer", "TextBody": "For you.", "ActivityId": task_id})
        begin = self.clock.now().isoformat()
        self.org.create("Event", who | {"Subject": "Visit", "StartDateTime": begin, "DurationInMinutes": 30})
        self.org.create("Note", {"ParentId": lead_id, "Title": "Budget", "Body": f"{number} seats"})
        note_id = self.org.create("ContentNote", {"Title": "Kitchen", "Content": b"<p>Blue</p>"})
        self.org.create("ContentDocumentLink", {"ContentDocumentId": note_id, "LinkedEntityId": lead_id})
        return lead_id

    def wait(self, **time: float) -> None:
        """Let time go by in the org."""
        self.org.advance(timedelta(**time))

    def use(self, **settings: object) -> None:
        """Change how the org is read."""
        self.settings = dataclasses.replace(self.settings, **settings)  # type: ignore[arg-type]

    def connector(self, *, as_admin: bool = False) -> SalesforceConnector:
        """Make a connector as a new process would, signed in by client credentials, or as an admin by a session."""
        if as_admin:
            connection = Connection(
                domain="",
                sign_in=SignInWay.SESSION,
                session_id=self.emulator.session_id(self.org.admin_user_id),
                instance_url="https://acme.my.salesforce.com",
                emulator=self.emulator.url,
            )
        else:
            connection = Connection(
                domain="acme.my",
                sign_in=SignInWay.CLIENT_CREDENTIALS,
                consumer_key=self.emulator.app.consumer_key,
                consumer_secret=self.emulator.app.consumer_secret,
                emulator=self.emulator.url,
            )
        client = SalesforceClient(connection)
        self._served.callback(client.close)
        return SalesforceConnector(client, self.settings, reader=RowReader(client, sleep=lambda _seconds: None))

    def read(self, *, confirm_missing: bool = False) -> PassReport:
        """Wait for longer than the lag, then run a pass that reads."""
        self.wait(minutes=5)
        settings = PassSettings(stages=frozenset({Stage.READ}), now=self.clock.now, confirm_missing=confirm_missing)
        return run_pass(self.connector(), self.store, None, settings)

    def let_the_overlap_pass(self) -> None:
        """Read until no more is in the ten minutes that are read again."""
        self.wait(hours=1)
        self.read()
        self.wait(hours=1)

    def lead(self, lead_id: str) -> StoredLead | None:
        """Give what is known of a lead."""
        return next(iter(self.store.load([lead_id])), None)

    def told(self, lead_id: str) -> list[str]:
        """Give the texts that are known of a lead, sorted."""
        lead = self.lead(lead_id)
        return [] if lead is None else sorted(one.record.text for one in lead.interactions)

    def asked(self) -> list[str]:
        """Give the paths of requests since the last look, without what every path begins with."""
        paths = [
            entry.path.removeprefix("/services/data/v62.0/").rstrip("/") for entry in self.emulator.journal.entries
        ]
        self.emulator.journal.clear()
        return paths


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SalesforceWorld]:
    with ExitStack() as served:
        yield SalesforceWorld(tmp_path, served)


@pytest.fixture
def make_world() -> Iterator[Callable[[Path], SalesforceWorld]]:
    """Makes worlds that are alike but for their folder."""
    with ExitStack() as served:

        def make(folder: Path) -> SalesforceWorld:
            folder.mkdir()
            return SalesforceWorld(folder, served)

        yield make


@pytest.fixture
def all_told() -> Callable[[int], list[str]]:
    """Gives the texts of a lead that was made with a number."""
    return lambda number: sorted(["Call", "Offer\nFor you.", "Visit", f"Budget\n{number} seats", "Kitchen\nBlue"])
