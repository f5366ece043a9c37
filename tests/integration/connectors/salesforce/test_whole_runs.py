"""Whole passes over an emulated Salesforce: what a bad line changes (nothing), and what a quiet pass costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from hpro_connectors.calls import CallPolicy, GuardedConnector
from hpro_connectors.demo.histories import funnel_of, template_of
from hpro_connectors.demo.simulation import START
from hpro_connectors.emulators.http.fault_script import Fault
from hpro_connectors.emulators.salesforce.company.demo_org import SalesforceDemo, make_demo_org
from hpro_connectors.emulators.salesforce.company.demo_schema import prompt_names
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.wire.faults import FAULTS, transient_faults
from hpro_connectors.engine import PassReport, PassSettings, run_pass
from hpro_connectors.errors import AuthError
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.state import StateStore
from hpro_connectors.state.schema import FIELD_CHANGES, INTERACTIONS, LEADS, STAGE_CHANGES
from hpro_connectors.testing import fixed_cost_scorer
from hpro_sdk.ranking import Bands
from hpro_sdk.scoring.calibration import Calibration
from hpro_sdk.scoring.manifest import BaseModelOrigin, ScorerManifest, ScoreTokens
from hpro_sdk.scoring.scorer import Scorer

DAYS = 90
BATCH = 10
HANG_S = 0.4  # a request that hangs costs the test that long
SHOWN = (
    "Id, HPRO_Score__c, HPRO_Band__c, HPRO_Trend__c, HPRO_Rank__c, HPRO_Stage_Rank__c, HPRO_Stage_Size__c,"
    " HPRO_Model__c, HPRO_Scored_At__c"
)


@dataclass
class Company:
    """A simulated company's Salesforce, HPRO's state of it, and passes that a scheduled process makes."""

    demo: SalesforceDemo
    emulator: SalesforceEmulator
    store: StateStore
    folder: Path

    def connector(self) -> GuardedConnector:
        """Connect anew, as a new process does; waits between tries take no time."""
        connection = Connection(
            domain="acme.my",
            sign_in=SignInWay.CLIENT_CREDENTIALS,
            consumer_key=self.emulator.app.consumer_key,
            consumer_secret=self.emulator.app.consumer_secret,
            emulator=self.emulator.url,
            read_timeout_s=HANG_S,
        )
        client = SalesforceClient(connection)
        settings = SalesforceSettings(
            field_names=prompt_names(self.demo.simulation.kind),
            lost_stages=("lost",),
            describe_cache=self.folder / "describe.json",
            page_size=200,
        )
        reader = RowReader(client, page_size=200, sleep=lambda _seconds: None)
        policy = CallPolicy(max_tries=8, breaker_failures=1000, run_percent=100)
        return GuardedConnector(
            SalesforceConnector(client, settings, reader=reader),
            policy,
            sleep=lambda _seconds: None,
            random=Random(7),
        )

    def run(self, scorer: Scorer, *, days: float = 0) -> PassReport:
        """Let days and some minutes go by, then run a pass."""
        if days:
            self.demo.advance(days)
        self.demo.org.clock.advance(timedelta(minutes=15))
        settings = PassSettings(rails=False, now=self.demo.org.clock.now)
        return run_pass(self.connector(), self.store, scorer, settings)

    def told(self) -> dict[str, list[str]]:
        """Give all that the state holds of the CRM, in an order of its own."""
        with self.store.transactions.reading() as connection:
            return {
                table.name: sorted(
                    json.dumps({name: str(value) for name, value in row._mapping.items() if name not in LOCAL})
                    for row in connection.execute(select(table))
                )
                for table in (LEADS, INTERACTIONS, STAGE_CHANGES, FIELD_CHANGES)
            }

    def shown(self) -> list[tuple[object, ...]]:
        """Give what the CRM shows of our fields."""
        org = self.demo.org
        return sorted(org.run_query(f"SELECT {SHOWN} FROM Lead", user_id=org.admin_user_id).rows, key=str)


LOCAL = {"id", "text_stored_at", "changed_at"}  # numbers and moments of our own


@contextmanager
def company(
    folder: Path, *, leads_per_year: int = 400, strict: bool = False, rows_given: int | None = None
) -> Iterator[Company]:
    """Give a company of three months, its fields made."""
    folder.mkdir()
    demo = make_demo_org("test_drive", 3, leads_per_year, until=START + timedelta(days=DAYS))
    with (
        SalesforceEmulator(demo.org, strict=strict, page_size=rows_given) as emulator,
        StateStore.open(folder / "state.sqlite") as store,
    ):
        made = Company(demo, emulator, store, folder)
        install_fields(made)
        emulator.journal.clear()
        yield made


def install_fields(made: Company) -> None:
    """Make our fields as an admin does, and give the integration user its part of them."""
    org, emulator = made.demo.org, made.emulator
    connection = Connection(
        domain="acme.my",
        sign_in=SignInWay.SESSION,
        session_id=emulator.session_id(org.admin_user_id),
        instance_url="https://acme.my.salesforce.com",
        emulator=emulator.url,
    )
    client = SalesforceClient(connection)
    SalesforceConnector(client, SalesforceSettings()).ensure_fields()
    (row,) = client.query("SELECT Id FROM PermissionSet WHERE Name = 'HPRO_Connector'").records
    client.request(
        "POST",
        "sobjects/PermissionSetAssignment",
        json={"PermissionSetId": str(row["Id"]), "AssigneeId": org.integration_user_id},
    )
    client.close()


def exact_scorer(made: Company) -> Scorer:
    """Give a scorer whose number is a function of the prompt's text."""
    simulation = made.demo.simulation
    manifest = ScorerManifest(
        template=template_of(simulation, 4096),
        funnel=funnel_of(simulation),
        calibration=Calibration(convert_weight=0.3, rank_weight=0.8, bias=-1.0),
        bands=Bands(edges=(0.5, -0.5, -1.5)),
        score_tokens=ScoreTokens(convert=1, rank=2),
        base=BaseModelOrigin(name="nano", licence="none"),
        training_report_digest="0" * 64,
    )
    return fixed_cost_scorer(manifest, 0.0)[0]


