"""The connector in memory keeps to the protocol."""

from __future__ import annotations

from datetime import datetime

from hpro_connectors.protocol import Connector
from hpro_connectors.testing import ConnectorContract, ContractCrm, ManualClock, MemoryCompany, MemoryConnector


class MemoryCrm:
    def __init__(self) -> None:
        self.company = MemoryCompany(ManualClock())
        for number in range(12):
            lead_id = self.company.create_lead(f"L{number}", person_id=f"P{number}", fields={"visits": number})
            self.company.change_lead(lead_id, stage="Talking", fields={"visits": number + 1})
            self.company.log_interaction(f"I{number}", lead_id, text="words")

    def connector(self) -> Connector:
        return MemoryConnector(self.company, page_size=3)

    def touch_lead(self, lead_id: str) -> datetime:
        self.company.touch_lead(lead_id)
        return self.company.clock.now

    def delete_lead(self, lead_id: str) -> None:
        self.company.delete_lead(lead_id)

    def merge_leads(self, loser: str, survivor: str) -> None:
        self.company.merge_leads(loser, survivor)


class TestMemoryConnector(ConnectorContract):
    def make_crm(self) -> ContractCrm:
        return MemoryCrm()
