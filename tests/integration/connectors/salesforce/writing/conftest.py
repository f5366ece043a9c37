"""An emulated org with our fields, HPRO's state of it, and passes that score by arithmetic and write."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from hpro_connectors.calls import CallPolicy, GuardedConnector
from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.http.journal import JournalEntry
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.write_rules import Record
from hpro_connectors.engine import PassReport, PassSettings, run_pass
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteResult
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS
from hpro_connectors.state import StateStore
from hpro_connectors.testing import ArithmeticEngine, ManualClock, ManualSleep
from hpro_connectors.testing.world import MANIFEST
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import LeadKey
from hpro_sdk.scoring.scorer import Scorer

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
FUNNEL = Funnel(stages=("Open - Not Contacted", "Working - Contacted"))
ORG_ID = "00DHp0000000001MAA"
WRITES = r"/composite/sobjects|/jobs/ingest"


class WritingWorld:
    """An org of leads with visits, and what writes scores to it: each pass a process of its own.

    Attributes:
        org: The org; its integration user is the one that reads and writes.
        emulator: Serves it, strictly.
        store: The state.
        settings: How it is read and written: a Bulk job above 20 rows.
        passes: How a pass goes.
        sleep: What is waited with; moves a clock of its own.
        policy: Of the guard.
        lead_ids: All leads, in the order in which they were made.
    """

    def __init__(self, folder: Path, served: ExitStack, org_id: str = ORG_ID) -> None:
        self.folder = folder
        self._served = served
        self.clock = EmulatorClock(START)
        self.sleep = ManualSleep(ManualClock())
        self.org = SalesforceOrg(org_id=org_id, name="Acme", clock=self.clock)
        self.org.schema.add_field("Lead", FieldSchema("Visits__c", FieldType.DOUBLE, precision=9, scale=0))
        self.emulator = served.enter_context(SalesforceEmulator(self.org, strict=True, domain="acme.my"))
        self.store = served.enter_context(StateStore.open(folder / "state.sqlite"))
        self.settings = SalesforceSettings(
            field_names={"Visits__c": "visits"},
            interactions=(),
            describe_cache=folder / "describe.json",
            write_job=folder / "write-job.json",
            bulk_above=20,
        )
        self.passes = PassSettings(rails=False, now=self.clock.now)
        self.policy = CallPolicy(breaker_failures=1_000_000, run_percent=100)
        self.lead_ids: list[str] = []
        self.scorer = Scorer(ArithmeticEngine(), MANIFEST.model_copy(update={"funnel": FUNNEL}), "hpro-test")
        self.install()
        self.emulator.journal.clear()

    def install(self) -> None:
        """Make our fields as an admin does, and give the integration user its part of them."""
        self.connector(as_admin=True).ensure_fields()
        (found,) = self.org.run_query("SELECT Id FROM PermissionSet WHERE Name = 'HPRO_Connector'", user_id=None).rows
        assignment = {"PermissionSetId": found[0], "AssigneeId": self.org.integration_user_id}
        self.org.create("PermissionSetAssignment", assignment)

    def add_leads(self, count: int) -> list[str]:
        """Make leads; the later one is made, the more visits it has."""
        with self.org.transaction():
            first = len(self.lead_ids)
            made = [
                self.org.create("Lead", {"LastName": f"L{number}", "Company": "Acme", "Visits__c": number % 1000})
                for number in range(first, first + count)
            ]
        self.lead_ids += made
        return made

    def use(self, **settings: object) -> None:
        """Change how it is read and written."""
        self.settings = dataclasses.replace(self.settings, **settings)  # type: ignore[arg-type]

    def connector(self, *, as_admin: bool = False) -> SalesforceConnector:
        """Make a connector as a new process would."""
        app = self.emulator.app
        connection = Connection(
            domain="acme.my",
            sign_in=SignInWay.CLIENT_CREDENTIALS,
            consumer_key=app.consumer_key,
            consumer_secret=app.consumer_secret,
            emulator=self.emulator.url,
        )
        if as_admin:
            connection = dataclasses.replace(
                connection,
                sign_in=SignInWay.SESSION,
                session_id=self.emulator.session_id(self.org.admin_user_id),
                instance_url="https://acme.my.salesforce.com",
            )
        client = SalesforceClient(connection)
        self._served.callback(client.close)
        return SalesforceConnector(
            client,
            self.settings,
            reader=RowReader(client, sleep=lambda _seconds: None),
            sleep=self.sleep,
            clock=self.sleep_clock,
        )

    def sleep_clock(self) -> float:
        """Give the seconds that were slept."""
        return sum(self.sleep.waits)

    def run(self, **passes: object) -> PassReport:
        """Wait for longer than the lag, then run a pass behind a guard whose waits take no time."""
        self.clock.advance(timedelta(minutes=15))
        connector = self.connector()
        guarded = GuardedConnector(connector, self.policy, sleep=lambda _seconds: None, random=Random(1))
        settings = dataclasses.replace(self.passes, **passes)  # type: ignore[arg-type]
        report = run_pass(guarded, self.store, self.scorer, settings)
        connector.finish()
        return report

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Write rows as a process does that does nothing else."""
        connector = self.connector()
        results = connector.write(rows)
        connector.finish()
        return results

    def reopen(self) -> None:
        """Open the state anew, as the next process does."""
        self.store.close()
        self.store = self._served.enter_context(StateStore.open(self.folder / "state.sqlite"))

    def row(self, lead_id: str, **values: object) -> ScoreRow:
        """Give a row for a lead, as a caller that checks nothing makes it."""
        return ScoreRow.model_construct(
            lead=LeadKey(self.org.org_id, "lead", lead_id),
            **(dict.fromkeys(SCORE_COLUMNS) | values),
        )

    def rows(self, count: int, **values: object) -> list[ScoreRow]:
        """Give rows for new leads, each with a rank of its own."""
        return [self.row(one, rank=number, **values) for number, one in enumerate(self.add_leads(count), start=1)]

    def shown(self, lead_id: str, field: str = "rank") -> object:
        """Give what the CRM holds of one of our fields."""
        return self.org.get("Lead", lead_id)[SCORE_COLUMNS[field]]

    def count_updates(self) -> Counter[str]:
        """Count from now on how often users change each lead."""
        seen: Counter[str] = Counter()

        def note(lead: Record) -> bool:
            seen[str(lead["LastName"])] += 1
            return False

        self.org.rules.add_validation("Lead", "", note)
        return seen

    def asked(self, path: str = WRITES, method: str | None = None) -> list[JournalEntry]:
        """Give the requests to some paths."""
        return list(self.emulator.journal.matching(path, method=method))

    def is_noted(self) -> bool:
        """Whether a Bulk job is noted for the next process."""
        return (self.folder / "write-job.json").exists()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[WritingWorld]:
    with ExitStack() as served:
        yield WritingWorld(tmp_path, served)


@pytest.fixture
def make_world() -> Iterator[Callable[[Path, str], WritingWorld]]:
    """Makes worlds of orgs with other ids."""
    with ExitStack() as served:

        def make(folder: Path, org_id: str) -> WritingWorld:
            folder.mkdir()
            return WritingWorld(folder, served, org_id)

        yield make
