"""The contract, for each scored object, through the unmodified client library and over sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.protocol import Connector
from hpro_connectors.salesforce.client.connection import Connection, SignInWay
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName
from hpro_connectors.testing import ConnectorContract

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORDS = 6


class SalesforceCrm:
    """An org of six records of the scored object, two rows a page, changed as people would.

    Its user may change the org, since the contract has the connector make its fields.
    """

    settings = SalesforceSettings(note_bodies=True)

    def __init__(self, served: ExitStack) -> None:
        self._served = served
        self._clock = EmulatorClock(START)
        self.org = SalesforceOrg(org_id="00DHp0000000001MAA", name="Contract", clock=self._clock)
        self.org.schema.add_field("Lead", FieldSchema("Seats__c", FieldType.DOUBLE, precision=9, scale=0))
        for object_name, field in (("Lead", "Status"), ("Lead", "Seats__c"), ("Opportunity", "StageName")):
            self.org.schema.track(object_name, field)
        for number in range(RECORDS):
            self._tick()
            self.fill(number)
        self._tick()
        emulator = SalesforceEmulator(self.org, page_size=2, bulk_delay_polls=0, strict=True)
        self._emulator = served.enter_context(emulator)

    def fill(self, number: int) -> None:
        """Make a lead with everything that a lead may have, one of them converted."""
        lead_id = self.org.create("Lead", {"LastName": f"L{number}", "Company": "Acme", "Seats__c": number})
        self.add_activities(number, lead_id, lead_id)
        self._tick()
        self.org.update("Lead", lead_id, {"Status": "Working - Contacted", "Seats__c": number + 10})
        if number == RECORDS - 1:
            self._tick()
            self.org.convert_lead(lead_id)

    def add_activities(self, number: int, person_id: str, record_id: str) -> None:
        """Make calls, mails, meetings and notes."""
        who = {"WhoId": person_id} | ({"WhatId": record_id} if record_id != person_id else {})
        call = {"Subject": "Call", "TaskSubtype": "Call", "CallType": "Inbound", "CallDurationInSeconds": 90}
        self.org.create("Task", call | who)
        self.org.create("Task", {"Subject": "Lone mail", "TaskSubtype": "Email"} | who)
        task_id = self.org.create("Task", {"Subject": "Email: Offer", "TaskSubtype": "Email"} | who)
        mail = {"Subject": "Offer", "TextBody": f"Offer {number}", "Incoming": number % 2 == 0, "ActivityId": task_id}
        self.org.create("EmailMessage", mail)
        lone_mail = self.org.create("EmailMessage", {"Subject": "Hello", "HtmlBody": "<p>Hello</p>", "Incoming": True})
        relation = {"EmailMessageId": lone_mail, "RelationId": person_id, "RelationType": "FromAddress"}
        self.org.create("EmailMessageRelation", relation)
        begin = self._clock.now().isoformat()
        self.org.create("Event", {"Subject": "Visit", "StartDateTime": begin, "DurationInMinutes": 30} | who)
        self.org.create("Note", {"ParentId": record_id, "Title": "Budget", "Body": f"{number} seats"})
        note_id = self.org.create("ContentNote", {"Title": "Visit", "Content": f"<p>Kitchen {number}</p>".encode()})
        self.org.create("ContentDocumentLink", {"ContentDocumentId": note_id, "LinkedEntityId": record_id})

    def connector(self) -> Connector:
        connection = Connection(
            domain="",
            sign_in=SignInWay.SESSION,
            session_id=self._emulator.session_id(self.org.admin_user_id),
            instance_url="https://acme.my.salesforce.com",
            emulator=self._emulator.url,
        )
        client = SalesforceClient(connection)
        self._served.callback(client.close)
        return SalesforceConnector(client, self.settings, reader=RowReader(client, sleep=lambda _seconds: None))

    def touch_lead(self, lead_id: str) -> datetime:
        self._tick()
        self.org.touch(self.settings.scored_object.value, lead_id)
        return self._clock.now()

    def delete_lead(self, lead_id: str) -> None:
        self._tick()
        self.org.delete(self.settings.scored_object.value, lead_id)

    def merge_leads(self, loser: str, survivor: str) -> None:
        self._tick()
        self.org.merge(self.settings.scored_object.value, survivor, loser)

    def _tick(self) -> None:
        self._clock.advance(timedelta(minutes=5))


class ContactCrm(SalesforceCrm):
    settings = SalesforceSettings(scored_object=ScoredObjectName.CONTACT, stage_field="LeadSource")

    def fill(self, number: int) -> None:
        contact_id = self.org.create("Contact", {"LastName": f"C{number}", "LeadSource": "Web"})
        self.org.schema.track("Contact", "LeadSource")
        self.add_activities(number, contact_id, contact_id)
        self._tick()
        self.org.update("Contact", contact_id, {"LeadSource": "Other"})


class OpportunityCrm(SalesforceCrm):
    settings = SalesforceSettings(scored_object=ScoredObjectName.OPPORTUNITY)

    def fill(self, number: int) -> None:
        contact_id = self.org.create("Contact", {"LastName": f"C{number}"})
        deal = {
            "Name": f"Deal {number}",
            "StageName": "Prospecting",
            "CloseDate": "2026-05-01",
            "ContactId": contact_id,
        }
        deal_id = self.org.create("Opportunity", deal)
        self.add_activities(number, contact_id, deal_id)
        self._tick()
        self.org.update("Opportunity", deal_id, {"StageName": "Closed Won"})


class Contract(ConnectorContract):
    crm: Callable[[ExitStack], SalesforceCrm] = SalesforceCrm

    @pytest.fixture(autouse=True)
    def _served(self) -> Iterator[None]:
        with ExitStack() as served:
            self.served = served
            yield

    def make_crm(self) -> SalesforceCrm:
        return type(self).crm(self.served)


class TestLeads(Contract):
    pass


class TestContacts(Contract):
    crm = ContactCrm


class TestOpportunities(Contract):
    crm = OpportunityCrm
    merges = False
