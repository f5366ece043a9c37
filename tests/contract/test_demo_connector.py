from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hpro_connectors.demo import org_admin
from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.events import FieldSet, InteractionLogged, LeadCreated, SimulatedLead, StageEntered
from hpro_connectors.demo.filling import apply_events, set_clock
from hpro_connectors.demo.org import Org, OrgDefinition, creating_org
from hpro_connectors.protocol import Connector, FieldInfo, Owner, StageInfo
from hpro_connectors.testing import ConnectorContract
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import InteractionKind, OutcomeResult, Speaker

START = datetime(2026, 1, 1, tzinfo=UTC)


class DemoCrm:
    """An org of seven leads that is read two records a page, and changed as people would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seats = itertools.count(100)
        definition = OrgDefinition(
            org_id="contract",
            name="Contract",
            company="saas",
            clock=START,
            stages=(
                StageInfo(name="new", label="New"),
                StageInfo(name="won", label="Won", result=OutcomeResult.WON),
            ),
            fields=(FieldInfo(name="seats", label="Seats", kind=FieldKind.NUMBER, history_tracked=True),),
            owners=(Owner(owner_id="o1", name="Ann"),),
        )
        with creating_org(path, definition) as org:
            for number in range(7):
                at, lead_id = START + timedelta(days=number), f"l{number}"
                lead = SimulatedLead(lead_id, f"p{number}", None, "o1", at, "new", {"seats": number})
                note = InteractionLogged(
                    at, lead_id, f"i{number}", InteractionKind.NOTE, Speaker.REP, "<p>Called.</p>", None, at
                )
                change = FieldSet(at, lead_id, "seats", number, number + 1, tracked=True)
                apply_events(org, [LeadCreated(at, lead), note, change, StageEntered(at, lead_id, "won")])
            set_clock(org, START + timedelta(days=8))

    def connector(self) -> Connector:
        return DemoConnector(Org.open(self.path), page_size=2)

    def touch_lead(self, lead_id: str) -> datetime:
        with Org.open(self.path) as org:
            return org_admin.edit_field(org, lead_id, "seats", next(self._seats))

    def delete_lead(self, lead_id: str) -> None:
        with Org.open(self.path) as org:
            org_admin.delete_lead(org, lead_id)

    def merge_leads(self, loser: str, survivor: str) -> None:
        with Org.open(self.path) as org:
            org_admin.merge_leads(org, loser, survivor)


class TestDemoConnector(ConnectorContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_crm(self) -> DemoCrm:
        return DemoCrm(self.folder / "contract.org")
