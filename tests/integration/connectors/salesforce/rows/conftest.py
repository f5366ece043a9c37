"""An org behind the emulator, and readers of its rows that are new processes each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.errors import RetriableError
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.rows.row_reader import BulkOptions, Row, RowReader, Source

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class ServedOrg:
    """An org of numbered leads.

    Attributes:
        org: The org.
        emulator: Serves it, strictly.
    """

    def __init__(self, closing: ExitStack) -> None:
        self._closing = closing
        self.clock = EmulatorClock(START)
        self.org = SalesforceOrg(org_id="00DHp0000000001MAA", name="Acme", clock=self.clock)
        self.org.schema.add_field("Lead", FieldSchema("Number__c", FieldType.DOUBLE, precision=9, scale=0))
        self.emulator = closing.enter_context(SalesforceEmulator(self.org, strict=True, domain="acme.my"))

    def fill(self, count: int, *, a_second: int = 1, **values: object) -> list[str]:
        """Make leads, some of them in each second."""
        ids = []
        with self.org.transaction():
            for number in range(count):
                if number % a_second == 0:
                    self.org.advance(timedelta(seconds=1))
                fields = {"LastName": f"L{number}", "Company": "Acme", "Number__c": number, **values}
                ids.append(self.org.create("Lead", fields))
        return ids

    def wait(self, **time: float) -> None:
        """Let time go by in the org."""
        self.org.advance(timedelta(**time))

    def window(self) -> Window:
        """Everything up to two minutes ago."""
        return Window(start=START, end=self.clock.now() - timedelta(seconds=120))

    def client(self) -> SalesforceClient:
        """Sign in as a new process does."""
        client = SalesforceClient(
            Connection(
                domain="acme.my",
                sign_in=SignInWay.CLIENT_CREDENTIALS,
                consumer_key=self.emulator.app.consumer_key,
                consumer_secret=self.emulator.app.consumer_secret,
                emulator=self.emulator.url,
            )
        )
        self._closing.callback(client.close)
        return client

    def reader(self, bulk: BulkOptions | None = None, page_size: int = 2000) -> RowReader:
        """Make a reader as a new process does; it waits for nothing."""
        return RowReader(self.client(), page_size=page_size, bulk=bulk, sleep=lambda _seconds: None)

    def read_through_failures(self, source: Source, *, first_load: bool) -> list[Row]:
        """Read everything; after a failure, a new process goes on from the last page."""
        rows: list[Row] = []
        resume: JsonValue = None
        options = BulkOptions(first_rows=40, most_rows=90, rows_at_once=25)
        window = self.window()
        for _ in range(200):
            reader = self.reader(options, page_size=200)
            try:
                pages = (
                    reader.backfill(source, window.end, resume) if first_load else reader.window(source, window, resume)
                )
                for page in pages:
                    rows.extend(page.rows)
                    resume = page.resume
                    if page.complete:
                        return rows
            except RetriableError:
                continue
        raise AssertionError("reading never came to its end")

    def queries(self) -> list[str]:
        """Give the SOQL that was asked by REST, without requests for further pages."""
        return [entry.text for entry in self.emulator.journal.entries if entry.text and "/query" in entry.path]

    def calls(self) -> Counter[str]:
        """Count the requests by what they ask: method and path without ids."""
        kinds: Counter[str] = Counter()
        for entry in self.emulator.journal.entries:
            path = entry.path.partition("/services/")[2].removeprefix("data/v62.0/")
            parts = [part for part in path.split("/") if part and part[:3] not in {"750", "01g"}]
            kinds[f"{entry.method} {'/'.join(parts)}"] += 1
        return kinds


@pytest.fixture
def served() -> Iterator[ServedOrg]:
    with ExitStack() as closing:
        yield ServedOrg(closing)
