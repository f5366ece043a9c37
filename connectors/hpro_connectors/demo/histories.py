"""Leads of a simulation with their whole histories, to train and measure on without a CRM in between.

What an org file and its connector give of the same events is the same lead, text for text; only what a CRM forgets
(the first text of an edited note) is kept here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from hpro_connectors.demo import events as ev
from hpro_connectors.demo.simulation import START, VISITS, Birth, Simulation
from hpro_connectors.demo.simulator.life import LOST, WON, Life
from hpro_connectors.text import clean_crm_text
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import FieldChange, FieldValue, Interaction, Lead, StageChange, TextVersion, TrainingExample
from hpro_sdk.rendering.template import FieldTemplate, Template
from hpro_sdk.snapshots import build_snapshots

HORIZON_DAYS = 90
"""Days after a snapshot in which a lead is to be won."""


class SimulatedHistory(NamedTuple):
    """A lead and what the simulator alone knows about it.

    Attributes:
        lead: As a CRM would tell it, with its whole history.
        birth: As it was drawn.
        life: As it was lived.
    """

    lead: Lead
    birth: Birth
    life: Life


def funnel_of(simulation: Simulation) -> Funnel:
    """Give the funnel of a simulated company."""
    kind = simulation.kind
    return Funnel(stages=kind.stage_names, won=WON, lost=LOST, key_stage=kind.key_stage)


def template_of(simulation: Simulation, max_tokens: int) -> Template:
    """Give the template, not fitted yet, that shows what is known of a lead at any time."""
    fields = [
        FieldTemplate(field=field.name, label=field.label, kind=field.kind, known_at_creation=True)
        for field in simulation.kind.fields
    ]
    # nought at creation and tracked ever since, so its value at any time is known
    visits = FieldTemplate(
        field=VISITS, label=simulation.kind.visits_label, kind=FieldKind.NUMBER, known_at_creation=True
    )
    return Template(fields=(*fields, visits), max_tokens=max_tokens)


def histories(simulation: Simulation, until_day: int) -> Iterator[SimulatedHistory]:
    """Give all leads that arrived before a day, as their CRM tells of them on that day.

    Deleted leads are left out, and so are duplicates, whether merged away yet or not.

    Args:
        simulation: The company.
        until_day: Days since the simulation's start.
    """
    for number in range(simulation.lead_count(until_day)):
        birth = simulation.birth(number)
        events = simulation.lead_events(birth, until_day)
        if not any(isinstance(event, ev.LeadDeleted) for event in events):
            yield SimulatedHistory(
                _lead(birth, events, simulation.kind.name), birth, simulation.life(birth, until_day - birth.first_day)
            )


def simulated_examples(
    simulation: Simulation, cutoff_days: Iterable[int], *, leads: Iterable[Lead], until_day: int, split: str
) -> list[TrainingExample]:
    """Give the snapshots of leads at several midnights, all in one split.

    Args:
        simulation: The company.
        cutoff_days: Days since the simulation's start.
        leads: Of that company.
        until_day: How far their histories go.
        split: Of all examples; companies, not leads, are what is kept apart.
    """
    known, known_until = list(leads), START + timedelta(days=until_day)
    made: list[TrainingExample] = []
    for day in cutoff_days:
        examples = build_snapshots(
            known,
            HORIZON_DAYS,
            [START + timedelta(days=day)],
            funnel=funnel_of(simulation),
            known_at_creation=[*(field.name for field in simulation.kind.fields), VISITS],
            known_until=known_until,
        )
        made += [example.model_copy(update={"split": split}) for example in examples]
    return made


def _lead(birth: Birth, events: list[ev.Event], org_id: str) -> Lead:
    fields: dict[str, FieldValue] = dict(birth.lead.fields)
    stages = [StageChange(stage=birth.lead.stage, at=birth.lead.created_at)]
    changes: list[FieldChange] = []
    interactions: dict[str, Interaction] = {}
    for event in sorted(events, key=lambda event: event.at):
        match event:
            case ev.InteractionLogged():
                interactions[event.interaction_id] = _interaction(event)
            case ev.InteractionEdited():
                interactions[event.interaction_id] = _edited(interactions[event.interaction_id], event)
            case ev.StageEntered():
                stages.append(StageChange(stage=event.stage, at=event.at))
            case ev.FieldSet():
                fields[event.field] = event.new
                if event.tracked:
                    changes.append(FieldChange(field=event.field, old=event.old, new=event.new, at=event.at))
    return Lead(
        org_id=org_id,
        lead_id=birth.lead.lead_id,
        person_id=birth.lead.person_id,
        account_id=birth.lead.account_id,
        created_at=birth.lead.created_at,
        stage=stages[-1].stage,
        fields=fields,
        interactions=tuple(interactions.values()),
        stage_changes=tuple(stages),
        field_changes=tuple(changes),
    )


def _interaction(event: ev.InteractionLogged) -> Interaction:
    return Interaction(
        interaction_id=event.interaction_id,
        kind=event.kind,
        speaker=event.speaker,
        text=clean_crm_text(event.text),
        call_seconds=event.call_seconds,
        occurred_at=event.occurred_at,
        recorded_at=event.at,
        modified_at=event.at,
    )


def _edited(interaction: Interaction, event: ev.InteractionEdited) -> Interaction:
    first = interaction.recorded_at or event.at
    versions = interaction.text_versions or (TextVersion(text=interaction.text, stored_at=first),)
    text = clean_crm_text(event.text)
    return interaction.model_copy(
        update={
            "text": text,
            "modified_at": event.at,
            "text_versions": (*versions, TextVersion(text=text, stored_at=event.at)),
        }
    )