def test_a_tenth_of_all_calls_failing_changes_nothing_in_the_end(tmp_path: Path) -> None:
    ends = []
    for name, share in (("calm", 0.0), ("storm", 0.1)):
        with company(tmp_path / name, rows_given=20) as made:
            scorer = exact_scorer(made)
            kinds = (*transient_faults(), Fault.hang(), Fault.hang(applied=True))
            rule = made.emulator.faults.add(*kinds, share=share, seed=5) if share else None
            for days in (0, 3, 1, 0):
                report = made.run(scorer, days=days)
                assert report.problem_count == 0
            if rule is not None:
                assert rule.played >= 15
            made.emulator.faults.clear()
            quiet = made.run(scorer)
            ends.append((made.told(), made.shown(), quiet.scored, quiet.written))
    assert ends[0] == ends[1]


def test_a_pass_with_nothing_new_costs_two_calls_a_stream_and_three(tmp_path: Path) -> None:
    with company(tmp_path / "quiet", strict=True) as made:
        scorer = exact_scorer(made)
        made.run(scorer)
        made.run(scorer)  # reads back what was written, and writes nothing
        made.emulator.journal.clear()
        report = made.run(scorer)
        streams = len(made.connector().streams())
        assert (report.scored, report.written) == (0, 0)
        entries = made.emulator.journal.entries
        assert len(entries) <= 2 * streams + 3
        assert not [entry for entry in entries if entry.method == "PATCH"]


def run_in_small_batches(made: Company) -> PassReport:
    made.demo.org.clock.advance(timedelta(minutes=15))
    settings = PassSettings(rails=False, write_batch=BATCH, now=made.demo.org.clock.now)
    return run_pass(made.connector(), made.store, exact_scorer(made), settings)


def scores_of(made: Company) -> list[tuple[object, ...]]:
    """Give what is shown of each lead, but for when it was scored, which another pass may do."""
    return [row[:-1] for row in made.shown()]


@pytest.mark.parametrize("fault", ["revoke_consent", "deactivate_user"])
def test_row_21_consent_revoked_between_two_writes_leaves_no_half_scores(tmp_path: Path, fault: str) -> None:
    with company(tmp_path / "calm") as calm, company(tmp_path / "cut") as cut:
        org = cut.demo.org
        cut.emulator.faults.add(FAULTS[fault](), path="/composite/sobjects", method="PATCH", nth=3)
        with pytest.raises(AuthError, match="no user to run as"):
            run_in_small_batches(cut)
        shown = [row for row in cut.shown() if any(value is not None for value in row[1:])]
        assert len(shown) == 2 * BATCH
        assert all(None not in (score, band, scored_at) for _, score, band, *_, scored_at in shown)
        org.update("User", org.integration_user_id, {"IsActive": True})
        cut.emulator.app.run_as = org.integration_user_id
        assert run_in_small_batches(cut).problem_count == 0
        run_in_small_batches(calm)
        run_in_small_batches(calm)
        assert scores_of(cut) == scores_of(calm)
        assert len([row for row in scores_of(calm) if row[1] is not None]) > 3 * BATCH
        assert run_in_small_batches(cut).written == 0
