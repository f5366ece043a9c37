"""An emulated Salesforce under kills: a share of the calls on the wire fails, and people work in the org meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from hpro_connectors.demo.simulation import START, VISITS
from hpro_connectors.emulators.salesforce.company.demo_org import make_demo_org
from hpro_connectors.emulators.salesforce.company.demo_schema import field_name, prompt_names
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS, transient_faults
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.settings import SalesforceSettings

FAULTS_A_PASS = 4
EXCLUDED = "Do_Not_Score__c"
ROWS_OF_A_PAGE = 50
BULK_ABOVE = 40
LAG_S = 2
INSTALLED = "SELECT Id FROM PermissionSet WHERE Name = 'HPRO_Connector'"
IN_THE_COURSE = ("expire_sessions", "expire_cursors", "fail_bulk_job", "forget_bulk_jobs", "fail_ingest_job")


class SalesforceUnderKills:
    """A car dealer's Salesforce, served as long as ``served`` is open; see :class:`kill_storm.CrmUnderKills`.

    Args:
        folder: Empty.
        leads: How many arrive in the three months that the org has seen.
        seed: Of the company and the faults.
        served: Ends the emulator.
    """

    def __init__(self, folder: Path, leads: int, seed: int, served: ExitStack) -> None:
        folder.mkdir(exist_ok=True)
        self.config = folder / "hpro.toml"
        self.demo = make_demo_org("test_drive", seed, 4 * leads, until=START + timedelta(days=91))
        self.org = self.demo.org
        self.org.schema.add_field("Lead", FieldSchema(EXCLUDED, FieldType.BOOLEAN), visible=True)
        self.emulator = served.enter_context(
            SalesforceEmulator(self.org, strict=True, page_size=ROWS_OF_A_PAGE, daily_requests=10_000_000)
        )
        self.seed = seed
        self._streams: tuple[str, ...] = ()
        self._install()
        names = "\n".join(f'{field} = "{name}"' for field, name in prompt_names(self.demo.simulation.kind).items())
        self.config.write_text(
            "[crm.main]\n"
            'connector = "salesforce"\n'
            'domain = "acme.my"\n'
            f'consumer_key = "{self.emulator.app.consumer_key}"\n'
            f'emulator = "{self.emulator.url}"\n'
            f'exclude_field = "{EXCLUDED}"\n'
            'lost_stages = ["lost"]\n'
            f"bulk_above = {BULK_ABOVE}\ntimeout_s = 5\n"
            f"[crm.main.field_names]\n{names}\n"
            "[budget]\ncalls_per_second = 10000\nrun_percent = 100\nbreaker_failures = 1000\n"
            f"[sync]\nlag_s = {LAG_S}\n"
            "[writing]\nbatch_rows = 7\n",
            encoding="utf-8",
        )

    def _install(self) -> None:
        """Make our fields as an admin does, and give the integration user its part of them."""
        connection = Connection(
            domain="",
            sign_in=SignInWay.SESSION,
            session_id=self.emulator.session_id(self.org.admin_user_id),
            instance_url="https://acme.my.salesforce.com",
            emulator=self.emulator.url,
        )
        client = SalesforceClient(connection)
        connector = SalesforceConnector(client, SalesforceSettings())
        connector.ensure_fields()
        self._streams = tuple(stream.name for stream in connector.streams())
        (row,) = client.query(INSTALLED).records
        client.request(
            "POST",
            "sobjects/PermissionSetAssignment",
            json={"PermissionSetId": str(row["Id"]), "AssigneeId": self.org.integration_user_id},
        )
        client.close()

    def clock(self) -> datetime:
        """What time it is in the org."""
        return self.org.clock.now()

    def streams(self) -> tuple[str, ...]:
        """What is read of it."""
        return self._streams

    def advance(self, days: int) -> None:
        """Let simulated days go by."""
        self.demo.advance(days)

    def let_writes_be_read(self) -> None:
        """Let so much time go by that the newest changes are read, and hardly a lead grows older."""
        self.org.advance(timedelta(seconds=LAG_S + 1))

    def begin(self, number: int, writes: int | None) -> float:
        """Let calls fail on the wire, and some minutes go by first; the process itself lets none fail."""
        self.emulator.faults.clear()
        if writes is not None:
            self.org.advance(timedelta(minutes=number % 7))
            self.emulator.faults.add(*transient_faults(), share=0.05, seed=self.seed + number)
            in_the_course = [FAULTS[name]() for name in IN_THE_COURSE]
            self.emulator.faults.add(*in_the_course, share=0.01, seed=self.seed + number)
            share = min(0.1, FAULTS_A_PASS / (1 + writes))
            for method, path in (("PATCH", "/composite/sobjects"), ("", "/jobs/ingest")):
                self.emulator.faults.add(
                    *transient_faults(), method=method or None, path=path, share=share, seed=self.seed - number
                )
        return 0.0

    def environment(self, number: int) -> Mapping[str, str]:
        """Every other process gives a call one try, and leaves with the first failure."""
        return {
            "HPRO_CRM__MAIN__CONSUMER_SECRET": self.emulator.app.consumer_secret,
            "HPRO_BUDGET__MAX_TRIES": "8" if number % 2 else "1",
        }

    def people_work(self, random: Random, changes: int) -> None:
        """Change this and that, deletions, conversions, merges and fields of our own included."""
        org, minute = self.org, timedelta(minutes=1)
        rows = org.run_query(
            "SELECT Id, IsConverted, IsDeleted, MasterRecordId FROM Lead", user_id=None, include_deleted=True
        ).rows
        live = [str(row[0]) for row in rows if row[2] is False and row[1] is False]
        # a converted lead would come back without its contact, and no note says that it lost its link to that
        gone = [str(row[0]) for row in rows if row[2] is True and row[3] is None and row[1] is False]
        stages = self.demo.simulation.kind.stage_names
        for lead_id in random.sample(live, min(changes, len(live) // 2)):
            if random.random() < 0.5:
                org.advance(minute)
            match random.choice(
                ("visits", "call", "note", "stage", "score", "delete", "undelete", "merge", "exclude", "convert")
            ):
                case "visits":
                    org.update("Lead", lead_id, {field_name(VISITS): random.randint(0, 30)})
                case "call":
                    words = f"called again about offer {random.randint(1, 10_000)}"
                    org.create(
                        "Task", {"Subject": "Call", "TaskSubtype": "Call", "Description": words, "WhoId": lead_id}
                    )
                case "note":
                    org.create("Note", {"ParentId": lead_id, "Title": "Offer", "Body": str(random.randint(1, 10_000))})
                case "stage":
                    org.update("Lead", lead_id, {"Status": random.choice(stages)})
                case "score":  # one of the fields that are ours
                    org.update("Lead", lead_id, {"HPRO_Score__c": random.randint(0, 100)})
                case "delete":
                    org.delete("Lead", lead_id)
                    live.remove(lead_id)
                case "undelete" if gone:
                    org.undelete("Lead", gone.pop(random.randrange(len(gone))))
                case "merge":
                    live.remove(lead_id)
                    org.merge("Lead", random.choice(live), lead_id)
                case "exclude":
                    org.update("Lead", lead_id, {EXCLUDED: random.random() < 0.7})
                case "convert":
                    org.convert_lead(lead_id)
                    live.remove(lead_id)
