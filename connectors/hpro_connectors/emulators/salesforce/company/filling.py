"""Filling an emulated Salesforce org with what happens in a simulated company, through the org's own operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby

from hpro_connectors.demo import events as ev
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.life import WON
from hpro_connectors.emulators.salesforce.company import simulated_ids as ids
from hpro_connectors.emulators.salesforce.company.demo_schema import SOMEBODY_ELSE, field_name, rep_email
from hpro_connectors.emulators.salesforce.company.invented_people import InventedPerson, invent_company, invent_person
from hpro_connectors.emulators.salesforce.company.simulated_activities import Party, note_of, note_text, rows_of
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.conversion import Conversion
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

_REMEMBERED_PEOPLE = 10_000
_LEADS = "SELECT Id, OwnerId, ConvertedContactId, ConvertedAccountId, ConvertedOpportunityId FROM Lead"
_CLOSED_WON = "Closed Won"


@dataclass(frozen=True, slots=True)
class _Standing:
    """A lead that lives, and what it became.

    Attributes:
        lead_id: As the simulator gives it.
        record_id: Of the lead.
        owner_id: Of the rep's user.
        became: Account, contact and opportunity, where it was converted.
    """

    lead_id: str
    record_id: str
    owner_id: str
    became: Conversion | None = None


class Filling:
    """Lets events happen in an org, each at its own moment of the org's clock.

    What concerns a lead that is gone is passed over. A lead that is won is converted, and whatever is entered about
    it afterwards belongs to its contact.

    Args:
        org: With the fields and reps of the company.
        simulation: The company.
    """

    def __init__(self, org: SalesforceOrg, simulation: Simulation) -> None:
        self._org = org
        self._company, self._seed = simulation.kind.name, simulation.seed
        self._rep_emails = {ids.user_record_id(owner.owner_id): rep_email(owner.name) for owner in simulation.owners}
        self._person = lru_cache(_REMEMBERED_PEOPLE)(self._invent)
        self._leads: dict[str, _Standing] = {}

    def apply(self, events: Iterable[ev.Event]) -> int:
        """Let events happen, all of them or none.

        Args:
            events: In the order of their moments; one that is earlier than the org's clock happens at the clock.

        Returns:
            How many happened.
        """
        clock = self._org.clock
        applied = 0
        with self._org.transaction():  # nobody else changes anything meanwhile
            self._leads = self._living_leads()
            for event in _conversions_last(events):
                clock.set(max(event.at, clock.now()))
                applied += self._apply(event)
        return applied

    def _living_leads(self) -> dict[str, _Standing]:
        """Give the leads that live now, by the simulator's ids; what people have made themselves has none."""
        living = {}
        for row in self._org.run_query(_LEADS, user_id=None).rows:
            record_id, owner_id, contact, account, opportunity = (_optional(value) for value in row)
            became = None if contact is None or account is None else Conversion(account, contact, opportunity)
            if record_id is not None and owner_id is not None:
                with suppress(ValueError):
                    lead_id = ids.simulated_lead_id(record_id)
                    living[lead_id] = _Standing(lead_id, record_id, owner_id, became)
        return living

    def _apply(self, event: ev.Event) -> bool:
        if isinstance(event, ev.LeadCreated):
            self._create(event.lead)
            return True
        lead = self._leads.get(event.lead_id)
        if lead is None:
            return False
        if lead.became is not None and isinstance(event, ev.StageEntered | ev.FieldSet):
            return False  # people converted it meanwhile, and a converted lead takes no more entries
        match event:
            case ev.InteractionLogged():
                self._log(event, lead)
            case ev.InteractionEdited():
                return self._edit(event)
            case ev.StageEntered() if event.stage == WON:
                self._convert(lead)
            case ev.StageEntered():
                self._org.update("Lead", lead.record_id, {"Status": event.stage})
            case ev.FieldSet():
                self._org.update("Lead", lead.record_id, {field_name(event.field): event.new})
            case ev.LeadDeleted():
                self._delete(lead)
            case ev.LeadMerged():
                return self._merge(lead, event.survivor_id)
        return True

    def _create(self, lead: ev.SimulatedLead) -> None:
        person = self._person(ids.lead_number(lead.lead_id)[0])
        company = (
            f"{person.last_name} household"
            if lead.account_id is None
            else invent_company(self._company, self._seed, lead.account_id)
        )
        owner_id = ids.user_record_id(lead.owner_id)
        record_id = self._org.create(
            "Lead",
            {
                "FirstName": person.first_name,
                "LastName": person.last_name,
                "Company": company,
                "Email": person.email,
                "Phone": person.phone,
                "Status": lead.stage,
                "OwnerId": owner_id,
                **{field_name(name): value for name, value in lead.fields.items()},
            },
            record_id=ids.lead_record_id(lead.lead_id),
        )
        self._leads[lead.lead_id] = _Standing(lead.lead_id, record_id, owner_id)

    def _log(self, event: ev.InteractionLogged, lead: _Standing) -> None:
        party = Party(
            record_id=lead.record_id if lead.became is None else lead.became.contact_id,
            owner_id=lead.owner_id,
            lead_email=self._person(ids.lead_number(event.lead_id)[0]).email,
            rep_email=self._rep_emails.get(lead.owner_id, SOMEBODY_ELSE),
        )
        for row in rows_of(event, party):
            self._org.create(row.object_name, row.values, record_id=row.record_id)

    def _edit(self, event: ev.InteractionEdited) -> bool:
        object_name, record_id = note_of(event.interaction_id)
        try:
            self._org.update(object_name, record_id, note_text(object_name, event.text))
        except ApiFault:  # somebody has deleted it
            return False
        return True

    def _convert(self, lead: _Standing) -> None:
        became = self._org.convert_lead(lead.record_id, status=WON)
        if became.opportunity_id is not None:
            self._org.update("Opportunity", became.opportunity_id, {"StageName": _CLOSED_WON})
        self._leads[lead.lead_id] = replace(lead, became=became)

    def _delete(self, lead: _Standing) -> None:
        """Delete a lead; of one that was converted also the account that it became, which takes everything along."""
        if lead.became is not None:
            with suppress(ApiFault):  # somebody else was faster
                self._org.delete("Account", lead.became.account_id)
        self._org.delete("Lead", lead.record_id)
        del self._leads[lead.lead_id]

    def _merge(self, loser: _Standing, survivor: str) -> bool:
        """Merge a lead into another one; the CRM merges no lead that was converted, so people delete the copy."""
        kept = self._leads.get(survivor)
        if kept is None or kept is loser:
            return False
        if kept.became is loser.became is None:
            self._org.merge("Lead", kept.record_id, loser.record_id)
        else:
            self._org.delete("Lead", loser.record_id)
        del self._leads[loser.lead_id]
        return True

    def _invent(self, number: int) -> InventedPerson:
        return invent_person(self._company, self._seed, number)


def _conversions_last(events: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """Put what is entered when a lead is won before its conversion: a converted lead takes no more entries."""
    for _, group in groupby(events, key=lambda event: (event.at, getattr(event, "lead_id", None))):
        yield from sorted(group, key=lambda event: isinstance(event, ev.StageEntered) and event.stage == WON)


def _optional(value: object) -> str | None:
    return None if value is None else str(value)
