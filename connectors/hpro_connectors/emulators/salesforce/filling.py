"""Filling an emulated Salesforce org with what happens in a simulated company, through the org's own operations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby

from hpro_connectors.demo import events as ev
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.life import WON
from hpro_connectors.emulators.salesforce import simulated_ids as ids
from hpro_connectors.emulators.salesforce.demo_schema import field_name, rep_email
from hpro_connectors.emulators.salesforce.invented_people import InventedPerson, invent_company, invent_person
from hpro_connectors.emulators.salesforce.org import SalesforceOrg
from hpro_connectors.emulators.salesforce.simulated_activities import Party, note_of, note_text, rows_of

_REMEMBERED_PEOPLE = 10_000


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

    def apply(self, events: Iterable[ev.Event]) -> int:
        """Let events happen, all of them or none.

        Args:
            events: In the order of their moments; one that is earlier than the org's clock happens at the clock.

        Returns:
            How many happened.
        """
        clock = self._org.clock
        applied = 0
        with self._org.transaction():
            for event in _conversions_last(events):
                clock.set(max(event.at, clock.now()))
                applied += self._apply(event)
        return applied

    def _apply(self, event: ev.Event) -> bool:
        if isinstance(event, ev.LeadCreated):
            self._create(event.lead)
            return True
        lead_id = ids.lead_record_id(event.lead_id)
        lead = self._org.find("Lead", lead_id)
        if lead is None:
            return False
        match event:
            case ev.InteractionLogged():
                self._log(event, lead)
            case ev.InteractionEdited():
                object_name, record_id = note_of(event.interaction_id)
                if self._org.find(object_name, record_id) is None:
                    return False
                self._org.update(object_name, record_id, note_text(object_name, event.text))
            case ev.StageEntered() if event.stage == WON:
                self._org.convert_lead(lead_id, status=WON)
            case ev.StageEntered():
                self._org.update("Lead", lead_id, {"Status": event.stage})
            case ev.FieldSet():
                self._org.update("Lead", lead_id, {field_name(event.field): event.new})
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
        self._org.create(
            "Lead",
            {
                "FirstName": person.first_name,
                "LastName": person.last_name,
                "Company": company,
                "Email": person.email,
                "Phone": person.phone,
                "Status": lead.stage,
                "OwnerId": ids.user_record_id(lead.owner_id),
                **{field_name(name): value for name, value in lead.fields.items()},
            },
            record_id=ids.lead_record_id(lead.lead_id),
        )

    def _log(self, event: ev.InteractionLogged, lead: Mapping[str, object]) -> None:
        owner = str(lead["OwnerId"])
        party = Party(
            record_id=str(lead["ConvertedContactId"] or lead["Id"]),
            owner_id=owner,
            lead_email=self._person(ids.lead_number(event.lead_id)[0]).email,
            rep_email=self._rep_emails[owner],
        )
        for row in rows_of(event, party):
            self._org.create(row.object_name, row.values, record_id=row.record_id)

    def _delete(self, lead: Mapping[str, object]) -> None:
        """Delete a lead; of one that was converted also the records that it became, which hold its activities."""
        for object_name in ("Opportunity", "Contact", "Account"):
            if record := lead[f"Converted{object_name}Id"]:
                self._org.delete(object_name, str(record))
        self._org.delete("Lead", str(lead["Id"]))

    def _merge(self, loser: Mapping[str, object], survivor: str) -> bool:
        """Merge a lead into another one; into a converted lead the CRM merges nothing, so people delete the copy."""
        survivor_id = ids.lead_record_id(survivor)
        kept = self._org.find("Lead", survivor_id)
        if kept is None or survivor_id == loser["Id"]:
            return False
        if kept["IsConverted"]:
            self._org.delete("Lead", str(loser["Id"]))
        else:
            self._org.merge("Lead", survivor_id, str(loser["Id"]))
        return True

    def _invent(self, number: int) -> InventedPerson:
        return invent_person(self._company, self._seed, number)


def _conversions_last(events: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """Put what is entered when a lead is won before its conversion: a converted lead takes no more entries."""
    for _, group in groupby(events, key=lambda event: (event.at, getattr(event, "lead_id", None))):
        yield from sorted(group, key=lambda event: isinstance(event, ev.StageEntered) and event.stage == WON)
